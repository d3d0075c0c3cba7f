"""Reports as JSON, for other programs to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from throughtime.artefact.file import written_whole


def write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report as JSON, paths as text, atomically."""
    with written_whole(path) as unfinished:
        unfinished.write_text(f"{as_json(report)}\n", encoding="utf-8")


def as_json(report: Any) -> str:
    """Return a report as JSON, paths as text."""
    return json.dumps(report, indent=2, ensure_ascii=False, default=str)
