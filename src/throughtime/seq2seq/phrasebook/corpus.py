"""The phrasebook as a corpus: pairs drawn by a seed, and parted by the combinations of words in them."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, islice

from throughtime.errors import InputError
from throughtime.seq2seq.phrasebook.clauses import Sentence
from throughtime.seq2seq.phrasebook.draw import Draw
from throughtime.seq2seq.phrasebook.phrases import PHRASES
from throughtime.seq2seq.phrasebook.topics import being, calendar, daily, doing, talking, things, town
from throughtime.seq2seq.readers import Pair

VALIDATION_SIZE = 500
TEST_SIZE = 1000

_TEMPLATES = tuple(
    weighted for topic in (doing, daily, being, things, town, calendar, talking) for weighted in topic.TEMPLATES
)
_CUMULATED = tuple(accumulate(weight for weight, _ in _TEMPLATES))
