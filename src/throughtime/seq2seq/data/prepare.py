"""From a user's files to corpora of ids, all in one folder, memory-mapped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from throughtime.artefact.file import written_whole
from throughtime.corpora import phrasebook
from throughtime.errors import InputError
from throughtime.files.pairs import Pair, read_pairs
from throughtime.files.reading import ReadingReport
from throughtime.seq2seq.config import DataConfig
from throughtime.seq2seq.data.kept import Kept, find_kept, forget, keep
from throughtime.text.alignment import learn_alignment
from throughtime.text.annotation import Annotation
from throughtime.text.normalise import normalise
from throughtime.text.pair_cleaning import TOKENS_OF_A_WORD, Cleaning
from throughtime.text.pair_corpus import (
    IDS,
    TEXT,
    Annotate,
    EncodedCorpus,
    TextCorpus,
    build_text_corpus,
    encode_corpus,
    open_encoded_corpus,
    open_text_corpus,
    plainly,
    split_corpus,
)
from throughtime.text.tokenizer import Tokenizer, Tokenizers, train_subwords, train_words

_SPACES = str.maketrans("\t\n\r", "   ")


@dataclass(frozen=True)
class Texts:
    """The cleaned text of each set, and notes on its preparation."""

    train: TextCorpus
    validation: TextCorpus
    test: Sequence[Pair]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Prepared:
    """All that training reads."""

    texts: Texts
    tokenizers: Tokenizers
    train: EncodedCorpus
    validation: EncodedCorpus


def prepare(config: DataConfig, folder: Path, whatever_the_sources: bool = False) -> Prepared:
    """Read, clean, split, learn the vocabularies, encode.

    The folder's corpus is reused if it was prepared with the same settings from the same files, or, with
    `whatever_the_sources`, from any files.

    Raises InputError for files that cannot be used and sizes that the data does not allow; nothing
    half-written stays in the folder.
    """
    if (kept := find_kept(folder, config, whatever_the_sources)) is not None:
        return _again(config, folder, kept)
    forget(folder)
    try:
        made = _prepared(config, folder)
        too_long = made.train.too_long, made.validation.too_long
        keep(folder, config, Kept(made.tokenizers, made.texts.notes, too_long))
    except BaseException:
        _clear(folder)
        raise
    return made


def open_prepared(config: DataConfig, folder: Path) -> Prepared:
    """Open what another process prepared; raises InputError if it is not there."""
    kept = find_kept(folder, config, whatever_the_sources=True)
    if kept is None:
        raise InputError(
            f"{folder} does not hold the corpus that the first process prepared; "
            "expected a folder that all processes see"
        )
    return _again(config, folder, kept)


def _clear(folder: Path) -> None:
    """Delete what a preparation creates; anything else in the folder belongs to the user."""
    for part in ("train", "validation"):
        for name in (TEXT, IDS):
            (folder / part / name).unlink(missing_ok=True)
        with suppress(OSError):  # it does not exist, or contains something else
            (folder / part).rmdir()
    with suppress(OSError):
        folder.rmdir()


def _again(config: DataConfig, folder: Path, kept: Kept) -> Prepared:
    texts = _texts_in(folder, config, (*kept.notes, f"as it was prepared before, in {folder}"))
    encoded = map(open_encoded_corpus, (folder / "train", folder / "validation"), kept.too_long)
    return Prepared(texts, kept.tokenizers, *encoded)


def _prepared(config: DataConfig, folder: Path) -> Prepared:
    texts = prepare_texts(config, folder)
    tokenizers = train_tokenizers(config, texts.train)
    encoded = _encoded(config, texts, tokenizers, folder, plainly)
    if config.annotate_unknown:
        alignment = learn_alignment(encoded[0], tokenizers.tgt.vocab_size)
        annotation = Annotation(alignment, tokenizers.src, tokenizers.tgt)
        encoded = _encoded(config, texts, tokenizers, folder, annotation)
    return Prepared(texts, tokenizers, *encoded)


def _encoded(
    config: DataConfig, texts: Texts, tokenizers: Tokenizers, folder: Path, annotate: Annotate
) -> list[EncodedCorpus]:
    """Return the encoded sets for training and validation."""
    longest = most_tokens(config)
    return [
        encode_corpus(text, tokenizers.src, tokenizers.tgt, folder / name, longest, annotate)
        for name, text in (("train", texts.train), ("validation", texts.validation))
    ]


def prepare_texts(config: DataConfig, folder: Path) -> Texts:
    """Return the three sets as text, named or held out of the corpus; the built-in phrasebook has its own."""
    if not config.corpus:
        return _phrasebook_texts(config, folder)
    notes = _read(config.corpus, config.columns, folder / "train", cleaning_of(config), "corpus")
    if not config.validation and not config.validation_size:
        raise InputError("validation_size is 0 and there is no validation corpus; one of them is needed")
    if config.validation:
        place = folder / "validation"
        notes += _read(config.validation, config.columns, place, _everything(config), "validation")
    texts = _texts_in(folder, config, tuple(notes))
    return replace(texts, notes=(*notes, *_overlaps(config, texts)))


def _read(
    paths: Sequence[str], columns: tuple[str, str] | None, folder: Path, cleaning: Cleaning, name: str
) -> list[str]:
    """Read and clean a set into `folder`, and return notes on its columns and on what was dropped."""
    reading = ReadingReport()
    _, report = build_text_corpus(read_pairs(paths, columns, report=reading), folder, cleaning)
    blank = [f"blank rows skipped: {reading.blank:,}"] if reading.blank else []
    return [f"{name}: {note}" for note in (*reading.notes, *blank, report.summary())]


def _overlaps(config: DataConfig, texts: Texts) -> Iterator[str]:
    """Yield notes on pairs of named validation and test sets that are in training too."""
    sets = {
        name: [Pair(normalise(pair.src), normalise(pair.tgt)) for pair in pairs]
        for name, paths, pairs in (
            ("validation", config.validation, texts.validation),
            ("test", config.test, texts.test),
        )
        if paths
    }
    wanted = {name: set(pairs) for name, pairs in sets.items()}
    seen = {name: set[Pair]() for name in sets}
    for pair in texts.train if sets else ():
        for name, pairs in wanted.items():
            if pair in pairs:
                seen[name].add(pair)
    for name, pairs in sets.items():
        if shared := sum(pair in seen[name] for pair in pairs):
            yield f"{name}: {shared:,} of {len(pairs):,} pairs are in training too, which flatters its scores"


def _texts_in(folder: Path, config: DataConfig, notes: tuple[str, ...]) -> Texts:
    """Return the sets whose cleaned text is in the folder."""
    train = open_text_corpus(folder / "train")
    if not config.corpus:
        return Texts(train, open_text_corpus(folder / "validation"), phrasebook.build().test, notes)
    train, validation, test = _split(config, train)
    if config.validation:
        validation = open_text_corpus(folder / "validation")
    pairs = read_test(config.test, config.columns) if config.test else list(test)
    return Texts(train, validation, pairs, notes)


def _split(config: DataConfig, corpus: TextCorpus) -> tuple[TextCorpus, TextCorpus, TextCorpus]:
    """Return the training set and the held-out sets that are not named."""
    validation_size = 0 if config.validation else config.validation_size
    test_size = 0 if config.test else config.test_size
    return split_corpus(corpus, validation_size, test_size, config.data_seed)


def train_tokenizers(config: DataConfig, text: TextCorpus) -> Tokenizers:
    """Learn the vocabularies from the training text only."""
    if config.joint:
        both = _train(config, chain(text.sources(), text.targets()), "src_vocab_size", config.tgt_language)
        return Tokenizers(both, both)
    return Tokenizers(
        _train(config, text.sources(), "src_vocab_size", config.src_language),
        _train(config, text.targets(), "tgt_vocab_size", config.tgt_language),
    )


def _train(config: DataConfig, sentences: Iterable[str], size: str, language: str) -> Tokenizer:
    """Train a tokenizer whose size is the setting named `size`."""
    vocab_size: int = getattr(config, size)
    try:
        if config.tokenizer == "words":
            positions = config.annotate_unknown and (config.joint or size == "tgt_vocab_size")
            return train_words(sentences, vocab_size, language, positions)
        return train_subwords(sentences, vocab_size, config.data_seed)
    except InputError as error:
        raise InputError(str(error).replace("vocab_size", size)) from error  # the name that the user sees


def _phrasebook_texts(config: DataConfig, folder: Path) -> Texts:
    book = phrasebook.build()
    everything = _everything(config)
    train, _ = build_text_corpus(book.train, folder / "train", everything)
    validation, _ = build_text_corpus(book.validation, folder / "validation", everything)
    sizes = f"{len(train):,} pairs, {len(validation):,} for validation, {len(book.test):,} for test"
    return Texts(train, validation, book.test, (f"the built-in phrasebook: {sizes}",))


def cleaning_of(config: DataConfig) -> Cleaning:
    """Return what is dropped from the corpus."""
    return Cleaning(config.max_words, config.max_ratio, config.drop_duplicates)


def most_tokens(config: DataConfig) -> int:
    """Return the maximum number of tokens of a side in training."""
    return TOKENS_OF_A_WORD * config.max_words


def _everything(config: DataConfig) -> Cleaning:
    """Return a cleaning that drops only what cannot be used."""
    return Cleaning(config.max_words, max_ratio=1e9, drop_duplicates=False)


def write_tsv(pairs: Iterable[Pair], path: Path) -> None:
    """Write pairs as tab-separated lines, atomically; tabs and line ends inside become spaces."""
    with written_whole(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(_rows(pairs))


def _rows(pairs: Iterable[Pair]) -> Iterator[str]:
    return ("\t".join(side.translate(_SPACES) for side in pair) + "\n" for pair in pairs)


def read_test(names: Sequence[str], columns: tuple[str, str] | None) -> list[Pair]:
    """The pairs of a test set as they stand, but for blank rows; the phrasebook's own where none is named.

    Raises InputError for files that cannot be used, and for columns without files.
    """
    if columns and not names:
        raise InputError("columns is given but no corpus; the built-in phrasebook has its own")
    return list(read_pairs(names, columns)) if names else list(phrasebook.build().test)
