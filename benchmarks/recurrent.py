"""How fast recurrent layers are beside what torch and others have for the same job, and beside the machine.

Each case runs ours and its peers by turns in this process, and prints the ratio of the medians, the peer's
time by ours, for every point of the grid and as geometric mean. A training step is forward and backward with
gradients of the weights; the peer of a cell that torch lacks is its own equations as an eager loop over time
with the input product of all steps in front. Cases called group/name belong together:

    compiled_loop      that loop through torch.compile, with the time that its compilation takes
    torchrecurrent     the cells that torchrecurrent has too, where it is installed
    sgemm_share        our floating-point rate by that of torch's product of matrices
    subnormals         the speed that is left when the state decays into subnormal numbers

    python benchmarks/recurrent.py                    every case; writes recurrent.json
    python benchmarks/recurrent.py gru lstm --batch 16 --batch 64 --hidden 128
    python benchmarks/recurrent.py subnormals compiled_loop/peephole_lstm
"""

from __future__ import annotations

import json
import math
import statistics
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from cyclopts import App
from recurrent_jobs import (
    AdditiveNetwork,
    decaying,
    inference,
    observing,
    products,
    share_of_sgemm,
    speed_kept,
    training,
)
from recurrent_measure import BATCHES, STEPS, Case, Figures, Point, measure
from recurrent_peers import (
    against_compiled_loop,
    against_loop,
    against_torch,
    against_torchrecurrent,
    inference_with_onnx,
    streaming_with_onnx,
    torchrecurrent_layers,
    with_compile_time,
)
from torch import nn

from throughtime.cells import CELLS, LSTM, Zoneout

app = App(help=__doc__, help_format="plaintext")

FEW: dict[str, Any] = {"batches": (1, 16, 64), "hidden": (64, 256, 1024)}
"""The smaller grid of cells that torch lacks."""

BY_TORCH = ("elman", "elman_relu", "lstm", "projected_lstm", "gru", "linear")
"""Cells that need no loop as their peer; of the linear recurrence there is hardly anything to measure."""


def cases() -> list[Case]:
    """All cases; those of cells that torch lacks by their names."""
    return [*_torch_cases(), *_cell_cases(), *_machine_cases(), *_compiled_cases()]


def _torch_cases() -> list[Case]:
    """Jobs that torch has layers for."""
    ragged = {"nn.LSTM": 3.0}
    both_ways = against_torch(nn.LSTM, ragged=True, num_layers=2, bidirectional=True)
    streaming = {"nn.LSTM": 8.0, "nn.LSTMCell": 8.0, "ONNX Runtime": 4.0}
    return [
        Case("lstm", against_torch(nn.LSTM), {"nn.LSTM": 1.25}, floor=0.95),
        Case("lstm_inference", inference_with_onnx, {"nn.LSTM": 2.0, "ONNX Runtime": 1.05}, floor=0.9),
        Case("lstm_ragged", against_torch(nn.LSTM, ragged=True), ragged),
        Case("lstm_bidirectional", both_ways, ragged),
        Case("gru", against_torch(nn.GRU), {"nn.GRU": 2.5}),
        Case("rnn", against_torch(nn.RNN), {"nn.RNN": 2.5}),
        Case("projected", against_torch(nn.LSTM, projected=True), {"nn.LSTM": 2.5}),
        Case("lstm_float64", against_torch(nn.LSTM, dtype=torch.float64), {"nn.LSTM": 2.0}),
        Case("streaming", streaming_with_onnx, streaming, (1,), (64, 256), steps=1),
    ]


def _cell_cases() -> list[Case]:
    """Cells that torch lacks, and a user's own, against loops and against torchrecurrent."""
    loop = {"eager loop": 4.0}
    return [
        *(Case(name, against_loop(name), loop, **FEW) for name in CELLS if name not in BY_TORCH),
        Case("zoneout", against_loop(Zoneout(LSTM(), 0.1, 0.3)), loop, **FEW),
        Case("own_cell", against_loop(AdditiveNetwork()), loop, **FEW),
        *(
            Case(f"torchrecurrent/{layer}", against_torchrecurrent(layer), **FEW)
            for layer in torchrecurrent_layers()
        ),
    ]


def _machine_cases() -> list[Case]:
    """Ours against itself and against the machine."""
    large: dict[str, Any] = {"goals": {"share": 0.85}, "batches": (64, 128), "hidden": (512, 1024)}
    decay: dict[str, Any] = {"goals": {"ours": 0.95}, "steps": 30, "figures": speed_kept, **FEW}
    return [
        Case("observing", observing, {"without observing": 0.8}),
        Case("sgemm_share/inference", products(inference), figures=share_of_sgemm(1), **large),
        Case("sgemm_share/training", products(training), figures=share_of_sgemm(3), **large),
        Case("subnormals/lstm_inference", decaying(nn.LSTM, inference), **decay),
        Case("subnormals/lstm", decaying(nn.LSTM, training), **decay),
        Case("subnormals/rnn_inference", decaying(nn.RNN, inference), **decay),
        Case("subnormals/rnn", decaying(nn.RNN, training), **decay),
    ]


def _compiled_cases() -> list[Case]:
    """Loops through torch.compile: short ones, since each of their steps takes seconds to compile."""
    few: dict[str, Any] = {"batches": (16,), "hidden": (64, 256), "steps": 10}
    return [
        Case(f"compiled_loop/{name}", against_compiled_loop(name), figures=with_compile_time, **few)
        for name in ("peephole_lstm", "gru_reset_before", "layer_norm_lstm")
    ]


def chosen(names: Sequence[str]) -> list[Case]:
    """The cases and groups of these names, or all; ends the program for a name that there is not."""
    known = cases()
    unknown = set(names) - {case.name for case in known} - {case.name.split("/")[0] for case in known}
    if unknown:
        raise SystemExit(f"the cases are {', '.join(case.name for case in known)}")
    return [case for case in known if not names or {case.name, case.name.split("/")[0]} & set(names)]


def run(case: Case, batches: Sequence[int], hidden: Sequence[int], seconds: float) -> dict[str, Any]:
    """Measures a case over the grid and prints it."""
    print(f"\n{case.name}")
    ratios: dict[str, list[float]] = {}
    points: list[dict[str, Any]] = []
    for point in case.points(batches, hidden):
        torch.manual_seed(0)
        times = measure(case.make(point), seconds)
        found = case.figures(point, times)
        print(f"  {_line(point, found)}", flush=True)
        points.append({**asdict(point), "seconds": times["ours"].median, **found.ratios, **found.others})
        for name, ratio in found.ratios.items():
            ratios.setdefault(name, []).append(ratio)
    means = {name: math.exp(statistics.mean(map(math.log, values))) for name, values in ratios.items()}
    for name, mean in means.items():
        print(f"  {name}: {_verdict(case, name, mean, min(ratios[name]))}")
    return {"points": points, "geometric_means": means, "goals": dict(case.goals)}


def _line(point: Point, found: Figures) -> str:
    where = f"batch {point.batch:>3}  hidden {point.hidden:>4}  steps {point.steps:>3}"
    ratios = (f"{name} {ratio:.2f}" for name, ratio in found.ratios.items())
    return "  ".join([where, *ratios, *(f"{name} {value:.1f}" for name, value in found.others.items())])


def _verdict(case: Case, peer: str, mean: float, least: float) -> str:
    goal = case.goals.get(peer)
    aim = "" if goal is None else f", goal {goal:g}: {'reached' if mean >= goal else 'missed'}"
    floor = "" if case.floor is None else f" (goal {case.floor:g})"
    return f"geometric mean {mean:.2f}{aim}; least {least:.2f}{floor}"


@app.default
def main(
    *names: str,
    batch: tuple[int, ...] = BATCHES,
    hidden: tuple[int, ...] = tuple(STEPS),
    seconds: float = 1.0,
    report: Path = Path("recurrent.json"),
) -> None:
    """Measure the cases and groups of these names, or all; about so many seconds for each point."""
    warnings.filterwarnings("ignore", "LSTM with projections is not supported with oneDNN")
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; ratios: the peer's time by ours")
    found: dict[str, dict[str, Any]] = {}
    for case in chosen(names):
        found[case.name] = run(case, batch, hidden, seconds)
        report.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app()
