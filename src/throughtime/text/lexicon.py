"""Probable target tokens of each source token, as a text table."""

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
"""The beginning of the first line of a lexicon, before the digest of the others."""

Lexicon = Mapping[int, Sequence[tuple[int, float]]]
"""For each source id its most probable target ids with t(target | source), most probable first."""


def write_lexicon(path: Path, lexicon: Lexicon, src: Tokenizer, tgt: Tokenizer) -> None:
    """Write a lexicon as lines of source token, target token and probability, tab-separated.

    The first line holds the digest of the others.
    """
    rows = [
        f"{src.names([src_id])[0]}\t{tgt.names([tgt_id])[0]}\t{chance:.6g}\n"
        for src_id, targets in sorted(lexicon.items())
        for tgt_id, chance in targets
    ]
    digest = blake2b("".join(rows).encode(), digest_size=32).hexdigest()
    with written_whole(path) as temporary:
        temporary.write_text("".join([f"{_HEAD}{digest}\n", *rows]), encoding="utf-8", newline="\n")


def read_lexicon(path: Path, src: Tokenizer, tgt: Tokenizer, best: int) -> Tensor:
    """Return the `best` most probable target ids of each source id (V, best), right padded with pad.

    A lexicon that was not written by `write_lexicon` has no digest and is not checked against one.

    Raises InputError, with the line number, for a line of another form or of other vocabularies, and for a
    file that is empty or does not match its digest.
    """
    ids = [  # the first of several with the same name
        {name: k for k, name in reversed(list(enumerate(tokenizer.names(range(tokenizer.vocab_size)))))}
        for tokenizer in (src, tgt)
    ]
    entries: dict[int, list[tuple[float, int]]] = {}
    for number, line in _checked_lines(path):
        try:
            src_token, tgt_token, chance = line.split("\t")
            entries.setdefault(ids[0][src_token], []).append((-float(chance), ids[1][tgt_token]))
        except (KeyError, ValueError):
            raise InputError(
                f"{path}, line {number}: expected a token of the source, one of the target and a "
                f"probability, tab-separated; got {line!r}"
            ) from None
    table = torch.full((src.vocab_size, best), PAD_ID)
    for src_id, targets in entries.items():
        chosen = [tgt_id for _, tgt_id in sorted(targets)[:best]]
        table[src_id, : len(chosen)] = torch.tensor(chosen)
    return table


def _checked_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the rows of a lexicon with their numbers in the file.

    Raises:
        InputError: the file is empty, or its rows do not match the digest in the first line.
    """
    stored, digest, number = None, blake2b(digest_size=32), 0
    for number, line in enumerate(read_lines(path), 1):
        if number == 1 and line.startswith(_HEAD):
            stored = line.removeprefix(_HEAD)
            continue
        digest.update(f"{line}\n".encode())
        yield number, line
    if not number:
        raise InputError(f"{path} is empty: write a lexicon with `throughtime seq2seq lexicon`")
    if stored not in (None, digest.hexdigest()):
        raise InputError(
            f"{path} is damaged or was edited: its lines do not match the digest in the first; learn it "
            "again with `throughtime seq2seq lexicon`, or remove the first line to use the others as they are"
        )
