"""The pages about words: what they run runs, one block after the other, and prints what they say."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RESULT = re.compile(r"(?:^|  )# ((?:\w+\(|[(\[]).*)$")
"""A comment that begins as a printed value does."""


def code_of(page: Path) -> str:
    """All blocks, each on the lines that it has in the page."""
    text = page.read_text("utf-8")
    lines = [""] * text.count("\n")
    for block in BLOCK.finditer(text):
        first = text.count("\n", 0, block.start(1))
        lines[first : first + block[1].count("\n")] = block[1].splitlines()
    return "\n".join(lines)


def told(code: list[str], line: int) -> str | None:
    """The result that the page tells beside a line, or in the next."""
    comments = filter(None, map(RESULT.search, code[line - 1 : line + 1]))
    return next((found[1] for found in comments), None)


@pytest.mark.parametrize(("page", "results"), [("words.md", 7), ("word2vec.md", 1)])
def test_code_of_a_page_runs_and_prints_what_is_told(
    page: str, results: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, printed = code_of(DOCS / page), dict[int, str]()

    def record(*values: Any) -> None:
        printed[sys._getframe(1).f_lineno] = " ".join(map(str, values))

    exec(compile(code, page, "exec", dont_inherit=True), {"__name__": "page", "print": record})
    compared = 0
    for line, text in printed.items():
        if (expected := told(code.split("\n"), line)) is not None:
            assert expected.startswith(" ".join(text.split())), f"{page}:{line}"
            compared += 1
    assert compared >= results
