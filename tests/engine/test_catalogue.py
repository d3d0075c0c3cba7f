"""The table of operations in the documentation is the one that the command prints."""

from __future__ import annotations

from pathlib import Path

from throughtime.engine.catalogue import table

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_the_page_has_the_table() -> None:
    assert "\n".join(table()) in PAGE.read_text("utf-8")
