"""Pairs of sentences and of id sequences, in memory-mapped Arrow files: a pair costs a few bytes of memory.

A file is written beside its final name and renamed, so a corpus in use survives its replacement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import compress, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from datasets import Dataset, Features, Value
from datasets import Sequence as ListOf
from datasets.arrow_writer import ArrowWriter
from numpy.typing import NDArray

from throughtime.artefact.file import written_whole
from throughtime.errors import InputError
from throughtime.files.pairs import Pair
from throughtime.layers.special_ids import EOS_ID
from throughtime.text.pair_cleaning import Cleaning, CleaningReport, clean
from throughtime.text.tokenizer import Tokenizer

TEXT, IDS = "text.arrow", "ids.arrow"
"""The files of a set in its folder."""

_APOSTROPHE = re.compile("['’]")
_NOT_WORD = re.compile(r"[\W_]+")
_RecordBatch = _ListArray = _Table = Any  # of pyarrow, which brings no types
_CHUNK = 10_000  # rows of one Arrow record batch
_TEXT = Features({"src": Value("string"), "tgt": Value("string")})
_IDS = Features({"src": ListOf(Value("int32")), "tgt": ListOf(Value("int32"))})


class TextCorpus:
    """Pairs of sentences in a memory-mapped file, or some of its rows, in the order of the file."""

    def __init__(self, chunks: Sequence[_RecordBatch], rows: NDArray[np.int64] | None = None) -> None:
        self._chunks = chunks
        self._first_rows = _first_rows(chunks)
        self._rows = np.arange(self._first_rows[-1]) if rows is None else np.sort(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Pair:
        row = int(self._rows[index])
        chunk = int(np.searchsorted(self._first_rows, row, "right")) - 1
        columns, place = self._chunks[chunk], row - int(self._first_rows[chunk])
        return Pair(columns["src"][place].as_py(), columns["tgt"][place].as_py())

    def __iter__(self) -> Iterator[Pair]:
        return map(Pair, self.sources(), self.targets())

    def sources(self) -> Iterator[str]:
        """Stream the source sentences."""
        return self._column("src")

    def targets(self) -> Iterator[str]:
        """Stream the target sentences."""
        return self._column("tgt")

    def select(self, indices: NDArray[np.int64]) -> TextCorpus:
        """Return the pairs at `indices` of this corpus, sorted, as a corpus of the same file."""
        return TextCorpus(self._chunks, self._rows[indices])

    def _column(self, name: str) -> Iterator[str]:
        edges = np.searchsorted(self._rows, self._first_rows)
        for number, chunk in enumerate(self._chunks):
            rows = self._rows[edges[number] : edges[number + 1]] - self._first_rows[number]
            yield from chunk[name].take(pa.array(rows)).to_pylist()


def build_text_corpus(
    pairs: Iterable[Pair], folder: Path, cleaning: Cleaning
) -> tuple[TextCorpus, CleaningReport]:
    """Clean pairs into the file text.arrow of `folder`, created or replaced, and map it into memory.

    Raises InputError when cleaning leaves nothing or the file cannot be written.
    """
    report = CleaningReport()
    chunks = _chunks_of(clean(pairs, cleaning, report))
    return TextCorpus(_stored(folder / TEXT, _TEXT, map(_text_table, chunks))), report


def open_text_corpus(folder: Path) -> TextCorpus:
    """Map the file text.arrow of `folder` into memory."""
    return TextCorpus(_mapped(folder / TEXT))


def _text_table(pairs: list[Pair]) -> _Table:
    return pa.table({"src": [pair.src for pair in pairs], "tgt": [pair.tgt for pair in pairs]})


def split_corpus(
    corpus: TextCorpus, validation_size: int, test_size: int, seed: int
) -> tuple[TextCorpus, TextCorpus, TextCorpus]:
    """Split into training, validation and test so that no two of them share a source sentence.

    Sources that differ only in case, punctuation and spacing count as equal. Groups of equal sources are
    taken in the order of a digest of seed and source; pairs of a part's last group beyond its size are left
    out.

    Raises InputError when nothing would be left to train on.
    """
    digests = np.fromiter((_source_digest(src, seed) for src in corpus.sources()), np.uint64, len(corpus))
    order = np.argsort(digests, kind="stable")
    starts = np.append(np.flatnonzero(np.diff(digests[order], prepend=~digests[order[:1]])), len(corpus))
    validation_end = _first_at_least(starts, validation_size)
    test_end = _first_at_least(starts, validation_end + test_size)
    if test_end >= len(corpus):
        raise InputError(
            f"{len(corpus):,} pairs with {len(starts) - 1:,} distinct sources cannot give "
            f"{validation_size:,} for validation and {test_size:,} for test and keep any for training"
        )
    validation = order[:validation_end][:validation_size]
    test = order[validation_end:test_end][:test_size]
    return corpus.select(order[test_end:]), corpus.select(validation), corpus.select(test)


def _first_at_least(starts: NDArray[np.int64], size: int) -> int:
    return int(starts[min(np.searchsorted(starts, size), len(starts) - 1)])


def _source_digest(source: str, seed: int) -> int:
    key = blake2b(_source_key(source).encode(), digest_size=8, key=str(seed).encode())
    return int.from_bytes(key.digest(), "little")


def _source_key(source: str) -> str:
    """Return what equal sources have in common: their letters and digits, case folded."""
    words = _NOT_WORD.sub(" ", _APOSTROPHE.sub("", source.casefold())).strip()
    return words or source


class EncodedCorpus:
    """Pairs of id sequences, EOS_ID last in each, in a memory-mapped file.

    `src_lengths` and `tgt_lengths` (N,) int32 count EOS_ID; `too_long` pairs were left out for their length.
    """

    def __init__(self, chunks: Sequence[_RecordBatch], too_long: int) -> None:
        self._src = _IdColumn([chunk["src"] for chunk in chunks])
        self._tgt = _IdColumn([chunk["tgt"] for chunk in chunks])
        self.src_lengths = self._src.lengths
        self.tgt_lengths = self._tgt.lengths
        self.too_long = too_long

    def __len__(self) -> int:
        return len(self.src_lengths)

    def rows(self, indices: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the concatenated source ids of all `indices`, and the target ids; lengths divide them."""
        return self._src.rows(indices), self._tgt.rows(indices)


class _IdColumn:
    """Lists of ids as views of the file: the start of each in the values of its chunk, and its length."""

    def __init__(self, chunks: Sequence[_ListArray]) -> None:
        offsets = [chunk.offsets.to_numpy() for chunk in chunks]
        self._values = [chunk.values.to_numpy() for chunk in chunks]
        self._starts = np.concatenate([part[:-1] for part in offsets])
        self._first_rows = _first_rows(chunks)
        self.lengths = np.concatenate([np.diff(part) for part in offsets]).astype(np.int32)

    def rows(self, indices: NDArray[np.int64]) -> NDArray[np.int32]:
        chunks = np.searchsorted(self._first_rows, indices, "right") - 1
        starts = self._starts[indices]
        places = zip(chunks.tolist(), starts.tolist(), (starts + self.lengths[indices]).tolist(), strict=True)
        return np.concatenate([self._values[chunk][start:end] for chunk, start, end in places])


def open_encoded_corpus(folder: Path, too_long: int) -> EncodedCorpus:
    """Map the file ids.arrow of `folder`, for which `too_long` pairs were left out, into memory."""
    return EncodedCorpus(_mapped(folder / IDS), too_long)


Annotate = Callable[[Pair, list[int], list[int]], list[int]]
"""From a pair and the ids of both sides, without EOS_ID, to as many ids for the target."""


def plainly(pair: Pair, src: list[int], tgt: list[int]) -> list[int]:
    """Return the target's ids unchanged."""
    return tgt


def encode_corpus(
    corpus: TextCorpus,
    src_tokenizer: Tokenizer,
    tgt_tokenizer: Tokenizer,
    folder: Path,
    max_length: int,
    annotate: Annotate = plainly,
) -> EncodedCorpus:
    """Encode a corpus into the file ids.arrow of `folder`, created or replaced, and map it into memory.

    Pairs with a side of more than `max_length` ids, EOS_ID counted, are left out: a truncated sentence would
    teach the model to stop early.

    Raises InputError when none is left or the file cannot be written.
    """
    kept = 0

    def tables() -> Iterator[_Table]:
        nonlocal kept
        for pairs in _chunks_of(corpus):
            table = _id_table(pairs, src_tokenizer, tgt_tokenizer, max_length, annotate)
            kept += len(table)
            if len(table):
                yield table
        if not kept:
            raise InputError(
                f"all {len(corpus):,} pairs are too long: each has a side of more than {max_length} tokens"
            )

    chunks = _stored(folder / IDS, _IDS, tables())
    return EncodedCorpus(chunks, too_long=len(corpus) - kept)


def _id_table(
    pairs: list[Pair],
    src_tokenizer: Tokenizer,
    tgt_tokenizer: Tokenizer,
    max_length: int,
    annotate: Annotate,
) -> _Table:
    src = [src_tokenizer.encode(pair.src) for pair in pairs]
    tgt = [tgt_tokenizer.encode(pair.tgt) for pair in pairs]
    kept = [max(len(a), len(b)) < max_length for a, b in zip(src, tgt, strict=True)]
    written = map(annotate, compress(pairs, kept), compress(src, kept), compress(tgt, kept))
    return pa.table({"src": _lists(compress(src, kept)), "tgt": _lists(written)})


def _lists(sequences: Iterable[list[int]]) -> _ListArray:
    return pa.array([[*ids, EOS_ID] for ids in sequences], pa.list_(pa.int32()))


def _chunks_of(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    stream = iter(pairs)
    while chunk := list(islice(stream, _CHUNK)):
        yield chunk


def _first_rows(chunks: Sequence[_RecordBatch] | Sequence[_ListArray]) -> NDArray[np.int64]:
    return np.cumsum([0, *map(len, chunks)], dtype=np.int64)


def _stored(path: Path, features: Features, tables: Iterable[_Table]) -> list[_RecordBatch]:
    """Write tables to an Arrow file, a record batch each, and return the batches mapped into memory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary, ArrowWriter(path=str(temporary), features=features) as writer:
        for table in tables:
            writer.write_table(table, _CHUNK)
        writer.finalize()
    return _mapped(path)


def _mapped(path: Path) -> list[_RecordBatch]:
    return Dataset.from_file(str(path)).data.table.to_batches()
