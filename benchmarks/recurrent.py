"""How fast recurrent layers are beside what torch and ONNX Runtime have for the same job.

Each case runs ours and its peers by turns in this process, and prints the ratio of the medians, the peer's
time by ours, for every point of the grid and as geometric mean. A training step is forward and backward with
gradients of the weights; the peer of a cell that torch lacks is its own equations as an eager loop over time
with the input product of all steps in front.

    python benchmarks/recurrent.py                    every case; writes recurrent.json
    python benchmarks/recurrent.py gru lstm --batch 16 --batch 64 --hidden 128
"""

from __future__ import annotations

import json
import math
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from cyclopts import App
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

import throughtime
from throughtime.cells import CELLS

BATCHES = (1, 16, 32, 64, 128)
STEPS = {64: 100, 128: 60, 256: 40, 512: 30, 1024: 20}
"""Hidden sizes, which are input sizes too, and the steps of a sequence at each."""

app = App(help=__doc__, help_format="plaintext")

Work = Callable[[], Any]


@dataclass(frozen=True)
class Point:
    """One point of the grid."""

    batch: int
    hidden: int

    @property
    def steps(self) -> int:
        return STEPS[self.hidden]

    def input(self, dtype: torch.dtype, ragged: bool) -> Any:
        """Random input, with lengths from a third of the steps to all where it is ragged."""
        x = torch.randn(self.steps, self.batch, self.hidden, dtype=dtype)
        if not ragged:
            return x
        lengths = torch.linspace(self.steps, self.steps / 3, self.batch).long()
        return pack_padded_sequence(x, lengths[torch.randperm(self.batch)], enforce_sorted=False)


@dataclass(frozen=True)
class Case:
    """Ours against peers: `make` gives the jobs of a point by name, ours first."""

    name: str
    make: Callable[[Point], dict[str, Work]]
    goals: dict[str, float]
    """The least geometric mean that is aimed at, by peer."""
    batches: Sequence[int] = BATCHES
    hidden: Sequence[int] = tuple(STEPS)
    floor: float | None = None
    """The least ratio at any point."""


def training(layer: nn.Module, x: Any) -> Work:
    """A training step with a random gradient of the output."""
    values = _values(layer(x)[0])
    seed = torch.randn_like(values)

    def step() -> None:
        torch.autograd.backward(_values(layer(x)[0]), seed)
        for parameter in layer.parameters():
            parameter.grad = None

    return step


def inference(layer: nn.Module, x: Any) -> Work:
    """A forward pass without gradients."""
    layer.eval()

    def step() -> None:
        with torch.inference_mode():
            layer(x)

    return step


def _values(output: Any) -> Tensor:
    return output if isinstance(output, Tensor) else output.data


def against_torch(
    kind: type[nn.Module],
    do: Callable[[nn.Module, Any], Work] = training,
    ragged: bool = False,
    dtype: torch.dtype = torch.float32,
    **options: Any,
) -> Callable[[Point], dict[str, Work]]:
    """Our layer and torch's with the same weights."""

    def make(point: Point) -> dict[str, Work]:
        extra = {"proj_size": point.hidden // 2} if options.get("projected") else {}
        given = {name: value for name, value in options.items() if name != "projected"} | extra
        theirs = kind(point.hidden, point.hidden, dtype=dtype, **given)
        ours = throughtime.convert(kind(point.hidden, point.hidden, dtype=dtype, **given))
        ours.load_state_dict(theirs.state_dict())
        x = point.input(dtype, ragged)
        return {"ours": do(ours, x), f"nn.{kind.__name__}": do(theirs, x)}

    return make


def against_loop(cell: Any) -> Callable[[Point], dict[str, Work]]:
    """Our layer and the same equations by torch's operations, one step after the other."""

    def make(point: Point) -> dict[str, Work]:
        ours = throughtime.Recurrent(cell, point.hidden, point.hidden, backend="compiled")
        loop = throughtime.Recurrent(cell, point.hidden, point.hidden, backend="reference")
        loop.load_state_dict(ours.state_dict())
        x = point.input(torch.float32, ragged=False)
        return {"ours": training(ours, x), "eager loop": training(loop, x)}

    return make


def inference_with_onnx(point: Point) -> dict[str, Work]:
    """The LSTM without gradients, against torch's and ONNX Runtime's."""
    jobs = against_torch(nn.LSTM, inference)(point)
    return jobs | _onnx(nn.LSTM(point.hidden, point.hidden), point.steps, point.batch)


def _onnx(layer: nn.LSTM, steps: int, batch: int) -> dict[str, Work]:
    """The layer's job in ONNX Runtime, where that is installed; gates go from i f g o to i o f g."""
    try:
        import onnx
        import onnxruntime
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        return {}
    hidden, given = layer.hidden_size, layer.input_size

    def reordered(value: Tensor) -> Any:
        i, f, g, o = value.detach().chunk(4)
        return torch.cat([i, o, f, g])[None].numpy()

    bias = torch.cat([torch.from_numpy(reordered(b))[0] for b in (layer.bias_ih_l0, layer.bias_hh_l0)])
    weights = {
        "W": reordered(layer.weight_ih_l0),
        "R": reordered(layer.weight_hh_l0),
        "B": bias[None].numpy(),
    }
    nodes = [helper.make_node("LSTM", ["X", *weights], ["Y"], hidden_size=hidden)]
    graph = helper.make_graph(
        nodes,
        "lstm",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [steps, batch, given])],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [steps, 1, batch, hidden])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # on into the next job's time
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    x = {"X": torch.randn(steps, batch, given).numpy()}
    return {"ONNX Runtime": lambda: session.run(None, x)}


def streaming(point: Point) -> dict[str, Work]:
    """One step of one sequence."""
    hidden = point.hidden
    ours = throughtime.LSTM(hidden, hidden).stream()
    layer, cell = nn.LSTM(hidden, hidden).eval(), nn.LSTMCell(hidden, hidden).eval()
    x, state = torch.randn(1, hidden), (torch.zeros(1, hidden), torch.zeros(1, hidden))
    sequence, first = x[None], (state[0][None], state[1][None])

    def by_layer() -> None:
        with torch.inference_mode():
            layer(sequence, first)

    def by_cell() -> None:
        with torch.inference_mode():
            cell(x, state)

    jobs = {"ours": lambda: ours.step(x), "nn.LSTM": by_layer, "nn.LSTMCell": by_cell}
    return jobs | _onnx(nn.LSTM(hidden, hidden), 1, 1)


def observing(point: Point) -> dict[str, Work]:
    """All gates observed, against the same without; the goal is a share of the time."""
    layer = throughtime.LSTM(point.hidden, point.hidden)
    x = point.input(torch.float32, ragged=False)

    def seeing() -> None:
        with torch.inference_mode():
            layer.observe(x)

    return {"ours": seeing, "without observing": inference(layer, x)}


def cases() -> list[Case]:
    """All cases; those of cells that torch lacks by their names."""
    lstm = {"nn.LSTM": 1.25}
    found = [
        Case("lstm", against_torch(nn.LSTM), lstm, floor=0.95),
        Case("lstm_inference", inference_with_onnx, {"nn.LSTM": 2.0, "ONNX Runtime": 1.05}, floor=0.9),
        Case("lstm_ragged", against_torch(nn.LSTM, ragged=True), {"nn.LSTM": 3.0}),
        Case(
            "lstm_bidirectional",
            against_torch(nn.LSTM, ragged=True, num_layers=2, bidirectional=True),
            {"nn.LSTM": 3.0},
        ),
        Case("gru", against_torch(nn.GRU), {"nn.GRU": 2.5}),
        Case("rnn", against_torch(nn.RNN), {"nn.RNN": 2.5}),
        Case("projected", against_torch(nn.LSTM, projected=True), {"nn.LSTM": 2.5}),
        Case("lstm_float64", against_torch(nn.LSTM, dtype=torch.float64), {"nn.LSTM": 2.0}),
    ]
    by_torch = ("elman", "elman_relu", "lstm", "projected_lstm", "gru", "linear")
    found += [
        Case(name, against_loop(name), {"eager loop": 4.0}, batches=(1, 16, 64), hidden=(64, 256, 1024))
        for name in CELLS
        if name not in by_torch
    ]
    found.append(
        Case(
            "streaming", streaming, {"nn.LSTM": 8.0, "nn.LSTMCell": 8.0, "ONNX Runtime": 4.0}, (1,), (64, 256)
        )
    )
    found.append(Case("observing", observing, {"without observing": 0.8}))
    return found


def measure(jobs: dict[str, Work], seconds: float) -> dict[str, float]:
    """The median time of each job; they take turns, at least five each, for about so many seconds."""
    for job in jobs.values():
        job()
    times: dict[str, list[float]] = {name: [] for name in jobs}
    began = time.perf_counter()
    rounds = 0
    while rounds < 5 or time.perf_counter() - began < seconds:
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            times[name].append(time.perf_counter() - start)
        rounds += 1
    return {name: statistics.median(values) for name, values in times.items()}


def run(case: Case, batches: Sequence[int], hidden: Sequence[int], seconds: float) -> dict[str, Any]:
    """Measures a case over the grid and prints it."""
    print(f"\n{case.name}")
    ratios: dict[str, list[float]] = {}
    points: list[dict[str, Any]] = []
    for size in (one for one in case.hidden if one in hidden):
        for batch in (one for one in case.batches if one in batches):
            torch.manual_seed(0)
            point = Point(batch, size)
            medians = measure(case.make(point), seconds)
            ours = medians.pop("ours")
            here = {name: value / ours for name, value in medians.items()}
            for name, ratio in here.items():
                ratios.setdefault(name, []).append(ratio)
            points.append({"batch": batch, "hidden": size, "steps": point.steps, "ours": ours, **here})
            shown = "  ".join(f"{name} {ratio:.2f}" for name, ratio in here.items())
            print(f"  batch {batch:>3}  hidden {size:>4}  steps {point.steps:>3}  {shown}", flush=True)
    means: dict[str, float] = {}
    for name, values in ratios.items():
        means[name] = math.exp(statistics.mean(map(math.log, values)))
        goal = case.goals.get(name)
        aim = "" if goal is None else f", goal {goal:g}: {'reached' if means[name] >= goal else 'missed'}"
        floor = "" if case.floor is None else f" (goal {case.floor:g})"
        print(f"  {name}: geometric mean {means[name]:.2f}{aim}; least {min(values):.2f}{floor}")
    return {"points": points, "geometric_means": means, "goals": case.goals}


@app.default
def main(
    *names: str,
    batch: tuple[int, ...] = BATCHES,
    hidden: tuple[int, ...] = tuple(STEPS),
    seconds: float = 1.0,
    report: Path = Path("recurrent.json"),
) -> None:
    """Measure the cases of these names, or all; about so many seconds for each point of the grid."""
    warnings.filterwarnings("ignore", "LSTM with projections is not supported with oneDNN")
    known = {case.name: case for case in cases()}
    if not set(names) <= known.keys():
        raise SystemExit(f"the cases are {', '.join(known)}")
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; ratios: the peer's time by ours")
    found = {name: run(known[name], batch, hidden, seconds) for name in names or known}
    report.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app()
