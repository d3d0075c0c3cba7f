"""The public names, and what importing the package costs and brings with it."""

from __future__ import annotations

import importlib
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import throughtime

SECONDS_BEYOND_TORCH = 0.2
SOURCE = Path(throughtime.__file__).parents[1]

PUBLIC = {
    "throughtime": ["GRU", "LSTM", "RNN", "Cell", "Recurrent", "Stream", "convert"],
    "throughtime.cells": [
        "CELLS",
        "GRU",
        "LSTM",
        "Cell",
        "Elman",
        "ElmanReLU",
        "GRUResetBefore",
        "LinearRecurrence",
        "PreActivations",
        "Product",
        "ProjectedLSTM",
        "Rows",
        "cell_named",
    ],
    "throughtime.layers": ["GRU", "LSTM", "RNN", "Recurrent", "Stream", "convert"],
}

OPTIONAL = [
    "cyclopts",
    "datasets",
    "lightning_fabric",
    "matplotlib",
    "pyarrow",
    "rich",
    "sacrebleu",
    "sacremoses",
    "sentencepiece",
    "tensorboard",
]

MEASURE = """
import json, sys, time
import torch
loaded = set(sys.modules)
start = time.perf_counter()
import throughtime
seconds = time.perf_counter() - start
brought = sorted({name.split(".")[0] for name in set(sys.modules) - loaded})
print(json.dumps({"seconds": seconds, "brought": brought}))
"""


def _measure() -> dict[str, object]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-c", MEASURE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def imports() -> list[dict[str, object]]:
    return [_measure() for _ in range(3)]


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names(module: str) -> None:
    names = importlib.import_module(module).__all__
    assert names == PUBLIC[module]
    assert names == sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_exist_and_say_what_they_are(module: str) -> None:
    found = importlib.import_module(module)
    assert found.__doc__
    for name in found.__all__:
        assert getattr(found, name).__doc__, f"{module}.{name} has no docstring"


def test_import_takes_little_longer_than_torch(imports: list[dict[str, float]]) -> None:
    assert statistics.median(run["seconds"] for run in imports) < SECONDS_BEYOND_TORCH


def test_import_brings_no_optional_package(imports: list[dict[str, list[str]]]) -> None:
    assert "throughtime" in imports[0]["brought"]
    assert not set(imports[0]["brought"]) & set(OPTIONAL)


def test_import_of_the_core_leaves_applications_alone() -> None:
    code = "import sys, throughtime; print(*[n for n in sys.modules if n.startswith('throughtime.')])"
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    parts = {name.split(".")[1] for name in done.stdout.split()}
    assert parts <= {"cells", "layers", "errors"}
