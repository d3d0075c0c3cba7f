"""What the command line costs before it works: processor seconds, and the memory of answering one sentence.

    python benchmarks/start.py                           help and what is mistyped
    python benchmarks/start.py --model runs/phrasebook/best.safetensors     and a translation

Each command runs five times in a process of its own, its bytecode on the disk as an installed package has
it; medians are printed, for a translation those beyond `import torch`. Exits with 1 where a goal is missed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

from cyclopts import App

RUNS = 5
SECONDS = {
    "--help": 0.3,
    "seq2seq --help": 0.6,
    "words classify --help": 0.6,
    "seq2seq train --hiden-size 3": 0.6,
    "frobnicate": 0.3,
}
"""Goals, in processor seconds."""
BEYOND_TORCH = (0.8, 350.0)
"""Of a translation: processor seconds, MiB."""

app = App(help=__doc__, help_format="plaintext")


def cost(command: list[str]) -> tuple[float, float]:
    """Median processor seconds and peak MiB of a command."""
    seconds: list[float] = []
    peaks: list[float] = []
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(RUNS):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
        )
        _, _, used = os.wait4(process.pid, 0)
        seconds.append(used.ru_utime + used.ru_stime)
        peaks.append(used.ru_maxrss / 1024)
    return statistics.median(seconds), statistics.median(peaks)


@app.default
def main(*, model: Path | None = None) -> None:
    """Measure and print."""
    missed = False
    throughtime = [sys.executable, "-m", "throughtime"]
    for arguments, goal in SECONDS.items():
        seconds, _ = cost([*throughtime, *arguments.split()])
        missed |= seconds > goal
        print(f"throughtime {arguments:<32} {seconds:5.2f} s [{goal}]")
    if model is not None:
        torch_seconds, torch_peak = cost([sys.executable, "-c", "import torch"])
        seconds, peak = cost([*throughtime, "seq2seq", "run", str(model), "How are you?"])
        more_seconds, more_peak = seconds - torch_seconds, peak - torch_peak
        missed |= more_seconds > BEYOND_TORCH[0] or more_peak > BEYOND_TORCH[1]
        print(f"a translation beyond import torch ({torch_seconds:.2f} s, {torch_peak:.0f} MiB):")
        print(f"  {more_seconds:.2f} s [{BEYOND_TORCH[0]}], {more_peak:.0f} MiB [{BEYOND_TORCH[1]:.0f}]")
    sys.exit(missed)


if __name__ == "__main__":
    app()
