"""A trained translator as one file: network, settings and both tokenizers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from torch import Tensor

from throughtime.artefact.file import Artefact, load, save
from throughtime.cells.initialise import Unfilled, as_allocated
from throughtime.cells.user_modules import NotImportedError, require_imported
from throughtime.errors import InputError
from throughtime.seq2seq.config import DataConfig, ModelConfig
from throughtime.seq2seq.network.model import Translator
from throughtime.settings import from_json
from throughtime.text.tokenizer import Tokenizers, same_vocabulary, tokenizers_from_assets

KIND = "seq2seq"


@dataclass(frozen=True)
class Trained:
    """The content of a model file: network, tokenizers, and a description of the training."""

    model: Translator
    tokenizers: Tokenizers
    training: Mapping[str, Any]

    @property
    def data(self) -> DataConfig:
        """How its corpus was read; settings that the file lacks have their defaults."""
        names = {field.name for field in fields(DataConfig)}
        recorded = self.training.get("data", {})
        return from_json(DataConfig, {name: value for name, value in recorded.items() if name in names})


def save_model(
    path: Path,
    config: ModelConfig,
    weights: Mapping[str, Tensor],
    tokenizers: Tokenizers,
    training: Mapping[str, Any],
) -> None:
    """Write the model file, whole or not at all; raise InputError where the disk cannot hold it."""
    described = {"model": asdict(config), "training": dict(training)}
    save(Artefact(KIND, described, dict(weights), tokenizers.to_assets()), path)


def load_model(path: Path) -> Trained:
    """Read a model file; nothing is imported for it.

    Raises InputError, one sentence, for a file that is not a whole seq2seq model, and for a model with a cell
    of the user's own whose module is not imported.
    """
    artefact = load(path, KIND)
    try:
        both = tokenizers_from_assets(artefact.assets)
        config = _settings(artefact.config["model"])
        require_imported(config.cell)
        with Unfilled():
            model = Translator(config, both.src.vocab_size, both.tgt.vocab_size, as_allocated)
        model.load_state_dict(artefact.tensors)
        return Trained(model.eval(), both, artefact.config["training"])
    except NotImportedError as error:
        raise InputError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{path}: settings, tokenizers and weights do not fit together ({_first_line(error)})"
        ) from error


def load_models(paths: Sequence[Path]) -> list[Trained]:
    """Load the models of an ensemble; raise InputError, naming the files, where they do not fit together."""
    trained = [load_model(path) for path in paths]
    for path, other in zip(paths, trained, strict=True):
        if not same_vocabulary(other.tokenizers.tgt, trained[0].tokenizers.tgt):
            raise InputError(
                f"{path} and {paths[0]} have different target vocabularies; an ensemble needs the same in all"
            )
    return trained


def _settings(recorded: Mapping[str, Any]) -> ModelConfig:
    """The settings of the network; the file must have all, as a default may describe another network."""
    missing = {field.name for field in fields(ModelConfig)} - recorded.keys()
    if missing:
        raise ValueError(f"it was written before there was {', '.join(sorted(missing))}; train it again")
    return ModelConfig(**recorded)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
