"""Cells for the tests of layers."""

from __future__ import annotations

import pytest

from every_cell import BUILT_IN, USERS
from native_scan import needs_native
from throughtime import Cell
from throughtime.engine import native


@pytest.fixture(params=BUILT_IN + USERS, ids=lambda cell: cell.name)
def cell(request: pytest.FixtureRequest) -> Cell:
    """Every cell, ours and users'; sizes must be above 2 for the projection"""
    return request.param


@pytest.fixture(params=USERS, ids=lambda cell: cell.name)
def user_cell(request: pytest.FixtureRequest) -> Cell:
    """Cells defined outside the package."""
    return request.param


@pytest.fixture
def users() -> dict[str, Cell]:
    """The same by name."""
    return {cell.name: cell for cell in USERS}


@pytest.fixture(params=[pytest.param("engine", marks=needs_native), "torch"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two ways to compute attention and output layers."""
    if request.param == "torch":
        monkeypatch.setattr(native, "native", None)
