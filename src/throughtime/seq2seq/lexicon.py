"""Which target tokens a source token is likely to become, as a table of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import torch
from torch import Tensor

from throughtime.artefact.file import written_whole
from throughtime.errors import InputError
from throughtime.files.lines import read_lines
from throughtime.layers.special_ids import PAD_ID
from throughtime.text.tokenizer import Tokenizer

_HEAD = "#\tthroughtime lexicon\t"
"""What the first line of a lexicon begins with, before the digest of the others."""

Lexicon = Mapping[int, Sequence[tuple[int, float]]]
"""For each source id its likeliest target ids with t(target | source), likeliest first."""


def write_lexicon(path: Path, lexicon: Lexicon, src: Tokenizer, tgt: Tokenizer) -> None:
    """Write a lexicon as lines of source token, target token and probability, tab-separated.

    The first line holds the digest of the others.
    """
    rows = [
        f"{src.names([one])[0]}\t{tgt.names([other])[0]}\t{chance:.6g}\n"
        for one, others in sorted(lexicon.items())
        for other, chance in others
    ]
    digest = blake2b("".join(rows).encode(), digest_size=32).hexdigest()
    with written_whole(path) as temporary:
        temporary.write_text("".join([f"{_HEAD}{digest}\n", *rows]), encoding="utf-8", newline="\n")


def read_lexicon(path: Path, src: Tokenizer, tgt: Tokenizer, best: int) -> Tensor:
    """The `best` likeliest target ids of each source id (V, best), right padded with pad.

    A lexicon that was not written by `write_lexicon` has no digest and is not checked against one.

    Raises InputError, with the line's number, for a line that is no such row, or of other vocabularies, and
    for a file that is empty or does not match its digest.
    """
    ids = [  # of several with one name the first
        {name: k for k, name in reversed(list(enumerate(one.names(range(one.vocab_size)))))}
        for one in (src, tgt)
    ]
    found: dict[int, list[tuple[float, int]]] = {}
    for number, line in _checked_lines(path):
        try:
            one, other, chance = line.split("\t")
            found.setdefault(ids[0][one], []).append((-float(chance), ids[1][other]))
        except (KeyError, ValueError):
            raise InputError(
                f"{path}, line {number}: expected a token of the source, one of the target and a "
                f"probability, tab-separated; got {line!r}"
            ) from None
    table = torch.full((src.vocab_size, best), PAD_ID)
    for one, others in found.items():
        chosen = [other for _, other in sorted(others)[:best]]
        table[one, : len(chosen)] = torch.tensor(chosen)
    return table


def _checked_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the rows of a lexicon with their numbers in the file.

    Raises:
        InputError: the file is empty, or its rows are not those of which the first line has the digest.
    """
    stored, digest, number = None, blake2b(digest_size=32), 0
    for number, line in enumerate(read_lines(path), 1):
        if number == 1 and line.startswith(_HEAD):
            stored = line.removeprefix(_HEAD)
            continue
        digest.update(f"{line}\n".encode())
        yield number, line
    if not number:
        raise InputError(f"{path} is empty; `throughtime seq2seq lexicon` writes a lexicon")
    if stored not in (None, digest.hexdigest()):
        raise InputError(
            f"{path} is damaged or was edited: its lines do not match the digest in the first; learn it "
            "again with `throughtime seq2seq lexicon`, or remove the first line to use the others as they are"
        )
