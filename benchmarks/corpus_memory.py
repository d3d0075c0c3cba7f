"""Claim: training on 1,000,000 pairs takes less than 2 GiB more memory than training on 10,000.

Each size is a training run of its own, the command that a user types, on a generated corpus: read, cleaned,
split, subwords learned, encoded, then as many batches trained on as the small corpus has in one epoch. The
number is the peak resident memory of that process, pages of memory-mapped files that are resident included.

    python benchmarks/corpus_memory.py [--small 10000] [--large 1000000] [--report corpus_memory.json]
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from cyclopts import App
from process import throughtime

ALLOWED_MIB = 2048
WORDS = 20_000  # distinct, a side
SEED = 1
MODEL = "--embedding-size 64 --encoder-size 64 --decoder-size 128 --src-vocab-size 8000 --validation-size 200"

app = App(help=__doc__, help_format="plaintext")


@app.default
def compare(small: int = 10_000, large: int = 1_000_000, report: Path = Path("corpus_memory.json")) -> int:
    """Train on both sizes, print a table, write a JSON; 1 if the difference is too large."""
    with tempfile.TemporaryDirectory() as folder:
        results = [_train(pairs, small / pairs, Path(folder)) for pairs in (small, large)]
    difference = results[1]["peak_mib"] - results[0]["peak_mib"]
    print(f"{'pairs':>12}{'seconds':>10}{'peak MiB':>10}")
    for result in results:
        print(f"{result['pairs']:>12,}{result['seconds']:>10.0f}{result['peak_mib']:>10,.0f}")
    print(f"difference: {difference:,.0f} MiB; allowed: {ALLOWED_MIB:,} MiB")
    measured = {"difference_mib": difference, "allowed_mib": ALLOWED_MIB, "results": results}
    report.write_text(json.dumps(measured, indent=2) + "\n")
    return int(difference > ALLOWED_MIB)


def _train(pairs: int, epochs: float, folder: Path) -> dict[str, float]:
    """One run as a process of its own: its time, and its peak memory as the system accounts for it."""
    corpus = folder / f"{pairs}.tsv"
    with corpus.open("w", encoding="utf-8") as file:
        file.writelines(_lines(pairs))
    command = ["seq2seq", "train", "--corpus", str(corpus), "--folder", str(folder / str(pairs))]
    started = time.perf_counter()
    _, peak = throughtime([*command, "--max-epochs", str(epochs), *MODEL.split()])
    seconds = time.perf_counter() - started
    return {"pairs": pairs, "seconds": seconds, "peak_mib": peak / 2**20}


def _lines(pairs: int) -> Iterator[str]:
    """Sentences of 3 to 25 made-up words, as frequent as Zipf's law has it."""
    generator = random.Random(SEED)
    vocabulary = ["".join(generator.choices("abcdefghijklmnoprstuv", k=2 + k % 8)) for k in range(WORDS)]
    weights = list(accumulate(1 / (rank + 1) for rank in range(WORDS)))
    for _ in range(pairs):
        length = generator.randint(3, 25)
        src, tgt = (generator.choices(vocabulary, cum_weights=weights, k=length + extra) for extra in (0, 1))
        yield f"{' '.join(src)}.\t{' '.join(tgt)}.\n"


if __name__ == "__main__":
    sys.exit(app())
