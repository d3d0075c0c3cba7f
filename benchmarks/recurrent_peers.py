"""Our recurrent layers beside those of torch, torch.compile, ONNX Runtime and torchrecurrent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import torch
from recurrent_jobs import AdditiveNetwork, Doing, inference, streaming, training
from recurrent_measure import Figures, Point, Times, Work
from torch import Tensor, nn
from torch.nn.functional import linear

import throughtime
from throughtime.cells import Cell, GRUResetBefore, IndRNN, MinimalGatedUnit, PeepholeLSTM

Make = Callable[[Point], dict[str, Work]]


def against_torch(
    kind: type[nn.Module],
    do: Doing = training,
    ragged: bool = False,
    dtype: torch.dtype = torch.float32,
    **options: Any,
) -> Make:
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


def _pair(cell: Cell | str, point: Point) -> tuple[throughtime.Recurrent, throughtime.Recurrent]:
    """A layer of the cell compiled, and one by its equations step by step, with the same weights."""
    ours = throughtime.Recurrent(cell, point.hidden, point.hidden, backend="compiled")
    loop = throughtime.Recurrent(cell, point.hidden, point.hidden, backend="reference")
    loop.load_state_dict(ours.state_dict())
    return ours, loop


def against_loop(cell: Cell | str) -> Make:
    """Our layer and the same equations by torch's operations, one step after the other."""

    def make(point: Point) -> dict[str, Work]:
        ours, loop = _pair(cell, point)
        x = point.input()
        return {"ours": training(ours, x), "eager loop": training(loop, x)}

    return make


COMPILED = "torch.compile"


class CompiledLoop(nn.Module):
    """A layer of one direction by its cell's equations, one step after the other, through torch.compile.

    The step has its weights before anything is compiled: dynamo cannot follow how they are bound.
    """

    def __init__(self, layer: throughtime.Recurrent) -> None:
        super().__init__()
        self.layer = layer
        torch._dynamo.reset()  # it compiles one function eight times at most
        self._run = torch.compile(_loop(layer), fullgraph=True, options={"fx_graph_cache": False})

    def forward(self, x: Tensor) -> tuple[Tensor]:
        return (self._run(x),)


def _loop(layer: throughtime.Recurrent) -> Callable[[Tensor], Tensor]:
    cell, (weights,) = layer.cell, layer.weights(0)
    step, sizes = cell.bind(weights), cell.state_sizes(layer.hidden_size)

    def run(x: Tensor) -> Tensor:
        like = {name: x.new_empty(x.shape[1], size) for name, size in sizes.items()}
        state = {name: cell.initial_state(name, one) for name, one in like.items()}
        outputs: list[Tensor] = []
        for row in linear(x, weights["weight_ih"], weights.get("bias_ih")):
            state, _ = step(row, state)
            outputs.append(state[cell.state[0]])
        return torch.stack(outputs)

    return run


def against_compiled_loop(cell: str) -> Make:
    """Our layer and the loop of `against_loop` made into code by torch.compile, all steps unrolled."""

    def make(point: Point) -> dict[str, Work]:
        ours, loop = _pair(cell, point)
        x = point.input()
        return {"ours": training(ours, x), COMPILED: training(CompiledLoop(loop), x)}

    return make


def with_compile_time(point: Point, times: Times) -> Figures:
    """The ratio, and what torch.compile takes at the first call, forwards and backwards."""
    compiled = times[COMPILED]
    return Figures({COMPILED: compiled.median / times["ours"].median}, {"compile time s": compiled.first})


def _peepholes(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    i, f, o = theirs.pop("weight_ph").chunk(3)
    return theirs | {"peep_i": i, "peep_f": f, "peep_o": o}


def _update_turned(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Their z, r, n as r, z, n, where their 1 - z is our z."""
    blocks = {name: value.chunk(3) for name, value in theirs.items()}
    return {name: torch.cat([r, -z, n]) for name, (z, r, n) in blocks.items()}


def _one_bias(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    u, bias = theirs.pop("vector_u"), theirs.pop("bias_hh")
    return theirs | {"u": u, "bias_ih": theirs["bias_ih"] + bias}


def _content_without_bias(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    bias = theirs["bias_ih"]
    return theirs | {"bias_ih": torch.cat([bias.new_zeros(len(bias) // 2), bias])}


COUNTERPARTS: Mapping[str, tuple[Cell, Callable[[dict[str, Tensor]], dict[str, Tensor]], dict[str, Any]]] = {
    "PeepholeLSTM": (PeepholeLSTM(), _peepholes, {}),
    "MUT2": (GRUResetBefore(), _update_turned, {}),
    "MGU": (MinimalGatedUnit(), dict, {}),
    "IndRNN": (IndRNN(), _one_bias, {"nonlinearity": "relu", "recurrent_kernel_init": "uniform"}),
    "RAN": (AdditiveNetwork(), _content_without_bias, {}),
}
"""Layers of torchrecurrent that compute what a cell of ours does: our cell, our weights from theirs, options.

The equations of PeepholeLSTM and MGU are ours; MUT2 is the GRU of 2014, reset before the product, with z and
1 - z exchanged; IndRNN has a second bias, which adds to the first; RAN has none for its content, and ours is
the benchmark's own cell. The package has no GRU of torch's kind, no simple recurrent network, and none of our
other LSTMs: its OriginalLSTM has no forget gate.
"""


def torchrecurrent_layers() -> tuple[str, ...]:
    """Its layers that we have too; none where it is not installed."""
    return tuple(COUNTERPARTS) if find_spec("torchrecurrent") else ()


def against_torchrecurrent(layer: str) -> Make:
    """Our layer and torchrecurrent's with the same weights.

    Raises AssertionError where their outputs differ.
    """
    import torchrecurrent

    cell, weights, options = COUNTERPARTS[layer]

    def make(point: Point) -> dict[str, Work]:
        theirs = getattr(torchrecurrent, layer)(point.hidden, point.hidden, **options)
        ours = throughtime.Recurrent(cell, point.hidden, point.hidden, backend="compiled")
        given = weights(dict(theirs.cells[0].state_dict()))
        ours.load_state_dict({f"{name}_l0": value for name, value in given.items()})
        x = point.input()
        torch.testing.assert_close(ours(x)[0], theirs(x)[0], rtol=1e-3, atol=1e-4)
        return {"ours": training(ours, x), "torchrecurrent": training(theirs, x)}

    return make


def inference_with_onnx(point: Point) -> dict[str, Work]:
    """The LSTM without gradients, against torch's and ONNX Runtime's."""
    jobs = against_torch(nn.LSTM, inference)(point)
    return jobs | _onnx(nn.LSTM(point.hidden, point.hidden), point.steps, point.batch)


def streaming_with_onnx(point: Point) -> dict[str, Work]:
    """One step of one sequence, against torch's and ONNX Runtime's."""
    return streaming(point) | _onnx(nn.LSTM(point.hidden, point.hidden), 1, 1)


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
