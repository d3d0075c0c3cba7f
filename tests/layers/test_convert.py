"""Our layers in the place of torch's, in anyone's model."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

import throughtime
from native_scan import needs_native
from throughtime import GRU, LSTM, RNN, convert
from tolerances import tolerance

OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("LSTM", dict(num_layers=2, bidirectional=True, dropout=0.5)),
    ("LSTM", dict(proj_size=2, bias=False, batch_first=True, dtype=torch.float64)),
    ("GRU", dict(num_layers=2, bias=False)),
    ("RNN", dict(nonlinearity="relu", batch_first=True)),
    ("RNN", dict(bidirectional=True, dtype=torch.float64)),
]


class Tagger(nn.Module):
    """A model with recurrent layers at several depths, one of them used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 4)
        self.nested = nn.ModuleDict({"deep": nn.Sequential(nn.Linear(4, 4), nn.ModuleList([nn.GRU(4, 4)]))})
        self.shared = nn.LSTM(4, 4)
        self.again = self.shared
        self.head = nn.RNN(4, 3)
        self.nothing = None

    def forward(self, tokens: Tensor) -> Tensor:
        linear, layers = self.nested["deep"]
        x, _ = layers[0](linear(self.embedding(tokens)))
        x, state = self.shared(x)
        x, _ = self.again(x, state)
        return self.head(x)[0]


@pytest.mark.parametrize(("kind", "options"), OPTIONS)
def test_a_layer_itself_becomes_its_namesake(kind: str, options: dict[str, Any]) -> None:
    theirs = getattr(nn, kind)(3, 4, **options)
    parameters = dict(theirs.named_parameters())
    ours = convert(theirs)
    assert type(ours) is getattr(throughtime, kind)
    assert list(dict(ours.named_parameters())) == list(parameters)
    assert all(value is parameters[name] for name, value in ours.named_parameters())
    for name, value in options.items():
        assert name == "dtype" or getattr(ours, name) == value
    x = torch.randn(5, 2, 3, dtype=options.get("dtype"))
    found, expected = ours.eval()(x), theirs.eval()(x)
    assert_close(found, expected, **tolerance("forward", x.dtype))


def test_every_layer_of_a_model_is_replaced() -> None:
    torch.manual_seed(0)
    model, tokens = Tagger(), torch.randint(11, (6, 2))
    expected, before = model(tokens), dict(model.named_parameters())
    assert convert(model) is model
    assert type(model.nested["deep"][1][0]) is GRU
    assert type(model.shared) is LSTM
    assert type(model.head) is RNN
    assert not {nn.LSTM, nn.GRU, nn.RNN} & {type(module) for module in model.modules()}
    after = dict(model.named_parameters())
    assert after.keys() == before.keys()
    assert all(after[name] is before[name] for name in after)
    assert_close(model(tokens), expected, **tolerance("forward", torch.float32))


def test_a_shared_layer_stays_one() -> None:
    model = convert(Tagger())
    assert model.again is model.shared


def test_an_optimiser_made_before_goes_on_training_the_model() -> None:
    torch.manual_seed(0)
    model, tokens = Tagger(), torch.randint(11, (6, 2))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    convert(model)
    losses: list[float] = []
    for _ in range(5):
        optimiser.zero_grad()
        loss = (model(tokens) - 0.3).square().mean()
        loss.backward()
        assert all(parameter.grad is not None for parameter in model.shared.parameters())
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_training_mode_and_frozen_weights_are_kept() -> None:
    model = nn.ModuleList([nn.LSTM(3, 4), nn.LSTM(3, 4).eval()])
    model[0].weight_hh_l0.requires_grad_(False)
    convert(model)
    assert [layer.training for layer in model] == [True, False]
    assert [name for name, value in model[0].named_parameters() if not value.requires_grad] == [
        "weight_hh_l0"
    ]


def test_hooks_are_kept_and_can_still_be_removed() -> None:
    seen: list[str] = []
    layer = nn.LSTM(3, 4)
    before = layer.register_forward_pre_hook(lambda *_: seen.append("before"))
    after = layer.register_forward_hook(lambda *_: seen.append("after"))
    weight = layer.weight_hh_l0.register_hook(lambda _: seen.append("gradient"))
    ours = convert(layer)
    ours(torch.randn(2, 1, 3))[0].sum().backward()
    assert seen == ["before", "after", "gradient"]
    for handle in (before, after, weight):
        handle.remove()
    ours(torch.randn(2, 1, 3))[0].sum().backward()
    assert len(seen) == 3


def test_the_state_dict_does_not_change() -> None:
    model = Tagger()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    after = convert(model).state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in after)


def test_converting_twice_changes_nothing() -> None:
    model = convert(Tagger())
    layers = list(model.modules())
    assert all(a is b for a, b in zip(convert(model).modules(), layers, strict=True))


def test_the_backend_may_be_chosen() -> None:
    model = convert(Tagger(), backend="reference")
    assert {model.shared.backend, model.head.backend, model.nested["deep"][1][0].backend} == {"reference"}
    assert convert(Tagger(), backend="torch").shared.backend == "torch"
    with pytest.raises(ValueError, match=r"^backend must be auto, compiled, torch or reference; got 'fast'$"):
        convert(nn.LSTM(3, 4), backend="fast")


@needs_native
def test_a_backend_is_asked_about_the_weights_of_the_layer() -> None:
    assert convert(nn.LSTM(3, 4), backend="compiled").backend == "compiled"
    text = (
        r"^backend='compiled' cannot run LSTM: it computes only in float32 and float64, and the weights are"
    )
    model = nn.Sequential(nn.GRU(3, 4), nn.LSTM(3, 4, dtype=torch.float16))
    with pytest.raises(ValueError, match=text):
        convert(model, backend="compiled")
    assert type(model[0]) is nn.GRU


def test_other_peoples_layers_are_left_as_they_are() -> None:
    class OutputOnly(nn.LSTM):
        def forward(self, input, hx=None):
            return super().forward(input, hx)[0]

    class Gated(nn.LSTMCell):
        pass

    model = nn.Sequential(OutputOnly(3, 4), Gated(4, 4))
    kept = list(model)
    convert(model)
    assert list(model) == kept
    normed = nn.utils.parametrizations.weight_norm(nn.LSTM(3, 4), "weight_hh_l0")
    assert convert(normed) is normed


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated:FutureWarning")
def test_rewritten_parameters_are_refused_before_anything_is_replaced() -> None:
    model = nn.Sequential(nn.LSTM(3, 4), nn.utils.weight_norm(nn.LSTM(4, 4), "weight_hh_l0"))
    text = r"^cannot convert LSTM\(4, 4\): its parameters are weight_ih_l0, .*weight_hh_l0_g, weight_hh_l0_v$"
    with pytest.raises(ValueError, match=text):
        convert(model)
    assert type(model[0]) is nn.LSTM
