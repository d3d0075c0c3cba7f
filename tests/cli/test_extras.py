from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from throughtime.cli.extras import EXTRAS, extra_with

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
WITHOUT_MATPLOTLIB = """
import sys
sys.modules["matplotlib"] = None  # which stands for what cannot be imported
from throughtime.cli.main import main
main()
"""


@pytest.mark.parametrize(
    ("module", "command", "extra"),
    [
        ("sklearn.base", "", "words"),
        ("scipy", "", "words"),
        ("charset_normalizer", "", "words"),
        ("gensim.models", "", "words"),
        ("prometheus_client", "", "studio"),
        ("lightning_fabric", "", "seq2seq"),
        ("cyclopts", "", "seq2seq"),
        ("matplotlib.figure", "words", "words"),
        ("matplotlib.figure", "seq2seq", "seq2seq"),
        ("matplotlib.figure", "runs", "seq2seq"),
        ("gensim.models", "seq2seq", "words"),
        ("sentencepiece", "words", "seq2seq"),
        ("fastapi", "seq2seq", "studio"),
        ("lightning_fabric", "label", "language"),
        ("unheard_of", "words", "words"),
        ("unheard_of", "--version", "seq2seq"),
    ],
)
def test_which_extra_brings_a_module(module: str, command: str, extra: str) -> None:
    assert extra_with(module, command) == extra


@pytest.mark.parametrize("extra", EXTRAS)
def test_extras_are_those_of_the_project(extra: str) -> None:
    wanted = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["optional-dependencies"][extra]
    assert [re.split(r"[>=]", one)[0] for one in wanted if not one.startswith("throughtime")] == list(
        EXTRAS[extra]
    )


def test_a_missing_module_is_answered_with_the_extra_of_the_command(start: Callable[..., Any]) -> None:
    process = start(
        *("words", "embed", "map", "a", "--picture", "p"),
        program=[sys.executable, "-c", WITHOUT_MATPLOTLIB],
    )
    _, err = process.communicate(timeout=300)
    assert err.decode() == (
        "throughtime: matplotlib is not installed; `pip install 'throughtime[words]'` brings it\n"
    )
