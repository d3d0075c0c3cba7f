"""Lexicons: what is learned, and their files."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from chosen import cleaning
from throughtime.errors import InputError
from throughtime.files.pairs import Pair
from throughtime.layers.special_ids import PAD_ID
from throughtime.seq2seq.config import DataConfig
from throughtime.seq2seq.learn_lexicon import lexicon_of
from throughtime.text.alignment import learn_alignment
from throughtime.text.lexicon import Lexicon, read_lexicon, write_lexicon
from throughtime.text.pair_corpus import build_text_corpus, encode_corpus
from throughtime.text.tokenizer import Tokenizers, Words

SRC, TGT = Words(["the", "dog", "cat"], "en"), Words(["le", "chien", "chat"], "fr")
PAIRS = [
    Pair("the dog", "le chien"),
    Pair("the cat", "le chat"),
    Pair("dog", "chien"),
    Pair("cat the cat", "chat le chat"),
]


@pytest.fixture
def lexicon() -> Lexicon:
    return lexicon_of(PAIRS, Tokenizers(SRC, TGT), DataConfig(), best=2)


def test_words_find_their_translations(lexicon: Lexicon) -> None:
    assert [lexicon[src][0][0] for src in (4, 5, 6)] == [4, 5, 6]
    assert lexicon[4][0][1] > 0.5 > lexicon[4][1][1]


def test_it_is_what_the_aligner_learned(lexicon: Lexicon, tmp_path: Path) -> None:
    text, _ = build_text_corpus(PAIRS, tmp_path, cleaning())
    alignment = learn_alignment(encode_corpus(text, SRC, TGT, tmp_path, 50), TGT.vocab_size)
    learned = zip(alignment.couples.tolist(), alignment.chances.tolist(), strict=True)
    chances = {divmod(couple, TGT.vocab_size): chance for couple, chance in learned}
    for src, own in lexicon.items():
        every = sorted((chance for (one, _), chance in chances.items() if one == src), reverse=True)
        assert [chance for _, chance in own] == every[:2]
        assert all(chances[src, tgt] == chance for tgt, chance in own)


def test_files_keep_them(tmp_path: Path, lexicon: Lexicon) -> None:
    path = tmp_path / "lex.tsv"
    write_lexicon(path, lexicon, SRC, TGT)
    head, *rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    assert head[:2] == ["#", "throughtime lexicon"]
    assert ["dog", "chien"] in [row[:2] for row in rows]
    assert {row[0] for row in rows} == {"the", "dog", "cat"}
    table = read_lexicon(path, SRC, TGT, best=2)
    assert table.shape == (7, 2)
    assert table[:, 0].tolist()[4:] == [4, 5, 6]
    assert table[:4].unique().tolist() == [PAD_ID]
    assert [set(row) - {PAD_ID} for row in table.tolist()[4:]] == [
        {tgt for tgt, _ in lexicon[src]} for src in range(4, 7)
    ]


@pytest.mark.parametrize("line", ["dog\tchien", "dog\tchien\tx", "hound\tchien\t0.5", "dog\thibou\t0.5", ""])
def test_files_that_are_none(tmp_path: Path, line: str) -> None:
    path = tmp_path / "lex.tsv"
    path.write_text(f"dog\tchien\t0.5\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_lexicon(path, SRC, TGT, 5)
    assert str(caught.value) == (
        f"{path}, line 2: expected a token of the source, one of the target and a probability, "
        f"tab-separated; got {line!r}"
    )


def test_pairs_are_cleaned_as_the_model_s_were() -> None:
    short = lexicon_of(PAIRS, Tokenizers(SRC, TGT), DataConfig(max_words=1), best=2)
    assert short.keys() == set(SRC.encode("dog"))


def test_a_lexicon_of_nothing() -> None:
    with pytest.raises(InputError, match="best is 0; expected at least 1"):
        lexicon_of(PAIRS, Tokenizers(SRC, TGT), DataConfig(), best=0)


def test_a_damaged_lexicon_is_refused(tmp_path: Path, lexicon: Lexicon) -> None:
    path, draw = tmp_path / "lex.tsv", random.Random(0)
    write_lexicon(path, lexicon, SRC, TGT)
    whole = path.read_bytes()
    for _ in range(500):
        data = bytearray(whole)
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(data)
        with pytest.raises(InputError) as caught:
            read_lexicon(path, SRC, TGT, best=2)
        assert "\n" not in str(caught.value)
    lines = whole.splitlines(keepends=True)
    for damage in (lines[:-1], [lines[0], *lines[2:], lines[1]], lines[:1]):
        path.write_bytes(b"".join(damage))
        with pytest.raises(InputError, match=r"is damaged or was edited: its lines do not match the digest"):
            read_lexicon(path, SRC, TGT, best=2)
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"is empty: write a lexicon with `throughtime seq2seq lexicon`$"):
        read_lexicon(path, SRC, TGT, best=2)


def test_lines_without_a_digest_are_taken_as_they_are(tmp_path: Path, lexicon: Lexicon) -> None:
    path = tmp_path / "lex.tsv"
    write_lexicon(path, lexicon, SRC, TGT)
    table = read_lexicon(path, SRC, TGT, best=2)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))
    assert torch.equal(read_lexicon(path, SRC, TGT, best=2), table)
