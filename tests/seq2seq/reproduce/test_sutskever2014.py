from __future__ import annotations

import json
import os
import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from letter_runs import printed
from throughtime.errors import InputError
from throughtime.files.pairs import read_pairs
from throughtime.seq2seq.config import SearchConfig, TrainConfig
from throughtime.seq2seq.evaluate import evaluate
from throughtime.seq2seq.measure.likelihood import load_judge, perplexity
from throughtime.seq2seq.measure.n_best import Listed, n_best_lines
from throughtime.seq2seq.pipeline import load_pipeline
from throughtime.seq2seq.reproduce.sentences import draw_maps
from throughtime.seq2seq.reproduce.sutskever2014 import reproduce
from throughtime.seq2seq.task import TranslationTask
from throughtime.training.task import Loss

FOLDER = Path("paper")
DRAWN = ("by-length", "by-rarity", "order", "voice")


def test_the_tables_are_what_the_models_do(reproduced: Any) -> None:
    folder, _, text, report = reproduced
    pairs = list(read_pairs([folder / "test.tsv"]))
    assert len(pairs) == 12
    backwards = sorted(report["members"][1:], key=lambda one: -one["training"]["best_metrics"]["bleu"])
    models = [Path(one["model"]) for one in backwards]
    assert len(report["bleu"]) == 12
    found = {(row["models"], row["beam_size"]): row["bleu"] for row in report["bleu"]}
    for name, size in (("reversed", 1), ("ensemble of 2 reversed", 2), ("ensemble of 5 reversed", 5)):
        pipeline = load_pipeline(models[:size], SearchConfig(beam_size=12, length_penalty=0.0))
        bleu = evaluate(pipeline, pairs, "fr").scores.bleu_tokenised.value
        assert found[name, 12] == pytest.approx(bleu)
        assert re.search(rf"{name} +│ +12 │ +\d\d\.\d\d │ +{bleu:.2f} ", text)
    together = perplexity(load_judge(models).likelihoods(pairs))
    assert report["perplexity"]["ensemble of 5 reversed"] == pytest.approx(together)
    assert found["reversed", 12] != found["forward", 12]
    pictures = {f"{name}.{kind}" for name in DRAWN for kind in ("png", "svg")}
    assert {path.name for path in folder.iterdir() if path.is_file()} == {
        *(*pictures, "reproduction.json", "test.tsv"),
    }


def test_a_list_is_put_into_another_order(reproduced: Any) -> None:
    rescoring = reproduced.report["rescoring"]
    assert rescoring["forward"] is None  # the list is its own
    assert rescoring["oracle"] >= max(rescoring[name] for name in ("baseline", "reversed", "ensemble"))


def test_what_is_trained_is_not_trained_again(reproduced: Any, console: Console, tmp_path: Path) -> None:
    folder, config, _, report = reproduced
    times = {path: path.stat().st_mtime_ns for path in folder.glob("*/*.safetensors")}
    assert len(times) >= 6 * 3
    lists = [[Listed("a b", -1.0), Listed("b a", -1.5)]] * 12
    (tmp_path / "list").write_text("\n".join(n_best_lines(lists)))
    reproduce(config, folder, tmp_path / "list", "again", console)
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert "and a single forward model" in printed(console)
    again = json.loads((folder / "reproduction.json").read_text())
    assert [one["bleu"] for one in again["bleu"]] == [one["bleu"] for one in report["bleu"]]
    assert again["rescoring"]["forward"] is not None


def test_sentences_are_drawn_for_who_reads_them(reproduced: Any, tmp_path: Path) -> None:
    model = Path(reproduced.report["members"][1]["model"])
    assert not draw_maps(model, "de", tmp_path) and not list(tmp_path.iterdir())
    assert [one.files[0].name for one in draw_maps(model, "en", tmp_path)] == ["order.png", "voice.png"]


def test_another_setting_is_refused_before_anything(reproduced: Any, console: Console) -> None:
    folder, config, _, _ = reproduced
    other = replace(config, training=replace(config.training, learning_rate=0.01))
    with pytest.raises(InputError, match="paper/forward holds a run with other settings: choose"):
        reproduce(other, folder, None, "again", console)


def test_goes_on_where_it_was_stopped(
    config: TrainConfig, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, loss = [0], TranslationTask.loss

    def interrupted(self: TranslationTask, module: torch.nn.Module, batch: Any) -> Loss:
        taken[0] += self.config.model.reverse_source
        if taken[0] == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        return loss(self, module, batch)

    monkeypatch.setattr(TranslationTask, "loss", interrupted)
    config = replace(config, training=replace(config.training, max_epochs=2.0))
    reproduce(config, FOLDER, None, "again", console)
    assert "To go on: again" in printed(console)
    assert {path.name for path in FOLDER.iterdir()} == {"data", "forward", "reversed-1"}
    assert not (FOLDER / "reversed-1/report.json").exists()
    reproduce(config, FOLDER, None, "again", console)
    assert printed(console).count("resumed at epoch") == 1
    assert (FOLDER / "reproduction.json").exists()


def test_a_corpus_that_cannot_be_used_leaves_nothing_behind(config: TrainConfig, console: Console) -> None:
    config = replace(config, data=replace(config.data, src_vocab_size=2))
    with pytest.raises(InputError, match="src_vocab_size is 2"):
        reproduce(config, FOLDER, None, "again", console)
    assert not FOLDER.exists() or list(FOLDER.iterdir()) == []


def test_the_corpus_is_prepared_once(config: TrainConfig, console: Console, readings: list[Path]) -> None:
    brief = replace(config, training=replace(config.training, max_epochs=0.3))
    reproduce(brief, FOLDER, None, "again", console)
    assert readings == [FOLDER / "data" / "train"]


def test_too_small_a_test_is_refused_before_training(config: TrainConfig, console: Console) -> None:
    config = replace(config, data=replace(config.data, test_size=3))
    with pytest.raises(InputError, match="the test has 3 pairs; expected 8 or more"):
        reproduce(config, FOLDER, None, "again", console)
    assert not (FOLDER / "forward").exists()


def test_nothing_to_test_on_is_refused(config: TrainConfig, console: Console) -> None:
    config = replace(config, data=replace(config.data, test_size=0))
    with pytest.raises(InputError, match="nothing to test on: give --test with a corpus, or --test-size"):
        reproduce(config, FOLDER, None, "again", console)
    assert not FOLDER.exists()
