"""Settings that belong together under a name; an option given beside a preset wins over it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "phrasebook": {  # the built-in corpus on two cores in under four minutes
        "tokenizer": "words",
        "joint": False,
        "src_vocab_size": 1300,
        "tgt_vocab_size": 1900,
        "tie_embeddings": "output",
        "embedding_size": 128,
        "encoder_size": 128,
        "decoder_size": 256,
        "dropout": 0.1,
        "learning_rate": 0.006,
        "warmup_steps": 100,
        "schedule": "linear",
        "max_epochs": 100,
        "max_minutes": 3.5,
        "validate_every": 2,
        "watch": "bleu",
    },
}
"""By name, the settings that differ from the defaults of `DataConfig`, `ModelConfig` and `TrainingConfig`."""
