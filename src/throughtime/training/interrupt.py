"""Ctrl-C and SIGTERM asked to wait until the running batch is done."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any

_STDERR = 2


class Interruption:
    """Context in which the first SIGINT or SIGTERM only sets `asked`; the second acts as it did before.

    Outside of the main thread, where Python takes no signals, it changes nothing.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) not in (signal.SIG_IGN, None):  # nohup and the like stay in force
                    self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self._restore()
        # print() may be the very call that the signal cut in two; a plain write is safe
        os.write(_STDERR, b"\nStopping after this batch; Ctrl-C again stops at once and saves nothing.\n")
