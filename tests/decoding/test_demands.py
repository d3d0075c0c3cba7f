"""Words that translations must have, and never have, from configuration to text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from throughtime.decoding.demands import Demands, demands_of, first_inside
from throughtime.errors import InputError
from throughtime.seq2seq.config import SearchConfig
from throughtime.seq2seq.pipeline import LONGEST_PIECE, load_pipeline
from throughtime.text.tokenizer import Words, train_subwords

LINES = ["a b c", "", "d e", "f", "g h a b c d"]


@pytest.fixture
def path(saved_letters: Callable[..., Path], tmp_path: Path) -> Path:
    """The file of an untrained translator of letters."""
    return saved_letters(tmp_path / "m.safetensors")


def test_translations_have_what_they_must_and_nothing_they_must_not(path: Path) -> None:
    for beam_size in (1, 4):
        config = SearchConfig(beam_size=beam_size, must=("h g", "c"), never=("a", "b b"), max_length_offset=1)
        pipeline = load_pipeline([path], config)
        found = [one[0].text for one in pipeline.lines(LINES)]
        assert pipeline.unmet == 0 and found[1] == ""
        for text in (found[0], *found[2:]):
            assert "h g" in text and "c" in text
            assert "a" not in text and "b b" not in text


def test_an_ensemble_and_a_prefix_meet_them_too(path: Path) -> None:
    config = SearchConfig(must=("h g",), never=("a",))
    pipeline = load_pipeline([path, path], config, counting=True)
    for one in pipeline.lines(LINES[2:], prefixes=["c c", "d", ""]):
        assert "h g" in one[0].text and "a" not in one[0].text
    assert pipeline.votes[0].tokens > 0
    with pytest.raises(InputError) as caught:
        list(pipeline.lines(["b"], prefixes=["c a"]))
    assert str(caught.value) == "the prefix 'c a' has 'a', which is in never"


def test_of_a_line_in_pieces_the_first_has_what_it_must(path: Path) -> None:
    pipeline = load_pipeline([path], SearchConfig(must=("h g h g h",), max_length_offset=0, beam_size=2))
    (found,) = pipeline.lines([" ".join("ab" * LONGEST_PIECE)])
    assert len(found[0].parts) == 2
    texts = [pipeline.tokenizers.tgt.decode(part.found.tokens) for part in found[0].parts]
    assert ["h g h g h" in text for text in texts] == [True, False]


def test_what_cannot_be_met_is_written_without_and_counted(path: Path) -> None:
    config = SearchConfig(beam_size=2)
    plain = [one[0].text for one in load_pipeline([path], config).lines(LINES)]
    pipeline = load_pipeline([path], config)
    pipeline.demands = Demands(must=((0,),))  # pad is never written
    assert [one[0].text for one in pipeline.lines(LINES)] == plain
    assert pipeline.unmet == 4


def test_phrases_are_cut_as_the_tokenizer_does() -> None:
    subwords = train_subwords(["low lower lowest newer newest widest the"] * 20, 19, seed=0)
    found = demands_of(("the lowest",), ("new",), subwords)
    assert found == Demands((tuple(subwords.encode("the lowest")),), (tuple(subwords.encode("new")),))
    assert len(found.must[0]) > 2


def test_runs_within_runs() -> None:
    assert first_inside([4, 5, 6], [(6, 5), (5, 6)]) == (5, 6)
    assert first_inside([4, 5], [(4, 5, 6), (6,)]) is None
    assert first_inside([], [(4,)]) is None


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (dict(must=("x",)), "must has 'x'; expected words that the model can write"),
        (dict(never=("a", " ")), "never has ' '; expected words that the model can write"),
        (
            dict(must=("a b c",), never=("b c",)),
            "must has 'a b c', which contains 'b c' of never: leave out one of them",
        ),
    ],
)
def test_phrases_that_cannot_be(settings: dict[str, tuple[str, ...]], told: str) -> None:
    with pytest.raises(InputError) as caught:
        demands_of(settings.get("must", ()), settings.get("never", ()), Words(list("abc"), "en"))
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (dict(search="greedy"), "must is given, but search is greedy; expected beam"),
        (dict(search="sample"), "must is given, but search is sample; expected beam"),
        (
            dict(coverage_penalty=0.2),
            "must is given, but coverage_penalty is 0.2; expected 0 beside it",
        ),
    ],
)
def test_searches_that_know_no_phrases(settings: dict[str, object], told: str) -> None:
    with pytest.raises(InputError) as caught:
        SearchConfig(must=("a",), **settings)  # pyright: ignore
    assert str(caught.value) == told
