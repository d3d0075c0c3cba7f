"""A trained translator as one file: network, settings and both tokenizers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from torch import Tensor

from throughtime.artefact.file import Artefact, load, save
from throughtime.cells.initialise import Unfilled, as_allocated
from throughtime.errors import InputError
from throughtime.seq2seq.config import DataConfig, ModelConfig, with_tuples
from throughtime.seq2seq.network.model import Translator
from throughtime.text.tokenizer import Tokenizers, same_vocabulary, tokenizers_from_assets

KIND = "seq2seq"


@dataclass(frozen=True)
class Trained:
    """What a model file holds: a network ready to run, its tokenizers, and what is known of its training."""

    model: Translator
    tokenizers: Tokenizers
    training: Mapping[str, Any]

    @property
    def data(self) -> DataConfig:
        """How its corpus was read; what is not known of that is the default."""
        names = {field.name for field in fields(DataConfig)}
        told = with_tuples(self.training.get("data", {}))
        return DataConfig(**{name: value for name, value in told.items() if name in names})


def save_model(
    path: Path,
    config: ModelConfig,
    weights: Mapping[str, Tensor],
    tokenizers: Tokenizers,
    training: Mapping[str, Any],
) -> None:
    """Writes the one file, whole or not at all; raises InputError where the disk cannot hold it."""
    described = {"model": asdict(config), "training": dict(training)}
    save(Artefact(KIND, described, dict(weights), tokenizers.to_assets()), path)


def load_model(path: Path) -> Trained:
    """Reads the file back; raises InputError, one sentence, for a file that is not a whole seq2seq model."""
    artefact = load(path, KIND)
    try:
        both = tokenizers_from_assets(artefact.assets)
        config = _settings(artefact.config["model"])
        with Unfilled():
            model = Translator(config, both.src.vocab_size, both.tgt.vocab_size, as_allocated)
        model.load_state_dict(artefact.tensors)
        return Trained(model.eval(), both, artefact.config["training"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{path}: settings, tokenizers and weights do not fit together ({_first_line(error)})"
        ) from error


def load_models(paths: Sequence[Path]) -> list[Trained]:
    """Models that are to write together; raises InputError, naming the files, where they cannot."""
    trained = [load_model(path) for path in paths]
    for path, other in zip(paths, trained, strict=True):
        if not same_vocabulary(other.tokenizers.tgt, trained[0].tokenizers.tgt):
            raise InputError(
                f"{path} and {paths[0]} have different target vocabularies; an ensemble needs the same in all"
            )
    return trained


def _settings(given: Mapping[str, Any]) -> ModelConfig:
    """The settings of the network; one that the file lacks would be of another network by its default."""
    missing = {field.name for field in fields(ModelConfig)} - given.keys()
    if missing:
        raise ValueError(f"it was written before there was {', '.join(sorted(missing))}; train it again")
    return ModelConfig(**given)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
