"""Texts as units in files, and what is held out."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from throughtime.errors import InputError
from throughtime.language.config import TextConfig, TrainConfig
from throughtime.language.corpus import Prepared, divided, prepare, prepared_in, reopen
from throughtime.layers.special_ids import BOS_ID
from throughtime.text.unit_corpus import Text, decode


def parts(prepared: Prepared) -> list[str]:
    texts = prepared.train, prepared.validation, prepared.test
    return [_written(prepared, text) for text in texts if text is not None]


def _written(prepared: Prepared, text: Text) -> str:
    return "|".join(
        decode(prepared.tokenizer, text.ids[start:end].tolist()) for start, end in text.documents()
    )


def with_text(config: TrainConfig, **settings: object) -> TrainConfig:
    return replace(config, text=replace(config.text, **settings))  # type: ignore[arg-type]


def test_one_document_is_cut_at_the_character(config: TrainConfig, text: Path, tmp_path: Path) -> None:
    prepared, whole = prepare(config, tmp_path / "data", resumed=False), text.read_text()
    train, validation, test = parts(prepared)
    assert train + validation + test == whole
    assert len(test) == pytest.approx(len(whole) * 0.1, abs=1)
    assert [prepared.train.characters, prepared.validation.characters] == [len(train), len(validation)]
    assert prepared.train.ids[-1] == BOS_ID
    assert prepared.train.ids.dtype == "uint8"


@pytest.mark.parametrize("unit", ["bytes", "words", "subwords"])
def test_other_units_come_back_too(config: TrainConfig, text: Path, tmp_path: Path, unit: str) -> None:
    text.write_text("Grüße an alle.\nHow are you?\n\n" * 200)
    prepared = prepare(with_text(config, unit=unit, vocab_size=21), tmp_path / "data", resumed=False)
    assert "".join(parts(prepared)) == text.read_text()


def test_words_and_subwords_are_cut_at_the_end_of_a_line(
    config: TrainConfig, text: Path, tmp_path: Path
) -> None:
    prepared = prepare(with_text(config, unit="words"), tmp_path / "data", resumed=False)
    assert all(part.endswith("\n") for part in parts(prepared))


def test_several_documents_are_held_out_whole(config: TrainConfig, tmp_path: Path) -> None:
    folder = tmp_path / "books"
    folder.mkdir()
    for number in range(10):
        (folder / f"{number}.txt").write_text(f"book {number % 5}\nits end")
    prepared = prepare(with_text(config, corpus=(str(folder),)), tmp_path / "data", resumed=False)
    train, validation, test = parts(prepared)
    assert train == "|".join(f"book {number % 5}\nits end\n" for number in range(8))
    assert (validation, test) == ("book 3\nits end\n", "book 4\nits end\n")


def test_rows_of_a_table_are_documents_and_gzip_is_read(config: TrainConfig, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl.gz"
    with gzip.open(rows, "wt") as file:
        file.writelines(json.dumps({"text": f"line {k:02}\nline two"}) + "\n" for k in range(20))
    prepared = prepare(with_text(config, corpus=(str(rows),)), tmp_path / "data", resumed=False)
    assert len(prepared.train.ends) == 16
    assert parts(prepared)[2] == "line 18\nline two\n|line 19\nline two\n"


def test_sets_of_their_own(config: TrainConfig, text: Path, tmp_path: Path) -> None:
    (tmp_path / "val.txt").write_text("1 and 1")
    (tmp_path / "test.txt").write_text("é?")
    asked = with_text(config, validation=(str(tmp_path / "val.txt"),), test=(str(tmp_path / "test.txt"),))
    prepared = prepare(asked, tmp_path / "data", resumed=False)
    assert parts(prepared) == [text.read_text(), "1 and 1\n", "\N{REPLACEMENT CHARACTER}" * 2 + "\n"]


def test_the_vocabulary_is_that_of_what_is_learned_from(config: TrainConfig, tmp_path: Path) -> None:
    path = tmp_path / "late.txt"
    path.write_text("ab\n" * 90 + "z\n" * 20)
    prepared = prepare(with_text(config, corpus=(str(path),)), tmp_path / "data", resumed=False)
    assert "z" not in prepared.tokenizer.names(list(range(prepared.tokenizer.vocab_size)))


def test_nothing_held_out_validates_on_the_end(config: TrainConfig, text: Path, tmp_path: Path) -> None:
    asked = with_text(config, validation_share=0.0, test_share=0.0)
    prepared = prepare(asked, tmp_path / "data", resumed=False)
    assert prepared.test is None
    train, validation = parts(prepared)
    assert train == text.read_text()
    assert train.endswith(validation)
    assert len(validation) == pytest.approx(len(train) / 20, abs=2)


def test_a_resumed_run_has_the_text_that_it_began_with(
    config: TrainConfig, text: Path, tmp_path: Path
) -> None:
    before = parts(prepare(config, tmp_path / "data", resumed=False))
    text.write_text("changed\n")
    assert parts(prepare(config, tmp_path / "data", resumed=True)) == before
    assert parts(reopen(config, tmp_path / "data")) == before
    assert prepared_in(tmp_path) is None
    (tmp_path / "data" / "text.safetensors").unlink()
    with pytest.raises(InputError, match=r"has lost its text.safetensors; train --overwrite"):
        reopen(config, tmp_path / "data")


def test_no_text_is_refused(config: TrainConfig, text: Path, tmp_path: Path) -> None:
    text.write_text("")
    with pytest.raises(InputError, match=r"there is no text in .*sums.txt; expected some"):
        prepare(config, tmp_path / "data", resumed=False)
    with pytest.raises(InputError, match=r"nothing\.txt does not exist"):
        prepare(with_text(config, corpus=("nothing.txt",)), tmp_path / "data", resumed=False)
    text.write_text("abc\n")
    with pytest.raises(InputError, match="nothing to learn from; hold out less"):
        prepare(with_text(config, validation_share=0.5, test_share=0.49), tmp_path / "data", resumed=False)
    with pytest.raises(InputError, match="validation_share and test_share leave nothing"):
        TextConfig(validation_share=0.5, test_share=0.5)


def test_cuts_inside_lines() -> None:
    lines = list(divided([["abcd\n", "ef\n"]], [2, 6], "character"))
    assert lines == [(0, True, "ab"), (1, True, "cd\n"), (1, False, "e"), (2, True, "f\n")]
    assert list(divided([["abcd\n"]], [2, 2], "character")) == [(0, True, "ab"), (2, True, "cd\n")]
