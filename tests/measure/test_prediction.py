"""Predictions of a text: as it is, in windows, with a cache, and while the model learns on."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from throughtime.application.recurrence import RecurrenceConfig
from throughtime.language.config import VectorsConfig
from throughtime.language.network import LanguageModel
from throughtime.measure import prediction
from throughtime.measure.prediction import cached_surprises, dynamic_surprises, surprises

VOCAB = 9
IDS: NDArray[np.uint8] = np.random.default_rng(3).integers(4, VOCAB, 61).astype(np.uint8)


@pytest.fixture
def model() -> LanguageModel:
    torch.manual_seed(1)
    config = RecurrenceConfig(hidden_size=6, num_layers=2, dropout=0.5)
    return LanguageModel(config, VectorsConfig(embedding_size=4), VOCAB).double().eval()


def plainly(model: LanguageModel, start: int, end: int) -> list[float]:
    """The definition, one step at a time."""
    state, nats = None, list[float]()
    for place in range(start, end):
        features, state = model.features(torch.tensor([[int(IDS[place - 1])]]), state)
        nats.append(-float(model.output(features)[0, 0].log_softmax(0)[int(IDS[place])]))
    return nats


def test_each_piece_is_read_with_a_state_of_its_own(
    model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction, "STEPS", 7)
    monkeypatch.setattr(prediction, "TOGETHER", 2)
    spans = [(0, 30), (30, 33), (40, 60)]
    with torch.no_grad():
        expected = [nats for start, end in spans for nats in plainly(model, start, end)]
    assert surprises(model, IDS, spans).tolist() == pytest.approx(expected)
    assert surprises(model, IDS, []).tolist() == []


def test_learning_nothing_changes_nothing_and_the_model_stays(model: LanguageModel) -> None:
    before = copy.deepcopy(model.state_dict())
    spans = [(0, 40), (40, 60)]
    still = dynamic_surprises(model, IDS, spans, 7, 1e-12, 0.0)
    assert still.tolist() == pytest.approx(surprises(model, IDS, spans).tolist(), abs=1e-6)
    dynamic_surprises(model, IDS, spans, 7, 0.01, 0.0)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_learning_on_predicts_what_comes_again(model: LanguageModel) -> None:
    again = np.tile(IDS[:20], 12)
    spans = [(0, len(again))]
    dynamic = dynamic_surprises(model, again, spans, 5, 0.03, 0.001)
    static = surprises(model, again, spans)
    assert dynamic[:5].tolist() == pytest.approx(static[:5].tolist())  # nothing is learned before it is read
    assert dynamic[-40:].mean() < 0.7 * static[-40:].mean()


def test_a_decay_of_one_forgets(model: LanguageModel) -> None:
    dynamic = dynamic_surprises(model, IDS, [(0, 60)], 10, 0.02, 1.0)
    assert dynamic.tolist() == pytest.approx(surprises(model, IDS, [(0, 60)]).tolist())


@pytest.mark.parametrize("size", [1, 5, 100])
def test_the_cache_is_that_of_the_definition(
    model: LanguageModel, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(prediction, "STEPS", 7)
    weight, sharpness = 0.2, 3.0
    with torch.no_grad():
        read = torch.from_numpy(np.append(IDS[-1], IDS[:40]).astype(np.int64))
        features = model.features(read[:-1, None])[0][:, 0]
        p = model.output(features).softmax(1)
    expected: list[float] = []
    for t in range(40):
        own = float(p[t, read[t + 1]])
        past = range(max(0, t - size), t)
        if past:
            shares = torch.stack([sharpness * features[t] @ features[i] for i in past]).softmax(0)
            hits = sum(
                float(share) for share, i in zip(shares, past, strict=True) if read[i + 1] == read[t + 1]
            )
            own = (1 - weight) * own + weight * hits
        expected.append(-np.log(own))
    found = cached_surprises(model, IDS, [(0, 40)], size, weight, sharpness)
    assert found.tolist() == pytest.approx(expected)


def test_tied_vectors_are_one(tmp_path: Path) -> None:
    for width in (4, 6):
        tied = LanguageModel(
            RecurrenceConfig(hidden_size=6, num_layers=1), VectorsConfig(width, tie=True), VOCAB
        )
        assert tied.output.weight is tied.embedding.weight
        assert tied.features(torch.tensor([[5]]))[0].shape == (1, 1, width)
