"""The errors that a user can cause, each one sentence that says what was found and what was expected."""

from __future__ import annotations


class InputError(ValueError):
    """What the user gave cannot be used; the message, one sentence, names it and says what was expected."""


class MissingExtraError(ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; `pip install 'throughtime[{extra}]'` brings it")


class TensorError(RuntimeError, ValueError):
    """A tensor given to a layer has the wrong shape, dtype or device.

    It is a RuntimeError, which callers of torch.nn catch, and a ValueError, as for other wrong arguments.
    """
