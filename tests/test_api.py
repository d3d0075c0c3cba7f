"""The public names, and what importing the package costs and brings with it."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import throughtime

SECONDS_BEYOND_TORCH = 0.2
SOURCE = Path(throughtime.__file__).parents[1]

PUBLIC = {
    "throughtime": [
        "GRU",
        "LSTM",
        "RNN",
        "Cell",
        "GRUCell",
        "LSTMCell",
        "RNNCell",
        "Recurrent",
        "RecurrentCell",
        "Stream",
        "convert",
        "load",
        "resume",
        "train",
    ],
    "throughtime.cells": [
        "CELLS",
        "GRU",
        "LSTM",
        "SLSTM",
        "Cell",
        "CoupledLSTM",
        "Elman",
        "ElmanReLU",
        "GRUResetBefore",
        "IndRNN",
        "LayerNormLSTM",
        "LinearRecurrence",
        "MinimalGatedUnit",
        "Noise",
        "PeepholeLSTM",
        "PreActivations",
        "Product",
        "ProjectedLSTM",
        "RecurrentDropout",
        "Rows",
        "VariationalDropout",
        "WeightDrop",
        "Zoneout",
        "cell_named",
    ],
    "throughtime.layers": [
        "GRU",
        "LSTM",
        "RNN",
        "GRUCell",
        "LSTMCell",
        "RNNCell",
        "Recurrent",
        "RecurrentCell",
        "Stream",
        "convert",
    ],
}

OPTIONAL = [
    "charset_normalizer",
    "cyclopts",
    "datasets",
    "gensim",
    "lightning_fabric",
    "matplotlib",
    "pyarrow",
    "rich",
    "sacrebleu",
    "sacremoses",
    "sentencepiece",
    "sklearn",
    "snowballstemmer",
    "stopwordsiso",
    "tensorboard",
]

MEASURE = """
import json, os, sys, time
import torch
loaded = set(sys.modules)
for _ in range(5):  # torch, which takes seconds, is imported once; each child imports throughtime afresh
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        continue
    start = time.process_time()  # what other jobs take of the machine does not count
    import throughtime
    seconds = time.process_time() - start
    print(json.dumps({"seconds": seconds, "brought": sorted(set(sys.modules) - loaded)}), flush=True)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def imports() -> list[dict[str, Any]]:
    """What each of a few first imports of the package took, and the modules that it brought."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-c", MEASURE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


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
        value = getattr(found, name)
        assert not callable(value) or value.__doc__, f"{module}.{name} has no docstring"


def test_import_takes_little_longer_than_torch(imports: list[dict[str, Any]]) -> None:
    assert len(imports) == 5
    least = min(run["seconds"] for run in imports)  # other work on the machine only ever adds
    assert least < SECONDS_BEYOND_TORCH


def test_import_brings_no_optional_package(imports: list[dict[str, Any]]) -> None:
    packages = {name.split(".")[0] for name in imports[0]["brought"]}
    assert "throughtime" in packages
    assert not packages & set(OPTIONAL)


def test_import_of_the_core_leaves_applications_alone(imports: list[dict[str, Any]]) -> None:
    ours = [name.split(".") for name in imports[0]["brought"] if name.startswith("throughtime.")]
    assert {parts[1] for parts in ours} <= {"cells", "engine", "layers", "errors", "spinning"}
