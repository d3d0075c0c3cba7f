"""The small translators of `support/translators.py`, as fixtures."""

from translators import (
    batch_of,
    letter_model,
    letters,
    readings,
    saved_letters,
    tiny_config,
    tiny_translator,
)

__all__ = [
    "batch_of",
    "letter_model",
    "letters",
    "readings",
    "saved_letters",
    "tiny_config",
    "tiny_translator",
]
