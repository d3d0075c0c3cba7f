"""Zoneout, recurrent dropout, variational dropout and weight drop, by their equations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from native_scan import everything, states
from throughtime import Cell, Recurrent, RecurrentCell
from throughtime.cells import (
    GRU,
    LSTM,
    SLSTM,
    Elman,
    IndRNN,
    Noise,
    ProjectedLSTM,
    RecurrentDropout,
    VariationalDropout,
    WeightDrop,
    Zoneout,
)
from throughtime.cells.modifiers import Modified
from throughtime.layers.single_step import as_state
from tolerances import tolerance

H = 3


def weights_of(cell: LSTM | GRU) -> dict[str, Tensor]:
    torch.manual_seed(0)
    return {name: torch.randn(shape) for name, shape in cell.weight_shapes(2, H, True).items()}


def draws(cell: LSTM | GRU) -> tuple[Tensor, dict[str, Tensor]]:
    return torch.randn(4, len(cell.gates) * H), {name: torch.randn(4, H) for name in cell.state}


def test_zoneout_keeps_the_old_state_where_it_is_told_to_and_takes_the_new_one_elsewhere() -> None:
    plain, cell = LSTM(), Zoneout(LSTM(), 0.1, 0.5)
    weights, (wx, old) = weights_of(plain), draws(plain)
    new, _ = plain.bind(weights)(wx, old)
    stay = {"stay_h": (torch.rand(4, H) < 0.5).float(), "stay_c": (torch.rand(4, H) < 0.5).float()}
    found, _ = cell.bind(weights)(wx, old, stay)
    for name in ("h", "c"):
        assert torch.equal(found[name], torch.where(stay[f"stay_{name}"] > 0, old[name], new[name]))


def test_zoneout_in_evaluation_is_a_mean() -> None:
    plain, cell = GRU(), Zoneout(GRU(), 0.25)
    weights, (wx, old) = weights_of(plain), draws(plain)
    new, _ = plain.bind(weights)(wx, old)
    found, _ = cell.bind(weights)(wx, old)
    assert_close(found["h"], 0.25 * old["h"] + 0.75 * new["h"])


def test_zoneout_of_everything_stands_still() -> None:
    layer = Recurrent(Zoneout(LSTM(), 1, 1), 2, H)
    first = torch.randn(1, 4, H), torch.randn(1, 4, H)
    _, last = layer(torch.randn(5, 4, 2), first)
    assert all(map(torch.equal, first, last))


def test_recurrent_dropout_drops_what_comes_in_and_leaves_what_is_there() -> None:
    plain, cell = LSTM(), RecurrentDropout(LSTM(), 0.5)
    weights, (wx, old) = weights_of(plain), draws(plain)
    _, seen = plain.bind(weights)(wx, old)
    let_in = torch.tensor([0.0, 2.0, 0.0]).expand(4, H)
    found, _ = cell.bind(weights)(wx, old, {"let_in": let_in})
    assert_close(found["c"], seen["f"] * old["c"] + seen["i"] * let_in * seen["g"])
    assert_close(found["h"], seen["o"] * torch.tanh(found["c"]))


def test_variational_dropout_hides_the_same_units_from_every_gate() -> None:
    plain, cell = LSTM(), VariationalDropout(LSTM(), 0.5)
    weights, (wx, old) = weights_of(plain), draws(plain)
    mask = torch.tensor([2.0, 0.0, 2.0]).expand(4, H)
    expected, _ = plain.bind(weights)(wx, {"h": old["h"] * mask, "c": old["c"]})
    found, _ = cell.bind(weights)(wx, old, {"remembered": mask})
    assert_close(found, expected)


@pytest.mark.parametrize(
    "modifier", [RecurrentDropout(LSTM(), 0.3), VariationalDropout(LSTM(), 0.3, 0.3), WeightDrop(LSTM(), 0.3)]
)
def test_dropout_changes_nothing_in_evaluation_and_in_streams(modifier: Modified) -> None:
    layer, plain = Recurrent(modifier, 2, H).eval(), Recurrent("lstm", 2, H)
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(5, 4, 2)
    assert_close(layer(x), plain(x), rtol=0, atol=0)
    stream = layer.train().stream(4)
    assert_close(torch.stack([stream.step(row) for row in x]), plain(x)[0], **tolerance("forward", x.dtype))


@pytest.mark.parametrize("each_step", [True, False])
def test_noise_is_drawn_for_every_step_or_for_a_sequence(each_step: bool) -> None:
    """A unit of a network with no weights is dropped at some steps, or at none or all."""
    layer = Recurrent(RecurrentDropout(LSTM(), 0.5, each_step), 1, 50, initialiser="orthogonal")
    with torch.no_grad():
        for weight in layer.parameters():
            weight.zero_()
        layer.bias_ih_l0[100:150] = 1.0
    _, _, [seen] = layer.observe(torch.zeros(8, 2, 1))
    dropped = (seen["g"] == 0).float().mean(0)
    assert 0.3 < dropped.mean() < 0.7
    assert bool(((dropped == 0) | (dropped == 1)).all()) is not each_step


def test_input_masks_are_one_for_a_sequence() -> None:
    """Elman units with one input each: the same inputs are missing at all steps, and others are doubled."""
    layer = Recurrent(VariationalDropout(Elman(), 0.0, 0.5), 6, 6, bias=False)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.eye(6))
        layer.weight_hh_l0.zero_()
    for lengths in (None, [7, 3, 5]):
        output, _ = layer(torch.full((7, 3, 6), 0.1), lengths=lengths)
        for k, steps in enumerate(lengths or [7] * 3):
            rows = output[:steps, k]
            assert bool((rows == rows[0]).all())
            assert set(rows[0].tolist()) <= {0.0, torch.tensor(0.2).tanh().item()}


@pytest.mark.parametrize("backend", ["auto", "reference"])
@pytest.mark.parametrize("lengths", [None, [5, 0, 2, 3]], ids=["equal", "ragged"])
@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_weight_drop_is_the_cell_with_masked_weights(
    kind: type[LSTM | GRU], backend: str, lengths: list[int] | None
) -> None:
    dropped = Recurrent(WeightDrop(kind(), 0.4), 2, H, dtype=torch.float64, backend=backend)
    plain = Recurrent(kind(), 2, H, dtype=torch.float64, backend=backend)
    plain.load_state_dict(dropped.state_dict())
    torch.manual_seed(2)  # as `everything` does
    mask = torch.empty_like(plain.weight_hh_l0).bernoulli_(0.6) / 0.6
    assert 0 in mask
    with torch.no_grad():
        plain.weight_hh_l0.mul_(mask)
    x, hx = torch.randn(5, 4, 2), states(plain, 4)
    found, expected = (everything(layer, x, hx, lengths) for layer in (dropped, plain))
    place = len(expected) - len(list(plain.parameters())) + 1  # the gradient of weight_hh
    expected[place] *= mask
    assert_close(found, expected, **tolerance("gradient", torch.float64))
    assert bool((found[place][mask == 0] == 0).all())


class LinearUnits(Cell):
    """h(t) = W x(t) + U h(t-1), which shows W or U, transposed, where x or h(t-1) is the identity matrix."""

    gates = ("h",)

    def step(self, wx, u, s, p):
        return dict(h=(wx + u(s.h)).h), {}


@dataclass(frozen=True)
class InputWeightDrop(Modified):
    """Drops input weights."""

    probability: float

    def weight_noise(self):
        return {**self.cell.weight_noise(), "weight_ih": self.probability}


def fill(layer: Recurrent | RecurrentCell, w: float, u: float) -> None:
    with torch.no_grad():
        for name, weight in layer.named_parameters():
            weight.fill_(w if name.startswith("weight_ih") else u)


def test_weights_are_dropped_anew_for_each_call_layer_and_direction() -> None:
    layer = Recurrent(WeightDrop(LinearUnits(), 0.2), 2, 50, num_layers=2, bias=False, bidirectional=True)
    fill(layer, 0.0, 1.0)
    eye = torch.eye(50).expand(4, 50, 50)
    weights = [*layer(torch.zeros(1, 50, 2), eye)[1], *layer(torch.zeros(1, 50, 2), eye)[1]]
    for weight in weights:
        assert_close(weight.unique(), torch.tensor([0.0, 1.25]))
        assert abs((weight == 0).float().mean().item() - 0.2) < 0.05
    assert not any(torch.equal(one, other) for one, other in combinations(weights, 2))


@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_dropped_weights_are_the_same_at_all_steps(backend: str) -> None:
    layer = Recurrent(WeightDrop(LinearUnits(), 0.5), 2, 6, bias=False, dtype=torch.float64, backend=backend)
    fill(layer, 0.0, 1.0)
    eye = torch.eye(6, dtype=torch.float64)
    output, _ = layer(torch.zeros(3, 6, 2, dtype=torch.float64), eye[None])
    assert_close(output, torch.stack([torch.linalg.matrix_power(output[0], t) for t in (1, 2, 3)]))


def test_a_step_drops_weights_as_a_call_does() -> None:
    layer, one = (kind(WeightDrop(LSTM(), 0.5), 2, H) for kind in (Recurrent, RecurrentCell))
    one.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    x, first = torch.randn(4, 2), [torch.randn(4, H), torch.randn(4, H)]
    hx = as_state([value[None] for value in first])
    calls: list[Callable[[], Tensor]] = [
        lambda: layer(x[None], hx)[0][0],
        lambda: layer.step(x, hx)[0],
        lambda: one(x, as_state(first))[0],
    ]
    outputs: list[Tensor] = []
    for call in calls:
        torch.manual_seed(1)
        outputs.append(call())
    for output in outputs[1:]:
        assert_close(output, outputs[0], **tolerance("forward", x.dtype))
    assert not torch.equal(calls[0](), outputs[0])


def test_a_modifier_can_drop_any_parameter() -> None:
    torch.manual_seed(0)
    cell = InputWeightDrop(WeightDrop(LinearUnits(), 0.5), 0.2)
    layer, one = Recurrent(cell, 6, 6, bias=False), RecurrentCell(cell, 6, 6, bias=False)
    fill(layer, 1.0, 1.0)
    fill(one, 1.0, 1.0)
    eye, zeros = torch.eye(6), torch.zeros(6, 6)
    for x, h, kept in ((eye, zeros, 1.25), (zeros, eye, 2.0)):
        for output in (layer(x[None], h[None])[0], layer.step(x, h[None])[0], one(x, h)):
            assert_close(output.unique(), torch.tensor([0.0, kept]))


@pytest.mark.parametrize(
    "other",
    [
        lambda cell: Zoneout(cell, 0.2, 0.3),
        lambda cell: RecurrentDropout(cell, 0.3),
        lambda cell: VariationalDropout(cell, 0.3, 0.2),
    ],
    ids=["zoneout", "recurrent", "variational"],
)
def test_weight_drop_is_the_same_inside_and_outside_another_modifier(
    other: Callable[[Cell], Modified],
) -> None:
    cells = [WeightDrop(other(LSTM()), 0.4), other(WeightDrop(LSTM(), 0.4)), other(LSTM())]
    layers = [Recurrent(cell, 2, H, 2, dtype=torch.float64) for cell in cells]
    for layer in layers[1:]:
        layer.load_state_dict(layers[0].state_dict())
    x, hx = torch.randn(5, 4, 2), states(layers[0], 4)
    outside, inside, without = (everything(layer, x, hx, None) for layer in layers)
    assert_close(outside, inside, rtol=0, atol=0)
    assert not torch.equal(outside[0], without[0])


def test_the_mean_of_noise_is_its_mean() -> None:
    torch.manual_seed(0)
    for noise in (Noise(100, 0.75, 1.0), Noise(100, 0.25, 0.25)):
        drawn = noise.draw(torch.empty(0), 1000)
        assert drawn.shape == (1000, 100)
        assert abs(drawn.mean().item() - noise.mean) < 0.02
        assert_close(drawn.unique(), torch.tensor([0.0, noise.mean / noise.probability]))


def test_modified_cells_have_the_parameters_of_their_cell() -> None:
    layer = Recurrent(Zoneout(ProjectedLSTM(2), 0.1, 0.2), 3, 5)
    assert layer.state_dict().keys() == Recurrent(ProjectedLSTM(2), 3, 5).state_dict().keys()
    assert layer.output_size == 2
    assert layer.cell.name == "Zoneout(ProjectedLSTM)"
    assert "Zoneout(cell=ProjectedLSTM(proj_size=2), output=0.1, memory=0.2)" in repr(layer)


@pytest.mark.parametrize("value", [-0.1, 1.1, True, float("nan")])
def test_what_is_no_probability_is_refused(value: float) -> None:
    for make in (
        lambda: Zoneout(LSTM(), value),
        lambda: Zoneout(LSTM(), 0.1, value),
        lambda: RecurrentDropout(LSTM(), value),
        lambda: VariationalDropout(LSTM(), value),
        lambda: VariationalDropout(LSTM(), 0.1, value),
        lambda: WeightDrop(LSTM(), value),
    ):
        with pytest.raises(ValueError, match="must be a probability from 0 to"):
            make()


@pytest.mark.parametrize("modifier", [RecurrentDropout, WeightDrop])
def test_dropping_everything_is_refused(modifier: Callable[[Cell, float], Modified]) -> None:
    with pytest.raises(ValueError, match="probability must be a probability from 0 to below 1; got 1"):
        modifier(LSTM(), 1)


def test_modifiers_that_do_not_suit_a_cell_are_refused() -> None:
    with pytest.raises(ValueError, match="GRU has no memory beside its output"):
        Zoneout(GRU(), 0.1, 0.1)
    with pytest.raises(ValueError, match="the state m of SLSTM is no mean of others"):
        Zoneout(SLSTM(), 0.1, 0.1)
    with pytest.raises(ValueError, match=r"Zoneout\(LSTM\) has stay_h already"):
        Zoneout(Zoneout(LSTM(), 0.1), 0.1)
    with pytest.raises(ValueError, match="IndRNN has no recurrent weights that weight drop could drop"):
        WeightDrop(IndRNN(), 0.1)
    with pytest.raises(
        ValueError, match=r"Zoneout\(WeightDrop\(LSTM\)\) drops its recurrent weights already"
    ):
        WeightDrop(Zoneout(WeightDrop(LSTM(), 0.1), 0.1), 0.1)
    with pytest.raises(ValueError, match="IndRNN has no candidate that recurrent dropout could drop"):
        Recurrent(RecurrentDropout(IndRNN(), 0.1), 2, H, backend="reference")(torch.randn(3, 2, 2))
