"""Tokenizers by characters, bytes and spaces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughtime.errors import InputError
from throughtime.layers.special_ids import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from throughtime.text.tokenizer import tokenizer_from_asset
from throughtime.text.units import Unit, Units, train_units

TEXT = "Grüße, \u201ewie\u201c geht’s?\n\tA\u0301  C++ 👩‍👩‍👧\n"


@pytest.mark.parametrize("kind", ["characters", "bytes"])
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_characters_and_bytes_come_back(kind: Unit, text: str) -> None:
    tokenizer = train_units([TEXT, text], kind, 10_000)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.decode(tokenizer.encode(TEXT)) == TEXT


def test_words_are_what_spaces_divide() -> None:
    tokenizer = train_units(["the cat\n", "the  dog <unk> \n"], "words", 100)
    ids = tokenizer.encode("the dog\nthe cat\n")
    assert tokenizer.names(ids) == ["the", "dog", "\n", "the", "cat", "\n"]
    assert tokenizer.decode(ids) == "the dog\nthe cat\n"
    assert tokenizer.encode("a") == [UNK_ID]
    assert tokenizer.decode([UNK_ID, *tokenizer.encode("the")]) == "<unk> the"
    assert tokenizer.decode([UNK_ID], {0: "mouse"}) == "mouse"
    assert tokenizer.surfaces(" the\ncow") == ["the", "\n", "cow"]


def test_the_most_frequent_stay_and_ties_go_by_spelling() -> None:
    tokenizer = train_units(["aabbc"], "characters", 6)
    assert tokenizer.vocab_size == 6
    assert tokenizer.names([4, 5]) == ["a", "b"]
    assert tokenizer.decode(tokenizer.encode("abc")) == "ab\N{REPLACEMENT CHARACTER}"


def test_bytes_know_every_byte() -> None:
    tokenizer = train_units([], "bytes", 5)
    assert tokenizer.vocab_size == 260
    assert UNK_ID not in tokenizer.encode("\0\x7fé👩")
    assert tokenizer.decode(tokenizer.encode("é")[:1]) == "\N{REPLACEMENT CHARACTER}"


def test_special_ids_write_nothing_and_the_end_ends() -> None:
    tokenizer = train_units(["ab"], "characters", 10)
    a, b = tokenizer.encode("ab")
    assert tokenizer.decode([PAD_ID, BOS_ID, a, EOS_ID, b]) == "a"
    assert tokenizer.inner() == [False] * 6
    assert tokenizer.cuts() == [[]] * 6


@pytest.mark.parametrize("kind", ["characters", "bytes", "words"])
def test_an_asset_gives_the_same_tokenizer(kind: Unit) -> None:
    tokenizer = train_units([TEXT], kind, 20)
    again = tokenizer_from_asset(tokenizer.to_asset())
    assert isinstance(again, Units)
    assert (again.kind, again.encode(TEXT)) == (kind, tokenizer.encode(TEXT))


def test_damage_and_no_room_are_named() -> None:
    with pytest.raises(InputError, match="its bytes are not a vocabulary of units"):
        tokenizer_from_asset(b'{"units": "characters"}')
    with pytest.raises(InputError, match="its units are 'syllables'"):
        tokenizer_from_asset(b'{"units": "syllables", "symbols": []}')
    with pytest.raises(InputError, match="its symbols are not distinct"):
        Units("characters", ["a", "a"])
    with pytest.raises(InputError, match="vocab_size is 4; it must be at least 5"):
        train_units(["a"], "characters", 4)
    with pytest.raises(InputError, match="the tokenizer has no text to learn from"):
        train_units([], "characters", 10)
