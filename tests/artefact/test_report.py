"""Reports as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from throughtime.artefact.report import write_report


def test_a_report_holds_what_it_was_given(tmp_path: Path) -> None:
    write_report(tmp_path / "r.json", {"note": "café", "path": Path("a/b"), "n": (1, 2.5)})
    text = (tmp_path / "r.json").read_text("utf-8")
    assert "café" in text and text.endswith("}\n")
    assert json.loads(text) == {"note": "café", "path": "a/b", "n": [1, 2.5]}
