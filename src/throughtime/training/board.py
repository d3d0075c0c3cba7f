"""Metrics for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter


class Board:
    """Writes the numbers of an event as scalars named "event/number"."""

    def __init__(self, folder: Path, step: int) -> None:
        """Write to `folder`; what stands there from `step` on, left by a run that was killed, is replaced."""
        self._writer = SummaryWriter(str(folder), purge_step=step + 1)

    def write(self, event: str, values: dict[str, Any]) -> None:
        """Write all numbers of `values` at `values["step"]`."""
        for name, value in values.items():
            if name != "step" and isinstance(value, (int, float)):
                self._writer.add_scalar(f"{event}/{name}", value, values["step"])

    def close(self) -> None:
        """Write out what is held back."""
        self._writer.close()
