"""The metrics of a run over time: metrics.jsonl always, TensorBoard when asked."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

METRICS = "metrics.jsonl"


class MetricsLog:
    """Writes one JSON object a line, and the same numbers for TensorBoard where `tensorboard` is True."""

    def __init__(self, folder: Path, keep_bytes: int, step: int, tensorboard: bool) -> None:
        """Append after the whole lines in the first `keep_bytes` bytes of the file; the rest is cut off.

        A killed run leaves lines past its checkpoint, a power cut may leave fewer. `lost` counts the bytes
        that are missing.
        """
        self._path = folder / METRICS
        with self._path.open("a+b") as file:
            file.seek(0)
            kept = file.read(keep_bytes)
            whole = kept.rfind(b"\n") + 1
            file.truncate(whole)
        self.lost = keep_bytes - whole
        self._board = Board(folder / "tensorboard", step) if tensorboard else None

    def write(self, event: str, values: dict[str, Any]) -> int:
        """Write one line of an event at `values["step"]`; return the length of the file in bytes."""
        line = json.dumps({"event": event, **values}, ensure_ascii=False)
        with self._path.open("ab", buffering=0) as file:
            file.write(f"{line}\n".encode())
            length = file.seek(0, os.SEEK_END)
        if self._board is not None:
            self._board.write(event, values)
        return length

    def close(self) -> None:
        """Write out what TensorBoard still holds back."""
        if self._board is not None:
            self._board.close()


class Board:
    """Writes the numbers of an event as scalars named "event/number"."""

    def __init__(self, folder: Path, step: int) -> None:
        """Write to `folder`; events after `step`, left there by a killed run, are replaced."""
        from torch.utils.tensorboard import SummaryWriter  # few runs use TensorBoard, and its import is slow

        self._writer = SummaryWriter(str(folder), purge_step=step + 1)

    def write(self, event: str, values: dict[str, Any]) -> None:
        """Write all numbers of `values` at `values["step"]`."""
        for name, value in values.items():
            if name != "step" and isinstance(value, (int, float)):
                self._writer.add_scalar(f"{event}/{name}", value, values["step"])

    def close(self) -> None:
        """Write out what is held back."""
        self._writer.close()
