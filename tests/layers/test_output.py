"""Output layers: losses, their gradients, and what they say of all words."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.testing import assert_close

from throughtime.layers.output import AdaptiveOutput, ChunkedOutput, FullOutput, SampledOutput
from throughtime.layers.special_ids import BOS_ID, EOS_ID, PAD_ID

WIDTH, WORDS = 6, 50
EVERY = {
    "full": FullOutput,
    "chunked": ChunkedOutput,
    "sampled": lambda width, words: SampledOutput(width, words, 10),
    "adaptive": AdaptiveOutput,
}
every_output = pytest.mark.parametrize("make", EVERY.values(), ids=list(EVERY))


def rows(
    count: int, words: int = WORDS, width: int = WIDTH, dtype: torch.dtype = torch.float64
) -> tuple[Tensor, Tensor]:
    torch.manual_seed(count)
    features = torch.randn(count, width, dtype=dtype, requires_grad=True)
    return features, torch.randint(words, (count,))


def with_gradients(layer: nn.Module, loss: Tensor, features: Tensor) -> list[Tensor]:
    return [loss, *torch.autograd.grad(loss, [features, *layer.parameters()])]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("count", [0, 1, 7, 256, 300])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize(("words", "width"), [(5, 1), (50, 6), (1001, 33)])
def test_chunked_is_full(count: int, smoothing: float, words: int, width: int) -> None:
    full, chunked = FullOutput(width, words).double(), ChunkedOutput(width, words).double()
    chunked.load_state_dict(full.state_dict())
    features, targets = rows(count, words, width)
    expected = with_gradients(full, full.loss(features, targets, smoothing), features)
    found = with_gradients(chunked, chunked.loss(features, targets, smoothing), features)
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other)
    with torch.no_grad():
        assert_close(chunked.loss(features, targets, smoothing), expected[0].detach())


@pytest.mark.usefixtures("way")
def test_chunked_in_single_precision() -> None:
    chunked = ChunkedOutput(64, 3000)
    features, targets = rows(500, 3000, 64, torch.float32)
    doubled = features.detach().double().requires_grad_()
    expected = cross_entropy(
        doubled @ chunked.weight.double().T + chunked.bias.double(), targets, reduction="sum"
    )
    (gradient,) = torch.autograd.grad(expected, doubled)
    loss = chunked.loss(features, targets, 0.0)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    assert_close(torch.autograd.grad(loss, features)[0].double(), gradient, rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("way")
def test_a_chunked_loss_is_differentiated_as_often_as_one_likes_but_once_deep() -> None:
    chunked = ChunkedOutput(WIDTH, WORDS).double()
    features, targets = rows(20)
    loss = chunked.loss(features, targets, 0.1)
    (once,) = torch.autograd.grad(loss, features, retain_graph=True)
    (thrice,) = torch.autograd.grad(3 * loss, features)
    assert_close(thrice, 3 * once)
    with pytest.raises(RuntimeError, match="no second derivatives"):
        torch.autograd.grad(chunked.loss(features, targets, 0.1), features, create_graph=True)


@pytest.mark.usefixtures("way")
def test_large_scores_and_what_is_not_finite() -> None:
    chunked = ChunkedOutput(WIDTH, WORDS).double()
    features, targets = rows(5)
    large = (features * 1e4).detach()
    expected = cross_entropy(chunked(large), targets, reduction="sum")
    assert_close(chunked.loss(large, targets, 0.0), expected)
    large[2, 3] = math.nan
    assert chunked.loss(large, targets, 0.0).isnan()


@every_output
def test_probabilities_of_all_words_sum_to_one_and_give_the_loss(make) -> None:
    layer = make(WIDTH, WORDS).double().eval()
    features, targets = rows(30)
    log_probabilities = layer.log_probabilities(features)
    assert_close(log_probabilities.exp().sum(1), torch.ones(30, dtype=torch.float64))
    picked = log_probabilities.gather(1, targets[:, None]).sum()
    assert_close(layer.loss(features, targets, 0.0), -picked)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("count", "words", "width"), [(0, 5, 3), (1, 5, 1), (7, 33, 4), (300, 1001, 33)])
def test_without_gradients_all_words_are_the_engines(
    count: int, words: int, width: int, dtype: torch.dtype
) -> None:
    layer = FullOutput(width, words).to(dtype)
    features, _ = rows(count, words, width, dtype)
    expected = layer.log_probabilities(features)
    with torch.no_grad():
        assert_close(layer.log_probabilities(features), expected.detach())
        layer.weight.data.mul_(2)  # the packed weights have to be packed anew
        assert_close(layer.log_probabilities(features), layer(features).log_softmax(-1))
        if count:
            features[0, 0] = math.nan
            assert layer.log_probabilities(features)[0].isnan().all()


@every_output
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_best_are_the_likeliest_of_all_words(make, dtype: torch.dtype) -> None:
    layer = make(WIDTH, WORDS).to(dtype).eval()
    features, _ = rows(30, dtype=dtype)
    with torch.no_grad():
        every = layer.log_probabilities(features)
        found = layer.best(features, 7)
        assert_close(found.ends, every[:, EOS_ID])
        every[:, [PAD_ID, BOS_ID]] = -math.inf
        assert_close(found.values, every.topk(7).values)
        assert torch.equal(found.tokens, every.topk(7).indices)
        assert layer.best(features, WORDS + 9).tokens.shape == (30, WORDS)


@every_output
def test_training_finds_the_words(make) -> None:
    torch.manual_seed(0)
    layer, targets = make(WIDTH, WORDS), torch.arange(40) % 8
    features = torch.randn(8, WIDTH)[targets] + 0.05 * torch.randn(40, WIDTH)
    optimiser = torch.optim.Adam(layer.parameters(), 0.1)
    for _ in range(300):
        optimiser.zero_grad()
        layer.loss(features, targets, 0.0).backward()
        optimiser.step()
    layer.eval()
    assert (layer.log_probabilities(features).argmax(1) == targets).float().mean() > 0.9


def test_a_sample_of_all_words_is_the_full_softmax() -> None:
    layer = SampledOutput(WIDTH, WORDS, WORDS).double()
    features, targets = rows(30)
    sampled = layer.loss(features, targets, 0.0)
    assert float(sampled.detach()) == pytest.approx(
        float(layer.eval().loss(features, targets, 0.0).detach()), rel=0.15
    )


def test_the_sample_prefers_frequent_words_and_its_expectation_is_right() -> None:
    torch.manual_seed(0)
    layer = SampledOutput(WIDTH, 1000, 50)
    counts, expected = torch.zeros(1000), torch.zeros(1000)
    for _ in range(400):
        sample, tries = layer._drawn()
        assert len(sample.unique()) == 50
        counts[sample] += 1
        expected += layer._expected(torch.arange(1000), tries).exp()
    assert counts[:10].mean() > 5 * counts[500:].mean()
    for words in (slice(0, 5), slice(20, 60), slice(300, 1000)):
        assert counts[words].sum().item() == pytest.approx(expected[words].sum().item(), rel=0.6)
