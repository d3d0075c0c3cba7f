"""A mask of valid steps, anywhere in a sequence: the others are skipped, as if they were not there."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call, grad, vmap
from torch.nn.utils.rnn import pack_padded_sequence
from torch.testing import assert_close

from every_cell import BUILT_IN, MODIFIED, USERS
from native_scan import allowed, needs_native
from throughtime import LSTM, Cell, Recurrent
from throughtime.layers.torch_kernels import KERNELS
from tolerances import FINITE_DIFFERENCES, tolerance

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

MASK = torch.tensor(
    [
        [True, True, True, True, True, False],  # padded behind
        [False, False, True, True, True, True],  # padded in front
        [True, False, True, False, False, True],  # with holes
        [True, True, True, True, True, True],
        [False, False, False, False, False, False],
        [False, False, False, True, False, False],
    ]
).T.contiguous()
T, B = MASK.shape


def backends(cell: Cell) -> list[str]:
    return ["compiled", "reference", *(["torch"] if type(cell) in KERNELS else [])]


def layer_of(cell: Cell, backend: str, **options: object) -> Recurrent:
    torch.manual_seed(0)
    return Recurrent(cell, 3, 4, 2, dtype=torch.float64, backend=backend, **options)  # type: ignore[arg-type]


def parts(state: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (state,) if isinstance(state, Tensor) else state


def first_states(layer: Recurrent, batch: int = B) -> tuple[Tensor, ...]:
    torch.manual_seed(1)
    rows, sizes = layer.num_layers * layer.num_directions, layer.cell.state_sizes(4).values()
    return tuple(0.1 + torch.rand(rows, batch, size, dtype=torch.float64) for size in sizes)


def as_hx(states: tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
    return states if len(states) > 1 else states[0]


def run(layer: Recurrent, x: Tensor, mask: Tensor) -> list[Tensor]:
    """Output, last states and the gradients of input, first states and weights."""
    given = [x.clone().requires_grad_(), *(one.requires_grad_() for one in first_states(layer))]
    output, last = layer(given[0], as_hx(tuple(given[1:])), mask=mask)
    found = [output, *parts(last)]
    loss = sum((one * one).sum() for one in found)
    return [*found, *torch.autograd.grad(loss, [*given, *layer.parameters()])]  # type: ignore[arg-type]


@pytest.mark.parametrize("way", [{}, {"bidirectional": True}, {"reverse": True}], ids=["", "both", "reverse"])
def test_masked_steps_are_as_if_they_were_not_there(cell: Cell, way: dict[str, bool]) -> None:
    x = torch.randn(T, B, 3, dtype=torch.float64)
    for backend in backends(cell):
        layer = layer_of(cell, backend, **way)
        states = first_states(layer)
        output, last = layer(x, as_hx(states), mask=MASK)
        assert output[~MASK].eq(0).all()
        for b in range(B):
            own = tuple(state[:, b] for state in states)
            if MASK[:, b].any():
                alone, after = layer(x[MASK[:, b], b], as_hx(own))
                assert_close(output[MASK[:, b], b], alone, **tolerance("forward", torch.float64))
                own = parts(after)
            found = [part[:, b] for part in parts(last)]
            assert_close(found, list(own), **tolerance("forward", torch.float64))


def test_nothing_of_a_masked_step_is_read(cell: Cell) -> None:
    clean = torch.randn(T, B, 3, dtype=torch.float64)
    for backend in backends(cell):
        layer = layer_of(cell, backend, bidirectional=True)
        expected = run(layer, clean, MASK)
        d_input = expected[1 + len(cell.state)]
        assert d_input[~MASK].eq(0).all() and d_input[MASK].ne(0).any()
        for value in (math.nan, math.inf):
            found = run(layer, clean.masked_fill(~MASK[..., None], value), MASK)
            assert all(map(torch.equal, found, expected))


@needs_native
@pytest.mark.parametrize("way", [{}, {"bidirectional": True}, {"reverse": True}], ids=["", "both", "reverse"])
@pytest.mark.parametrize("cell", BUILT_IN + USERS + MODIFIED, ids=lambda cell: str(cell))
def test_the_engine_gives_what_the_reference_gives(cell: Cell, way: dict[str, bool]) -> None:
    x = torch.randn(T, B, 3, dtype=torch.float64)
    results: list[list[Tensor]] = []
    for backend in ("compiled", "reference"):
        layer = layer_of(cell, backend, **way)
        torch.manual_seed(2)
        results.append(run(layer, x, MASK))
    assert_close(*results, **allowed(cell, torch.float64))


def test_gradients_are_finite_differences() -> None:
    for backend in backends(LSTM(2, 2).cell):
        layer = LSTM(2, 2, dtype=torch.float64, backend=backend, bidirectional=True)
        x = torch.randn(T, B, 2, dtype=torch.float64, requires_grad=True)
        assert gradcheck(
            lambda x, *_, layer=layer: layer(x, mask=MASK)[0], (x, *layer.parameters()), **FINITE_DIFFERENCES
        )


def test_gradients_of_gradients_are_finite_differences() -> None:
    for mask in (MASK[:3, 2:], torch.zeros(3, 4, dtype=torch.bool)):
        layer = LSTM(2, 2, dtype=torch.float64, backend="compiled", reverse=True)
        x = torch.randn(3, 4, 2, dtype=torch.float64, requires_grad=True)
        assert gradgradcheck(
            lambda x, *_, layer=layer, mask=mask: layer(x, mask=mask)[0],
            (x, *layer.parameters()),
            **FINITE_DIFFERENCES,
        )


@pytest.mark.parametrize("backend", ["compiled", "reference", "torch"])
@pytest.mark.parametrize("way", ["bidirectional", "reverse"])
@pytest.mark.parametrize("valid", ["mask", "lengths"])
def test_gradients_of_each_sample(backend: str, way: str, valid: str) -> None:
    layer = LSTM(3, 4, dtype=torch.float64, backend=backend, **{way: True})
    x = torch.randn(T, B, 3, dtype=torch.float64)
    weights = dict(layer.named_parameters())
    given = MASK if valid == "mask" else MASK.sum(0)

    def loss(weights: dict[str, Tensor], x: Tensor, given: Tensor) -> Tensor:
        options = {"mask": given} if valid == "mask" else {"lengths": given[None]}
        return functional_call(layer, weights, (x,), options)[0].square().sum()

    each = vmap(grad(loss), in_dims=(None, 1, 1 if valid == "mask" else 0))(weights, x, given)
    output, _ = layer(x, **{valid: given})
    expected = torch.autograd.grad(output.square().sum(), list(layer.parameters()))
    found = [each[name].sum(0) for name in weights]
    assert_close(found, list(expected), **tolerance("gradient", torch.float64))


def test_a_mask_of_padding_is_lengths_and_one_of_all_is_none() -> None:
    layer, x = LSTM(3, 4, bidirectional=True), torch.randn(T, 3, 3)
    lengths = torch.tensor([4, 0, 6])
    mask = torch.arange(T)[:, None] < lengths
    for found, expected in (
        (layer(x, mask=mask), layer(x, lengths=lengths)),
        (layer(x, mask=torch.ones(T, 3, dtype=torch.bool)), layer(x)),
    ):
        assert torch.equal(found[0], expected[0])
        assert all(map(torch.equal, found[1], expected[1]))


def test_the_mask_has_the_dimensions_of_the_input() -> None:
    layer, first = LSTM(3, 4), LSTM(3, 4, batch_first=True)
    first.load_state_dict(layer.state_dict())
    x = torch.randn(T, B, 3)
    expected, (h, _) = layer(x, mask=MASK)
    found, (h_first, _) = first(x.transpose(0, 1), mask=MASK.T)
    assert torch.equal(found.transpose(0, 1), expected) and torch.equal(h_first, h)
    alone, (h_alone, _) = layer(x[:, 2], mask=MASK[:, 2])
    assert_close((alone, h_alone), (expected[:, 2], h[:, 2]), **tolerance("forward", torch.float32))


def test_observed_values_of_masked_steps_are_0() -> None:
    layer, x = LSTM(3, 4, 2, bidirectional=True), torch.randn(T, B, 3)
    *_, seen = layer.observe(x, mask=MASK)
    assert len(seen) == 4
    for values in seen:
        assert all(one[~MASK].eq(0).all() and one[MASK].ne(0).all() for one in values.values())


def test_without_gradients_it_is_the_same() -> None:
    layer, x = LSTM(3, 4, 2, reverse=True).eval(), torch.randn(T, B, 3)
    expected, _ = layer(x, mask=MASK)
    with torch.inference_mode():
        assert_close(layer(x, mask=MASK)[0], expected.detach(), **tolerance("forward", torch.float32))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            dict(mask=MASK, lengths=[1] * B),
            "`lengths` and `mask` both say which steps are valid; leave out one of them",
        ),
        (
            dict(mask=MASK.long()),
            "mask must be a tensor of torch.bool, True where a step is valid; got torch.int64",
        ),
        (
            dict(mask=MASK.tolist()),
            "mask must be a tensor of torch.bool, True where a step is valid; got list",
        ),
        (
            dict(mask=MASK[1:]),
            "mask must have shape (6, 6), the input's without features; got (5, 6)",
        ),
        (
            dict(mask=MASK[:, 0]),
            "mask must have shape (6, 6), the input's without features; got (6,)",
        ),
    ],
    ids=["lengths too", "integers", "list", "too short", "of one"],
)
def test_wrong_masks(given: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError) as error:
        LSTM(3, 4)(torch.randn(T, B, 3), **given)
    assert str(error.value) == text


def test_packed_sequences_take_no_mask() -> None:
    packed = pack_padded_sequence(torch.randn(T, 2, 3), torch.tensor([6, 3]))
    with pytest.raises(ValueError, match=r"^a PackedSequence brings its own lengths; leave out `mask`$"):
        LSTM(3, 4)(packed, mask=MASK)
