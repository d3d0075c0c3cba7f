"""The recurrent classifier: its pools by hand, padding, and what it learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from throughtime.words.classify.batches import Encoded
from throughtime.words.classify.config import NetworkConfig
from throughtime.words.classify.network import TextNetwork
from throughtime.words.classify.task import ClassificationTask, logits

SMALL = NetworkConfig(embedding_size=6, hidden_size=5, dropout=0.0, word_dropout=0.0, texts_per_batch=4)
POOLINGS = ("last", "max", "mean", "attention")


def encoded(texts: int = 9, longest: int = 7) -> Encoded:
    draw = np.random.default_rng(0)
    ids = [draw.integers(1, 12, draw.integers(1, longest + 1)) for _ in range(texts)]
    return Encoded(ids, draw.integers(0, 3, texts))


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("bidirectional", [True, False])
def test_what_it_says_does_not_hang_on_padding(pooling: str, bidirectional: bool) -> None:
    config = replace(SMALL, pooling=pooling, bidirectional=bidirectional)
    network, texts = TextNetwork("lstm", config, 12, 3).eval(), encoded()
    together = logits(network, texts)
    alone = [network(texts.texts(np.array([k]))).detach().numpy()[0] for k in range(len(texts))]
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_pools_by_hand() -> None:
    ids = Encoded([np.array([3, 1, 2])], np.array([0]))
    texts = ids.texts(np.array([0]))
    for pooling in POOLINGS:
        network = TextNetwork("lstm", replace(SMALL, pooling=pooling), 12, 3).eval()
        h = network.recurrence(network.embedding(texts.ids))[0][0]  # (T, 2 H)
        expected = {
            "last": torch.cat([h[-1, :5], h[0, 5:]]),
            "max": h.amax(0),
            "mean": h.mean(0),
            "attention": None,
        }[pooling]
        if pooling == "attention":
            u, v = network.attention.hidden, network.attention.score
            weights = torch.softmax(v(torch.tanh(u(h)))[:, 0], 0)
            expected = weights @ h
        torch.testing.assert_close(network(texts)[0], network.output(expected))


def test_the_vector_of_padding_stays_zero_and_frozen_vectors_stay() -> None:
    network = TextNetwork("lstm", SMALL, 12, 3)
    network.start_from(torch.ones(12, 6), freeze=False)
    texts = encoded().texts(np.arange(9))
    cross_entropy(network(texts), texts.labels).backward()
    assert network.embedding.weight.grad is not None
    assert not network.embedding.weight[0].any() and not network.embedding.weight.grad[0].any()
    network.start_from(torch.ones(12, 6), freeze=True)
    assert not network.embedding.weight.requires_grad


def test_word_dropout_leaves_out_whole_words() -> None:
    network = TextNetwork("lstm", replace(SMALL, word_dropout=0.5), 12, 3)
    ids = torch.ones(50, 40, dtype=torch.int64)
    kept = network._some_words(ids).float().mean()
    assert 0.45 < kept < 0.55
    assert bool((network.eval()._some_words(ids) == ids).all())


def test_the_task_tells_loss_accuracy_and_f1_and_learns() -> None:
    draw = np.random.default_rng(1)
    labels = draw.integers(0, 2, 60)
    ids = [np.concatenate([draw.integers(3, 12, draw.integers(1, 9)), [1 + label]]) for label in labels]
    texts = Encoded([draw.permutation(one) for one in ids], labels)
    torch.manual_seed(0)
    network = TextNetwork("lstm", SMALL, 12, 2)
    task = ClassificationTask(network, texts, texts, ("no", "yes"), 1, lambda *_: None)
    optimiser = torch.optim.Adam(network.parameters(), 0.02)
    before = task.validate()
    for epoch in range(8):
        batches = task.batches(epoch)
        for number in range(len(batches)):
            loss = task.loss(network, batches[number])
            (loss.total / loss.count).backward()
            optimiser.step()
            optimiser.zero_grad()
    after = task.validate()
    assert set(before) == {"loss", "accuracy", "f1"}
    assert after["loss"] < 0.1 < before["loss"] and after["accuracy"] == 100


def test_batches_are_the_same_for_the_same_epoch() -> None:
    texts = encoded(30)
    task = ClassificationTask(
        TextNetwork("lstm", SMALL, 12, 3), texts, texts, ("a", "b", "c"), 1, lambda *_: None
    )
    first, again, other = ([b.tolist() for b in task.batches(epoch).plan] for epoch in (0, 0, 1))
    assert first == again != other
