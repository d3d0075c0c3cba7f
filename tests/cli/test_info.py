from __future__ import annotations

import json
import platform
import re
from collections.abc import Callable
from importlib import metadata
from typing import Any

import pytest
import torch

import throughtime
from throughtime.cells import CELLS
from throughtime.cli import info


def test_info_tells_versions_devices_and_back_ends(run: Callable[..., Any]) -> None:
    done = run("info")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith(f"throughtime {throughtime.__version__}, Python {platform.python_version()}, ")
    assert lines[1].startswith(f"torch {torch.__version__}: ")
    assert lines[1].endswith(f", {torch.get_num_threads()} threads")
    assert lines[2].startswith("engine: ") and f", {torch.get_num_threads()} threads, built by " in lines[2]
    assert lines[3].startswith("devices: cpu")
    backends = dict(re.findall(r"^  (\w+) +(.+)$", done.out, re.MULTILINE))
    assert list(backends) == list(CELLS)
    assert backends["lstm"] == "compiled, torch, reference"
    assert backends["gru_reset_before"] == "compiled, reference"
    *others, words, seq2seq, language, studio = lines
    named = {"words": words, "seq2seq": seq2seq, "language": language, "studio": studio}
    assert all(line.startswith(f"extra [{extra}]: ") for extra, line in named.items())
    assert f"sentencepiece {metadata.version('sentencepiece')}" in seq2seq
    assert max(map(len, others)) <= 100


def test_info_as_json_says_the_same(run: Callable[..., Any]) -> None:
    found, lines = json.loads(run("info", "--json").out), run("info").out.splitlines()
    assert lines[1] == f"torch {found['torch']}: {found['cpu']}, {found['threads']} threads"
    assert found["cells"]["lstm"] == ["compiled", "torch", "reference"]


def test_info_tells_that_the_engine_was_not_built(run: Callable[..., Any], monkeypatch) -> None:
    monkeypatch.setattr(info, "native", None)
    line = run("info").out.splitlines()[2]
    assert line == (
        "engine: not built, for want of a C++ compiler when throughtime was installed; pip install it again"
    )


def test_info_tells_what_is_missing(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(info.EXTRAS, "seq2seq", ("sentencepiece", "no-such-package"))
    assert run("info").out.splitlines()[-3] == (
        f"extra [seq2seq]: sentencepiece {metadata.version('sentencepiece')}, no-such-package missing"
    )


def test_info_names_every_package_of_the_extra() -> None:
    wanted = [
        re.split(r"[ >=;]", line)[0]
        for line in metadata.requires("throughtime") or []
        if re.search(r"extra == ['\"]seq2seq['\"]", line)
    ]
    assert len(wanted) >= 8
    assert set(info.EXTRAS["seq2seq"]) <= set(wanted)


def test_version(run: Callable[..., Any]) -> None:
    assert run("--version") == (0, f"{throughtime.__version__}\n", "")
