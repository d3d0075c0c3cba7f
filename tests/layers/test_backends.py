"""Which back-end runs a cell, and what is said where one cannot."""

from __future__ import annotations

import warnings

import pytest
import torch

from native_scan import needs_native
from throughtime import LSTM, Cell, Recurrent
from throughtime.layers import backends, compiled
from throughtime.layers.backends import BACKENDS

FALLS_BACK = (
    r"runs by its equations, many times slower than compiled: the engine lacks erfinv, which \w+ uses; "
    r"backend='reference' chooses that without this warning$"
)

BY_TORCH = ("Elman", "ElmanReLU", "LSTM", "ProjectedLSTM", "GRU")


def test_names() -> None:
    assert list(BACKENDS) == ["compiled", "torch", "reference"]


def test_auto_takes_the_first_that_can(cell: Cell) -> None:
    assert Recurrent(cell, 3, 4).backend == "compiled"
    in_half = Recurrent(cell, 3, 4, dtype=torch.bfloat16)
    assert in_half.backend == ("torch" if cell.name in BY_TORCH else "reference")


def test_auto_chooses_again_where_the_weights_go(cell: Cell) -> None:
    layer = Recurrent(cell, 3, 4)
    assert layer.bfloat16().backend != "compiled"
    assert layer.float().backend == "compiled"


def test_asking_for_the_engine_in_a_dtype_that_it_lacks() -> None:
    with pytest.raises(
        ValueError, match=r"^backend='compiled' cannot run LSTM: it computes only in float32 and "
    ):
        LSTM(3, 4, dtype=torch.float16, backend="compiled")


def test_the_reference_runs_every_cell(cell: Cell) -> None:
    layer = Recurrent(cell, 3, 4, backend="reference")
    assert layer.backend == "reference"
    assert layer(torch.randn(2, 1, 3))[0].isfinite().all()


def test_asking_torch_for_a_cell_that_it_lacks(cell: Cell) -> None:
    if cell.name in BY_TORCH:
        assert Recurrent(cell, 3, 4, backend="torch").backend == "torch"
        return
    text = (
        rf"^backend='torch' cannot run {cell.name}: torch has kernels only for LSTM, ProjectedLSTM, GRU, "
        r"Elman, ElmanReLU; backend='reference' runs every cell$"
    )
    with pytest.raises(ValueError, match=text):
        Recurrent(cell, 3, 4, backend="torch")


def test_unknown_backend() -> None:
    with pytest.raises(
        ValueError, match=r"^backend must be auto, compiled, torch or reference; got 'cudnn'$"
    ):
        LSTM(3, 4, backend="cudnn")


def test_a_backend_set_by_hand_is_checked() -> None:
    layer = LSTM(3, 4)
    layer.backend = "reference"
    assert layer.backend == "reference"
    with pytest.raises(ValueError, match=r"^backend must be auto, compiled, torch or reference; got 'fast'$"):
        layer.backend = "fast"
    assert layer.backend == "reference"


def falling_back() -> type[Cell]:
    """A new class each time, of which nobody has been warned."""

    class Odd(Cell):
        gates = ("a",)

        def __init__(self, rate: float = 0.5) -> None:
            object.__setattr__(self, "rate", rate)

        def step(self, wx, u, s, p):
            return dict(h=torch.erfinv(torch.tanh(self.rate * (wx + u(s.h)).a))), {}

    return Odd


@needs_native
def test_auto_warns_once_for_each_cell_that_it_does_not_compile() -> None:
    cell = falling_back()()
    with pytest.warns(UserWarning, match="^Odd " + FALLS_BACK) as caught:
        assert Recurrent(cell, 3, 4).backend == "reference"
    assert caught[0].filename == __file__
    Recurrent(cell, 3, 4)
    Recurrent(cell, 5, 6, bidirectional=True)
    with pytest.warns(UserWarning, match="^Odd " + FALLS_BACK):
        Recurrent(type(cell)(rate=0.25), 3, 4)


@needs_native
def test_a_warning_made_an_error_is_one_each_time() -> None:
    cell = falling_back()()
    for _ in range(2):
        with pytest.raises(UserWarning, match="^Odd " + FALLS_BACK):
            Recurrent(cell, 3, 4)


def test_no_warning_where_the_reference_is_asked_for_or_the_engine_could_not_compute() -> None:
    cell = falling_back()()
    Recurrent(cell, 3, 4, backend="reference")
    Recurrent(cell, 3, 4, dtype=torch.bfloat16)
    Recurrent(cell, 3, 4, device="meta")


def test_one_warning_where_there_is_no_native_part(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (backends, compiled):
        monkeypatch.setattr(module, "native", None)
    monkeypatch.setattr(backends, "_WARNED", set())
    text = (
        r"^MinimalGatedUnit runs by its equations, many times slower than compiled: the native part was not"
    )
    with pytest.warns(UserWarning, match=text):
        Recurrent("mgu", 3, 4)
    with warnings.catch_warnings(action="error"):
        Recurrent("mgu", 5, 4)
        Recurrent("linear", 5, 4)
        LSTM(3, 4)
