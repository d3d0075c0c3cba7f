"""What this room's transformers of scikit-learn share: texts for input, parts that may be damaged."""

from __future__ import annotations

from collections.abc import Generator, Sequence, Sized
from contextlib import contextmanager

from sklearn.utils import Tags

from throughtime.errors import InputError


def of_texts(tags: Tags) -> Tags:
    """Say in scikit-learn's tags of a transformer that it takes texts."""
    tags.input_tags.string = True
    tags.input_tags.two_d_array = False
    return tags


@contextmanager
def damage_told(what: str) -> Generator[None]:
    """Raise InputError, which names `what` is put together, where a field of it is missing or unknown."""
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
