"""Documents that tests read."""

from __future__ import annotations

from typing import Any

import pytest

from throughtime.errors import InputError
from throughtime.files.documents import Document, ReadingConfig, read_documents
from throughtime.files.reading import ReadingReport


def read(path: str | list[str], report: ReadingReport | None = None, **settings: Any) -> list[Document]:
    """Documents without their places."""
    documents = read_documents(path, ReadingConfig(**settings), report)
    return [document._replace(place="") for document in documents]


def error_of(path: str | list[str], **settings: Any) -> str:
    """The error that reading documents ends with."""
    with pytest.raises(InputError) as caught:
        read(path, **settings)
    return str(caught.value)
