"""`throughtime words embed`: commands made from the configurations."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter
from rich.table import Table

from throughtime.application.folder import no_false_start, run_folder
from throughtime.errors import InputError
from throughtime.files.documents import AS_FOUND, ReadingConfig
from throughtime.files.reading import ReadingReport
from throughtime.text.cleaning import Cleaner, CleaningConfig
from throughtime.words.embed.config import EmbedConfig

if TYPE_CHECKING:
    from throughtime.words.embed.corpus import Corpus
    from throughtime.words.embed.vectors import WordVectors


def default_place(corpus: Sequence[str]) -> Path:
    """Return where the vectors of a corpus are put: runs/NAME-vectors/vectors.safetensors."""
    folder = run_folder(corpus, "docstrings")
    return folder.with_name(f"{folder.name}-vectors") / "vectors.safetensors"


app = App(name="embed", default_parameter=Parameter(consume_multiple=True, negative_iterable=()))
DOCSTRINGS = default_place(())
SHOWN = ("array", "gradient", "random", "matrix")
"""Words whose neighbours are shown at the end, where they are known."""

Vectors = Annotated[
    Path, Parameter(help="A file of vectors: a model file, word2vec's text or binary form, or GloVe's text.")
]


@app.command
def train(
    *,
    corpus: tuple[str, ...] = (),
    output: Path | None = None,
    overwrite: bool = False,
    embed: Annotated[EmbedConfig, Parameter(name="*", group="Vectors")] = EmbedConfig(),  # noqa: B008
    reading: Annotated[ReadingConfig, Parameter(name="*", group="Reading")] = ReadingConfig(),  # noqa: B008
    cleaning: Annotated[CleaningConfig, Parameter(name="*", group="Cleaning")] = CleaningConfig(),  # noqa: B008
) -> None:
    """Learn word vectors by word2vec, or with --subwords by fastText.

    Parameters
    ----------
    corpus
        Texts, of which each line is a sentence: text files, folders, .csv, .tsv, .jsonl, all also as .gz, or
        hf:OWNER/NAME; labels count for nothing. The documentation strings of the installed packages where
        none is given.
    output
        The model file; by default vectors.safetensors in the folder runs/NAME-vectors, by the corpus's name.
    overwrite
        Write over a file that is there already.
    """
    from rich.console import Console

    from throughtime.words.embed.exchange import write_vectors
    from throughtime.words.embed.progress import shown
    from throughtime.words.embed.train import train as train_vectors

    place = output or default_place(corpus)
    if place.exists() and not overwrite:
        raise InputError(
            f"{place} is there already; --overwrite writes over it, --output takes another place"
        )
    report = ReadingReport()
    sentences, about = _corpus(corpus, Cleaner(cleaning), reading, report)
    start, console = time.monotonic(), Console()
    with no_false_start(place.parent, "the vectors"):
        with shown(console) as watch:
            vectors = train_vectors(sentences, embed, watch, about)
        write_vectors(vectors, place)
    if corpus:
        print(report.summary(), *report.notes, *report.first_bad, sep="\n")
    words, seconds = vectors.about["corpus"]["words"], time.monotonic() - start
    print(f"{words:,} words in {seconds:.0f} s; {len(vectors):,} have vectors of {vectors.size}")
    some = [word for word in SHOWN if word in vectors] or list(vectors.words[:3])
    console.print(_neighbours(vectors, some, 8))
    named = shlex.quote(str(place))
    print(f"The vectors are in {named}. Next:")
    print(f"  throughtime words embed nearest {named} {shlex.quote(some[0])}")
    print(f"  throughtime words embed evaluate {named}")
    print(f"  throughtime words embed map {named} --picture {shlex.quote(str(place.with_name('map')))}")


@app.command
def nearest(vectors: Vectors, *words: str, count: int = 10) -> None:
    """Show the words nearest to each word, by the cosine.

    Parameters
    ----------
    words
        Words whose neighbours are shown; where the vectors have subwords any word has some.
    count
        So many neighbours of each word are shown.
    """
    from rich.console import Console

    from throughtime.words.embed.exchange import read_vectors

    if not words:
        raise InputError("no word was given; expected one or more")
    Console().print(_neighbours(read_vectors(vectors), words, count))


@app.command
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
        So many answers are shown.
    """
    from throughtime.words.embed.exchange import read_vectors

    found = read_vectors(vectors).analogy([b, c], [a], count)
    print(f"{a} is to {b} as {c} is to:")
    for word, cosine in found:
        print(f"  {word}  {cosine:.3f}")


@app.command
def odd(vectors: Vectors, *words: str) -> None:
    """Say which of some words goes least with the others."""
    from throughtime.words.embed.exchange import read_vectors

    print(read_vectors(vectors).odd_one_out(words))


@app.command
def evaluate(
    vectors: Vectors = DOCSTRINGS,
    *,
    analogies: Path | None = None,
    similarities: tuple[Path, ...] = (),
    restrict: int = 0,
    report: Path | None = None,
) -> None:
    """Judge vectors by analogies and by how similar people find words, with coverage and 95 % intervals.

    Parameters
    ----------
    analogies
        File of questions in the form of questions-words.txt, which is taken where none is given.
    similarities
        Files of pairs: two words and a number, tab-separated; WordSim-353 and SimLex-999 where none is given.
    restrict
        Only so many of the most frequent words count; 0 for all.
    report
        The figures are written to this file as JSON.
    """
    from rich.console import Console

    from throughtime.artefact.report import write_report
    from throughtime.words.embed.exchange import read_vectors
    from throughtime.words.embed.judge import SIMILARITIES, judge_analogies, judge_similarity, shipped
    from throughtime.words.embed.show import analogies_table, judge_figures, similarities_table

    one = read_vectors(vectors)
    asked = judge_analogies(one, analogies, restrict)
    pairs = _named(similarities) or [(name, shipped(file)) for name, file in SIMILARITIES.items()]
    correlations = [judge_similarity(one, path, name, restrict) for name, path in pairs]
    console = Console()
    console.print(analogies_table(asked))
    console.print(similarities_table(correlations))
    if report is not None:
        write_report(report, {"vectors": str(vectors), **judge_figures(asked, correlations)})


@app.command(name="map")
def map_command(
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
        So many words are drawn around each, itself included.
    method
        tsne keeps neighbours together, pca keeps what varies most.
    seed
        What tsne leaves to chance depends on this number.
    """
    from throughtime.insight.word_map import word_map
    from throughtime.words.embed.exchange import read_vectors
    from throughtime.words.embed.groups import groups_around

    one = read_vectors(vectors)
    if one.size < 2:
        raise InputError(f"{vectors} has vectors of 1 number; a map needs 2 or more")
    groups = groups_around(one, words, size)
    rows = one.matrix_for([word for group in groups.values() for word in group])
    print(*word_map(picture, groups, rows.matrix, method, seed))


@app.command
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

    one = read_vectors(vectors)
    write_vectors(one, output, format)
    print(f"{output}: {len(one):,} words with vectors of {one.size}")
    if one.subwords is not None and format != "model":
        print(f"{format} holds no parts of words: words never seen have no vector there; model keeps them")


def _corpus(
    paths: Sequence[str], cleaner: Cleaner, reading: ReadingConfig, report: ReadingReport
) -> tuple[Corpus, dict[str, object]]:
    from throughtime.corpora.documentation import find_sources
    from throughtime.words.embed.corpus import corpus_of_files, corpus_of_packages

    if paths:
        return corpus_of_files(paths, cleaner, reading, report), {"files": list(paths)}
    if reading != AS_FOUND:
        raise InputError("it is said how files are to be read, but none is given; expected --corpus")
    sources = find_sources()
    print(f"documentation strings of {sources.summary()}")
    return corpus_of_packages(sources, cleaner), {"packages": dict(sources.versions)}


def _named(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """Files with their names: without folder and ending where that tells them apart."""
    stems = [path.stem for path in paths]
    return [(path.stem if stems.count(path.stem) == 1 else str(path), path) for path in paths]


def _neighbours(vectors: WordVectors, words: Sequence[str], count: int) -> Table:
    from rich.text import Text

    table = Table("word", "nearest, with their cosines", title="Neighbours", title_justify="left")
    for word in words:
        found = ", ".join(f"{other} {cosine:.2f}" for other, cosine in vectors.nearest(word, count))
        table.add_row(Text(word), Text(found))
    return table
