"""What output layers cost with many words: time of a training step's loss with its gradients, and memory.

Each layer is measured in a process of its own: features of a batch, the loss, its gradients. The memory is
how much the process's peak grows by it. Before, the layer itself and room for its gradients are there.

    python benchmarks/output_layers.py                  80,000 words, width 1,000, 4,000 tokens
    python benchmarks/output_layers.py --words 8000 --width 256 --tokens 1200
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal, get_args

import torch
from cyclopts import App

from throughtime.layers.output import output_layer

app = App(help=__doc__, help_format="plaintext")
Kind = Literal["full", "chunked", "sampled", "adaptive"]
SMOOTHING = 0.1


@app.command
def one(name: Kind, words: int, width: int, tokens: int, sample: int, rounds: int) -> None:
    """Measure one layer in this process, and print its figures as JSON."""
    torch.manual_seed(0)
    layer = output_layer(name, width, words, sample)
    for parameter in layer.parameters():
        parameter.grad = torch.zeros_like(parameter).add_(1)  # written to, so that its memory is there
        parameter.grad = None
    frequencies = 1.0 / torch.arange(1, words + 1)
    targets = torch.multinomial(frequencies, tokens, replacement=True)
    features = torch.randn(tokens, width, requires_grad=True)
    before = _peak()
    times: list[float] = []
    for _ in range(rounds):
        start = time.perf_counter()
        layer.loss(features, targets, SMOOTHING).backward()
        times.append(time.perf_counter() - start)
        features.grad = None
        for parameter in layer.parameters():
            parameter.grad = None
    print(json.dumps({"seconds": statistics.median(times), "peak_mib": _peak() - before}))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux


@app.default
def main(
    *,
    words: int = 80_000,
    width: int = 1000,
    tokens: int = 4000,
    sample: int = 2000,
    rounds: int = 3,
    report: Path = Path("output_layers.json"),
) -> None:
    """Measure every layer and print a table.

    Parameters
    ----------
    words
        Target words.
    width
        Numbers of a feature.
    tokens
        Target tokens of a batch; words are drawn as often as Zipf's law has it.
    sample
        Words in the sample of the sampled layer.
    rounds
        Steps of which the median is told.
    report
        File for the figures as JSON.
    """
    print(f"{words:,} words, width {width:,}, {tokens:,} tokens; {torch.get_num_threads()} threads")
    found: dict[str, dict[str, float]] = {}
    for name in get_args(Kind):
        given = map(str, (words, width, tokens, sample, rounds))
        call = [sys.executable, __file__, "one", name, *given]
        found[name] = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
        figures = found[name]
        print(f"  {name:<9} {figures['seconds']:8.2f} s  {figures['peak_mib']:8,.0f} MiB", flush=True)
    report.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app()
