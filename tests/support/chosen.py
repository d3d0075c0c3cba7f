"""Settings of which a test names only what it is about."""

from __future__ import annotations

from throughtime.decoding.beam import BeamSettings
from throughtime.decoding.sampling import SampleSettings
from throughtime.decoding.stepping import LengthRule
from throughtime.text.pair_cleaning import Cleaning


def cleaning(max_words: int = 100, max_ratio: float = 9.0, drop_duplicates: bool = True) -> Cleaning:
    return Cleaning(max_words, max_ratio, drop_duplicates)


def length_rule(ratio: float = 1.5, offset: int = 10, min_length: int = 0) -> LengthRule:
    return LengthRule(ratio, offset, min_length)


RULE = length_rule()


def beam_settings(
    beam_size: int = 5,
    length_penalty: float = 1.0,
    coverage_penalty: float = 0.0,
    n_best: int = 1,
    max_length: LengthRule = RULE,
) -> BeamSettings:
    return BeamSettings(beam_size, length_penalty, coverage_penalty, n_best, max_length)


def sample_settings(
    n_best: int = 1,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    max_length: LengthRule = RULE,
) -> SampleSettings:
    return SampleSettings(n_best, temperature, top_k, top_p, max_length)
