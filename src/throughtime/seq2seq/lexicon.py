"""Which target tokens a source token is likely to become: learned from pairs, kept as a table of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from throughtime.artefact.file import written_whole
from throughtime.errors import InputError
from throughtime.seq2seq.readers import read_lines
from throughtime.seq2seq.tokenizer import EOS_ID, PAD_ID, Tokenizer

ROUNDS = 5


def learn(
    pairs: Iterable[tuple[Sequence[int], Sequence[int]]], best: int
) -> dict[int, list[tuple[int, float]]]:
    """For each source id its `best` likeliest target ids with t(target | source), likeliest first.

    IBM model 1 (Brown et al. 1993) by expectation maximisation; the end of the source sentence stands for
    target tokens that nothing else explains. pairs: ids of both sides, without eos.
    """
    sources: list[int] = []
    targets: list[int] = []
    places: list[int] = []
    place = 0
    for src, tgt in pairs:
        for token in tgt:
            sources += [*src, EOS_ID]
            targets += [token] * (len(src) + 1)
            places += [place] * (len(src) + 1)
            place += 1
    if not place:
        return {}
    every = torch.stack([torch.tensor(sources), torch.tensor(targets)], 1)
    cells, which = every.unique(dim=0, return_inverse=True)
    chances = _maximised(cells[:, 0], which, torch.tensor(places))
    order = (-chances).sort(stable=True).indices
    found: dict[int, list[tuple[int, float]]] = {}
    for (src, tgt), chance in zip(cells[order].tolist(), chances[order].tolist(), strict=True):
        if len(own := found.setdefault(src, [])) < best:
            own.append((tgt, chance))
    return found


def _maximised(sources: Tensor, which: Tensor, places: Tensor) -> Tensor:
    """t of each pair of a source and a target token, of which `which` stand beside each target place."""
    chances = torch.ones(len(sources))
    for _ in range(ROUNDS):
        shares = chances[which]
        shares /= torch.zeros(int(places[-1]) + 1).index_add_(0, places, shares)[places]
        counts = torch.zeros_like(chances).index_add_(0, which, shares)
        chances = counts / torch.zeros(int(sources.max()) + 1).index_add_(0, sources, counts)[sources]
    return chances


def write_lexicon(
    path: Path, lexicon: dict[int, list[tuple[int, float]]], src: Tokenizer, tgt: Tokenizer
) -> None:
    """Write a lexicon as lines of source token, target token and probability, tab-separated."""
    rows = [
        f"{src.names([one])[0]}\t{tgt.names([other])[0]}\t{chance:.6g}\n"
        for one, others in sorted(lexicon.items())
        for other, chance in others
    ]
    with written_whole(path) as temporary:
        temporary.write_text("".join(rows), encoding="utf-8", newline="\n")


def read_lexicon(path: Path, src: Tokenizer, tgt: Tokenizer, best: int) -> Tensor:
    """The `best` likeliest target ids of each source id (V, best), right padded with pad.

    Raises InputError, with the line's number, for a line that is no such row, or of other vocabularies.
    """
    ids = [{name: k for k, name in enumerate(one.names(range(one.vocab_size)))} for one in (src, tgt)]
    found: dict[int, list[tuple[float, int]]] = {}
    for number, line in enumerate(read_lines(path), 1):
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
