"""The small vocabularies and translators of `support/translators.py`, as fixtures."""

from translators import letter_model, letters, saved_letters, tiny_config

__all__ = ["letter_model", "letters", "saved_letters", "tiny_config"]
