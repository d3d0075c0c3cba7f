"""What these transformers of scikit-learn share: text inputs, and damaged parts."""

from __future__ import annotations

from collections.abc import Generator, Sequence, Sized
from contextlib import contextmanager

from sklearn.utils import Tags

from throughtime.errors import InputError


def of_texts(tags: Tags) -> Tags:
    """Set in scikit-learn's tags of a transformer that it takes texts."""
    tags.input_tags.string = True
    tags.input_tags.two_d_array = False
    return tags


@contextmanager
def damage_reported(what: str) -> Generator[None]:
    """Raise InputError, naming `what`, if a field is missing or unknown while it is rebuilt."""
    try:
        yield
    except (KeyError, TypeError) as error:
        raise InputError(f"the {what} is damaged: its fields are not those of one") from error


def require_vectors(words: Sequence[str], matrix: Sized) -> None:
    """Raise InputError unless words are distinct and each has a row of the matrix."""
    if len(words) != len(matrix) or len(set(words)) < len(words):
        raise InputError(
            f"there are {len(words)} words, {len(set(words))} different ones, and {len(matrix)} vectors; "
            "expected distinct words, and a vector for each"
        )
