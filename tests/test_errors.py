from __future__ import annotations

import pytest

from throughtime.errors import InputError, MissingExtraError


def test_input_errors_are_value_errors_with_their_sentence() -> None:
    with pytest.raises(ValueError, match=r"^beam_size is 0; expected at least 1$"):
        raise InputError("beam_size is 0; expected at least 1")


def test_a_missing_extra_names_package_and_extra() -> None:
    error = MissingExtraError("sacrebleu", "seq2seq")
    assert isinstance(error, ImportError)
    assert str(error) == "sacrebleu is not installed; `pip install 'throughtime[seq2seq]'` brings it"
