"""Modules with cells, as users write them in their working directory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

MY_MODULE = """
from torch import sigmoid, tanh
from throughtime import Cell


class MyCell(Cell):
    gates = ("f", "n")

    def step(self, wx, u, s, p):
        f = sigmoid(wx.f + u.f(s.h))
        return dict(h=(1 - f) * s.h + f * tanh(wx.n + u.n(f * s.h))), {}
"""

WriteModule = Callable[..., Path]


@pytest.fixture
def user_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[WriteModule]:
    """Write a module into the current directory, an empty one; it is removed from sys.modules afterwards."""
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)

    def write(text: str = MY_MODULE, name: str = "my_module") -> Path:
        path = Path(f"{name}.py")
        path.write_text(text)
        return path

    yield write
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]
