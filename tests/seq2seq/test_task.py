from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.utils import clip_grad_norm_

from chosen import cleaning, length_rule
from throughtime.files.pairs import Pair
from throughtime.layers.special_ids import PAD_ID
from throughtime.measure.text_scores import quick_bleu
from throughtime.seq2seq import task as task_module
from throughtime.seq2seq.config import DataConfig, ModelConfig, TrainConfig, TrainingConfig
from throughtime.seq2seq.data.batches import Batch
from throughtime.seq2seq.model_file import load_model
from throughtime.seq2seq.network.stepper import stepper
from throughtime.seq2seq.pipeline import Pipeline
from throughtime.seq2seq.task import Sets, TranslationTask
from throughtime.text.pair_corpus import build_text_corpus, encode_corpus
from throughtime.text.tokenizer import Tokenizers

MakeTask = Callable[..., TranslationTask]


def backwards(number: int) -> list[Pair]:
    """Different sentences of two to six letters, each beside itself backwards."""
    draw, found = random.Random(0), dict[str, Pair]()
    while len(found) < number:
        letters = draw.choices("abcdefgh", k=draw.randint(2, 6))
        found[" ".join(letters)] = Pair(" ".join(letters), " ".join(reversed(letters)))
    return list(found.values())


@pytest.fixture(scope="session")
def pairs() -> list[Pair]:
    return backwards(2300)


@pytest.fixture
def make_task(
    tmp_path: Path, letters: Tokenizers, pairs: list[Pair], tiny_config: Callable[..., ModelConfig]
) -> MakeTask:
    """A task on some of the pairs, validated on the next 60."""

    def make(
        number: int = 90, data: DataConfig | None = None, seed: int = 1, **model: Any
    ) -> TranslationTask:
        def encoded(part: list[Pair], name: str):
            text, _ = build_text_corpus(part, tmp_path / name, cleaning(drop_duplicates=False))
            return text, encode_corpus(text, letters.src, letters.tgt, tmp_path / name, 50)

        (_, train), (text, validation) = (
            encoded(pairs[:number], "train"),
            encoded(pairs[number : number + 60], "val"),
        )
        config = TrainConfig(
            data or DataConfig(tokens_per_batch=40), tiny_config(**model), TrainingConfig(seed=seed)
        )
        return TranslationTask(config, letters, Sets(train, validation, text))

    return make


def sentences(batches: Any) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    rows = [
        (src, tgt)
        for batch in batches
        for src, tgt in zip(batch.src.tolist(), batch.tgt_out.tolist(), strict=True)
    ]
    return [(tuple(filter(None, src)), tuple(filter(None, tgt))) for src, tgt in rows]


def test_an_epoch_has_every_pair_once(make_task: MakeTask, letters: Tokenizers, pairs: list[Pair]) -> None:
    epoch = make_task().batches(0)
    assert len(epoch) == len(list(epoch)) > 10
    expected = [(*letters.src.encode(pair.src), 3) for pair in pairs[:90]]
    assert sorted(src for src, _ in sentences(epoch)) == sorted(expected)
    assert all(src[:-1] == tgt[-2::-1] for src, tgt in sentences(epoch))


def test_epochs_are_shuffled_by_seed_and_number(make_task: MakeTask) -> None:
    task = make_task()
    first = sentences(task.batches(0))
    assert sentences(task.batches(0)) == first == sentences(make_task().batches(0))
    assert sentences(task.batches(1)) != first
    assert sentences(make_task(seed=2).batches(0)) != first
    epoch = task.batches(3)
    assert sentences(epoch) == sentences(epoch)


def test_batches_hold_at_most_their_tokens(make_task: MakeTask) -> None:
    for batch in make_task(data=DataConfig(tokens_per_batch=33)).batches(0):
        assert batch.src.numel() <= 33
        assert batch.tgt_out.numel() <= 33


def test_loss_is_summed_over_the_tokens_it_counts(make_task: MakeTask) -> None:
    task = make_task(label_smoothing=0.2)
    batch = next(iter(task.batches(0)))
    task.module.train()
    loss = task.loss(task.module, batch)
    assert torch.equal(loss.total, task.translator(batch).total)
    assert loss.count == loss.units == int((batch.tgt_out != PAD_ID).sum()) == batch.tgt_tokens


def test_weights_begin_by_the_seed(make_task: MakeTask) -> None:
    first, again, other = (make_task(seed=seed).module.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["encoder.weight_ih_l0"], other["encoder.weight_ih_l0"])


def test_validation_is_the_mean_loss_of_all_tokens_and_bleu_of_greedy_search(make_task: MakeTask) -> None:
    task = make_task(dropout=0.4, label_smoothing=0.3)
    task.module.eval()
    found = task.validate()
    total, tokens = 0.0, 0
    with torch.no_grad():
        for batch in task._epoch(task.sets.validation, 7):
            encoded = task.translator.encode(batch.src, batch.src_lengths)
            features, _, _, _ = task.translator.decode(
                batch.tgt_in, encoded.state, task.translator.head.attended(encoded)
            )
            chosen = (
                task.translator.output(features).log_softmax(-1).gather(2, batch.tgt_out[..., None])[..., 0]
            )
            total -= float(chosen[batch.tgt_out != PAD_ID].sum())
            tokens += batch.tgt_tokens
    assert tokens == sum(len(pair.tgt.split()) + 1 for pair in task.sets.validation_text)
    assert found["loss"] == pytest.approx(total / tokens, rel=1e-5)
    assert found["perplexity"] == pytest.approx(math.exp(total / tokens), rel=1e-4)
    pipeline = Pipeline(stepper(task.translator), task.tokenizers, length_rule())
    text = list(task.sets.validation_text)
    assert found["bleu"] == quick_bleu(
        list(pipeline.texts([pair.src for pair in text])), [pair.tgt for pair in text]
    )
    assert list(found) == ["loss", "perplexity", "bleu"]


def test_validation_repeats_itself_and_draws_no_random_number(make_task: MakeTask) -> None:
    task = make_task(dropout=0.5)
    task.module.eval()
    state = torch.get_rng_state()
    assert task.validate() == task.validate()
    assert torch.equal(torch.get_rng_state(), state)


def test_bleu_is_of_the_first_sentences_alone(make_task: MakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    task = make_task()
    asked: list[list[str]] = []
    texts = Pipeline.texts

    def noted(self: Pipeline, lines: list[str]):
        asked.append(lines)
        return texts(self, lines)

    monkeypatch.setattr(task_module, "VALIDATED_SENTENCES", 5)
    monkeypatch.setattr(Pipeline, "texts", noted)
    task.module.eval()
    task.validate()
    assert asked == [[task.sets.validation_text[k].src for k in range(5)]]


def test_perplexity_of_a_diverged_model_is_a_number(make_task: MakeTask) -> None:
    task = make_task()
    with torch.no_grad():
        task.translator.output.bias[4:] = 1e6 * torch.arange(8)
    task.module.eval()
    found = task.validate()
    assert found["loss"] > 1000
    assert found["perplexity"] == math.exp(100)


def test_batches_are_moved_to_where_the_model_is(
    make_task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = make_task()
    devices: list[Any] = []
    moved = Batch.to
    monkeypatch.setattr(Batch, "to", lambda self, device: devices.append(device) or moved(self, device))
    task.module.eval()
    task.validate()
    assert set(devices) == {torch.device("cpu")}
    assert len(devices) == len(task._epoch(task.sets.validation, 0))


def test_saved_model_is_the_task_with_other_weights(make_task: MakeTask, tmp_path: Path) -> None:
    task = make_task(attention="general")
    weights = {name: value + 0.25 for name, value in task.module.state_dict().items()}
    task.save_model(tmp_path / "m.safetensors", weights)
    loaded = load_model(tmp_path / "m.safetensors")
    assert loaded.model.config == task.config.model
    assert all(torch.equal(value, weights[name]) for name, value in loaded.model.state_dict().items())
    assert loaded.training["training"] == {**asdict(task.config.training), "betas": [0.9, 0.999]}
    assert loaded.training["data"]["tokens_per_batch"] == 40


def train(task: TranslationTask, epochs: int) -> None:
    optimiser = torch.optim.Adam(task.module.parameters(), lr=0.01)
    for epoch in range(epochs):
        task.module.train()
        for batch in task.batches(epoch):
            loss = task.loss(task.module, batch)
            (loss.total / loss.count).backward()
            clip_grad_norm_(task.module.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
        optimiser.param_groups[0]["lr"] *= 0.85
    task.module.eval()


@pytest.mark.parametrize(
    ("epochs", "changes"),
    [
        (6, dict(attention="general", bidirectional=True, encoder_size=32, decoder_size=64)),
        (6, dict(attention="dot", cell="gru", bidirectional=True, encoder_size=32, decoder_size=64)),
        (
            8,
            dict(
                attention="mlp",
                cell="gru",
                bidirectional=True,
                encoder_size=32,
                decoder_size=64,
                tie_embeddings="all",
                scale_embeddings=False,
            ),
        ),
        (14, dict(attention="none", encoder_size=80, decoder_size=80)),
    ],
    ids=["general lstm", "dot gru", "mlp gru", "plain lstm"],
)
def test_learns_to_write_backwards(
    make_task: MakeTask, pairs: list[Pair], epochs: int, changes: dict[str, Any]
) -> None:
    task = make_task(2000, DataConfig(tokens_per_batch=400), embedding_size=32, **changes)
    train(task, epochs)
    unseen = pairs[2060:]
    pipeline = Pipeline(stepper(task.translator), task.tokenizers, length_rule())
    written = list(pipeline.texts([pair.src for pair in unseen]))
    exact = sum(text == pair.tgt for text, pair in zip(written, unseen, strict=True)) / len(unseen)
    assert exact > 0.95
    found = task.validate()
    assert found["bleu"] > 95
    assert found["perplexity"] < 1.1


def test_a_batch_has_no_more_pairs_than_asked(make_task: MakeTask) -> None:
    data = DataConfig(tokens_per_batch=10_000, sentences_per_batch=5)
    sizes = [len(batch.src) for batch in make_task(data=data).batches(0)]
    assert max(sizes) == 5
    assert sum(sizes) == sum(len(batch.src) for batch in make_task().batches(0))


def test_the_loss_is_a_mean_over_tokens_or_sentences(make_task: MakeTask) -> None:
    for mean, of in (("token", lambda batch: batch.tgt_tokens), ("sentence", lambda batch: len(batch.src))):
        task = make_task(loss_mean=mean)
        batch = next(iter(task.batches(0)))
        loss = task.loss(task.module, batch)
        assert (loss.count, loss.units) == (of(batch), batch.tgt_tokens)


def test_learning_needs_the_source(make_task: MakeTask, pairs: list[Pair]) -> None:
    """The guard of the test before: with the bridge cut there is nothing to learn from."""
    task = make_task(2000, DataConfig(tokens_per_batch=400), embedding_size=32, decoder_size=64)
    for parameter in task.translator.bridge.parameters():
        parameter.requires_grad_(False).zero_()
    train(task, 2)
    assert task.validate()["perplexity"] > 4
