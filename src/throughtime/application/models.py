"""Model files as a user names them."""

from __future__ import annotations

from pathlib import Path

from throughtime.application.application import AnyApplication
from throughtime.errors import InputError


def present(application: AnyApplication, model: Path) -> Path:
    """Return the model file; raise InputError, saying what to type, where there is none."""
    if model == application.default_model and not model.exists():
        raise InputError(
            f"{model} does not exist yet; `{application.command('train')}` makes it, or name another model "
            "file"
        )
    if model.suffix != ".safetensors" and not model.exists():
        raise InputError(
            f"{model} is not a model file; the model comes first, then the text, or the text alone as --text"
        )
    return model
