"""Model files as a user names them."""

from __future__ import annotations

from pathlib import Path

from throughtime.errors import InputError
from throughtime.seq2seq.config import EnsembleConfig, SearchConfig
from throughtime.seq2seq.folder import PHRASEBOOK_MODEL
from throughtime.seq2seq.pipeline import Pipeline, load_pipeline


def pipeline_of(model: Path, members: EnsembleConfig, search: SearchConfig) -> Pipeline:
    """A model, and those that vote with it, ready to translate; raises InputError where one is not there."""
    return load_pipeline([present(model), *members.ensemble], search, members.weights)


def present(model: Path) -> Path:
    """The model file; raises InputError, saying what to type, where there is none."""
    if model == PHRASEBOOK_MODEL and not model.exists():
        raise InputError(
            f"{model} does not exist yet; `throughtime seq2seq train` makes it, or name another model file"
        )
    if model.suffix != ".safetensors" and not model.exists():
        raise InputError(
            f"{model} is no model file; the model comes first, then the text, or the text alone as --text"
        )
    return model
