from __future__ import annotations

import json
import os
import random
from importlib.metadata import version

import pytest
import sacrebleu

from throughtime.errors import InputError
from throughtime.measure.text_scores import quick_bleu, score

# The example of sacrebleu's README: BLEU 48.53, chrF2 59.73.
KNOWN = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."]
KNOWN_REFERENCES = [
    ["The dog bit the man.", "The dog had bit the man."],
    ["It was not unexpected.", "No one was surprised."],
    ["The man bit him first.", "The man had bitten the dog."],
]


def corpus(size: int) -> tuple[list[str], list[str]]:
    """Sentences of random words, and the same with some words lost."""
    source = random.Random(0)
    words = ["Le", "chien", "l'homme", "court", "vite", "dans", "la", "rue", "sous", "pluie"]
    references = [" ".join(source.choices(words, k=12)) + "." for _ in range(size)]
    hypotheses = [" ".join(word for word in text.split() if source.random() > 0.15) for text in references]
    return hypotheses, references


def test_known_scores() -> None:
    report = score(KNOWN, KNOWN_REFERENCES, language="en", n_bootstrap=0)
    assert round(report.bleu.value, 2) == 48.53
    assert round(report.chrf.value, 2) == 59.73
    assert report.sentences == 3
    assert quick_bleu(KNOWN, KNOWN_REFERENCES) == report.bleu.value


def test_a_perfect_translation_has_100() -> None:
    text = ["Un chien brun court dans l'herbe.", "Deux hommes parlent."]
    report = score(text, text, n_bootstrap=10)
    for one in (report.bleu, report.chrf, report.bleu_tokenised):
        assert (one.value, one.mean, one.margin) == pytest.approx((100, 100, 0))


def test_signatures_say_how_it_was_taken() -> None:
    report = score(KNOWN, KNOWN_REFERENCES, language="en", n_bootstrap=20, seed=7)
    ours, moses = version("sacrebleu"), version("sacremoses")
    assert report.bleu.signature == (
        f"nrefs:2|bs:20|seed:7|case:mixed|eff:no|tok:13a|smooth:exp|version:{ours}"
    )
    assert report.chrf.signature == (
        f"nrefs:2|bs:20|seed:7|case:mixed|eff:yes|nc:6|nw:0|space:no|version:{ours}"
    )
    assert report.bleu_tokenised.signature == (
        f"nrefs:2|bs:20|seed:7|case:lc|eff:no|tok:sacremoses-{moses}-en|smooth:exp|norm:moses-en|version:{ours}"
    )


def test_the_tokenised_form_forgives_case_and_typography() -> None:
    hypotheses = ["L’homme dit « bonjour » à Paul…"]
    references = ['l\'homme dit "bonjour" à paul...']
    report = score(hypotheses, references, n_bootstrap=0)
    assert report.bleu_tokenised.value == pytest.approx(100)
    assert report.bleu.value < 50


def test_the_tokenised_form_is_bleu_over_moses_tokens() -> None:
    hypotheses = ["L'homme qui court, c'est Paul.", "Elle dort !"]
    references = ["L'homme qui marche, c'est Paul.", "Elle dort bien !"]
    tokens = ["l' homme qui court , c' est paul .", "elle dort !"]
    reference_tokens = ["l' homme qui marche , c' est paul .", "elle dort bien !"]
    expected = sacrebleu.corpus_bleu(tokens, [reference_tokens], tokenize="none", force=True).score
    report = score(hypotheses, references, n_bootstrap=0)
    assert report.bleu_tokenised.value == pytest.approx(expected)


def test_cased_bleu_minds_case() -> None:
    assert quick_bleu(["the DOG bit the man ."], ["The dog bit the man ."]) < 70
    assert quick_bleu(["The dog bit the man ."], ["The dog bit the man ."]) == pytest.approx(100)


def test_sentences_may_have_different_numbers_of_references() -> None:
    references = [KNOWN_REFERENCES[0], KNOWN_REFERENCES[1][:1], KNOWN_REFERENCES[2]]
    report = score(KNOWN, references, language="en", n_bootstrap=0)
    assert report.bleu.signature.startswith("nrefs:var|")
    assert quick_bleu(KNOWN[:1], references[:1]) == pytest.approx(100)
    assert quick_bleu([KNOWN_REFERENCES[0][1]], references[:1]) == pytest.approx(100)


def test_the_interval_is_fixed_by_the_seed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    hypotheses, references = corpus(40)
    first = score(hypotheses, references, n_bootstrap=50)
    monkeypatch.setenv("SACREBLEU_SEED", "none")
    assert score(hypotheses, references, n_bootstrap=50) == first
    assert os.environ["SACREBLEU_SEED"] == "none"
    assert score(hypotheses, references, n_bootstrap=50, seed=1).bleu.mean != first.bleu.mean
    monkeypatch.delenv("SACREBLEU_SEED")
    score(hypotheses, references, n_bootstrap=2)
    assert "SACREBLEU_SEED" not in os.environ


def test_the_interval_holds_the_score_and_narrows_with_more_sentences() -> None:
    few, many = (score(*corpus(size), n_bootstrap=200) for size in (20, 320))
    for report in (few, many):
        for one in (report.bleu, report.chrf, report.bleu_tokenised):
            assert one.mean is not None and one.margin is not None
            assert abs(one.value - one.mean) < one.margin
    assert few.bleu.margin is not None and many.bleu.margin is not None
    assert many.bleu.margin < few.bleu.margin / 2


def test_rows_and_dict() -> None:
    report = score(*corpus(30), n_bootstrap=20)
    assert json.loads(json.dumps(report.to_dict())) == report.to_dict()
    assert report.to_dict()["bleu"]["signature"] == report.bleu.signature
    names = ["BLEU (cased, detokenised)", "chrF (cased, detokenised)", "BLEU (lower-cased, tokenised)"]
    assert [row[0] for row in report.rows()] == [*names, "exact match, per cent"]
    bleu = report.bleu
    assert report.rows()[0][1:] == (
        f"{bleu.value:.2f}",
        f"{bleu.mean:.2f} ± {bleu.margin:.2f}",
        bleu.signature,
    )
    without = score(*corpus(30), n_bootstrap=0)
    assert (without.bleu.mean, without.bleu.margin) == (None, None)
    assert without.rows()[0][2] == ""
    assert "bs:" not in without.bleu.signature


def test_nothing_in_common_has_0() -> None:
    report = score(["aaa", ""], ["bbb", "ccc"], n_bootstrap=5)
    assert (report.bleu.value, report.bleu.mean, report.bleu.margin) == (0, 0, 0)
    assert report.chrf.value == 0
    assert quick_bleu([""], [""]) == 0


def test_text_that_looks_tokenised_is_scored_without_complaint(caplog: pytest.LogCaptureFixture) -> None:
    text = ["Un chien court ."] * 150
    assert quick_bleu(text, text) == pytest.approx(100)
    assert caplog.records == []


@pytest.mark.parametrize(
    ("hypotheses", "references", "message"),
    [
        ([], [], "there are no translations to score; expected at least one"),
        (
            ["a", "b"],
            ["a"],
            "there are 2 translations but references for 1; expected as many of each",
        ),
        (["a", "b"], [["a"], []], "sentence 2 has no reference; expected at least one"),
    ],
)
def test_what_cannot_be_scored(hypotheses: list[str], references: list[str], message: str) -> None:
    for measure in (score, quick_bleu):
        with pytest.raises(InputError) as raised:
            measure(hypotheses, references)
        assert str(raised.value) == message


@pytest.mark.parametrize("n_bootstrap", [-1, 1])
def test_numbers_of_resamples_that_make_no_interval(n_bootstrap: int) -> None:
    with pytest.raises(InputError) as raised:
        score(["a"], ["a"], n_bootstrap=n_bootstrap)
    assert str(raised.value) == f"n_bootstrap is {n_bootstrap}; expected 0, or at least 2"


def test_resamples_that_score_nothing_are_counted_with_those_that_do() -> None:
    report = score(["zz", "le chat"], ["Le chat mange", "le chien"], "fr", n_bootstrap=50)
    assert report.chrf.margin is not None
    assert 0 < report.chrf.margin < 100
