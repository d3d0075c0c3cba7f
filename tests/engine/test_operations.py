"""Each operation by the native scan against the reference: widths about that of vectors, special values."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.nn import functional
from torch.testing import assert_close

from expressions import SINGLE, Expression
from native_scan import TORCH, everything, needs_native, pair, states
from throughtime import Cell, Recurrent
from tolerances import FINITE_DIFFERENCES, tolerance

pytestmark = needs_native

NORMALISED = ("layer norm", "rms norm", "group norm", "group norm of parameters", "normalize")
SMOOTH = ("gelu", "mish", "erf", "sine", "powers of rows", "logsumexp", "running sum", "heads", "variance")


def bounded(name: str) -> Callable[..., Tensor]:
    """The body between -1 and 1, as the error model of the tolerances has it."""
    return lambda a, c, p: torch.tanh(0.25 * SINGLE[name](torch.tanh(a), c, p))


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("hidden", [6, 8, 16, 18])
def test_values_and_gradients(name: str, dtype: torch.dtype, hidden: int) -> None:
    ours, theirs = pair(Expression(bounded(name)), hidden, dtype)
    x, hx = torch.randn(2, 3, 3), states(ours, 3)
    if name == "hardsigmoid" and dtype is torch.float64:
        pytest.skip("torch takes a sixth in float32 on the way back")
    kind = "normalised" if name in NORMALISED else "gradient"
    assert_close(everything(ours, x, hx, None), everything(theirs, x, hx, None), **tolerance(kind, dtype))


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_are_finite_differences(name: str) -> None:
    layer, _ = pair(Expression(SINGLE[name]), 4)
    x = torch.randn(2, 2, 3, dtype=torch.float64, requires_grad=True)
    state = tuple(one.requires_grad_() for one in states(layer, 2))
    assert gradcheck(lambda *given: layer(given[0], given[1:])[0], (x, *state), **FINITE_DIFFERENCES)
    assert gradgradcheck(lambda *given: layer(given[0], given[1:])[0], (x, *state), **FINITE_DIFFERENCES)


SPECIAL = [
    0.0,
    -0.0,
    math.inf,
    -math.inf,
    math.nan,
    1.0,
    -1.0,
    3.0,
    -3.0,
    6.0,
    0.5,
    -0.5,
    30.0,
    -30.0,
    1e4,
    -1e4,
]

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    function.__name__: function
    for function in (
        *(functional.gelu, functional.silu, functional.mish, functional.softplus, functional.softsign),
        *(functional.elu, functional.selu, functional.celu, functional.leaky_relu, functional.relu6),
        *(functional.hardswish, functional.hardsigmoid, functional.hardtanh, functional.tanhshrink),
        *(functional.softshrink, functional.hardshrink, functional.logsigmoid, functional.relu),
        *(torch.erf, torch.expm1, torch.exp, torch.sin, torch.cos, torch.log, torch.log1p, torch.sqrt),
        *(torch.rsqrt, torch.tanh, torch.sigmoid, torch.sign, torch.abs, torch.log2, torch.reciprocal),
    )
} | {
    "threshold": lambda x: functional.threshold(x, 0.5, 2.0),
    "ge": lambda x: (x >= 1).to(x.dtype),
    "le": lambda x: (x <= 1).to(x.dtype),
    "ne": lambda x: (x != 1).to(x.dtype),
    "not": lambda x: torch.logical_not(x).to(x.dtype),
    "and": lambda x: torch.logical_and(x, x - 1).to(x.dtype),
    "or": lambda x: torch.logical_or(x, x - 1).to(x.dtype),
    "isnan": lambda x: x.isnan().to(x.dtype),
    "clamp": lambda x: x.clamp(-0.6, 1.1),
    "clamp by rows": lambda x: torch.full_like(x, 1.25).clamp(x, x + 0.7),
    "power 1.5": lambda x: x**1.5,
    "power -0.5": lambda x: x**-0.5,
    "power 3": lambda x: x**3,
    "power of 2": lambda x: 2.0**x,
}


ROUGH = {"gelu": (math.inf, -math.inf), "power 1.5": (-math.inf,), "power -0.5": (-math.inf, 0.0)}
"""Where torch's vectors differ from torch's scalars: gelu(inf) is NaN or inf with the size of the tensor."""


OLD = {"hardswish": (3.0, -3.0), "clamp by rows": (math.inf,)}
"""Where the slopes of earlier versions of torch are others than those of 2.14: at the bounds."""


class Applied(Cell):
    """A cell whose output is a function of its memory."""

    gates = ("a",)
    state = ("h", "c")

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        object.__setattr__(self, "function", function)

    def step(self, wx, u, s, p):
        return dict(h=self.function(s.c) + 0 * wx.a, c=s.c), {}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_special_values_go_where_the_reference_takes_them(name: str, dtype: torch.dtype) -> None:
    """Values and slopes at the points at which functions bend, at infinities and at NaN."""
    if name == "hardsigmoid" and dtype is torch.float64:
        pytest.skip("torch takes a sixth in float32 on the way back")
    cell = Applied(FUNCTIONS[name])
    open_points = ROUGH.get(name, ()) + (OLD.get(name, ()) if TORCH < (2, 14) else ())
    points = [x for x in SPECIAL if x not in open_points]
    results: list[tuple[Tensor, Tensor]] = []
    for backend in ("compiled", "reference"):
        layer = Recurrent(cell, 1, len(points), backend=backend, dtype=dtype)
        c = torch.tensor(points, dtype=dtype)[None, None].requires_grad_()
        output, _ = layer(torch.zeros(1, 1, 1, dtype=dtype), (torch.zeros_like(c), c))
        (slope,) = torch.autograd.grad(output.sum(), c, allow_unused=True, materialize_grads=True)
        results.append((output.detach(), slope.where(~c.isnan(), 0.0)))  # there is no slope at NaN
    assert_close(results[0], results[1], equal_nan=True, **tolerance("gradient", dtype))


def test_a_maximum_sends_its_gradient_where_the_reference_does() -> None:
    """amax shares among equal numbers, max gives all to the first."""
    for body in (
        lambda a, c, p: c.amax(-1, keepdim=True) * a,
        lambda a, c, p: c.max(-1, keepdim=True)[0] * a,
    ):
        ours, theirs = pair(Expression(body), 5)
        equal = [torch.full((1, 2, 5), 0.25, dtype=torch.float64)] * 2
        x = torch.randn(1, 2, 3)
        assert_close(everything(ours, x, equal, None), everything(theirs, x, equal, None))


@pytest.mark.parametrize(
    "body",
    [
        lambda a, c, p: a + c.std(-1, keepdim=True),
        lambda a, c, p: a + torch.linalg.vector_norm(c, dim=-1, keepdim=True),
        lambda a, c, p: a + functional.normalize(c, dim=-1),
    ],
)
def test_roots_of_zero_pass_no_gradient(body: Callable[..., Tensor]) -> None:
    ours, theirs = pair(Expression(body), 5)
    zeros = [torch.zeros(1, 2, 5, dtype=torch.float64)] * 2
    x = torch.randn(1, 2, 3)
    found = everything(ours, x, zeros, None)
    assert all(one.isfinite().all() for one in found)
    assert_close(found, everything(theirs, x, zeros, None), **tolerance("gradient", torch.float64))


def test_large_angles() -> None:
    cell = Expression(lambda a, c, p: c.sin() + c.cos() + 0 * a)
    c = torch.linspace(-5e5, 5e5, 64)[None, None]
    results = [
        Recurrent(cell, 1, 64, backend=name)(torch.zeros(1, 1, 1), (torch.zeros_like(c), c))[0]
        for name in ("compiled", "reference")
    ]
    assert_close(results[0], results[1], **tolerance("forward", torch.float32))


def test_gradients_stop_where_the_step_says() -> None:
    def body(a: Tensor, c: Tensor, p: object) -> Tensor:
        with torch.no_grad():
            scale = p.gain * c.mean(-1, keepdim=True)  # pyright: ignore
            weight = p.gain * 2  # pyright: ignore
        return a * scale + c.detach() * a + weight * c

    ours, theirs = pair(Expression(body), 5)
    x, hx = torch.randn(3, 2, 3), states(ours, 2)
    found, expected = everything(ours, x, hx, None), everything(theirs, x, hx, None)
    assert_close(found, expected, **tolerance("gradient", torch.float64))
