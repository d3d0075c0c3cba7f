"""Claim: a corpus of 1,000,000 pairs takes less than 2 GiB more memory than one of 10,000.

Each size runs in a process of its own: it reads a generated TSV file, cleans it, splits it, learns subwords,
encodes it, and walks through every batch of one epoch. The number is the peak resident memory of that
process, the pages of the memory-mapped files that happen to be resident included.

    python benchmarks/corpus_memory.py [--small 10000] [--large 1000000] [--report corpus_memory.json]
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import accumulate, chain
from pathlib import Path

from cyclopts import App

from throughtime.seq2seq.batches import make_batch, plan_batches
from throughtime.seq2seq.cleaning import Cleaning
from throughtime.seq2seq.corpus import build_text_corpus, encode_corpus, split_corpus
from throughtime.seq2seq.readers import read_pairs
from throughtime.seq2seq.tokenizer import train_subwords

ALLOWED_MIB = 2048
WORDS = 20_000  # distinct, a side
SEED = 1

app = App(help=__doc__, help_format="plaintext")


@app.default
def compare(small: int = 10_000, large: int = 1_000_000, report: Path = Path("corpus_memory.json")) -> int:
    """Measure both sizes, print a table, write a JSON; 1 if the difference is too large."""
    with tempfile.TemporaryDirectory() as folder:
        results = [_in_own_process(size, Path(folder)) for size in (small, large)]
    difference = results[1]["peak_mib"] - results[0]["peak_mib"]
    print(f"{'pairs':>12}{'stage':>12}{'seconds':>10}{'peak MiB':>10}")
    for result in results:
        for stage in result["stages"]:
            print(
                f"{result['pairs']:>12,}{stage['name']:>12}{stage['seconds']:>10.1f}{stage['peak_mib']:>10,.0f}"
            )
    print(f"difference: {difference:,.0f} MiB; allowed: {ALLOWED_MIB:,} MiB")
    report.write_text(
        json.dumps({"difference_mib": difference, "allowed_mib": ALLOWED_MIB, "results": results}, indent=2)
        + "\n"
    )
    return int(difference > ALLOWED_MIB)


def _in_own_process(pairs: int, folder: Path) -> dict:
    corpus = folder / f"{pairs}.tsv"
    with corpus.open("w", encoding="utf-8") as file:
        file.writelines(_lines(pairs))
    command = [sys.executable, __file__, "measure", str(corpus), str(folder / str(pairs))]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {"pairs": pairs, **json.loads(output)}


def _lines(pairs: int) -> Iterator[str]:
    """Sentences of 3 to 25 made-up words, as frequent as Zipf's law has it."""
    generator = random.Random(SEED)
    vocabulary = ["".join(generator.choices("abcdefghijklmnoprstuv", k=2 + k % 8)) for k in range(WORDS)]
    weights = list(accumulate(1 / (rank + 1) for rank in range(WORDS)))
    for _ in range(pairs):
        length = generator.randint(3, 25)
        src, tgt = (generator.choices(vocabulary, cum_weights=weights, k=length + extra) for extra in (0, 1))
        yield f"{' '.join(src)}.\t{' '.join(tgt)}.\n"


@app.command
def measure(corpus: Path, folder: Path) -> None:
    """Prepare one corpus, walk through its batches, and print time and peak memory by stage as JSON."""
    stages: list[dict] = []
    started = time.perf_counter()

    def done(name: str) -> None:
        nonlocal started
        now = time.perf_counter()
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
        stages.append({"name": name, "seconds": now - started, "peak_mib": peak_mib})
        started = now

    done("import")
    text, _ = build_text_corpus(read_pairs([corpus]), folder, Cleaning())
    done("clean")
    train, _, _ = split_corpus(text, 1000, 1000, SEED)
    done("split")
    tokenizer = train_subwords(chain(train.sources(), train.targets()), 8000, SEED)
    done("tokenizer")
    encoded = encode_corpus(train, tokenizer, tokenizer, folder, max_length=256)
    done("encode")
    tokens = 0
    for indices in plan_batches(encoded.src_lengths, encoded.tgt_lengths, 4096, SEED, epoch=0):
        tokens += make_batch(encoded, indices).words
    done("batches")
    print(json.dumps({"peak_mib": stages[-1]["peak_mib"], "tokens": tokens, "stages": stages}))


if __name__ == "__main__":
    sys.exit(app())
