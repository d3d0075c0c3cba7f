"""A step that writes in place to what it was given is refused, on every back-end."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from native_scan import needs_native
from throughtime import Cell, Recurrent
from throughtime.engine.purity import Impure, check_pure

BUFFER = torch.zeros(4)


class Writing(Cell):
    """A cell whose step is the test's; it may leave nothing of the step to a second operation."""

    gates = ("i", "g")
    state = ("h", "c")

    def __init__(self, body: Callable[..., object]) -> None:
        object.__setattr__(self, "body", body)

    def parameters(self, hidden_size):
        return {"gain": (hidden_size,)}

    def step(self, wx, u, s, p):
        a = wx + u(s.h)
        self.body(a, s, wx, p)  # pyright: ignore
        c = s.c + torch.sigmoid(a.i) * torch.tanh(a.g)
        return dict(h=torch.tanh(c), c=c), {}


def assign(rows: Tensor, value: object) -> None:
    rows[:, 0] = value


WRITES = {
    "mul_": lambda a, s, wx, p: s.h.mul_(0.5),
    "add with out=": lambda a, s, wx, p: torch.add(s.h, s.c, out=s.c),
    "fill_": lambda a, s, wx, p: assign(s.h, 0),
    "copy_": lambda a, s, wx, p: assign(s.c, s.h[:, 1]),
    "sigmoid_": lambda a, s, wx, p: a.i.sigmoid_(),
    "tanh_": lambda a, s, wx, p: wx.g.tanh_(),
    "neg_": lambda a, s, wx, p: p.gain.neg_(),
    "relu_": lambda a, s, wx, p: torch.nn.functional.relu(s.h, inplace=True),
    "zero_": lambda a, s, wx, p: s.h.detach().zero_(),
    "add_": lambda a, s, wx, p: BUFFER.add_(1),
    "sub_": lambda a, s, wx, p: (torch.special.zeta(s.h + 2, s.c + 2), s.h.sub_(1)),
    "mul with out=": lambda a, s, wx, p: torch.mul(s.h, s.c, out=torch.empty_like(s.h)),
}
"""By the operation that the message names. One lies behind an operation that the engine lacks."""


@pytest.mark.parametrize("backend", ["auto", pytest.param("compiled", marks=needs_native), "reference"])
@pytest.mark.parametrize("name", WRITES)
def test_refused_when_a_layer_is_made(name: str, backend: str) -> None:
    if name in ("sub_", "mul with out=") and backend == "compiled":
        pytest.skip("the error names the operation before it, which the engine lacks")
    text = f"the step of Writing writes in place ({name}); a step must leave its arguments as they are: use "
    with pytest.raises(Impure, match=f"^{re.escape(text)}"):
        Recurrent(Writing(WRITES[name]), 3, 4, backend=backend)


@pytest.mark.parametrize("options", [dict(dtype=torch.bfloat16), dict(device="meta")], ids=str)
def test_refused_where_the_engine_does_not_compute(options) -> None:
    with pytest.raises(Impure, match=r"^the step of Writing writes in place \(mul_\)"):
        Recurrent(Writing(WRITES["mul_"]), 3, 4, **options)


def test_a_step_may_write_to_what_is_its_own() -> None:
    layer = Recurrent(Writing(lambda a, s, wx, p: (s.h * 2).mul_(0.5)), 3, 4)
    assert layer(torch.randn(2, 1, 3))[0].isfinite().all()


def test_a_step_that_cannot_run_on_stand_ins_is_not_judged() -> None:
    def body(a, s, wx, p):
        if s.h.shape[0] != 7:
            raise RuntimeError("seven rows, please")
        s.h.mul_(0.5)

    check_pure(Writing(body), 4)
    layer = Recurrent(Writing(body), 3, 4, backend="reference")
    with pytest.raises(Impure, match=r"^the step of Writing writes in place \(to h\)"):
        layer(torch.randn(2, 7, 3))


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
@pytest.mark.parametrize("name", ["h", "c", "the input"])
def test_a_write_that_depends_on_values_is_refused_when_it_happens(mode, name: str) -> None:
    def body(a, s, wx, p):
        if wx.packed.mean() > 50:
            {"h": s.h, "c": s.c, "the input": wx.i}[name].mul_(0.5)

    layer = Recurrent(Writing(body), 3, 4, backend="reference")
    layer.eval()
    with mode():
        layer(torch.randn(5, 2, 3))
        with torch.no_grad():
            layer.bias_ih_l0.fill_(100.0)
        with pytest.raises(Impure, match=rf"^the step of Writing writes in place \(to {name}\)"):
            layer(torch.randn(5, 2, 3), tuple(torch.zeros(1, 2, 4) for _ in range(2)))
        if mode is torch.no_grad:
            with pytest.raises(Impure, match=rf"^the step of Writing writes in place \(to {name}\)"):
                layer.stream(2).step(torch.randn(2, 3))


def test_trying_a_step_does_not_import_the_compiler_of_torch() -> None:
    script = (
        "import sys, throughtime\n"
        "for backend in ('auto', 'reference'):\n"
        "    throughtime.LSTM(3, 4, backend=backend)\n"
        "print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
