"""Word vectors in files: model file, word2vec text and binary, GloVe's text.

- The model file is a .safetensors: matrix, counts and words as tensors (the words as UTF-8, one per line), so
  that a million of them need no text header; subwords likewise.
- word2vec text: "V D" in the first line, then a word and D numbers per line. GloVe's is the same without "V
D". - word2vec binary: "V D" in the first line, then word, space, D float32, line feed. A name that ends in
.gz is compressed. The format of a file is recognised by its content.
"""

from __future__ import annotations

import gzip
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, cast

import numpy as np
import torch
from torch import Tensor

from throughtime.artefact.file import Artefact, load, save, written_whole
from throughtime.errors import InputError
from throughtime.files.lines import opened, read_lines
from throughtime.words.embed.vectors import Subwords, Vector, WordVectors

KIND = "words embed"
FORMATS = ("model", "text", "binary")

_HEAD = 1 << 16  # bytes by which a format is recognised
_LONGEST_WORD = 1 << 10  # bytes
_MODEL = b"\0\0\0\0{"  # after 4 bytes of the header's length, of which the other 4 are 0


def read_vectors(path: str | Path) -> WordVectors:
    """Read vectors of any of the formats; raises InputError with the place for any other file."""
    require_file(path)
    path = Path(path)
    with opened(path) as file:
        head = file.read(_HEAD)
    if head[4:9] == _MODEL:
        return load_vectors(path)
    return _read_binary(path) if _is_binary(head) else _read_text(path)


def require_file(path: str | Path) -> None:
    """Raise InputError if there is no file at this path, whatever its content."""
    if Path(path).is_dir():
        raise InputError(f"{path} is a directory; expected a file of word vectors")
    if not Path(path).exists():
        raise InputError(f"{path} does not exist; expected a file of word vectors")


def write_vectors(
    vectors: WordVectors, path: str | Path, format: Literal["model", "text", "binary"] = "model"
) -> None:
    """Write vectors atomically; only the model file holds counts, subwords and `about`.

    Raises InputError for an unknown format, a word that the format cannot hold, and a file that cannot be
    written.
    """
    if format == "model":
        save_vectors(vectors, path)
        return
    if format not in FORMATS:
        raise InputError(f"format is {format}; expected {', '.join(FORMATS)}")
    rows = _text_rows(vectors) if format == "text" else _binary_rows(vectors)
    with written_whole(path) as temporary, _compressed(temporary, Path(path)) as file:
        file.writelines(chain([f"{len(vectors)} {vectors.size}\n".encode()], rows))


def save_vectors(vectors: WordVectors, path: str | Path) -> None:
    """Write the model file; raises InputError for a word with a line feed, and if it cannot be written."""
    tensors = {"matrix": _tensor(vectors.matrix), "words": _tensor(_joined(vectors.words))}
    if vectors.counts is not None:
        tensors["counts"] = _tensor(np.asarray(vectors.counts, np.int64))
    config: dict[str, Any] = {"about": dict(vectors.about)}
    if vectors.subwords is not None:
        tensors["subwords"] = _tensor(vectors.subwords.matrix)
        config["subwords"] = {"min_n": vectors.subwords.min_n, "max_n": vectors.subwords.max_n}
    save(Artefact(KIND, config, tensors, {}), path)


def load_vectors(path: str | Path) -> WordVectors:
    """Read the model file; raises InputError, one sentence, for a file that is not an intact one."""
    artefact = load(path, KIND)
    try:
        return _from_artefact(artefact)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: words and vectors do not fit together ({error})") from error


def _from_artefact(artefact: Artefact) -> WordVectors:
    arrays = {name: tensor.numpy() for name, tensor in artefact.tensors.items()}
    subwords = artefact.config.get("subwords")
    return WordVectors(
        arrays["words"].tobytes().decode().split("\n"),
        arrays["matrix"],
        arrays.get("counts"),
        artefact.config["about"],
        Subwords(subwords["min_n"], subwords["max_n"], arrays["subwords"]) if subwords else None,
    )


def _joined(words: Iterable[str]) -> Any:
    return np.frombuffer("\n".join(map(_of_one_line, words)).encode(), np.uint8)


def _tensor(array: Any) -> Tensor:
    return torch.from_numpy(np.array(array))  # a copy: arrays of gensim and of bytes are read-only


def _is_binary(head: bytes) -> bool:
    """Whether a header is followed by binary data, which is seldom valid UTF-8."""
    first, _, rest = head.partition(b"\n")
    if _header(first) is None:
        return False
    try:
        rest[: -4 if len(head) == _HEAD else None].decode()  # the last character may be incomplete
    except UnicodeDecodeError:
        return True
    return b"\0" in rest


def _header(line: bytes) -> tuple[int, int] | None:
    fields = line.split()
    whole = len(fields) == 2 and len(line) < 40 and all(field.isdigit() for field in fields)
    return (int(fields[0]), int(fields[1])) if whole else None


# Text


def _read_text(path: Path) -> WordVectors:
    lines = enumerate(read_lines(path), 1)
    first = next(lines, (0, ""))[1]
    announced = _header(first.encode())
    if announced is None:
        lines = chain([(1, first)], lines)
    size = announced[1] if announced else len(first.rstrip().split(" ")) - 1
    if size < 1:
        raise InputError(f"{path}:1: expected a word and its numbers; got {first[:40]!r}")
    words, matrix = _parsed(path, lines, size)
    if announced and announced[0] != len(words):
        raise InputError(f"{path} has {len(words):,} words; its first line announces {announced[0]:,}")
    return _made(path, words, matrix)


def _parsed(path: Path, lines: Iterator[tuple[int, str]], size: int) -> tuple[list[str], Vector]:
    words: dict[str, None] = {}
    numbers = bytearray()
    for number, line in lines:
        word, *fields = line.rstrip().rsplit(" ", size)  # a word of GloVe may hold spaces
        if len(fields) != size:
            raise InputError(f"{path}:{number}: {_count(len(fields))} found after a word; expected {size}")
        if word in words:
            raise InputError(f"{path}:{number}: {word!r} occurs twice; expected different words")
        words[word] = None
        numbers += _numbers(fields, f"{path}:{number}").tobytes()
    return list(words), np.frombuffer(numbers, np.float32).reshape(-1, size)


def _numbers(fields: list[str], where: str) -> Vector:
    try:
        with np.errstate(over="ignore"):
            row = np.array(list(map(float, fields))).astype(np.float32)
    except ValueError as error:
        raise InputError(f"{where}: {error}; expected numbers after a word") from error
    if not np.isfinite(row).all():
        raise InputError(f"{where}: a number is not finite; expected finite ones")
    return row


def _count(numbers: int) -> str:
    return "1 number" if numbers == 1 else f"{numbers} numbers"


def _text_rows(vectors: WordVectors) -> Iterator[bytes]:
    form = " %.9g" * vectors.size + "\n"  # 9 digits give any float32 back exactly
    for word, row in zip(vectors.words, vectors.matrix, strict=True):
        yield (_writable(word) + form % tuple(row.tolist())).encode()


# Binary


def _read_binary(path: Path) -> WordVectors:
    with opened(path) as file:
        announced = _header(file.readline(_LONGEST_WORD))
        assert announced is not None, "the format was recognised by its header"
        count, size = announced
        if not count or not size:
            raise InputError(
                f"{path}:1: {count} words of {_count(size)} are announced; expected one at least"
            )
        words, numbers = _records(path, file, count, size)
    return _made(path, words, np.frombuffer(numbers, "<f4").reshape(-1, size).astype(np.float32, copy=False))


def _records(path: Path, file: IO[bytes], count: int, size: int) -> tuple[list[str], bytearray]:
    words: dict[str, None] = {}
    numbers = bytearray()
    for number in range(1, count + 1):
        where = f"{path}: word {number:,} of {count:,}"
        word, row = _word(_up_to_space(file), where), file.read(4 * size)
        if len(row) < 4 * size:
            raise InputError(f"{where} is cut off: the file is truncated, or its first line is wrong")
        if word in words:
            raise InputError(f"{where}, {word!r}, occurs twice; expected different words")
        words[word] = None
        numbers += row
    if file.read(2).strip():
        raise InputError(f"{path} continues after the {count:,} words that its first line announces")
    return list(words), numbers


def _up_to_space(file: IO[bytes]) -> bytes:
    raw = bytearray()
    while len(raw) <= _LONGEST_WORD and (letter := file.read(1)) not in (b"", b" "):
        raw += letter
    return bytes(raw)


def _word(raw: bytes, where: str) -> str:
    if len(raw) > _LONGEST_WORD:
        raise InputError(f"{where} is too long: the file is damaged or of another form")
    try:
        return raw.lstrip(b"\n").decode()  # word2vec writes one after a word's numbers, others do not
    except UnicodeDecodeError as error:
        raise InputError(f"{where} is not UTF-8 text: the file is damaged or of another form") from error


def _binary_rows(vectors: WordVectors) -> Iterator[bytes]:
    for word, row in zip(vectors.words, vectors.matrix.astype("<f4"), strict=True):
        yield _writable(word).encode() + b" " + row.tobytes() + b"\n"


# Both


def _made(path: Path, words: list[str], matrix: Vector) -> WordVectors:
    if not words:
        raise InputError(f"{path} has no word; expected at least one")
    try:
        return WordVectors(words, matrix, about={"file": path.name})
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _writable(word: str) -> str:
    if not word or any(letter.isspace() for letter in _of_one_line(word)):
        raise InputError(
            f"{word!r} is empty or contains white space: write format model, as text and binary have no such "
            "words"
        )
    return word


def _of_one_line(word: str) -> str:
    if "\n" in word:
        raise InputError(f"{word!r} contains a line feed; expected none, as no format has such words")
    return word


@contextmanager
def _compressed(temporary: Path, asked: Path) -> Generator[IO[bytes]]:
    """Open a file to write, compressed if the name asks for it, without name and time in it."""
    with temporary.open("wb") as plain:
        if asked.suffix != ".gz":
            yield plain
            return
        with gzip.GzipFile("", "wb", fileobj=plain, mtime=0) as packed:
            yield cast("BinaryIO", packed)
