"""What a cell is made of: blocks of gates, products, shapes of weights."""

from __future__ import annotations

import copy
import pickle
import re
from dataclasses import FrozenInstanceError

import pytest
import torch
from torch.testing import assert_close

from throughtime.cells import CELLS, LSTM, Cell, PreActivations, Product, ProjectedLSTM
from throughtime.cells.cell import own_parameters


def _made(name: str) -> Cell:
    return ProjectedLSTM(3) if name == "projected_lstm" else CELLS[name]()


class Partial(Cell):
    """Three gates of which two, in another order, are recurrent; with a vector and a matrix of its own."""

    gates = ("a", "b", "c")
    recurrent_gates = ("c", "a")
    state = ("y", "m")

    def parameters(self, hidden_size):
        return {"scale": (hidden_size,), "mixing": (2, hidden_size)}

    def state_sizes(self, hidden_size):
        return {"y": 2, "m": hidden_size}

    def step(self, wx, u, s, p):
        products = u(s.y)
        m = p.scale * s.m + wx.a * products.a + wx.b + wx.c * products.c
        return dict(y=p.mixing(m), m=m), dict(b=wx.b)


def test_blocks_of_a_product_by_gate() -> None:
    rows = torch.arange(12.0).reshape(2, 6)
    a = PreActivations(rows, ("i", "f", "o"))
    assert a.i.tolist() == [[0, 1], [6, 7]]
    assert a.f.tolist() == [[2, 3], [8, 9]]
    assert a.o.tolist() == [[4, 5], [10, 11]]
    assert [block.tolist() for block in a] == [a.i.tolist(), a.f.tolist(), a.o.tolist()]


def test_sums_and_functions_of_all_gates_at_once() -> None:
    rows = torch.arange(6.0)
    a = PreActivations(rows, ("i", "f"))
    assert (a + a).f.tolist() == [6, 8, 10]
    assert a.map(lambda packed: packed - packed.mean()).i.tolist() == [-2.5, -1.5, -0.5]


def test_unknown_gate_is_named() -> None:
    a = PreActivations(torch.zeros(2, 4), ("i", "f"))
    with pytest.raises(AttributeError, match=r"^this cell has no gate 'q'; its gates are i, f$"):
        _ = a.q
    u = Product(torch.zeros(4, 2), None, ("i", "f"))
    with pytest.raises(AttributeError, match=r"^this cell has no gate 'q'; its gates are i, f$"):
        _ = u.q


def test_gates_of_another_order_do_not_add() -> None:
    a, b = PreActivations(torch.zeros(4), ("i", "f")), PreActivations(torch.zeros(4), ("f", "i"))
    with pytest.raises(ValueError, match=r"^cannot add the gates i, f and f, i$"):
        _ = a + b


def test_blocks_and_products_are_copied_and_pickled() -> None:
    a = PreActivations(torch.arange(4.0), ("i", "f"))
    u = Product(torch.arange(8.0).reshape(4, 2), torch.ones(4), ("i", "f"))
    for again in (copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))):
        assert again(a).f.tolist() == [2, 3]
        assert again(u).f(torch.ones(2)).tolist() == [10, 14]


def test_a_product_of_all_gates_and_of_one() -> None:
    weight, bias = torch.arange(8.0).reshape(4, 2), torch.tensor([1.0, 2.0, 3.0, 4.0])
    u = Product(weight, bias, ("i", "f"))
    v = torch.tensor([1.0, -1.0])
    assert u(v).packed.tolist() == [0, 1, 2, 3]
    assert u.i(v).tolist() == [0, 1]
    assert u.f(v).tolist() == [2, 3]
    assert Product(weight, None, ("i", "f")).f(v).tolist() == [-1, -1]


def test_own_parameters_reach_the_step_as_vectors_and_products() -> None:
    weights = {"weight_ih": torch.zeros(2, 1), "scale": torch.tensor([2.0, 3.0]), "mixing": torch.eye(2) * 5}
    own = own_parameters(weights)
    assert own.keys() == {"scale", "mixing"}
    assert own["scale"] is weights["scale"]
    assert own["mixing"](torch.tensor([1.0, 2.0])).tolist() == [5, 10]


def test_weight_shapes_follow_from_gates_states_and_parameters() -> None:
    shapes = Partial().weight_shapes(input_size=5, hidden_size=4, bias=True)
    assert list(shapes.items()) == [
        ("weight_ih", (12, 5)),
        ("weight_hh", (8, 2)),
        ("bias_ih", (12,)),
        ("bias_hh", (8,)),
        ("scale", (4,)),
        ("mixing", (2, 4)),
    ]
    without = Partial().weight_shapes(5, 4, bias=False)
    assert list(without) == ["weight_ih", "weight_hh", "scale", "mixing"]


def test_bound_step_computes_the_equations() -> None:
    cell, generator = Partial(), torch.Generator().manual_seed(0)
    weights = {
        name: torch.randn(shape, generator=generator, dtype=torch.float64)
        for name, shape in cell.weight_shapes(1, 2, True).items()
    }
    wx = torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]], dtype=torch.float64)
    state = {"y": torch.tensor([[0.5, -1.0]]).double(), "m": torch.tensor([[2.0, 1.0]]).double()}
    new, seen = cell.bind(weights)(wx, state)
    products = weights["weight_hh"] @ state["y"][0] + weights["bias_hh"]
    m = weights["scale"] * state["m"][0] + wx[0, :2] * products[2:] + wx[0, 2:4] + wx[0, 4:] * products[:2]
    assert_close(new["m"][0], m)
    assert_close(new["y"][0], weights["mixing"] @ m)
    assert seen["b"].tolist() == [[3, 4]]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", CELLS)
def test_parameter_count_is_what_the_docstring_says(name: str, bias: bool) -> None:
    cell = _made(name)
    stated = re.search(r"Parameters: (.+), or (.+) without bias\.", type(cell).__doc__ or "")
    assert stated, f"{name} does not state its number of parameters"
    formula = re.sub(r"(?<=[\w)]) (?=[\w(])", " * ", stated[1 if bias else 2])
    expected = eval(formula, {"I": 5, "H": 4, "P": 3})
    assert cell.parameter_count(input_size=5, hidden_size=4, bias=bias) == expected


@pytest.mark.parametrize("name", CELLS)
def test_states_of_built_in_cells(name: str) -> None:
    cell = _made(name)
    sizes = cell.state_sizes(7)
    assert tuple(sizes) == cell.state
    assert cell.state[0] == "h"
    assert cell.output_size(7) == (3 if name == "projected_lstm" else 7)
    assert cell.initial_state("h", torch.ones(2, 3)).tolist() == [[0, 0, 0]] * 2


@pytest.mark.parametrize("name", CELLS)
def test_cells_state_their_equation_and_source(name: str) -> None:
    text = CELLS[name].__doc__ or ""
    assert "h(t) =" in text
    assert name == "linear" or re.search(r"\(.*(19|20)\d\d", text)


@pytest.mark.parametrize("name", CELLS)
def test_what_a_step_returns_is_what_the_cell_names(name: str) -> None:
    cell = _made(name)
    weights = {key: torch.rand(shape) for key, shape in cell.weight_shapes(2, 4, True).items()}
    state = {key: torch.rand(1, size) for key, size in cell.state_sizes(4).items()}
    new, seen = cell.bind(weights)(torch.rand(1, 4 * len(cell.gates)), state)
    assert {key: value.shape for key, value in new.items()} == {
        key: (1, s) for key, s in cell.state_sizes(4).items()
    }
    assert tuple(seen) == cell.observed


def test_cells_are_values() -> None:
    assert LSTM() == LSTM()
    assert hash(LSTM()) == hash(LSTM())
    assert ProjectedLSTM(2) == ProjectedLSTM(2) != ProjectedLSTM(3)
    assert repr(ProjectedLSTM(2)) == "ProjectedLSTM(proj_size=2)"
    assert LSTM().name == "LSTM"
    with pytest.raises(FrozenInstanceError):
        ProjectedLSTM(2).proj_size = 3  # type: ignore[misc]


def test_a_cell_without_a_step_is_none() -> None:
    class Stepless(Cell):
        gates = ("h",)

    with pytest.raises(TypeError, match=r"abstract method '?step'?"):
        Stepless()
