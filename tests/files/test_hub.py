from __future__ import annotations

from pathlib import Path

import datasets
import pytest

from hub import write_labelled
from throughtime.files.hub import hub_rows


def test_class_labels_of_a_hub_data_set_come_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    rows = [{"text": "hello", "label": 0}, {"text": "win", "label": 1}, {"text": "so", "label": None}]
    write_labelled(Path("owner/name"), rows)
    assert [row["label"] for row in hub_rows("hf:owner/name")] == ["ham", "spam", None]
    assert [row["text"] for row in hub_rows("hf:owner/name")] == ["hello", "win", "so"]
