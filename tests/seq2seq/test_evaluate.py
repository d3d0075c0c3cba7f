from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chosen import length_rule
from throughtime.artefact.report import write_report
from throughtime.errors import InputError
from throughtime.files.pairs import Pair
from throughtime.measure.text_scores import score
from throughtime.seq2seq.evaluate import Evaluation, evaluate, write_translations
from throughtime.seq2seq.network.model import Translator
from throughtime.seq2seq.network.stepper import stepper
from throughtime.seq2seq.pipeline import Pipeline
from throughtime.text.tokenizer import Tokenizers

SOURCES = ["a b c d", "e f g h", "", "b d f h a", "h g"]


@pytest.fixture
def pipeline(letter_model: Callable[..., Translator], letters: Tokenizers) -> Pipeline:
    return Pipeline(stepper(letter_model()), letters, length_rule(offset=2))


def test_translations_that_are_the_references_score_100(pipeline: Pipeline) -> None:
    references = list(pipeline.texts(SOURCES))
    assert sum(len(text.split()) >= 4 for text in references) >= 3
    found = evaluate(
        pipeline, [Pair(*pair) for pair in zip(SOURCES, references, strict=True)], "en", n_bootstrap=20
    )
    assert found.translations == tuple(references)
    assert found.scores.bleu.value == pytest.approx(100)
    assert found.scores.chrf.value == pytest.approx(100)
    assert found.scores.bleu_tokenised.value == pytest.approx(100)
    assert found.scores.sentences == 5
    assert found.seconds > 0


def test_scores_are_those_of_the_translations(pipeline: Pipeline) -> None:
    references = [f"{text} a b" for text in pipeline.texts(SOURCES)]
    found = evaluate(
        pipeline, [Pair(*pair) for pair in zip(SOURCES, references, strict=True)], "fr", n_bootstrap=10
    )
    assert found.scores == score(found.translations, references, "fr", n_bootstrap=10)
    assert 0 < found.scores.bleu.value < 100


def test_a_set_without_pairs_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(InputError, match=r"^there are no translations to score; expected at least one$"):
        evaluate(pipeline, [], "fr")


def test_report_holds_scores_with_signatures_and_speed(pipeline: Pipeline, tmp_path: Path) -> None:
    pairs = [Pair(source, text) for source, text in zip(SOURCES, pipeline.texts(SOURCES), strict=True)]
    found = evaluate(pipeline, pairs, "fr", n_bootstrap=10)
    write_report(tmp_path / "report.json", {"note": "café", **found.to_dict()})
    text = (tmp_path / "report.json").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert "café" in text
    report = json.loads(text)
    assert report["sentences"] == 5
    assert report["bleu"]["value"] == pytest.approx(100)
    assert "tok:13a" in report["bleu"]["signature"]
    assert "case:lc" in report["bleu_tokenised"]["signature"]
    assert report["sentences_per_second"] == pytest.approx(5 / report["seconds"])
    assert "translations" not in report


def test_speed_counts_sentences() -> None:
    scores = score(["a b c d"] * 8, ["a b c d"] * 8, n_bootstrap=0)
    assert Evaluation(("a b c d",) * 8, scores, seconds=0.5).to_dict()["sentences_per_second"] == 16


def test_translations_are_written_a_line_each(tmp_path: Path) -> None:
    write_translations(tmp_path / "out.txt", ["un", "", "trois é\u2028"])
    assert (tmp_path / "out.txt").read_bytes() == "un\n\ntrois é\u2028\n".encode()


@pytest.mark.parametrize("write", [write_translations, write_report])
def test_files_that_cannot_be_written(tmp_path: Path, write: Callable[..., None]) -> None:
    with pytest.raises(InputError, match="is a directory; expected the name of a file to write"):
        write(tmp_path, [])
    with pytest.raises(InputError, match=r"none/x cannot be written: No such file or directory$"):
        write(tmp_path / "none" / "x", [])
    assert list(tmp_path.iterdir()) == []


def test_a_report_may_name_files(tmp_path: Path) -> None:
    write_report(tmp_path / "r.json", {"dictionary": Path("d.tsv")})
    assert json.loads((tmp_path / "r.json").read_text()) == {"dictionary": "d.tsv"}
