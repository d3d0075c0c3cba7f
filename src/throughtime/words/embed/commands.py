"""Commands of word vectors beyond the verbs of every application."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from throughtime.errors import InputError
from throughtime.words.embed.application import DOCSTRINGS

Vectors = Annotated[
    Path, Parameter(help="A file of vectors: a model file, word2vec's text or binary form, or GloVe's text.")
]


def nearest(vectors: Vectors, *words: str, count: int = 10) -> None:
    """Show the words nearest to each word, by the cosine.

    Parameters
    ----------
    words
        Words whose neighbours are shown; where the vectors have subwords any word has some.
    count
        Number of neighbours of each word.
    """
    from rich.console import Console

    from throughtime.words.embed.exchange import read_vectors
    from throughtime.words.embed.show import neighbours_table

    if not words:
        raise InputError("no word was given; expected one or more")
    Console().print(neighbours_table(read_vectors(vectors), words, count))


def analogy(vectors: Vectors, a: str, b: str, c: str, *, count: int = 5) -> None:
    """Say what is to c as b is to a: the words nearest to b - a + c.

    Parameters
    ----------
    a
        The word that b belongs to, such as man.
    b
        The word that belongs to a, such as king.
    c
        The word that the answer is to belong to, such as woman.
    count
        Number of answers.
    """
    from throughtime.words.embed.exchange import read_vectors

    found = read_vectors(vectors).analogy([b, c], [a], count)
    print(f"{a} is to {b} as {c} is to:")
    for word, cosine in found:
        print(f"  {word}  {cosine:.3f}")


def odd(vectors: Vectors, *words: str) -> None:
    """Say which of some words goes least with the others."""
    from throughtime.words.embed.exchange import read_vectors

    print(read_vectors(vectors).odd_one_out(words))


def map_words(
    vectors: Vectors = DOCSTRINGS,
    *,
    picture: Path,
    words: tuple[str, ...] = (),
    size: int = 10,
    method: Literal["tsne", "pca"] = "tsne",
    seed: int = 0,
) -> None:
    """Draw a map of words: groups around some, where their vectors bring them.

    Parameters
    ----------
    picture
        Where to draw, without ending: a .png and an .svg are written.
    words
        Words whose neighbours are drawn; some are chosen where none is given.
    size
        Words drawn around each, itself included.
    method
        tsne keeps neighbours together, pca keeps what varies most.
    seed
        Seed of tsne's random numbers.
    """
    from throughtime.insight.word_map import word_map
    from throughtime.words.embed.exchange import read_vectors
    from throughtime.words.embed.groups import groups_around

    known = read_vectors(vectors)
    if known.size < 2:
        raise InputError(f"{vectors} has vectors of 1 number; a map needs 2 or more")
    groups = groups_around(known, words, size)
    rows = known.matrix_for([word for group in groups.values() for word in group])
    print(*word_map(picture, groups, rows.matrix, method, seed))


def export(vectors: Vectors, output: Path, *, format: Literal["model", "text", "binary"] = "text") -> None:
    """Write vectors in another form.

    Parameters
    ----------
    output
        The file to write; a name that ends in .gz compresses it.
    format
        text and binary are the forms of word2vec, for other programs; model is the model file.
    """
    from throughtime.words.embed.exchange import read_vectors, write_vectors

    known = read_vectors(vectors)
    write_vectors(known, output, format)
    print(f"{output}: {len(known):,} words with vectors of {known.size}")
    if known.subwords is not None and format != "model":
        print(f"{format} holds no parts of words: words never seen have no vector there; model keeps them")
