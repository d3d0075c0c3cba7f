"""Documents as units in files, `BOS_ID` behind each: where one ends, the next begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.layers.special_ids import BOS_ID, EOS_ID, SPECIALS
from throughtime.text.tokenizer import SPACE, Subwords, Tokenizer

Ids = NDArray[np.integer[Any]]

Line = tuple[int, bool, str]
"""The number of the part that a line goes to, whether it begins a document there, and the line."""


@dataclass(frozen=True)
class Text:
    """Documents as units; `characters` counts those of the text itself."""

    ids: Ids
    characters: int

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """The place behind each document and its BOS_ID."""
        return np.flatnonzero(self.ids == BOS_ID) + 1

    def documents(self) -> list[tuple[int, int]]:
        """Return where each document that is not empty starts, and where it ends, BOS_ID not counted."""
        starts = [0, *self.ends[:-1].tolist()]
        ends = (self.ends - 1).tolist()
        return [(start, end) for start, end in zip(starts, ends, strict=True) if start < end]

    def predicted_at(self, places: NDArray[np.int64], _: Any = None) -> tuple[Ids, Ids]:
        """Return the units before the places, the last one before the first, and those at the places."""
        return self.ids[places - 1].astype(np.int64), self.ids[places].astype(np.int64)

    def part(self, start: int, end: int) -> Text:
        """Return the units from `start` to `end` as documents, with their share of the characters."""
        ids = self.ids[start:end]
        characters = round(self.characters * len(ids) / len(self.ids))
        ended = len(ids) and ids[-1] == BOS_ID
        return Text(ids if ended else np.append(ids, ids.dtype.type(BOS_ID)), characters)


def write_parts(
    lines: Iterable[Line], tokenizer: Tokenizer, folder: Path, parts: Sequence[str]
) -> dict[str, int]:
    """Write the units of each part to a file of its name; return the number of its characters."""
    kind, counts = _kind(tokenizer), dict.fromkeys(parts, 0)
    with ExitStack() as stack:
        files = [stack.enter_context(_file(folder, part).open("wb")) for part in parts]
        for part, begins, line in lines:
            units = [BOS_ID] if begins and counts[parts[part]] else []
            counts[parts[part]] += len(line)
            files[part].write(np.array(units + encode(tokenizer, line), kind).tobytes())
        for file in files:
            file.write(np.array([BOS_ID], kind).tobytes())
    return counts


def open_part(folder: Path, part: str, tokenizer: Tokenizer, characters: int) -> Text | None:
    """Map the file of a part into memory; None where it is empty."""
    return Text(np.memmap(_file(folder, part), _kind(tokenizer), "r"), characters) if characters else None


def read_text(lines: Iterable[Line], tokenizer: Tokenizer) -> Text:
    """Return the units of lines that are of one part, in memory."""
    with TemporaryDirectory() as folder:
        counts = write_parts(lines, tokenizer, Path(folder), ("text",))
        return Text(np.fromfile(_file(Path(folder), "text"), _kind(tokenizer)), counts["text"])


def encode(tokenizer: Tokenizer, text: str) -> list[int]:
    """Return the units of a text; of subwords EOS_ID stands for the end of a line."""
    if not isinstance(tokenizer, Subwords):
        return tokenizer.encode(text)
    first, *lines = map(tokenizer.encode, text.split("\n"))
    return [*first, *(unit for line in lines for unit in (EOS_ID, *line))]


def decode(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """Return the text of units."""
    if not isinstance(tokenizer, Subwords):
        return tokenizer.decode(ids)
    ends = [place for place, unit in enumerate(ids) if unit == EOS_ID]
    lines = zip([0, *(end + 1 for end in ends)], [*ends, len(ids)], strict=True)
    return "\n".join(tokenizer.decode(ids[start:end]) for start, end in lines)


def pieces(tokenizer: Tokenizer, ids: Ids) -> list[str]:
    """Return what each unit writes, as it stands in the text."""
    names = tokenizer.names(ids.tolist())
    if isinstance(tokenizer, Subwords):
        return ["\n" if name == SPECIALS[EOS_ID] else name.replace(SPACE, " ") for name in names]
    return [name if name == "\n" else f"{name} " for name in names] if tokenizer.kind == "words" else names


def _file(folder: Path, part: str) -> Path:
    return folder / f"{part}.ids"


def _kind(tokenizer: Tokenizer) -> np.dtype[Any]:
    return np.min_scalar_type(tokenizer.vocab_size - 1)
