"""Weights that have changed since the last call are seen, whichever way they were written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from random import Random

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from native_scan import needs_native
from throughtime import GRU, LSTM, RNN, Recurrent
from throughtime.engine.packing import Snapshot, digest

pytestmark = needs_native

CHANGES = 1000

Write = Callable[[Tensor, int, float], None]
"""Adds to one number of a weight, by its flat index."""


def through_data(weight: Tensor, index: int, by: float) -> None:
    weight.data.view(-1)[index] += by


def through_a_view(weight: Tensor, index: int, by: float) -> None:
    rows = weight.data[index // weight[0].numel() :]
    rows[0].view(-1)[index % weight[0].numel()] += by


def through_numpy(weight: Tensor, index: int, by: float) -> None:
    weight.detach().numpy().reshape(-1)[index] += by


def in_another_thread(weight: Tensor, index: int, by: float) -> None:
    thread = threading.Thread(target=through_data, args=(weight, index, by))
    thread.start()
    thread.join()


def in_inference_mode(weight: Tensor, index: int, by: float) -> None:
    with torch.inference_mode():
        weight.data.view(-1)[index] += by


def to_other_memory(weight: Tensor, index: int, by: float) -> None:
    weight.data = weight.data.clone()
    through_data(weight, index, by)


def to_strided_memory(weight: Tensor, index: int, by: float) -> None:
    through_data(weight, index, by)
    wide = torch.full((*weight.shape[:-1], weight.shape[-1] + 3), float("nan"), dtype=weight.dtype)
    wide[..., 1:-2] = weight.data
    weight.data = wide[..., 1:-2]


def within_strided_memory(weight: Tensor, index: int, by: float) -> None:
    place = [int(k) for k in torch.unravel_index(torch.tensor(index), weight.shape)]
    weight.data[tuple(place)] += by


def counted_by_torch(weight: Tensor, index: int, by: float) -> None:
    with torch.no_grad():
        weight.view(-1)[index] += by


WAYS = [
    through_data,
    through_a_view,
    through_numpy,
    in_another_thread,
    in_inference_mode,
    to_other_memory,
    counted_by_torch,
]


def differs(layer: Recurrent, run, x: Tensor) -> float:
    """Largest difference between a call of inference and one that keeps nothing from call to call."""
    with torch.no_grad():
        found = run(x)[0]
    return float((found - layer(x)[0].detach()).abs().max())


def unseen(layer: Recurrent, run, x: Tensor, changes: int, seed: int) -> list[str]:
    """The single numbers whose change was not seen, of so many at random."""
    rng, missed = Random(seed), []
    differs(layer, run, x)
    for _ in range(changes):
        name, weight = rng.choice(list(layer.named_parameters()))
        index, way = rng.randrange(weight.numel()), rng.choice(WAYS)
        way(weight, index, by=1.0)
        if differs(layer, run, x) > 1e-5:
            missed.append(f"{way.__name__} {name}[{index}]")
    return missed


@pytest.mark.parametrize("kind", [LSTM, GRU, RNN], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("hidden", [5, 64, 200])
def test_no_write_goes_unseen(kind, hidden: int) -> None:
    torch.manual_seed(hidden)
    layer = kind(16, hidden, num_layers=2).eval()
    for parameter in layer.parameters():
        parameter.data.mul_(0.1)
    assert unseen(layer, layer, torch.randn(4, 3, 16), CHANGES // 9 + 1, seed=hidden) == []


def test_no_write_goes_unseen_by_a_ragged_batch() -> None:
    layer, x = LSTM(6, 12).eval(), torch.randn(4, 3, 6)

    def ragged(x: Tensor) -> tuple[Tensor, object]:
        return layer(x, lengths=[4, 2, 3])

    for k in range(200):
        with torch.no_grad():
            ragged(x)
        through_data(layer.weight_hh_l0, k, 1.0)
        with torch.no_grad():
            found = ragged(x)[0]
        assert_close(found, ragged(x)[0].detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_no_write_goes_unseen_by_a_compiled_graph() -> None:
    torch._dynamo.reset()
    layer = LSTM(16, 40).eval()
    run = torch.compile(layer, backend="aot_eager")
    assert unseen(layer, run, torch.randn(4, 3, 16), 100, seed=3) == []
    torch._dynamo.reset()


def test_weights_in_strided_memory() -> None:
    layer, x = LSTM(6, 12).eval(), torch.randn(4, 3, 6)
    to_strided_memory(layer.weight_hh_l0, 5, 1.0)
    assert differs(layer, layer, x) < 1e-5
    for index in range(0, layer.weight_hh_l0.numel(), 7):
        within_strided_memory(layer.weight_hh_l0, index, 1.0)
        assert differs(layer, layer, x) < 1e-5


@pytest.mark.parametrize(
    "change",
    [Tensor.neg_, lambda w: w.mul_(2), lambda w: w.copy_(w.flip(0)), lambda w: w.copy_(w.roll(1, 1))],
    ids=["sign", "double", "rows turned around", "columns moved on"],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_changes_of_all_numbers_at_once(change, dtype: torch.dtype) -> None:
    weight = torch.randn(64, 48, dtype=dtype)
    before = digest([weight])
    change(weight)
    assert digest([weight]) != before


def test_every_single_bit_counts() -> None:
    weight = torch.randn(7, 9)
    numbers = weight.numpy().view("uint32").reshape(-1)
    seen = {digest([weight])}
    for k in range(len(numbers)):
        for bit in range(32):
            numbers[k] ^= 1 << bit
            seen.add(digest([weight]))
            numbers[k] ^= 1 << bit
    assert len(seen) == 1 + 32 * len(numbers)


def test_one_thread_and_several_give_the_same_digest() -> None:
    weight, threads = torch.randn(1000, 300), torch.get_num_threads()
    several = digest([weight])
    try:
        torch.set_num_threads(1)
        assert digest([weight]) == several
    finally:
        torch.set_num_threads(threads)


def test_a_finite_difference_through_data_is_the_gradient() -> None:
    layer, x = LSTM(3, 8, dtype=torch.float64), torch.randn(6, 2, 3, dtype=torch.float64)

    def loss() -> Tensor:
        return layer(x)[0].square().sum()

    loss().backward()
    weight = layer.weight_hh_l0
    differences = torch.zeros_like(weight)
    with torch.no_grad():
        for i in range(len(weight)):
            for j in range(weight.shape[1]):
                before = weight.data[i, j].item()
                sides = []
                for step in (1e-6, -1e-6):
                    weight.data[i, j] = before + step
                    sides.append(loss().item())
                weight.data[i, j] = before
                differences[i, j] = (sides[0] - sides[1]) / 2e-6
    assert_close(differences, weight.grad, rtol=1e-6, atol=1e-8)


def test_a_snapshot_holds_weights_until_it_is_refreshed() -> None:
    layer, x = LSTM(6, 8).eval(), torch.randn(5, 3, 6)
    with torch.no_grad(), Snapshot() as snapshot:
        before = layer(x)[0]
        layer.weight_hh_l0.data.mul_(2)
        assert torch.equal(layer(x)[0], before)
        snapshot.refresh()
        assert not torch.equal(layer(x)[0], before)


def test_outside_of_a_snapshot_changes_are_seen_again() -> None:
    layer, x = LSTM(6, 8).eval(), torch.randn(5, 3, 6)
    with torch.no_grad():
        with Snapshot():
            before = layer(x)[0]
            layer.weight_hh_l0.data.mul_(2)
        assert not torch.equal(layer(x)[0], before)
