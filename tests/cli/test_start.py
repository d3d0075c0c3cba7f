"""What the command line imports before it knows that it has work to do."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "numpy", "datasets", "sentencepiece", "gensim", "sklearn", "lightning_fabric", "matplotlib")


def loaded_by(*arguments: str) -> list[str]:
    """The heavy modules that a command line loads before it ends."""
    command = [sys.executable, "-X", "importtime", "-m", "throughtime", *arguments]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    loaded = {
        line.rpartition("|")[2].strip() for line in told.splitlines() if line.startswith("import time:")
    }
    assert "throughtime.cli.main" in loaded
    return [name for name in HEAVY if name in loaded]


@pytest.mark.parametrize(
    "command",
    [
        "",
        "seq2seq",
        "seq2seq train",
        "seq2seq run",
        "words",
        "words classify",
        "words classify train",
        "words embed",
        "words embed train",
        "runs",
        "engine",
    ],
)
def test_help_needs_none_of_the_large_libraries(command: str) -> None:
    assert loaded_by(*command.split(), "--help") == []


@pytest.mark.parametrize(
    "command",
    ["seq2seq train --hiden-size 3", "words classify train --method bag", "words embed train --widow 3"],
)
def test_nor_does_a_mistyped_option(command: str) -> None:
    assert loaded_by(*command.split()) == []


def test_translating_needs_nothing_of_training() -> None:
    script = (
        "import sys, throughtime.cli.models, throughtime.seq2seq.formats, throughtime.seq2seq.translate\n"
        "print(*(name for name in sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    unneeded = {"datasets", "pyarrow", "pandas", "sacrebleu", "lightning_fabric", "matplotlib", "scipy"}
    modules = set(shown.split())
    assert not unneeded & modules
    training = {name for name in modules if name.startswith("throughtime.training")}
    assert training == {"throughtime.training", "throughtime.training.config"}
