"""Every cell as a layer: shapes, states, depth, directions, dropout, and what is said of wrong arguments."""

from __future__ import annotations

import copy
import math
import pickle
import re
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from throughtime import GRU, LSTM, RNN, Cell, Recurrent
from throughtime.cells import CELLS, MinimalGatedUnit, ProjectedLSTM
from throughtime.errors import TensorError
from throughtime.layers import RecurrentCell
from tolerances import HALF_PRECISION, STANDARD_ERRORS, tolerance
from user_modules import WriteModule

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

INPUT, HIDDEN = 3, 5
F64 = torch.float64


def _layer(cell: Cell, **options: Any) -> Recurrent:
    return Recurrent(cell, INPUT, HIDDEN, **options, dtype=F64)


def _parts(state: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (state,) if isinstance(state, Tensor) else state


def _hx(parts: list[Tensor] | tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
    return tuple(parts) if len(parts) > 1 else parts[0]


@pytest.mark.parametrize("bidirectional", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_shapes_and_parameters(cell: Cell, bidirectional: bool, bias: bool) -> None:
    layer = _layer(cell, num_layers=3, bias=bias, bidirectional=bidirectional)
    output, last = layer(torch.randn(4, 2, INPUT, dtype=F64))
    ways, width = layer.num_directions, cell.output_size(HIDDEN)
    assert ways == 1 + bidirectional
    assert output.shape == (4, 2, ways * width) == (4, 2, layer.output_size)
    assert isinstance(last, Tensor) == (len(cell.state) == 1)
    expected = [(3 * ways, 2, size) for size in cell.state_sizes(HIDDEN).values()]
    assert [tuple(part.shape) for part in _parts(last)] == expected
    counts = [cell.parameter_count(INPUT if k == 0 else ways * width, HIDDEN, bias) for k in range(3)]
    assert sum(parameter.numel() for parameter in layer.parameters()) == ways * sum(counts)


def test_names_of_parameters(cell: Cell) -> None:
    layer = _layer(cell, num_layers=2, bidirectional=True)
    plain = list(cell.weight_shapes(INPUT, HIDDEN, True))
    suffixes = ("_l0", "_l0_reverse", "_l1", "_l1_reverse")
    assert [name for name, _ in layer.named_parameters()] == [
        n + suffix for suffix in suffixes for n in plain
    ]
    assert layer.weights(1)[1]["weight_ih"] is layer.weight_ih_l1_reverse


def test_batch_first_exchanges_two_dimensions(cell: Cell) -> None:
    layer = _layer(cell, num_layers=2, bidirectional=True)
    turned = _layer(cell, num_layers=2, bidirectional=True, batch_first=True)
    turned.load_state_dict(layer.state_dict())
    x = torch.randn(4, 2, INPUT, dtype=F64)
    (output, last), (other, same) = layer(x), turned(x.transpose(0, 1))
    assert torch.equal(output, other.transpose(0, 1))
    assert all(torch.equal(a, b) for a, b in zip(_parts(last), _parts(same), strict=True))


@pytest.mark.parametrize("batch_first", [False, True])
def test_unbatched_is_a_batch_of_one(cell: Cell, batch_first: bool) -> None:
    layer = _layer(cell, num_layers=2, bidirectional=True, batch_first=batch_first)
    x = torch.randn(4, INPUT, dtype=F64)
    first = [torch.rand(4, size).double() for size in cell.state_sizes(HIDDEN).values()]
    output, last = layer(x, _hx(first))
    batch = 0 if batch_first else 1
    expected, after = layer(x.unsqueeze(batch), _hx([part[:, None] for part in first]))
    assert torch.equal(output, expected.squeeze(batch))
    for part, other in zip(_parts(last), _parts(after), strict=True):
        assert torch.equal(part, other[:, 0])


def test_chunks_that_carry_the_state_are_the_whole(cell: Cell) -> None:
    layer, x = _layer(cell, num_layers=2), torch.randn(7, 2, INPUT, dtype=F64)
    whole, last = layer(x)
    outputs, state = [], None
    for chunk in x.split([1, 4, 2]):
        output, state = layer(chunk, state)
        outputs.append(output)
    assert_close(torch.cat(outputs), whole, **tolerance("forward", F64))
    assert_close(_parts(state), _parts(last), **tolerance("forward", F64))


def test_no_state_is_the_cells_initial_state(cell: Cell) -> None:
    layer, x = _layer(cell), torch.randn(3, 2, INPUT, dtype=F64)
    sizes = cell.state_sizes(HIDDEN).items()
    first = [cell.initial_state(name, torch.empty(1, 2, size, dtype=F64)) for name, size in sizes]
    (output, last), (expected, after) = layer(x), layer(x, _hx(first))
    assert torch.equal(output, expected)
    assert all(torch.equal(a, b) for a, b in zip(_parts(last), _parts(after), strict=True))
    if all(part.eq(0).all() for part in first):
        zeros = _hx([torch.zeros_like(part) for part in first])
        assert torch.equal(output, layer(x, zeros)[0])


def test_a_first_state_matters_and_gets_gradients(cell: Cell) -> None:
    layer, x = _layer(cell, num_layers=2), torch.randn(3, 2, INPUT, dtype=F64)
    first = [
        torch.rand(2, 2, size, dtype=F64, requires_grad=True) for size in cell.state_sizes(HIDDEN).values()
    ]
    output, _ = layer(x, _hx(first))
    assert not torch.allclose(output, layer(x)[0])
    slopes = torch.autograd.grad(output.square().sum(), first)
    assert all(slope.isfinite().all() and slope.any() for slope in slopes)


def test_the_last_output_is_the_top_layers_state(cell: Cell) -> None:
    layer = _layer(cell, num_layers=2, bidirectional=True)
    output, last = layer(torch.randn(4, 2, INPUT, dtype=F64))
    h, width = _parts(last)[0], cell.output_size(HIDDEN)
    assert torch.equal(output[-1, :, :width], h[2])
    assert torch.equal(output[0, :, width:], h[3])


def test_both_directions_are_two_layers_one_of_them_turned(cell: Cell) -> None:
    both = _layer(cell, bidirectional=True)
    forwards, backwards = _layer(cell), _layer(cell)
    weights = both.state_dict()
    forwards.load_state_dict({name: weights[name] for name in forwards.state_dict()})
    backwards.load_state_dict({name: weights[name + "_reverse"] for name in backwards.state_dict()})
    x = torch.randn(4, 2, INPUT, dtype=F64)
    output, last = both(x)
    (ahead, after_ahead), (back, after_back) = forwards(x), backwards(x.flip(0))
    assert_close(output, torch.cat([ahead, back.flip(0)], -1), **tolerance("forward", F64))
    for part, a, b in zip(_parts(last), _parts(after_ahead), _parts(after_back), strict=True):
        assert_close(part, torch.cat([a, b]), **tolerance("forward", F64))


def test_depth_is_composition(cell: Cell) -> None:
    deep = _layer(cell, num_layers=2)
    lower, upper = _layer(cell), Recurrent(cell, cell.output_size(HIDDEN), HIDDEN, dtype=F64)
    weights = deep.state_dict()
    lower.load_state_dict({name: weights[name] for name in lower.state_dict()})
    upper.load_state_dict({name: weights[name.replace("_l0", "_l1")] for name in upper.state_dict()})
    x = torch.randn(4, 2, INPUT, dtype=F64)
    output, _ = deep(x)
    assert_close(output, upper(lower(x)[0])[0], **tolerance("forward", F64))


@pytest.mark.parametrize(("steps", "batch"), [(1, 1), (1, 9), (7, 1), (8, 7), (9, 8)])
@pytest.mark.parametrize("hidden", [1, 7, 8, 9])
def test_sizes_around_the_vector_width(cell: Cell, hidden: int, steps: int, batch: int) -> None:
    """Rows of a batch do not see one another, whatever the sizes."""
    if isinstance(cell, ProjectedLSTM):
        cell, hidden = ProjectedLSTM(1), max(hidden, 2)
    layer = Recurrent(cell, hidden, hidden, dtype=F64)
    x = torch.randn(steps, batch, hidden, dtype=F64)
    output, _ = layer(x)
    assert output.isfinite().all()
    assert_close(output[:, -1], layer(x[:, -1])[0], **tolerance("forward", F64))


def test_an_empty_batch_gives_an_empty_batch(cell: Cell) -> None:
    output, last = _layer(cell)(torch.zeros(4, 0, INPUT, dtype=F64))
    assert output.shape == (4, 0, cell.output_size(HIDDEN))
    assert [part.shape[1] for part in _parts(last)] == [0] * len(cell.state)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_layers_are_copied_and_pickled(cell: Cell, again) -> None:
    layer = _layer(cell, num_layers=2, bidirectional=True)
    other, x = again(layer), torch.randn(4, 2, INPUT, dtype=F64)
    assert other.cell == layer.cell
    assert torch.equal(layer(x)[0], other(x)[0])
    with torch.no_grad():
        other.weight_ih_l0.zero_()
    assert layer.weight_ih_l0.any()


@pytest.mark.parametrize("initialiser", ["torch", "orthogonal", "forget_bias", "sutskever2014"])
def test_layers_are_pickled_with_their_initialiser(initialiser: str) -> None:
    layer = pickle.loads(pickle.dumps(LSTM(3, 4, initialiser=initialiser)))
    torch.manual_seed(0)
    layer.reset_parameters()
    torch.manual_seed(0)
    expected = LSTM(3, 4, initialiser=initialiser)
    assert all(torch.equal(a, b) for a, b in zip(layer.parameters(), expected.parameters(), strict=True))


def test_a_user_cell_is_given_as_class_or_instance_and_ours_also_by_name(user_cell: Cell) -> None:
    assert Recurrent(type(user_cell), 3, 4).cell == user_cell
    assert Recurrent(user_cell, 3, 4).cell is user_cell
    assert Recurrent("gru_reset_before", 3, 4).cell == CELLS["gru_reset_before"]()


def test_a_users_cell_by_its_name(user_module: WriteModule) -> None:
    user_module()
    named = Recurrent("my_module:MyCell", INPUT, HIDDEN, dtype=F64)
    built_in = _layer(MinimalGatedUnit())
    built_in.load_state_dict(named.state_dict())
    x = torch.randn(4, 2, INPUT, dtype=F64)
    assert_close(named(x)[0], built_in(x)[0], rtol=0, atol=0)
    assert RecurrentCell("my_module:MyCell", INPUT, HIDDEN).cell == named.cell


def test_repr_says_what_is_not_the_default() -> None:
    assert repr(LSTM(3, 4)) == "LSTM(3, 4, backend=compiled)"
    assert repr(LSTM(3, 4, proj_size=2)) == "LSTM(3, 4, proj_size=2, backend=compiled)"
    assert repr(RNN(3, 4, nonlinearity="relu")) == "RNN(3, 4, nonlinearity=relu, backend=compiled)"
    deep = GRU(3, 4, 2, bias=False, batch_first=True, dropout=0.5, bidirectional=True, backend="reference")
    options = "num_layers=2, bias=False, batch_first=True, dropout=0.5, bidirectional=True"
    assert repr(deep) == f"GRU(3, 4, {options}, backend=reference)"
    assert (
        repr(Recurrent(ProjectedLSTM(2), 3, 4))
        == "Recurrent(ProjectedLSTM(proj_size=2), 3, 4, backend=compiled)"
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_dtype_and_device(cell: Cell, dtype: torch.dtype) -> None:
    layer = Recurrent(cell, 3, 4, device="meta", dtype=dtype)
    assert {(p.device.type, p.dtype) for p in layer.parameters()} == {("meta", dtype)}
    layer = layer.to_empty(device="cpu")
    layer.reset_parameters()
    output, _ = layer(torch.randn(2, 1, 3, dtype=dtype))
    assert output.dtype == dtype
    assert output.isfinite().all()


def test_a_layer_moves_to_another_dtype(cell: Cell) -> None:
    layer = Recurrent(cell, 3, 4).double()
    assert layer(torch.randn(2, 1, 3, dtype=F64))[0].dtype == F64


def test_parametrised_weights_are_used() -> None:
    layer, x = LSTM(3, 4, dtype=F64), torch.randn(4, 2, 3, dtype=F64)
    before = layer(x)[0]
    nn.utils.parametrizations.weight_norm(layer, "weight_hh_l0")
    assert_close(layer(x)[0], before, **tolerance("forward", F64))
    with torch.no_grad():
        layer.parametrizations.weight_hh_l0.original0.mul_(2)
    assert not torch.allclose(layer(x)[0], before)


def test_autocast_runs_on_the_reference() -> None:
    layer, x = GRU(3, 4, backend="reference"), torch.randn(4, 2, 3)
    expected = layer(x)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = layer(x)[0]
    assert not torch.equal(found, expected)
    assert (found - expected).abs().max() < HALF_PRECISION


@pytest.mark.parametrize("backend", ["torch", "reference"])
def test_dropout_between_layers_drops_its_share_and_scales_the_rest(backend: str) -> None:
    """A lower layer that puts out ones and an upper that hands its input on show the dropout itself."""
    torch.manual_seed(0)
    layer = RNN(1, 50, num_layers=2, nonlinearity="relu", bias=True, dropout=0.3, backend=backend)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.bias_ih_l0.fill_(1)
        layer.weight_ih_l1.copy_(torch.eye(50))
    x = torch.zeros(10, 40, 1)
    output, last = layer(x)
    kept = output != 0
    assert_close(output[kept], torch.full_like(output[kept], 1 / 0.7), **tolerance("step", torch.float32))
    error = math.sqrt(0.3 * 0.7 / output.numel())
    assert abs(kept.double().mean().item() - 0.7) < STANDARD_ERRORS * error
    assert kept.all(-1).sum() == 0, "each value is dropped on its own"
    assert last[0].eq(1).all(), "the state of the lower layer is not dropped"
    assert layer.eval()(x)[0].eq(1).all()


@pytest.mark.parametrize("backend", ["torch", "reference"])
def test_dropout_spares_the_input_and_the_top(backend: str) -> None:
    with pytest.warns(
        UserWarning, match=r"^dropout 0\.9 has no effect: it applies between layers, and there is only one$"
    ):
        layer = LSTM(3, 4, dropout=0.9, backend=backend)
    x = torch.randn(4, 2, 3)
    assert torch.equal(layer(x)[0], layer.eval()(x)[0])


def test_dropout_of_everything_leaves_the_upper_layer_its_bias() -> None:
    layer, x = LSTM(3, 4, num_layers=2, dropout=1.0), torch.randn(4, 2, 3)
    assert torch.equal(layer(x)[0], layer(x * 2)[0])
    assert layer(x)[0].isfinite().all()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (dict(input_size=0), "input_size must be greater than zero; got 0"),
        (dict(hidden_size=-2), "hidden_size must be greater than zero; got -2"),
        (dict(num_layers=0), "num_layers must be greater than zero; got 0"),
        (dict(dropout=1.5), "dropout must be a probability from 0 to 1; got 1.5"),
        (dict(dropout=-0.1), "dropout must be a probability from 0 to 1; got -0.1"),
        (dict(dropout=math.nan), "dropout must be a probability from 0 to 1; got nan"),
        (dict(dropout=True), "dropout must be a probability from 0 to 1; got True"),
    ],
)
@pytest.mark.parametrize("kind", [LSTM, GRU, RNN])
def test_wrong_arguments(kind: type[Recurrent], options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        kind(**{"input_size": 3, "hidden_size": 4, **options})


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (
            "ltsm",
            f"there is no cell named 'ltsm'; the cells are {', '.join(CELLS)}, "
            "and my_module:MyCell for a cell of your own",
        ),
        (
            ProjectedLSTM,
            "the cell ProjectedLSTM needs proj_size; give the cell itself, ProjectedLSTM(proj_size=...)",
        ),
        (ProjectedLSTM(4), "proj_size must be from 1 to below hidden_size 4; got 4"),
        (7, "cell must be a Cell, its class or its name; got 7"),
        (nn.LSTM, f"cell must be a Cell, its class or its name; got {nn.LSTM!r}"),
    ],
)
def test_wrong_cells(cell: Any, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        Recurrent(cell, 3, 4)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (torch.zeros(3), "input must have 2 dimensions (unbatched) or 3; got shape (3,)"),
        (torch.zeros(1, 2, 2, 3), "input must have 2 dimensions (unbatched) or 3; got shape (1, 2, 2, 3)"),
        (torch.zeros(5, 2, 4), "input must have 3 features, the input_size; got 4"),
        (torch.zeros(0, 2, 3), "input must have at least one step; got none"),
        (torch.zeros(0, 3), "input must have at least one step; got none"),
        (
            torch.zeros(5, 2, 3).double(),
            "input must have the dtype of the weights, torch.float32; got torch.float64",
        ),
        (
            torch.zeros(5, 2, 3).long(),
            "input must have the dtype of the weights, torch.float32; got torch.int64",
        ),
        (torch.zeros(5, 2, 3, device="meta"), "input must be on the device of the weights, cpu; got meta"),
    ],
)
@pytest.mark.parametrize("backend", ["torch", "reference"])
def test_wrong_input(x: Tensor, text: str, backend: str) -> None:
    with pytest.raises(TensorError, match=f"^{re.escape(text)}$"):
        LSTM(3, 4, backend=backend)(x)


@pytest.mark.parametrize(
    ("shape", "hx", "text"),
    [
        ((5, 2, 3), torch.zeros(2, 2, 4), "hx must be h, c of LSTM; got 1 tensors"),
        ((5, 2, 3), (torch.zeros(2, 2, 4),) * 3, "hx must be h, c of LSTM; got 3 tensors"),
        ((5, 2, 3), (torch.zeros(1, 2, 4),) * 2, "h of hx must have shape (2, 2, 4); got (1, 2, 4)"),
        (
            (5, 2, 3),
            (torch.zeros(2, 2, 4), torch.zeros(2, 2, 5)),
            "c of hx must have shape (2, 2, 4); got (2, 2, 5)",
        ),
        ((5, 2, 3), (torch.zeros(2, 3, 4),) * 2, "h of hx must have shape (2, 2, 4); got (2, 3, 4)"),
        ((5, 2, 3), (torch.zeros(2, 4),) * 2, "h of hx must have shape (2, 2, 4); got (2, 4)"),
        ((5, 3), (torch.zeros(2, 1, 4),) * 2, "h of hx must have shape (2, 4); got (2, 1, 4)"),
        (
            (5, 2, 3),
            (torch.zeros(2, 2, 4), torch.zeros(2, 2, 4).double()),
            "c of hx must have the dtype of the weights, torch.float32; got torch.float64",
        ),
    ],
)
def test_wrong_states(shape: tuple[int, ...], hx: Any, text: str) -> None:
    with pytest.raises(TensorError, match=f"^{re.escape(text)}$"):
        LSTM(3, 4, num_layers=2)(torch.zeros(shape), hx)


def test_a_state_may_come_as_a_list() -> None:
    layer, x = LSTM(3, 4), torch.randn(2, 1, 3)
    first = [torch.rand(1, 1, 4), torch.rand(1, 1, 4)]
    assert torch.equal(layer(x, first)[0], layer(x, tuple(first))[0])


def test_a_wrong_state_of_a_cell_with_one_is_named() -> None:
    with pytest.raises(TensorError, match=r"^hx must be h of GRU; got 2 tensors$"):
        GRU(3, 4)(torch.zeros(2, 1, 3), (torch.zeros(1, 1, 4),) * 2)


@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize("backend", ["auto", "reference", "torch"])
def test_tensors_on_another_device(backend: str, grad: bool) -> None:
    layer, x = LSTM(3, 4, backend=backend).eval(), torch.zeros(5, 2, 3)
    h = torch.zeros(1, 2, 4)
    with torch.set_grad_enabled(grad):
        with pytest.raises(ValueError, match=r"^input must be on the device of the weights, cpu; got meta$"):
            layer(x.to("meta"))
        with pytest.raises(
            ValueError, match=r"^c of hx must be on the device of the weights, cpu; got meta$"
        ):
            layer(x, (h, h.to("meta")))
        with pytest.raises(ValueError, match=r"^input must be on the device of the weights, meta; got cpu$"):
            LSTM(3, 4, device="meta")(x)


@pytest.mark.parametrize("grad", [False, True])
def test_weights_of_two_dtypes(grad: bool) -> None:
    layer = LSTM(3, 4).eval()
    layer.weight_hh_l0.data = layer.weight_hh_l0.data.double()
    text = r"^the weights of a layer must have one dtype; got torch.float32 and torch.float64$"
    with torch.set_grad_enabled(grad), pytest.raises(ValueError, match=text):
        layer(torch.zeros(5, 2, 3))


def test_wrong_tensors_raise_what_callers_of_torch_catch_and_what_ours_do() -> None:
    for kind in (RuntimeError, ValueError):
        with pytest.raises(kind, match=r"^input must have 3 features, the input_size; got 4$"):
            GRU(3, 4)(torch.zeros(5, 2, 4))
        with pytest.raises(kind, match=r"^lengths must lie between 0 and 5; got 2 to 6$"):
            GRU(3, 4)(torch.zeros(5, 2, 3), lengths=[2, 6])
        with pytest.raises(kind, match=r"^this stream takes steps of shape \(1, 3\); got \(1, 4\)$"):
            GRU(3, 4).stream().step(torch.zeros(1, 4))
