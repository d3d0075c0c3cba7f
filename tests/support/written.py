"""Files that tests write."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write(name: str, content: str | bytes, encoding: str = "utf-8") -> str:
    """Write a file, compressed where its name ends in .gz, and return its name."""
    data = content.encode(encoding) if isinstance(content, str) else content
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return name


def as_csv(rows: Iterable[Any], **style: str) -> str:
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text, **style).writerows(rows)  # pyright: ignore
    return text.getvalue()
