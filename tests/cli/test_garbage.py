"""The command line collects rarely until torch is imported, and does not visit torch's objects after that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import gc
from throughtime.cli import garbage

before, others = gc.get_threshold(), list(gc.callbacks)
garbage.spare_imports()
lists = [[] for _ in range(3 * garbage.NEW_OBJECTS)]
print(gc.get_threshold()[0] == garbage.NEW_OBJECTS, gc.get_freeze_count())
import torch
lists += [[] for _ in range(3 * garbage.NEW_OBJECTS)]
print(gc.get_threshold() == before, gc.callbacks == others, gc.get_freeze_count() > 100_000)

class Cycle:
    def __init__(self):
        self.itself = self
    def __del__(self):
        print("collected")

Cycle()
gc.collect()
"""


def test_objects_are_frozen_once_torch_is_imported_and_later_ones_are_collected(tmp_path: Path) -> None:
    command = tmp_path / "throughtime"  # by that name the package does not import torch at once
    command.write_text(SCRIPT)
    done = subprocess.run([sys.executable, command], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["True 0", "True True True", "collected"]
