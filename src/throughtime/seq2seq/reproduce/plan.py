"""The models that the reproduction trains, and their settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from throughtime.application.application import Member
from throughtime.errors import InputError
from throughtime.seq2seq.config import DataConfig, ModelConfig, TrainConfig, TrainingConfig
from throughtime.seq2seq.presets import PLAIN_FORM, PRESETS
from throughtime.seq2seq.reproduce.published import REVERSED

ELSEWHERE = (
    *("corpus", "validation", "test", "columns", "validation_size", "test_size", "src_language"),
    *("tgt_language", "data_seed", "seed", "threads", "workers", "best_by", "patience", "log_every"),
    *("tensorboard", "keep_checkpoints"),
)
"""Settings that a paper does not specify."""


def members(config: TrainConfig) -> tuple[Member[TrainConfig], ...]:
    """One model that reads forwards and five that read backwards, of the seeds from `config`'s on.

    All have the plain form: the encoder passes only its final state to the decoder.

    Raises InputError if `config` asks for another form.
    """
    for name, value in PLAIN_FORM.items():
        if (used := getattr(config.model, name)) != value:
            raise InputError(f"{name} is {used}; the paper's models need {value}")
    seed = config.training.seed

    def member(name: str, backwards: bool, seed: int) -> Member[TrainConfig]:
        model, training = replace(config.model, reverse_source=backwards), replace(config.training, seed=seed)
        return Member(name, replace(config, model=model, training=training))

    reading_backwards = [member(f"reversed-{k + 1}", True, seed + k) for k in range(REVERSED)]
    return (member("forward", False, seed), *reading_backwards)


def differences(config: TrainConfig) -> Sequence[tuple[str, object, object]]:
    """Return each setting that differs from the paper's: its name, its value, the paper's."""
    used, usual = _settings(config), _settings(TrainConfig(DataConfig(), ModelConfig(), TrainingConfig()))
    published = {**usual, **PRESETS["paper"]}
    return [(name, used[name], value) for name, value in published.items() if used[name] != value]


def _settings(config: TrainConfig) -> dict[str, object]:
    """Return all settings except those of where the data is and how the run is stored."""
    every = asdict(config.data) | asdict(config.model) | asdict(config.training)
    return {name: value for name, value in every.items() if name not in ELSEWHERE}
