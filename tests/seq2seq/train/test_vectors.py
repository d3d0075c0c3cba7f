"""Runs whose embeddings begin with word vectors."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

from letter_runs import FOLDER, MakeConfig, printed, resume_run, train_run
from throughtime.artefact.file import load
from throughtime.errors import InputError
from throughtime.seq2seq.task import TranslationTask
from throughtime.words.embed.exchange import write_vectors
from throughtime.words.embed.vectors import WordVectors

VECTORS = Path("letters.txt")
SEPARATE: dict[str, Any] = dict(tie_embeddings="none")


def given(**more: Any) -> dict[str, Any]:
    return dict(src_vectors=str(VECTORS), test_size=0, **more)


@pytest.fixture(autouse=True)
def vectors() -> None:
    rows = np.random.default_rng(0).normal(size=(8, 16)).astype(np.float32)
    write_vectors(WordVectors(list("abcdefgh"), rows), VECTORS, "text")


LOSS = TranslationTask.loss


def interrupted(*given: Any) -> Any:
    os.kill(os.getpid(), signal.SIGINT)
    return LOSS(*given)


def embedding(name: str) -> torch.Tensor:
    tensors = load(FOLDER / name).tensors
    (found,) = [value for key, value in tensors.items() if key.endswith("src_embedding.weight")]
    return found


def test_the_corpus_is_prepared_once_whatever_the_vectors(make_config: MakeConfig, console: Console) -> None:
    config = make_config(dict(test_size=0), SEPARATE, max_epochs=0.1)
    train_run(config, FOLDER, False, console)
    assert "as it was prepared before" not in printed(console)
    data = replace(config.data, src_vectors=str(VECTORS), freeze_vectors=True)
    train_run(replace(config, data=data), FOLDER, True, console)
    assert printed(console).count("as it was prepared before, in run/data") == 1
    assert "source vectors: 8 of 8 (100.0%) begin with those of letters.txt; all are frozen" in printed(
        console
    )


def test_files_that_are_not_there_are_told_before_the_corpus_is_read(
    make_config: MakeConfig, console: Console
) -> None:
    config = make_config(dict(src_vectors="none.txt"), SEPARATE)
    Path("c.tsv").unlink()
    with pytest.raises(InputError, match=r"^none\.txt does not exist; expected a file of word vectors$"):
        train_run(config, FOLDER, False, console)
    assert not FOLDER.exists()


def test_a_run_goes_on_without_its_files_and_frozen_stays_frozen(
    make_config: MakeConfig, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(TranslationTask, "loss", interrupted)
        train_run(make_config(given(freeze_vectors=True), SEPARATE, max_epochs=1), FOLDER, False, console)
    before = embedding("last.safetensors")
    VECTORS.unlink()
    resume_run(FOLDER, console)
    assert "resumed at epoch" in printed(console)
    assert printed(console).count("begin with those of") == 1
    assert torch.equal(embedding("last.safetensors"), before)
