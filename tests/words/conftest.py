from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.console import Console


@pytest.fixture
def rows() -> Callable[[object], list[list[str]]]:
    """The cells of a table as it is printed, in rows."""

    def printed(table: object) -> list[list[str]]:
        console = Console(record=True, width=140)
        console.print(table)
        lines = console.export_text().splitlines()
        return [[cell.strip() for cell in line.strip("│┃").split("│")] for line in lines if "│" in line]

    return printed
