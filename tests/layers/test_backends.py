"""Which back-end runs a cell, and what is said where one cannot."""

from __future__ import annotations

import pytest
import torch

from throughtime import LSTM, Cell, Recurrent
from throughtime.layers.backends import BACKENDS

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
    with pytest.raises(ValueError, match=r"^backend='compiled' cannot run LSTM: it computes in float32 and "):
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
        rf"^backend='torch' cannot run {cell.name}: torch has kernels for LSTM, ProjectedLSTM, GRU, Elman, "
        r"ElmanReLU alone; backend='reference' runs every cell$"
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
