"""The speed of a run: its fastest, its latest, and what to say of a slow one."""

from __future__ import annotations

from dataclasses import dataclass

from throughtime.training.processors import NOTABLE, WINDOW

SLOW = 0.5
"""Share of the fastest speed below which the progress line names the fastest too."""


@dataclass
class Pace:
    """Words a second over windows of `WINDOW` seconds, validations left out."""

    all_words: int = 0
    all_seconds: float = 0.0
    words: int = 0  # of the running window
    seconds: float = 0.0
    fastest: float = 0.0
    latest: float = 0.0

    def add(self, words: int, seconds: float) -> None:
        """Count one step."""
        self.all_words, self.all_seconds = self.all_words + words, self.all_seconds + seconds
        self.words, self.seconds = self.words + words, self.seconds + seconds
        if self.seconds >= WINDOW:
            self.latest = self.words / self.seconds
            self.fastest = max(self.fastest, self.latest)
            self.words, self.seconds = 0, 0.0

    @property
    def mean(self) -> float:
        """Words a second over the whole run; 0 before the first step."""
        return self.all_words / self.all_seconds if self.all_seconds else 0.0

    def text(self, words_per_second: float, waiting: float = 0.0) -> str:
        """Return a speed as text, with the fastest where it is far below, and the share of time waiting.

        "30,120 words/s", "9,012 words/s (at best 30,120; no processor was free 55% of the time)".
        """
        notes: list[str] = []
        if words_per_second < SLOW * self.fastest:
            notes.append(f"at best {self.fastest:,.0f}")
        if waiting >= NOTABLE:
            notes.append(f"no processor was free {waiting:.0%} of the time")
        return f"{words_per_second:,.0f} words/s" + (f" ({'; '.join(notes)})" if notes else "")
