"""A language model as one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from throughtime.application.recurrence import RecurrenceConfig
from throughtime.artefact.file import Artefact, load, save
from throughtime.cells.user_modules import require_imported
from throughtime.language.config import Options, SampleConfig, TrainConfig, VectorsConfig
from throughtime.language.network import LanguageModel
from throughtime.text.tokenizer import Tokenizer, tokenizer_from_asset

KIND = "language"


@dataclass(frozen=True)
class Loaded:
    """A language model, its units, and how texts are drawn from it."""

    model: LanguageModel
    tokenizer: Tokenizer
    unit: str
    sampling: SampleConfig


def save_model(path: Path, config: TrainConfig, weights: Mapping[str, Tensor], tokenizer: Tokenizer) -> None:
    """Write the model file, whole or not at all."""
    described = {
        "unit": config.text.unit,
        "recurrence": asdict(config.recurrence),
        "vectors": asdict(config.vectors),
    }
    save(Artefact(KIND, described, dict(weights), {"tokenizer": tokenizer.to_asset()}), path)


def load_model(path: Path, options: Options) -> Loaded:
    """Read a model file; raise InputError for another file, and where a cell's module is not imported."""
    artefact = load(path, KIND)
    described: dict[str, Any] = artefact.config
    recurrence = RecurrenceConfig(**described["recurrence"])
    require_imported(recurrence.cell)
    tokenizer = tokenizer_from_asset(artefact.assets["tokenizer"])
    model = LanguageModel(recurrence, VectorsConfig(**described["vectors"]), tokenizer.vocab_size)
    model.load_state_dict(artefact.tensors)
    return Loaded(model.eval(), tokenizer, described["unit"], options.sampling)
