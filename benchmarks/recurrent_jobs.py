"""Jobs of the benchmark of recurrent layers: training, inference, one step, and what limits them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from recurrent_measure import Figures, Point, Times, Work
from torch import Tensor, nn, sigmoid, tanh

import throughtime
from throughtime.cells import Cell, PreActivations, Product, Rows

Doing = Callable[..., Work]
"""`training` or `inference`: what is done with a layer and its arguments."""


def training(layer: nn.Module, *given: Any) -> Work:
    """A training step with a random gradient of the output."""
    seed = cache(lambda shape, dtype: torch.randn(shape, dtype=dtype))

    def step() -> None:
        values = _values(layer(*given)[0])
        torch.autograd.backward(values, seed(values.shape, values.dtype))
        for parameter in layer.parameters():
            parameter.grad = None

    return step


def inference(layer: nn.Module, *given: Any) -> Work:
    """A forward pass without gradients."""
    layer.eval()

    def step() -> None:
        with torch.inference_mode():
            layer(*given)

    return step


def _values(output: Any) -> Tensor:
    return output if isinstance(output, Tensor) else output.data


def streaming(point: Point) -> dict[str, Work]:
    """One step of one sequence, ours and torch's."""
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

    return {"ours": lambda: ours.step(x), "nn.LSTM": by_layer, "nn.LSTMCell": by_cell}


def observing(point: Point) -> dict[str, Work]:
    """All gates observed, against the same without; the goal is a share of the time."""
    layer = throughtime.LSTM(point.hidden, point.hidden)
    x = point.input()

    def seeing() -> None:
        with torch.inference_mode():
            layer.observe(x)

    return {"ours": seeing, "without observing": inference(layer, x)}


class AdditiveNetwork(Cell):
    """Recurrent additive network (Lee, Levy and Zettlemoyer 2017, arXiv:1705.07393), as a user writes it.

        i(t) = sigmoid(W_i x(t) + U_i h(t-1))        input gate
        f(t) = sigmoid(W_f x(t) + U_f h(t-1))        forget gate
        c(t) = i(t) * W_c x(t) + f(t) * c(t-1)       memory
        h(t) = tanh(c(t))                            output

    Parameters: 3 H (I + 1) + 2 H (H + 1), or 3 H I + 2 H H without bias.
    """

    gates = ("c", "i", "f")
    recurrent_gates = ("i", "f")
    state = ("h", "c")

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        uh = u(s.h)
        i, f = sigmoid(wx.i + uh.i), sigmoid(wx.f + uh.f)
        c = i * wx.c + f * s.c
        return dict(h=tanh(c), c=c), {}


LARGE, OF_A_STEP = "(T B, H) (H, 4 H)", "(B, H) (H, 4 H)"
"""The LSTM's product of the input of all steps, and that of a step's state, as H is the input size too."""


def products(do: Doing) -> Callable[[Point], dict[str, Work]]:
    """Our LSTM, as a layer in a stack whose input has a gradient, and bare products of its shapes."""

    def make(point: Point) -> dict[str, Work]:
        x = point.input().requires_grad_(do is training)
        work = do(throughtime.LSTM(point.hidden, point.hidden), x)

        def ours() -> None:
            work()
            x.grad = None

        rows = {LARGE: point.steps * point.batch, OF_A_STEP: point.batch}
        return {"ours": ours, **{name: _product(count, point.hidden) for name, count in rows.items()}}

    return make


def _product(rows: int, hidden: int) -> Work:
    a, b, c = torch.randn(rows, hidden), torch.randn(hidden, 4 * hidden), torch.empty(rows, 4 * hidden)
    return lambda: torch.mm(a, b, out=c)


def share_of_sgemm(passes: int) -> Callable[[Point, Times], Figures]:
    """Our floating-point rate by the higher of the bare products'.

    passes: how often both products of a step are done: once in inference, three times in training, which
    has the gradients of both factors too.
    """

    def figures(point: Point, times: Times) -> Figures:
        of_a_step = 2 * point.batch * point.hidden * 4 * point.hidden
        operations = {
            "ours": passes * 2 * point.steps * of_a_step,
            LARGE: point.steps * of_a_step,
            OF_A_STEP: of_a_step,
        }
        rates = {name: operations[name] / one.median / 1e9 for name, one in times.items()}
        share = rates["ours"] / max(rates[LARGE], rates[OF_A_STEP])
        return Figures({"share": share}, {f"{name} GFLOP/s": rate for name, rate in rates.items()})

    return figures


NORMAL = ", normal numbers"


def decaying(kind: type[nn.LSTM | nn.RNN], do: Doing) -> Callable[[Point], dict[str, Work]]:
    """A layer without input whose state decays: into subnormal numbers, and the same from 1.

    The smallest normal float32 is 1.2e-38; from 1e-38 on the state is subnormal for some 30 steps.
    """

    def make(point: Point) -> dict[str, Work]:
        theirs = kind(point.hidden, point.hidden, bias=False)
        ours = throughtime.convert(kind(point.hidden, point.hidden, bias=False))
        ours.load_state_dict(theirs.state_dict())
        x, one = torch.zeros(point.steps, point.batch, point.hidden), torch.rand(1, point.batch, point.hidden)

        def work(layer: nn.Module, size: float) -> Work:
            return do(layer, x, one * size if kind is nn.RNN else (one * size, one * size))

        layers = {"ours": ours, f"nn.{kind.__name__}": theirs}
        sizes = {"": 1e-38, NORMAL: 1.0}
        return {
            name + suffix: work(layer, size)
            for suffix, size in sizes.items()
            for name, layer in layers.items()
        }

    return make


def speed_kept(point: Point, times: Times) -> Figures:
    """For ours and the peer the time with normal numbers by that with subnormal ones."""
    return Figures(
        {
            name.removesuffix(NORMAL): one.median / times[name.removesuffix(NORMAL)].median
            for name, one in times.items()
            if name.endswith(NORMAL)
        }
    )
