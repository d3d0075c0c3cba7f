"""Which models the reproduction trains, and by which settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from throughtime.seq2seq.config import TrainConfig
from throughtime.seq2seq.presets import PRESETS
from throughtime.seq2seq.reproduce.published import REVERSED


@dataclass(frozen=True)
class Member:
    """A model to train: the name of its folder, and its settings."""

    name: str
    config: TrainConfig


def members(config: TrainConfig) -> tuple[Member, ...]:
    """One model that reads forwards and five that read backwards, of the seeds from `config`'s on.

    All have the plain form: nothing passes from encoder to decoder but the encoder's last state.
    """
    plain = replace(config.model, attention="none", input_feeding=False, bidirectional=False)
    seed = config.training.seed

    def member(name: str, backwards: bool, seed: int) -> Member:
        model, training = replace(plain, reverse_source=backwards), replace(config.training, seed=seed)
        return Member(name, replace(config, model=model, training=training))

    reading_backwards = [member(f"reversed-{k + 1}", True, seed + k) for k in range(REVERSED)]
    return (member("forward", False, seed), *reading_backwards)


def differences(config: TrainConfig) -> Sequence[tuple[str, object, object]]:
    """Each setting that is not the paper's: its name, its value, the paper's."""
    used = asdict(config.data) | asdict(config.model) | asdict(config.training)
    return [(name, used[name], value) for name, value in PRESETS["paper"].items() if used[name] != value]
