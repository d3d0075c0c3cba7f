"""Means of word vectors."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.base import clone

from throughtime.errors import InputError
from throughtime.words.features.averages import MeanVectors

WORDS = ("a", "b", "c")
MATRIX = np.array([[1.0, 0.0], [0.0, 2.0], [4.0, 4.0]])


def test_means_by_hand() -> None:
    found = MeanVectors(WORDS, MATRIX).fit_transform(["a a b", "C!", "x y", ""])
    np.testing.assert_allclose(found, [[2 / 3, 2 / 3], [4, 4], [0, 0], [0, 0]])


def test_it_clones_and_comes_back_from_its_parts() -> None:
    made = clone(MeanVectors(WORDS, MATRIX)).fit()
    again = MeanVectors.from_parts(json.loads(json.dumps(made.to_dict())), made.to_arrays())
    np.testing.assert_array_equal(again.transform(["a b c"]), made.transform(["a b c"]))
    assert made.get_feature_names_out().tolist() == ["meanvectors0", "meanvectors1"]


def test_each_word_must_have_one_vector() -> None:
    for words, found in ((WORDS, "3 words, 3"), (("a", "a"), "2 words, 1")):
        with pytest.raises(InputError) as caught:
            MeanVectors(words, MATRIX[:2]).fit()
        assert str(caught.value) == (
            f"there are {found} different ones, and 2 vectors; expected distinct words, and a vector for each"
        )


def test_damaged_parts() -> None:
    with pytest.raises(InputError) as caught:
        MeanVectors.from_parts({"words": ["a"]}, {})
    assert str(caught.value) == "the MeanVectors is damaged: its fields are not those of one"
    with pytest.raises(InputError, match="3 words, 2 different ones"):
        MeanVectors.from_parts({"words": ["a", "b", "a"], "cleaning": None}, {"matrix": MATRIX})
