"""A data set of the Hugging Face Hub that lies on the disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CARD = """---
dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': ham
          '1': spam
configs:
- config_name: default
  data_files: train.jsonl
---
"""


def write_labelled(folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Texts whose labels are classes: 0 is ham, 1 spam."""
    folder.mkdir(parents=True)
    (folder / "README.md").write_text(CARD)
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
