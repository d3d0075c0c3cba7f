"""Recurrent classifiers: what they learn, their file, and the vectors that they begin with."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

from throughtime.application.processes import join
from throughtime.artefact.file import load
from throughtime.cells import MinimalGatedUnit
from throughtime.cells.user_modules import import_cells
from throughtime.errors import InputError
from throughtime.training.config import TrainingConfig
from throughtime.training.fit import fit
from throughtime.training.outcome import Outcome
from throughtime.words.classify.calibrate import fit_temperature
from throughtime.words.classify.config import KIND, ClassifyConfig, NetworkConfig
from throughtime.words.classify.labelled import Labelled
from throughtime.words.classify.methods import load_classifier
from throughtime.words.classify.recurrent import FIRST_ID, RecurrentClassifier, rows_for, untrained
from throughtime.words.classify.task import ClassificationTask
from throughtime.words.embed.vectors import WordVectors
from user_modules import WriteModule

NETWORK = NetworkConfig(embedding_size=6, hidden_size=5, dropout=0.0, word_dropout=0.0, max_words=8)
NAMES = ("after", "before")


def texts(count: int, seed: int = 0) -> Labelled:
    """Whether "two" comes after "one" or before it: a matter of order, not of which words there are."""
    draw, made, labels = np.random.default_rng(seed), list[str](), draw_labels(count, seed)
    for label in labels:
        words = list(draw.choice(["a", "b", "c"], 4))
        first, second = sorted(draw.choice(5, 2, replace=False))
        pair = ("one", "two") if label == 0 else ("two", "one")
        words.insert(first, pair[0])
        words.insert(second + 1, pair[1])
        made.append(" ".join(words))
    return Labelled(made, labels, NAMES)


def draw_labels(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng([seed, 1]).integers(0, 2, count)


def trained(
    folder: Path,
    vectors: WordVectors | None = None,
    network: NetworkConfig = NETWORK,
    epochs: float = 12,
    **budget: Any,
) -> tuple[RecurrentClassifier, Outcome]:
    """Train a GRU, and return its best model and how training ended."""
    training = TrainingConfig(max_epochs=epochs, learning_rate=0.03, **budget)
    config = ClassifyConfig(network=network, training=training)
    torch.manual_seed(1)
    new = untrained("gru", config, texts(400), None if vectors is None else vectors.size)
    if vectors is not None:
        new.network.start_from(rows_for(new.vocabulary, vectors), network.freeze)
    encoded = map(new.encoded, (texts(400), texts(80, 2)))
    task = ClassificationTask(new.network, *encoded, NAMES, 1, new.save)
    outcome = fit(task, training, folder, fabric=join("32-true"), console=Console(quiet=True))
    return RecurrentClassifier.from_artefact(load(outcome.model, KIND)), outcome


def test_it_learns_the_order_of_words_and_comes_back_from_its_file(tmp_path: Path) -> None:
    (model, _), test = trained(tmp_path / "run"), texts(200, 3)
    chances = model.probabilities(test.texts)
    assert (chances.argmax(1) == test.labels).mean() > 0.97
    model.save(tmp_path / "model.safetensors")
    again = RecurrentClassifier.from_artefact(load(tmp_path / "model.safetensors", KIND))
    np.testing.assert_array_equal(again.probabilities(test.texts), chances)
    assert (again.labels, again.temperature) == (NAMES, model.temperature)


def test_texts_become_ids(tmp_path: Path) -> None:
    model, _ = trained(tmp_path / "run", epochs=0.1)
    data = Labelled(["one strange two", "", "a " * 20], np.zeros(3, np.int64), NAMES)
    ids = model.encoded(data).ids
    unknown = FIRST_ID + len(model.vocabulary)
    known = [FIRST_ID + model.vocabulary.ids[word] for word in ("one", "two", "a")]
    assert [list(row) for row in ids] == [[known[0], unknown, known[1]], [unknown], [known[2]] * 8]


@pytest.mark.parametrize("freeze", [True, False])
def test_it_begins_with_given_vectors(tmp_path: Path, freeze: bool) -> None:
    vectors = WordVectors(["one", "c"], np.array([[1.0, 2, 3], [4, 5, 6]], np.float32))
    network = NetworkConfig(hidden_size=4, freeze=freeze)
    model, _ = trained(tmp_path / "run", vectors, network, epochs=1)
    assert model.network.config.embedding_size == 3
    row = model.network.embedding.weight[FIRST_ID + model.vocabulary.ids["one"]].detach()
    assert torch.equal(row, torch.tensor([1.0, 2, 3])) == freeze
    assert not model.network.embedding.weight[0].any()


def test_a_users_cell_is_recorded_by_name_and_not_imported(tmp_path: Path, user_module: WriteModule) -> None:
    user_module()
    classifier = untrained("my_module:MyCell", ClassifyConfig(network=NETWORK), texts(40))
    classifier.save(tmp_path / "model.safetensors")
    assert load(tmp_path / "model.safetensors", KIND).config["cell"] == "my_module:MyCell"
    del sys.modules["my_module"]
    text = (
        f"{tmp_path}/model.safetensors: the model uses the cell my_module:MyCell; import my_module first "
        "(on the command line: --import my_module)"
    )
    with pytest.raises(InputError, match=f"^{re.escape(text)}$"):
        load_classifier(tmp_path / "model.safetensors")
    assert "my_module" not in sys.modules
    import_cells(["my_module"])
    loaded, sentences = load_classifier(tmp_path / "model.safetensors"), texts(9, 3).texts
    np.testing.assert_array_equal(loaded.probabilities(sentences), classifier.probabilities(sentences))


def test_a_class_is_refused_as_a_file_could_not_record_it() -> None:
    with pytest.raises(
        InputError, match=r"^there is no cell named <class .*, and my_module:MyCell for a cell "
    ):
        untrained(MinimalGatedUnit, ClassifyConfig(network=NETWORK), texts(40))  # type: ignore[arg-type]


def test_training_that_time_ended_says_so(tmp_path: Path) -> None:
    _, outcome = trained(tmp_path / "run", max_minutes=1e-9)
    assert outcome.stopped == "minutes"
    assert re.match(r"the model has not learned( enough)?: it has seen 0\.", outcome.shortfall)
    assert outcome.larger_budget.startswith("--max-minutes ")


def test_the_best_model_is_calibrated_on_the_validation_texts(tmp_path: Path) -> None:
    model, _ = trained(tmp_path / "run", epochs=4)
    validation = texts(80, 2)
    assert model.temperature == pytest.approx(
        fit_temperature(model.logits(validation.texts), validation.labels)
    )
    assert model.temperature != 1.0


def test_the_floor_is_that_of_the_labels_shares(tmp_path: Path) -> None:
    config = ClassifyConfig(network=NETWORK)
    new = untrained("gru", config, texts(40))
    train, held_out = texts(40), Labelled(["a", "b", "c", "d"], np.array([0, 0, 0, 1]), NAMES)
    task = ClassificationTask(new.network, new.encoded(train), new.encoded(held_out), NAMES, 1, new.save)
    counts = np.bincount(train.labels) + 1
    shares = counts / counts.sum()
    floor = task.floor().metrics
    assert floor["loss"] == pytest.approx(-(3 * np.log(shares[0]) + np.log(shares[1])) / 4)
    assert floor["accuracy"] == (75 if shares[0] >= shares[1] else 25)
