"""A corpus that was prepared before is taken again, as long as nothing has changed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from throughtime.corpora.phrasebook import Phrasebook
from throughtime.errors import InputError
from throughtime.files.pairs import Pair
from throughtime.seq2seq.config import DataConfig
from throughtime.seq2seq.data import prepare as module
from throughtime.seq2seq.data.kept import KEPT
from throughtime.seq2seq.data.prepare import Prepared, prepare, write_tsv

DATA = Path("data")
PAIRS = [Pair(f"a{k} b{k % 5} c", f"x{k} y{k % 3}") for k in range(40)]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataConfig:
    monkeypatch.chdir(tmp_path)
    write_tsv([*PAIRS, Pair("", "nothing")], Path("c.tsv"))
    write_tsv(PAIRS[:7], Path("v.tsv"))
    sizes: dict[str, Any] = dict(src_vocab_size=30, tgt_vocab_size=20, joint=False)
    return DataConfig(("c.tsv",), tokenizer="words", validation_size=5, test_size=4, **sizes)


def told(prepared: Prepared) -> object:
    """All that a prepared corpus holds, as plain values, but for the note that it was there before."""
    texts, both = prepared.texts, prepared.tokenizers
    ids = [
        [side.tolist() for side in one.rows(np.arange(len(one)))]
        for one in (prepared.train, prepared.validation)
    ]
    return (
        [*map(list, (texts.train, texts.validation, texts.test))],
        [note for note in texts.notes if not note.startswith("as it was prepared before, in ")],
        (both.src.to_asset(), both.tgt.to_asset(), both.src is both.tgt),
        ids,
        (prepared.train.too_long, prepared.validation.too_long),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        dict(validation=("v.tsv",), test_size=0),
        dict(joint=True, src_vocab_size=40),
        dict(max_words=10, annotate_unknown=True),
    ],
    ids=str,
)
def test_the_second_time_nothing_is_read(
    config: DataConfig, readings: list[Path], changes: dict[str, Any]
) -> None:
    config = replace(config, **changes)
    first = told(prepare(config, DATA))
    count = len(readings)
    assert count
    assert told(prepare(config, DATA)) == first
    assert told(prepare(replace(config, tokens_per_batch=99, sentences_per_batch=3), DATA)) == first
    assert len(readings) == count


def touched(config: DataConfig) -> DataConfig:
    os.utime("c.tsv", ns=(0, 0))
    return config


def longer(config: DataConfig) -> DataConfig:
    with Path("c.tsv").open("a") as file:
        file.write("new words\tmots nouveaux\n")
    return config


def damaged(config: DataConfig) -> DataConfig:
    whole = (DATA / KEPT).read_bytes()
    (DATA / KEPT).write_bytes(whole[: len(whole) // 2])
    return config


def lost(config: DataConfig) -> DataConfig:
    (DATA / "train" / "text.arrow").unlink()
    return config


def flipped(config: DataConfig) -> DataConfig:
    """One bit of the ids, at the same time of the file as before."""
    path = DATA / "train" / "ids.arrow"
    times, data = path.stat(), bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return config


def swapped(config: DataConfig) -> DataConfig:
    train, validation, aside = DATA / "train" / "ids.arrow", DATA / "validation" / "ids.arrow", Path("aside")
    train.rename(aside)
    validation.rename(train)
    aside.rename(validation)
    return config


def other_settings(config: DataConfig) -> DataConfig:
    return replace(config, data_seed=2)


@pytest.mark.parametrize("change", [touched, longer, damaged, lost, flipped, swapped, other_settings])
def test_what_has_changed_is_prepared_anew(
    config: DataConfig, readings: list[Path], change: Callable[[DataConfig], DataConfig]
) -> None:
    prepare(config, DATA)
    changed = change(config)
    readings.clear()
    found = prepare(changed, DATA)
    assert readings == [DATA / "train"]
    assert told(found) == told(prepare(changed, Path("fresh")))


def test_it_is_said_that_nothing_is_read(config: DataConfig) -> None:
    notes = prepare(config, DATA).texts.notes
    assert prepare(config, DATA).texts.notes == (*notes, "as it was prepared before, in data")


@pytest.mark.parametrize("change", [touched, longer])
def test_a_run_goes_on_with_what_it_began_with(
    config: DataConfig, readings: list[Path], change: Callable[[DataConfig], DataConfig]
) -> None:
    """Whatever has become of the files since."""
    first = told(prepare(config, DATA))
    change(config)
    readings.clear()
    assert told(prepare(config, DATA, whatever_the_sources=True)) == first
    Path("c.tsv").unlink()
    assert told(prepare(config, DATA, whatever_the_sources=True)) == first
    assert readings == []


def test_a_preparation_that_failed_leaves_nothing(config: DataConfig) -> None:
    prepare(config, DATA)
    (DATA / "mine.txt").write_text("mine")
    with pytest.raises(InputError):
        prepare(replace(config, src_vocab_size=2), DATA)
    assert [path.name for path in DATA.rglob("*")] == ["mine.txt"]


def test_another_version_prepares_anew(
    config: DataConfig, readings: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(config, DATA)
    monkeypatch.setattr("throughtime.seq2seq.data.kept.version", lambda _: "9.9")
    prepare(config, DATA)
    assert len(readings) == 2


def test_data_of_the_hub_is_asked_for_anew_but_not_when_a_run_goes_on(
    config: DataConfig, readings: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "read_pairs", lambda *_, **__: iter(PAIRS))
    config = replace(config, corpus=("hf:a/b",))
    for expected, going_on in ((1, False), (2, False), (2, True)):
        prepare(config, DATA, going_on)
        assert len(readings) == expected


def test_the_phrasebook_too(readings: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    book = Phrasebook(PAIRS[:30], PAIRS[30:35], PAIRS[35:])
    monkeypatch.setattr("throughtime.corpora.phrasebook.build", lambda *_: book)
    config = DataConfig(tokenizer="words", src_vocab_size=40)
    first = told(prepare(config, DATA))
    assert told(prepare(config, DATA)) == first
    assert len(readings) == 2


@pytest.mark.parametrize("change", [lost, flipped, swapped])
def test_a_run_does_not_go_on_with_a_damaged_corpus(
    config: DataConfig, readings: list[Path], change: Callable[[DataConfig], DataConfig]
) -> None:
    first = told(prepare(config, DATA))
    change(config)
    readings.clear()
    with pytest.raises(InputError) as caught:
        prepare(config, DATA, whatever_the_sources=True)
    assert re.fullmatch(
        r"data is damaged: [a-z/. ]+\.arrow changed since it was prepared; "
        "delete data to have the corpus prepared again",
        str(caught.value),
    )
    assert readings == []
    shutil.rmtree(DATA)
    assert told(prepare(config, DATA, whatever_the_sources=True)) == first


def test_a_run_does_not_go_on_with_a_damaged_manifest(config: DataConfig) -> None:
    prepare(config, DATA)
    damaged(config)
    with pytest.raises(InputError) as caught:
        prepare(config, DATA, whatever_the_sources=True)
    assert str(caught.value) == (
        "data is damaged: prepared.safetensors is not what was written there; "
        "delete data to have the corpus prepared again"
    )


def test_a_corpus_that_was_copied_is_taken_again(config: DataConfig, readings: list[Path]) -> None:
    first = told(prepare(config, DATA))
    readings.clear()
    shutil.copytree(DATA, "copy", copy_function=shutil.copyfile)
    assert told(prepare(config, Path("copy"))) == first
    assert readings == []
