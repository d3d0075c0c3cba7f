from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chosen import cleaning
from throughtime.errors import InputError
from throughtime.files.pairs import Pair
from throughtime.text.normalise import normalise
from throughtime.text.pair_cleaning import Cleaning, CleaningReport, clean


def cleaned(pairs: list[Pair], cleaning: Cleaning) -> tuple[list[Pair], CleaningReport]:
    report = CleaningReport()
    return list(clean(pairs, cleaning, report)), report


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  a \t b\u2028c\n", "a b c"),
        ("Ça va\u202f?", "Ça va\u202f?"),
        ("1\u00a0000 \u00a0 €", "1\u00a0000 \u00a0 €"),
        ("\u00a0a\u202f", "a"),
        ("e\u0301te\u0301", "été"),
        ("ﬁn … ½", "ﬁn … ½"),  # compatibility forms are not folded
        ("a\u3000b", "a b"),
        ("x\ud800y", "x?y"),
        ("", ""),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


@given(st.text(st.characters()))
@settings(deadline=None)
def test_normalise_is_idempotent_and_keeps_the_words(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert once.split() == unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode()).split()


def test_every_reason_is_counted_once() -> None:
    pairs = [
        Pair("How are you?", "Comment ça va ?"),
        Pair("How  are you? ", "Comment ça va ?"),  # the same once normalised
        Pair("How are you?", "Comment vas-tu ?"),  # another translation stays
        Pair(" ", "vide"),
        Pair("empty", "\u00a0"),
        Pair("one two three four five six", "un"),
        Pair("no", "une bien longue réponse"),
    ]
    kept, report = cleaned(pairs, cleaning(max_words=5, max_ratio=6.0))
    assert kept == [pairs[0], pairs[2]]
    assert report == CleaningReport(read=7, kept=2, empty=2, too_long=1, ratio=1, duplicates=1)
    assert report.summary() == (
        "2 of 7 pairs kept (dropped: 2 empty, 1 too long, 1 of unlike length, 1 repeated)"
    )


def test_limits_are_inclusive() -> None:
    pairs = [Pair("a b c", "a b c d"), Pair("aa", "a" * 8), Pair("aa", "a" * 9)]
    kept, report = cleaned(pairs, cleaning(max_words=4, max_ratio=4.0))
    assert kept == pairs[:2]
    assert report.ratio == 1


def test_duplicates_can_stay() -> None:
    pairs = [Pair("a", "b")] * 3
    assert cleaned(pairs, cleaning(drop_duplicates=False))[0] == pairs


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("xyz")), min_size=1))
@settings(deadline=None)
def test_duplicates_are_dropped_in_order(sides: list[tuple[str, str]]) -> None:
    kept, report = cleaned([Pair(*both) for both in sides], cleaning())
    assert kept == [Pair(*both) for both in dict.fromkeys(sides)]
    assert report.duplicates == len(sides) - len(set(sides))


def test_duplicates_far_apart_are_found() -> None:
    once = [Pair(f"sentence {k}", f"phrase {k}") for k in range(12_000)]
    kept, report = cleaned([*once, *once[::7], Pair("new", "neuf")], cleaning())
    assert kept == [*once, Pair("new", "neuf")]
    assert report.duplicates == len(once[::7])


def test_sides_do_not_run_into_each_other() -> None:
    pairs = [Pair("a b", "c"), Pair("a", "b c")]
    assert cleaned(pairs, cleaning())[0] == pairs


def test_cleaning_streams() -> None:
    def endless():
        while True:
            yield Pair("a", "b")

    assert next(clean(endless(), cleaning(drop_duplicates=False), CleaningReport())) == Pair("a", "b")


def test_nothing_kept() -> None:
    with pytest.raises(InputError) as caught:
        cleaned([Pair("a b c", "d"), Pair("e", "f g h")], cleaning(max_words=2))
    assert str(caught.value) == (
        "all 2 pairs are too long: each has a sentence of more than 2 words (max_words)"
    )
    with pytest.raises(InputError) as caught:
        cleaned([Pair("a b c", "d"), Pair("", "f")], cleaning(max_words=2))
    assert str(caught.value) == (
        "nothing is left of the corpus after cleaning: 0 of 2 pairs kept "
        "(dropped: 1 empty, 1 too long, 0 of unlike length, 0 repeated)"
    )
    with pytest.raises(InputError, match=r"^the corpus is empty; expected at least one pair of sentences$"):
        cleaned([], cleaning())


def test_settings_out_of_range() -> None:
    with pytest.raises(InputError, match=r"^max_words is 0; it must be at least 1$"):
        cleaning(max_words=0)
    for ratio in (0.5, float("nan")):
        with pytest.raises(InputError, match=rf"^max_ratio is {ratio}; it must be at least 1$"):
            cleaning(max_ratio=ratio)
