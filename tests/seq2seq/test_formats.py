"""How translations are printed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import pytest

from chosen import beam_settings
from throughtime.decoding.stepping import Hypothesis
from throughtime.decoding.unknown import UnknownWords
from throughtime.layers.special_ids import EOS_ID, UNK_ID
from throughtime.seq2seq.formats import (
    alignment,
    as_json,
    moses,
    read_words,
    writer_of,
    written_words,
)
from throughtime.seq2seq.network.model import Translator
from throughtime.seq2seq.network.stepper import stepper
from throughtime.seq2seq.pipeline import LONGEST_PIECE, Candidate, Part, Pipeline, Source
from throughtime.text.pair_cleaning import TOKENS_OF_A_WORD
from throughtime.text.tokenizer import Tokenizers, Words, train_subwords

LONGEST_SOURCE = TOKENS_OF_A_WORD * LONGEST_PIECE
WORDS = Words(["the", "black", "dog", "'s", "bone", "l'", "os", "du", "chien", "noir"], "fr")
THE, BLACK, DOG, OF, BONE, L, OS, DU, CHIEN, NOIR = range(4, 14)


def pipeline_of(tokenizers: Tokenizers, unknown: UnknownWords | None = None) -> Pipeline:
    """One that only prints."""
    return Pipeline(None, tokenizers, beam_settings(), unknown=unknown)  # pyright: ignore[reportArgumentType]


def part(piece: str, ids: list[int], tokens: list[int], looked: list[int], first: int = 0) -> Part:
    return Part(Source(([*ids, EOS_ID],), piece, first), Hypothesis(tokens, -1.5, -3.0, looked))


PRINTING = pipeline_of(Tokenizers(WORDS, WORDS), UnknownWords())
BONES = part("the black dog bone", [THE, BLACK, DOG, BONE], [L, OS, DU, CHIEN, NOIR], [0, 3, 4, 2, 1])


def test_moses_by_hand() -> None:
    one = Candidate("l'os du chien noir", -1.5, -3.0, (BONES,))
    assert moses(PRINTING, 7, one) == (
        "7 ||| l'os du chien noir ||| LogProbability= -3.0000 ||| -1.5000 ||| 0-0 3-0 2-2 1-3"
    )


def test_moses_keeps_its_columns_whatever_the_text() -> None:
    line = moses(PRINTING, 0, Candidate("a ||| b", -math.inf, -math.inf))
    assert line == "0 ||| a &#124;&#124;&#124; b ||| LogProbability= -inf ||| -inf |||"


def test_json_by_hand() -> None:
    found = [
        Candidate("l'os du chien noir", -1.5, -3.0, (BONES,)),
        Candidate("x", -math.inf, -math.inf, (BONES,)),
    ]
    line = as_json(PRINTING, 3, "the black  dog bone", found)
    assert "\n" not in line
    read = json.loads(line, parse_constant=pytest.fail)
    assert read["candidates"][1].pop("score") is read["candidates"][1].pop("log_probability") is None
    assert read["candidates"].pop()["text"] == "x"
    assert read == {
        "line": 3,
        "source": "the black  dog bone",
        "source_tokens": ["the", "black", "dog", "bone", "</s>"],
        "candidates": [
            {
                "text": "l'os du chien noir",
                "score": -1.5,
                "log_probability": -3.0,
                "tokens": ["l'", "os", "du", "chien", "noir"],
                "looked": [0, 3, 4, 2, 1],
            }
        ],
    }


def test_pieces_of_a_line_are_counted_on() -> None:
    short = part("dog bone", [DOG, BONE], [OS, CHIEN], [1, 0])
    one = Candidate("l'os du chien noir os chien", -3.0, -6.0, (BONES, short))
    assert alignment(PRINTING, one) == [(0, 0), (3, 0), (2, 2), (1, 3), (5, 4), (4, 5)]
    read = json.loads(as_json(PRINTING, 0, "", [one]))
    assert read["source_tokens"] == ["the", "black", "dog", "bone", "</s>", "dog", "bone", "</s>"]
    assert read["candidates"][0]["looked"] == [0, 3, 4, 2, 1, 6, 5]


def test_a_piece_cut_in_two_is_one_text() -> None:
    words = ["dog", *["the"] * (LONGEST_SOURCE - 1), "bone"]
    first = part(" ".join(words), [DOG, *[THE] * (LONGEST_SOURCE - 1)], [CHIEN], [0])
    second = part(" ".join(words), [BONE], [OS], [0], first=LONGEST_SOURCE)
    after = part("dog", [DOG], [CHIEN], [0])
    one = Candidate("chien os chien", 0, 0, (first, second, after))
    assert alignment(PRINTING, one) == [(0, 0), (LONGEST_SOURCE, 1), (LONGEST_SOURCE + 1, 2)]


def test_words_that_stand_for_unknown_ones_are_counted() -> None:
    read = part("the cat dog", [THE, UNK_ID, DOG], [UNK_ID, CHIEN], [1, 2])
    dictionary = UnknownWords({"cat": "grand petit chat"})
    one = Candidate("grand petit chat chien", 0, 0, (read,))
    assert alignment(pipeline_of(Tokenizers(WORDS, WORDS), dictionary), one) == [(1, 2), (2, 3)]


def test_without_attention_there_is_no_alignment() -> None:
    one = Candidate("os", -1.0, -1.0, (part("bone", [BONE], [OS], []),))
    assert moses(PRINTING, 0, one).endswith("-1.0000 |||")
    assert json.loads(as_json(PRINTING, 0, "bone", [one]))["candidates"][0]["looked"] == []


def test_words_of_subwords() -> None:
    sentences = ["low lower lowest newer newest widest", "the lowest, the newest"] * 20
    subwords = train_subwords(sentences, 20, seed=0)
    text = "the lowest, newest"
    ids = subwords.encode(text)
    assert len(ids) > 5
    names = subwords.names(ids)
    assert "".join(names).replace("\u2581", " ").strip() == text
    begun = [sum(name.startswith("\u2581") for name in names[: k + 1]) - 1 for k in range(len(names))]
    assert read_words(subwords, text) == written_words(subwords, ids, {}) == begun
    assert begun[-1] == 2


def test_formats_of_a_model(letter_model: Callable[..., Translator], letters: Tokenizers) -> None:
    pipeline = Pipeline(stepper(letter_model()), letters, beam_settings(beam_size=3, n_best=2))
    long = " ".join("abcd" * LONGEST_PIECE)
    lines = ["a b c", "", long]
    found = list(pipeline.lines(lines))
    plain, ranks, table, objects = (
        [row for k, one in enumerate(found) for row in writer_of(kind, pipeline, n_best)(k, lines[k], one)]
        for kind, n_best in (("text", 1), ("text", 2), ("moses", 2), ("jsonl", 2))
    )
    assert plain == [one[0].text for one in found]
    assert [row.split("\t")[2] for row in ranks] == [one.text for each in found for one in each]
    assert [row.split(" ||| ")[0] for row in table] == ["0", "0", "1", "2", "2"]
    read = [json.loads(row) for row in objects]
    assert [one["source"] for one in read] == lines
    assert len(found[2][0].parts) == 4
    for k, one in enumerate(read):
        pairs = {tuple(map(int, pair.split("-"))) for pair in table[[0, 2, 3][k]].split("|||")[4].split()}
        expected = list(zip(one["candidates"][0]["looked"], range(len(plain[k].split())), strict=True))
        names = one["source_tokens"]
        ends = [sum(name == "</s>" for name in names[:src]) for src, _ in expected]
        assert pairs == {
            (src - end, tgt) for (src, tgt), end in zip(expected, ends, strict=True) if names[src] != "</s>"
        }
        assert one["candidates"][0]["tokens"] == plain[k].split()
        best = found[k][0]
        assert one["candidates"][0]["log_probability"] == best.log_probability
        assert best.log_probability == sum(part.found.log_probability for part in best.parts)
