"""Lexicons: what model 1 learns, and their files."""

from __future__ import annotations

import math
import random
from itertools import product
from pathlib import Path

import pytest

from throughtime.errors import InputError
from throughtime.seq2seq.lexicon import ROUNDS, learn, read_lexicon, write_lexicon
from throughtime.seq2seq.tokenizer import EOS_ID, PAD_ID, Words

SRC, TGT = Words(["the", "dog", "cat"], "en"), Words(["le", "chien", "chat"], "fr")
PAIRS = [([4, 5], [4, 5]), ([4, 6], [4, 6]), ([5], [5]), ([6, 6], [6, 4, 6])]


def by_loops(pairs: list[tuple[list[int], list[int]]]) -> dict[tuple[int, int], float]:
    """Model 1 as the paper writes it."""
    t = {pair: 1.0 for src, tgt in pairs for pair in product([*src, EOS_ID], tgt)}
    for _ in range(ROUNDS):
        counts = dict.fromkeys(t, 0.0)
        for src, tgt in pairs:
            for target in tgt:
                every = sum(t[one, target] for one in [*src, EOS_ID])
                for one in [*src, EOS_ID]:
                    counts[one, target] += t[one, target] / every
        sums = {one: sum(v for (s, _), v in counts.items() if s == one) for one, _ in t}
        t = {(one, target): counts[one, target] / sums[one] for one, target in t}
    return t


@pytest.mark.parametrize("seed", range(3))
def test_model_1_is_that_of_the_paper(seed: int) -> None:
    draw = random.Random(seed)
    pairs = [
        (
            [draw.randint(4, 8) for _ in range(draw.randint(0, 5))],
            [draw.randint(4, 9) for _ in range(draw.randint(0, 4))],
        )
        for _ in range(12)
    ]
    found = learn(pairs, best=99)
    told = {(src, tgt): chance for src, own in found.items() for tgt, chance in own}
    assert told == pytest.approx(by_loops(pairs), rel=1e-4, abs=1e-9)
    for src, own in found.items():
        assert math.fsum(chance for _, chance in own) == pytest.approx(1, rel=1e-5)
        assert [chance for _, chance in own] == sorted((chance for _, chance in own), reverse=True)
        assert learn(pairs, best=2)[src] == own[:2]


def test_words_find_their_translations() -> None:
    found = learn(PAIRS, best=1)
    assert [found[src][0][0] for src in (4, 5, 6)] == [4, 5, 6]
    assert learn([], best=3) == {} == learn([([4], [])], best=3)


def test_files_keep_them(tmp_path: Path) -> None:
    path = tmp_path / "lex.tsv"
    write_lexicon(path, learn(PAIRS, best=5), SRC, TGT)
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    assert ["dog", "chien"] in [row[:2] for row in rows] and {row[0] for row in rows} == {
        "</s>",
        "the",
        "dog",
        "cat",
    }
    table = read_lexicon(path, SRC, TGT, best=2)
    assert table.shape == (7, 2)
    assert table[:, 0].tolist()[4:] == [4, 5, 6]
    assert table[:3].unique().tolist() == [PAD_ID]
    found = learn(PAIRS, best=2)
    assert [set(row) - {PAD_ID} for row in table.tolist()[3:]] == [
        {tgt for tgt, _ in found[src]} for src in range(3, 7)
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
