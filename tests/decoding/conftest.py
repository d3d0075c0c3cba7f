"""The small translators of `support/translators.py`, whose search is tested here."""

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
