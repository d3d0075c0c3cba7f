"""Our layers where code was written for torch.nn's: types, attributes, copies, and replaced weights."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune
from torch.nn.utils.rnn import pack_padded_sequence
from torch.testing import assert_close

import throughtime
from throughtime import GRU, LSTM, RNN, convert
from tolerances import tolerance

T, B, INPUT, HIDDEN = 5, 2, 3, 4
F64 = torch.float64
CASES: dict[str, dict[str, Any]] = {
    "LSTM": dict(num_layers=2, bidirectional=True),
    "LSTM-projected": dict(proj_size=2, batch_first=True),
    "GRU": dict(bias=False),
    "RNN": dict(nonlinearity="relu", bidirectional=True),
}
every_case = pytest.mark.parametrize("case", CASES)


def pair(case: str, **options: Any) -> tuple[Any, Any]:
    """Our layer and torch's with the same weights, in float64."""
    kind = case.partition("-")[0]
    torch.manual_seed(0)
    theirs = getattr(nn, kind)(INPUT, HIDDEN, **CASES[case], **options, dtype=F64)
    ours = getattr(throughtime, kind)(INPUT, HIDDEN, **CASES[case], **options, dtype=F64)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def flat(results: Any) -> list[Tensor]:
    output, state = results
    return [output, *(state if isinstance(state, tuple) else (state,))]


def same(ours: nn.Module, theirs: nn.Module, x: Tensor | None = None) -> None:
    """Output, states and all gradients agree."""
    x = torch.randn(T, B, INPUT, dtype=F64) if x is None else x
    found, expected = flat(ours(x)), flat(theirs(x))
    assert_close(found, expected, **tolerance("forward", F64))
    slopes = [
        torch.autograd.grad(
            sum(one.sum() for one in results), [one for _, one in sorted(layer.named_parameters())]
        )
        for results, layer in ((found, ours), (expected, theirs))
    ]
    assert_close(*slopes, **tolerance("gradient", F64))


@every_case
def test_types_are_torchs_and_ours(case: str) -> None:
    ours, theirs = pair(case)
    kind = getattr(throughtime, type(theirs).__name__)
    assert type(ours) is kind
    for layer in (ours, convert(theirs), convert(convert(copy.deepcopy(theirs)))):
        assert type(layer) is kind
        assert isinstance(layer, kind)
        assert isinstance(layer, throughtime.Recurrent)
        assert [isinstance(layer, one) for one in (nn.LSTM, nn.GRU, nn.RNN)] == [
            isinstance(theirs, one) for one in (nn.LSTM, nn.GRU, nn.RNN)
        ]
        assert isinstance(layer, nn.RNNBase)
        assert layer.__class__.__name__ == layer._get_name() == type(theirs).__name__
    assert not isinstance(throughtime.Recurrent("lstm", 3, 4), nn.RNNBase)


def test_the_class_that_a_layer_names_makes_layers_of_ours() -> None:
    class Tagged(LSTM):
        pass

    for kind in (LSTM, Tagged):
        again = kind(3, 4).__class__(3, 5)
        assert type(again) is kind and again.hidden_size == 5
        kind(3, 4).__class__.tag = "seen"
        assert again.tag == "seen"
        del kind.tag
        emptied = kind.__new__(again.__class__)
        assert type(emptied) is kind
    assert issubclass(Tagged(3, 4).__class__, Tagged)


@every_case
def test_attributes_are_torchs(case: str) -> None:
    ours, theirs = pair(case)
    for name in ("mode", "proj_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert ours._flat_weights_names == theirs._flat_weights_names
    assert ours._all_weights == theirs._all_weights
    assert_close(ours._flat_weights, theirs._flat_weights, rtol=0, atol=0)
    assert_close(ours.all_weights, theirs.all_weights, rtol=0, atol=0)
    assert all(isinstance(one, nn.Parameter) for each in ours.all_weights for one in each)
    assert ours.flatten_parameters() is None


@every_case
def test_checks_are_torchs(case: str) -> None:
    ours, theirs = pair(case)
    x, sizes = torch.randn(T, B, INPUT, dtype=F64), torch.tensor([2, 2, 1])
    assert ours.get_expected_hidden_size(x, None) == theirs.get_expected_hidden_size(x, None)
    assert ours.get_expected_hidden_size(x[0], sizes) == theirs.get_expected_hidden_size(x[0], sizes)
    state = flat(theirs(x))[1:]
    hx = tuple(state) if len(state) > 1 else state[0]
    ours.check_forward_args(x, hx, None)
    for wrong in (x[0], x[..., :2]):
        texts = []
        for layer in (ours, theirs):
            with pytest.raises(RuntimeError) as caught:
                layer.check_forward_args(wrong, hx, None)
            texts.append(str(caught.value))
        assert texts[0] == texts[1]
    order = torch.tensor([1, 0])
    assert_close(ours.permute_hidden(hx, order), theirs.permute_hidden(hx, order), rtol=0, atol=0)
    assert ours.permute_hidden(hx, None) is hx


@every_case
def test_copies_and_pickles_are_of_our_class(case: str) -> None:
    ours, theirs = pair(case)
    buffer = io.BytesIO()
    torch.save(ours, buffer)
    buffer.seek(0)
    copies = [copy.deepcopy(ours), copy.copy(ours), torch.load(buffer, weights_only=False)]
    copies += [pickle.loads(pickle.dumps(ours, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for layer in copies:
        assert type(layer) is type(ours)
        same(layer, theirs)


@every_case
def test_weights_that_are_replaced_are_used(case: str) -> None:
    ours, theirs = pair(case)
    for layer in (ours, theirs):
        torch.manual_seed(1)
        for name, value in list(layer.named_parameters()):
            setattr(layer, name, nn.Parameter(torch.randn_like(value)))
    same(ours, theirs)
    ours.weight_hh_l0.data = theirs.weight_hh_l0.data = torch.randn_like(theirs.weight_hh_l0)
    same(ours, theirs)
    with torch.no_grad():
        ours.eval(), theirs.eval()
        x = torch.randn(T, B, INPUT, dtype=F64)
        for _ in range(2):
            ours.weight_ih_l0.mul_(2), theirs.weight_ih_l0.mul_(2)
            assert_close(flat(ours(x)), flat(theirs(x)), **tolerance("forward", F64))


@every_case
def test_functional_calls_and_stacked_modules(case: str) -> None:
    ours, theirs = pair(case)
    x = torch.randn(T, B, INPUT, dtype=F64)
    other = {name: torch.randn_like(value) for name, value in ours.named_parameters()}
    found, expected = (torch.func.functional_call(layer, other, (x,)) for layer in (ours, theirs))
    assert_close(flat(found), flat(expected), **tolerance("forward", F64))
    same(ours, theirs, x)  # and they are gone again
    members = [pair(case)[0] for _ in range(2)]
    members[1].load_state_dict(other)
    weights, _ = torch.func.stack_module_state(members)
    with torch.no_grad():
        stacked = torch.func.vmap(lambda w: torch.func.functional_call(members[0], w, (x,))[0])(weights)
    assert_close(stacked, torch.stack([one(x)[0] for one in members]).detach(), **tolerance("forward", F64))


REWRITES = {
    "weight_norm": lambda layer: parametrizations.weight_norm(layer, "weight_hh_l0"),
    "spectral_norm": lambda layer: parametrizations.spectral_norm(layer.eval(), "weight_hh_l0"),
    "orthogonal": lambda layer: parametrizations.orthogonal(layer, "weight_hh_l0"),
    "old weight_norm": lambda layer: nn.utils.weight_norm(layer, "weight_hh_l0"),
    "old spectral_norm": lambda layer: nn.utils.spectral_norm(layer, "weight_hh_l0", n_power_iterations=50),
    "pruning": lambda layer: prune.l1_unstructured(layer, "weight_hh_l0", 0.5),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated:FutureWarning")
@pytest.mark.parametrize("rewrite", REWRITES)
@every_case
def test_rewritten_weights(case: str, rewrite: str) -> None:
    ours, theirs = pair(case)
    for layer in (ours, theirs):
        torch.manual_seed(2)
        REWRITES[rewrite](layer)
    ours.load_state_dict(theirs.state_dict())
    same(ours, theirs)
    same(copy.deepcopy(ours) if "old" not in rewrite and rewrite != "pruning" else ours, theirs)
    same(ours.float().double(), theirs.float().double())
    assert isinstance(ours, type(theirs).__mro__[0] if rewrite == "pruning" else nn.RNNBase)


def test_a_parametrisation_can_be_removed_again() -> None:
    ours, theirs = pair("LSTM")
    parametrizations.weight_norm(ours, "weight_hh_l0")
    assert isinstance(ours, LSTM) and isinstance(ours, nn.LSTM)
    assert parametrize.type_before_parametrizations(ours) is ours.__class__.__bases__[0]
    parametrize.remove_parametrizations(ours, "weight_hh_l0")
    assert type(ours) is LSTM
    same(ours, theirs)


def test_pruned_weights_are_no_parameters_until_the_pruning_is_removed() -> None:
    layer = LSTM(3, 4)
    prune.l1_unstructured(layer, "weight_ih_l0", 0.5)
    assert sum(isinstance(one, nn.Parameter) for one in layer._flat_weights) == 3
    assert int((layer._flat_weights[0] == 0).sum()) == 24
    prune.remove(layer, "weight_ih_l0")
    assert sum(isinstance(one, nn.Parameter) for one in layer._flat_weights) == 4


@pytest.mark.parametrize("swap", [False, True])
@every_case
def test_moves_and_loads_with_and_without_swapping(case: str, swap: bool) -> None:
    ours, theirs = pair(case)
    torch.__future__.set_swap_module_params_on_conversion(swap)
    try:
        ours.float().double(), theirs.float().double()
        same(ours, theirs)
        theirs.reset_parameters()
        ours.load_state_dict(theirs.state_dict())
        same(ours, theirs)
    finally:
        torch.__future__.set_swap_module_params_on_conversion(False)


@pytest.mark.parametrize("packed", [False, True])
@every_case
def test_gradients_of_each_sample(case: str, packed: bool) -> None:
    from torch.nn.utils._per_sample_grad import call_for_per_sample_grads

    found: list[list[Tensor]] = []
    options = {} if "batch_first" in CASES[case] else {"batch_first": True}
    x = torch.randn(B, T, INPUT, dtype=F64)
    given = pack_padded_sequence(x, [4, 2], batch_first=True) if packed else x
    for layer in pair(case, **options):
        output = call_for_per_sample_grads(layer, batch_size=B)(given)[0]
        (output.data if packed else output).sum().backward()
        found.append([one.grad_sample for one in layer.parameters()])
    assert_close(*found, **tolerance("gradient", F64))


class Marked(Tensor):
    """A subclass of Tensor that remains one through torch's functions."""


def test_subclasses_of_tensor_stay_what_they_are() -> None:
    ours, theirs = pair("LSTM")
    x = torch.randn(T, B, INPUT, dtype=F64).as_subclass(Marked)
    found, expected = ours(x)[0], theirs(x)[0]
    assert type(found) is type(expected) is Marked
    assert_close(found, expected, **tolerance("forward", F64))


def test_a_default_device_leaves_the_backend_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    layer, x = LSTM(3, 4), torch.randn(T, B, INPUT)
    expected = layer(x)[0]
    monkeypatch.setattr(nn.LSTM, "forward", None)
    with torch.device("cpu"):
        assert torch.equal(layer(x)[0], expected)


@pytest.mark.parametrize("kind", [LSTM, GRU, RNN])
def test_wrong_types_of_arguments(kind: type[nn.Module]) -> None:
    for options, text in (
        (dict(hidden_size=4.0), "hidden_size should be of type int, got: float"),
        (dict(input_size="3"), "input_size should be of type int, got: str"),
        (dict(num_layers=None), "num_layers should be of type int, got: NoneType"),
        (dict(bias=1), "bias should be of type bool, got: int"),
        (dict(batch_first=None), "batch_first should be of type bool, got: NoneType"),
    ):
        with pytest.raises(TypeError, match=f"^{text}$"):
            kind(**{"input_size": 3, "hidden_size": 4, **options})
    with pytest.raises(ValueError, match=r"^dropout must be a probability from 0 to 1; got half$"):
        kind(3, 4, dropout="half")


@pytest.mark.parametrize("kind", [GRU, RNN])
def test_a_projection_is_the_lstms_alone(kind: type[nn.Module]) -> None:
    with pytest.raises(ValueError, match=r"^proj_size argument is only supported for LSTM, not RNN or GRU$"):
        kind(3, 4, proj_size=2)
