"""Documents as units in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from throughtime.layers.special_ids import BOS_ID, EOS_ID
from throughtime.text.tokenizer import Tokenizer, train_subwords
from throughtime.text.unit_corpus import Text, decode, encode, open_part, pieces, read_text, write_parts
from throughtime.text.units import train_units

LINES = [(0, True, "ab\n"), (0, False, "ba"), (1, True, "b"), (0, True, "a")]


@pytest.fixture
def tokenizer() -> Tokenizer:
    return train_units(["aaabb\n"], "characters", 10)  # a 4, b 5, line feed 6


def test_parts_are_written_and_mapped(tokenizer: Tokenizer, tmp_path: Path) -> None:
    counts = write_parts(LINES, tokenizer, tmp_path, ("train", "test", "none"))
    assert counts == {"train": 6, "test": 1, "none": 0}
    train = open_part(tmp_path, "train", tokenizer, 6)
    assert train is not None
    assert train.ids.tolist() == [4, 5, 6, 5, 4, BOS_ID, 4, BOS_ID]
    assert train.ends.tolist() == [6, 8]
    assert train.documents() == [(0, 5), (6, 7)]
    assert open_part(tmp_path, "none", tokenizer, 0) is None


def test_a_text_in_memory(tokenizer: Tokenizer) -> None:
    text = read_text([(0, True, "ab"), (0, True, ""), (0, True, "b")], tokenizer)
    assert text.ids.tolist() == [4, 5, BOS_ID, BOS_ID, 5, BOS_ID]
    assert text.documents() == [(0, 2), (4, 5)]
    assert text.characters == 3


def test_a_part_is_of_whole_documents_again() -> None:
    text = Text(np.array([4, 5, BOS_ID, 5, 4, 4, BOS_ID], np.uint8), 5)
    assert text.part(0, 5).ids.tolist() == [4, 5, BOS_ID, 5, 4, BOS_ID]
    assert text.part(0, 5).documents() == [(0, 2), (3, 5)]
    assert text.part(0, 99).ids.tolist() == text.ids.tolist()
    assert text.part(0, 99).characters == 5
    assert text.part(0, 5).ids.dtype == "uint8"


def test_many_units_take_more_bytes(tmp_path: Path) -> None:
    tokenizer = train_units(["".join(map(chr, range(1000, 1400)))], "characters", 1000)
    assert read_text([(0, True, chr(1000))], tokenizer).ids.dtype == "uint16"


def test_subwords_keep_the_ends_of_lines() -> None:
    text = "a man sleeps\n\na woman\n"
    tokenizer = train_subwords(text.split("\n") * 20, 16, seed=0)
    ids = encode(tokenizer, text)
    assert ids.count(EOS_ID) == 3
    assert decode(tokenizer, ids) == text
    assert decode(tokenizer, []) == ""
    assert "".join(pieces(tokenizer, np.array(ids))).replace("\n ", "\n").strip() == text.strip()


def test_pieces_are_what_units_write(tokenizer: Tokenizer) -> None:
    assert pieces(tokenizer, np.array(tokenizer.encode("ab\n"))) == ["a", "b", "\n"]
    words = train_units(["the cat\n"], "words", 10)
    assert pieces(words, np.array(words.encode("the cat\n"))) == ["the ", "cat ", "\n"]
