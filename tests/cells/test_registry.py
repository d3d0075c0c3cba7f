"""The built-in cells by name."""

from __future__ import annotations

import re

import pytest

from throughtime import cells
from throughtime.cells import CELLS, Cell, cell_named
from throughtime.cells.modifiers import Modified

ALL_CELLS = f"the cells are {', '.join(CELLS)}, and my_module:MyCell for a cell of your own"


def test_names() -> None:
    assert dict(CELLS) == {
        "elman": cells.Elman,
        "elman_relu": cells.ElmanReLU,
        "linear": cells.LinearRecurrence,
        "indrnn": cells.IndRNN,
        "lstm": cells.LSTM,
        "projected_lstm": cells.ProjectedLSTM,
        "peephole_lstm": cells.PeepholeLSTM,
        "coupled_lstm": cells.CoupledLSTM,
        "layer_norm_lstm": cells.LayerNormLSTM,
        "slstm": cells.SLSTM,
        "gru": cells.GRU,
        "gru_reset_before": cells.GRUResetBefore,
        "mgu": cells.MinimalGatedUnit,
    }


def test_every_cell_of_the_package_is_in_the_table() -> None:
    public = [getattr(cells, name) for name in cells.__all__]
    kinds = {kind for kind in public if isinstance(kind, type) and issubclass(kind, Cell)} - {Cell}
    assert {kind for kind in kinds if not issubclass(kind, Modified)} == set(CELLS.values())


@pytest.mark.parametrize("name", [name for name in CELLS if name != "projected_lstm"])
def test_a_cell_by_its_name(name: str) -> None:
    assert cell_named(name) == CELLS[name]()


def test_an_unknown_name_is_answered_by_the_known_ones() -> None:
    with pytest.raises(ValueError, match=rf"^there is no cell named 'ltsm'; {ALL_CELLS}$"):
        cell_named("ltsm")


def test_a_class_is_answered_by_the_form_of_a_name() -> None:
    text = f"there is no cell named {cells.LSTM!r}; {ALL_CELLS}"
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        cell_named(cells.LSTM)  # type: ignore[arg-type]


def test_a_cell_with_a_constant_asks_for_it() -> None:
    text = "the cell ProjectedLSTM needs proj_size; give the cell itself, ProjectedLSTM(proj_size=...)"
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        cell_named("projected_lstm")


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        CELLS["mine"] = cells.LSTM  # type: ignore[index]
