from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from throughtime.errors import InputError
from throughtime.words.features.transformer import damage_reported, of_texts, require_vectors


def test_texts_are_what_is_taken() -> None:
    tags = of_texts(BaseEstimator().__sklearn_tags__())
    assert tags.input_tags.string and not tags.input_tags.two_d_array


@pytest.mark.parametrize("error", [KeyError("words"), TypeError("unexpected keyword")])
def test_damage_is_one_sentence(error: Exception) -> None:
    with pytest.raises(InputError) as caught, damage_reported("bag"):
        raise error
    assert str(caught.value) == "the bag is damaged: its fields are not those of one"


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), damage_reported("bag"):
        raise ZeroDivisionError


def test_each_word_has_one_vector() -> None:
    require_vectors(["a", "b"], np.zeros((2, 3)))
    for words, found in ((["a"], "1 words, 1"), (["a", "a"], "2 words, 1")):
        with pytest.raises(InputError) as caught:
            require_vectors(words, np.zeros((2, 3)))
        assert str(caught.value) == (
            f"there are {found} different ones, and 2 vectors; expected distinct words, and a vector for each"
        )
