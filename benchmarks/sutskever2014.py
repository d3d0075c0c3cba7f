"""The model of Sutskever, Vinyals and Le (2014) at its full size: how fast does it train, in what memory?

`throughtime seq2seq train --preset paper` runs in a process of its own: 4 layers of 1,000 on each side,
word vectors of 1,000, 160,000 and 80,000 words, batches of 128 pairs, SGD. WMT'14 is not at hand, so the
words are made up: as many different ones as the vocabularies hold, frequencies by Zipf's law, sentences of
25 and 29 words on the average, as the paper's 304 and 348 million words of 12 million pairs have. Told are
words a second of both sides, as the paper tells them, the process's peak memory beside the estimate, and the
loss: before training it is ln 80,000 a word, and since each word is drawn for itself nothing can be learned
but how frequent words are, and so their entropy is what it comes to, sentence ends left aside.

    python benchmarks/sutskever2014.py --steps 200    writes sutskever2014.json
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from cyclopts import App
from process import estimate_in, throughtime

from throughtime.seq2seq.presets import PRESETS

PAPER = PRESETS["paper"]
LENGTHS = (25, 29)
LONGEST = 80
VALIDATED = 128
TOLD_EVERY = 10
WORDS_A_SECOND = 6_300
"""Of the paper, section 3.5, on 8 GPUs."""

app = App(help=__doc__, help_format="plaintext")


def write_pairs(path: Path, pairs: int, generator: np.random.Generator) -> None:
    """Pairs of made-up words; every word of the vocabularies stands in them, if they have room for all."""
    sizes = [PAPER[f"{side}_vocab_size"] for side in ("src", "tgt")]
    longer = generator.gamma(3.0, 1 / 3, pairs)  # a long source has a long target
    lengths = [(longer * mean).round().clip(4, LONGEST).astype(int) for mean in LENGTHS]
    sides = [_sentences(generator, *one) for one in zip(sizes, lengths, "et", strict=True)]
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{src}\t{tgt}\n" for src, tgt in zip(*sides, strict=True))


def _sentences(generator: np.random.Generator, words: int, lengths: Any, sign: str) -> list[str]:
    total = int(lengths.sum())
    ranks = np.exp(generator.random(total) * np.log(words + 1)).astype(int) - 1  # log-uniform: Zipf's law
    if total >= words:
        ranks[generator.permutation(total)[:words]] = np.arange(words)  # and each word once
    names = [f"{sign}{rank}" for rank in ranks.tolist()]
    ends = np.cumsum(lengths)
    return [" ".join(names[end - length : end]) for end, length in zip(ends, lengths, strict=True)]


def entropy(words: int) -> float:
    """That of one word as `_sentences` draws it, in nats."""
    ranks = np.arange(1, words + 1)
    shares = np.log((ranks + 1) / ranks) / np.log(words + 1)
    return float(-(shares * np.log(shares)).sum())


def train(corpus: Path, validation: Path, folder: Path, epochs: float) -> tuple[str, int]:
    """Runs the command; returns what it printed and the peak of its memory in bytes."""
    command = ["seq2seq", "train", "--preset", "paper"]
    command += ["--corpus", str(corpus), "--folder", str(folder), "--validation", str(validation)]
    command += ["--max-epochs", f"{epochs:.6f}", "--validate-every", "1000", "--log-every", str(TOLD_EVERY)]
    return throughtime(command)


@app.default
def main(
    *, steps: int = 200, pairs: int = 40_000, seed: int = 1, output: Path = Path("sutskever2014.json")
) -> None:
    """Trains some steps and tells what it took."""
    if steps < TOLD_EVERY:
        raise SystemExit(f"steps is {steps}; expected {TOLD_EVERY} or more, since every tenth is told of")
    with tempfile.TemporaryDirectory() as place:
        folder, corpus, validation = (Path(place) / name for name in ("run", "corpus.tsv", "validation.tsv"))
        generator = np.random.default_rng(seed)
        write_pairs(corpus, pairs, generator)
        write_pairs(validation, VALIDATED, generator)
        per_epoch = pairs / PAPER["sentences_per_batch"]
        text, peak = train(corpus, validation, folder, steps / per_epoch)
        events = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    report = _report(events, peak, text)
    output.write_text(json.dumps(report, indent=2) + "\n")
    print(f"\n{report['steps']} steps in {report['minutes']:.1f} minutes")
    print(
        f"words a second, both sides: {report['words_per_second']:,.0f} (paper, 8 GPUs: {WORDS_A_SECOND:,})"
    )
    print(f"peak memory {peak / 2**30:.1f} GiB, estimate {report['estimate_gib']:.1f} GiB")
    words = PAPER["tgt_vocab_size"]
    bounds = f"untrained: {np.log(words):.2f}; entropy of the words: {entropy(words):.2f}"
    print(f"validation loss of a word: {report['validation_loss']:.2f} ({bounds})")


def _report(events: list[dict[str, Any]], peak: int, text: str) -> dict[str, Any]:
    told = [one for one in events if one["event"] == "train"]
    (validation,) = (one for one in events if one["event"] == "validation")
    both_sides = sum(LENGTHS) / LENGTHS[1]
    return {
        "steps": told[-1]["step"],
        "minutes": told[-1]["minutes"],
        "words_per_second": both_sides * float(np.median([one["words_per_second"] for one in told])),
        "peak_bytes": peak,
        "estimate_gib": estimate_in(text),
        "losses": [one["loss"] for one in told],
        "validation_loss": validation["loss"],
        "gradient_norms": [one["gradient_norm"] for one in told],
    }


if __name__ == "__main__":
    app()
