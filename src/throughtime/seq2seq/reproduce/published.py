"""Results of Sutskever, Vinyals and Le (2014), on newstest2014 of WMT'14, English to French."""

from __future__ import annotations

from typing import Literal, NamedTuple

BEAMS = (1, 2, 12)
REVERSED = 5
"""Reversed models in the largest ensemble."""

Models = Literal["forward", "reversed", "ensemble of 2 reversed", "ensemble of 5 reversed"]
SIZES: dict[Models, int] = {
    "forward": 1,
    "reversed": 1,
    "ensemble of 2 reversed": 2,
    "ensemble of 5 reversed": 5,
}
"""Number of members of each, by its name."""

TABLE_1: dict[tuple[Models, int], float] = {
    ("forward", 12): 26.17,
    ("reversed", 12): 30.59,
    ("ensemble of 5 reversed", 1): 33.00,
    ("ensemble of 2 reversed", 12): 33.27,
    ("ensemble of 5 reversed", 2): 34.50,
    ("ensemble of 5 reversed", 12): 34.81,
}
"""BLEU by models and beam size; the others were not published."""


class Rescored(NamedTuple):
    """BLEU of a list of translations: in its own order, rescored, and in the best possible order."""

    baseline: float
    forward: float | None
    reversed: float
    ensemble: float
    oracle: float


TABLE_2 = Rescored(33.30, 35.61, 35.85, 36.5, 45.0)
"""The phrase-based system's 1000-best list; the oracle is "about 45"."""

PERPLEXITY: dict[Models, float] = {"forward": 5.8, "reversed": 4.7}
"""Per word of the test set, from section 3.3, which gives BLEU as 25.9 and 30.6."""
