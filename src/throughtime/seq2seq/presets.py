"""Settings that belong together under a name; an option given beside a preset wins over it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

PLAIN_FORM: Mapping[str, Any] = {"attention": "none", "input_feeding": False, "bidirectional": False}
"""Of 2014: nothing passes from encoder to decoder but the encoder's last state."""

PresetName = Literal["phrasebook", "multi30k", "paper"]

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "phrasebook": {  # the built-in corpus: under four minutes on two idle cores, up to 30 on busy ones
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
        "max_epochs": 14,
        "max_minutes": 30,
        "validate_every": 2,
        "best_by": "bleu",
    },
    "multi30k": {  # the plain form of 2014 on 29,000 pairs: six models within 90 minutes on two cores
        "attention": "none",
        "bidirectional": False,
        "encoder_size": 512,
        "reverse_source": True,
        "learning_rate": 0.0015,
        "warmup_steps": 200,
        "schedule": "linear",
        "max_epochs": 100,
        "max_minutes": 14,
        "validate_every": 2,
        "best_by": "bleu",
    },
    "paper": {  # Sutskever, Vinyals and Le 2014, sections 3.1 and 3.4
        "tokenizer": "words",
        "joint": False,
        "src_vocab_size": 160_000,
        "tgt_vocab_size": 80_000,
        "tokens_per_batch": 128 * 81,
        "sentences_per_batch": 128,
        "embedding_size": 1000,
        "encoder_size": 1000,
        "encoder_layers": 4,
        "bidirectional": False,
        "decoder_size": 1000,
        "decoder_layers": 4,
        "attention": "none",
        "reverse_source": True,
        "tie_embeddings": "none",
        "scale_embeddings": False,
        "dropout": 0.0,
        "label_smoothing": 0.0,
        "loss_mean": "sentence",
        "initialiser": "sutskever2014",
        "optimiser": "sgd",
        "learning_rate": 0.7,
        "schedule": "halving",
        "halving_start_epoch": 5.0,
        "halving_every": 0.5,
        "clip_norm": 5.0,
        "max_epochs": 7.5,
        "validate_every": 0.5,
    },
}
"""By name, the settings that differ from the defaults of `DataConfig`, `ModelConfig` and `TrainingConfig`."""
