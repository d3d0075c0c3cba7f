from __future__ import annotations

import re
from dataclasses import asdict, fields
from typing import Any

import pytest

from throughtime.errors import InputError
from throughtime.seq2seq.config import DataConfig, ModelConfig, SearchConfig, TrainConfig, TrainingConfig
from throughtime.seq2seq.presets import PRESETS


@pytest.mark.parametrize(
    ("config", "changes", "told"),
    [
        (ModelConfig, dict(embedding_size=0), "embedding_size is 0; expected at least 1"),
        (ModelConfig, dict(encoder_size=-4), "encoder_size is -4; expected at least 1"),
        (ModelConfig, dict(decoder_layers=0), "decoder_layers is 0; expected at least 1"),
        (ModelConfig, dict(dropout=1.0), "dropout is 1.0; expected 0 or more and below 1"),
        (ModelConfig, dict(label_smoothing=-0.1), "label_smoothing is -0.1; expected 0 or more and below 1"),
        (DataConfig, dict(validation_size=-1), "validation_size is -1; expected 0 or more"),
        (DataConfig, dict(test_size=-1), "test_size is -1; expected 0 or more"),
        (DataConfig, dict(max_words=0), "max_words is 0; expected at least 1"),
        (DataConfig, dict(tokens_per_batch=0), "tokens_per_batch is 0; expected at least 1"),
        (
            DataConfig,
            dict(test=("t.tsv",)),
            "test is given but no corpus; the built-in phrasebook brings its own sets",
        ),
        (
            DataConfig,
            dict(columns=("0", "1")),
            "columns is given but no corpus; the built-in phrasebook brings its own sets",
        ),
        (
            DataConfig,
            dict(tokenizer="words", subword_dropout=0.1),
            "subword_dropout is 0.1, but tokenizer is words; expected subwords",
        ),
        (
            ModelConfig,
            dict(sampled_words=100),
            "sampled_words is 100, but output is chunked; expected sampled",
        ),
        (
            ModelConfig,
            dict(consistency=5.0, dropout=0.0),
            "consistency is 5.0, but without dropout both passes are the same; expected 0",
        ),
        (SearchConfig, dict(top_k=3), "top_k is 3, but search is beam; expected sample"),
        (
            SearchConfig,
            dict(search="greedy", temperature=0.5),
            "temperature is 0.5, but search is greedy; expected sample",
        ),
        (
            SearchConfig,
            dict(search="sample", coverage_penalty=0.2),
            "coverage_penalty is 0.2, but search is sample; expected beam",
        ),
        (
            SearchConfig,
            dict(search="greedy", beam_size=1),
            "beam_size is 1, but search is greedy; expected beam",
        ),
        (SearchConfig, dict(seed=2**63), f"seed is {2**63}; expected 0 or more and below 2**63"),
    ],
)
def test_values_out_of_range(config: type, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as caught:
        config(**changes)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("data", "model", "training", "told"),
    [
        (
            dict(joint=False),
            {},
            {},
            "tie_embeddings all needs one vocabulary for both languages; "
            "without joint, tie_embeddings output or none is possible",
        ),
        ({}, {}, dict(seed=-1), "seed is -1; expected 0 or more and below 2**63"),
        ({}, {}, dict(best_by="blue"), "best_by is blue; expected one of loss, perplexity, bleu, accuracy"),
    ],
)
def test_settings_that_contradict_each_other(
    data: dict[str, Any], model: dict[str, Any], training: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError) as caught:
        TrainConfig(DataConfig(**data), ModelConfig(**model), TrainingConfig(**training))
    assert str(caught.value) == told


def test_settings_are_named_as_the_field_names_them() -> None:
    names = {
        field.name
        for config in (DataConfig, ModelConfig, TrainingConfig, SearchConfig)
        for field in fields(config)
    }
    assert names >= {
        *("embedding_size", "src_vocab_size", "tgt_vocab_size", "bidirectional", "dropout"),
        *("beam_size", "length_penalty", "coverage_penalty", "n_best", "temperature", "top_k", "top_p"),
    }
    other = r"(^|_)(trg|sos|units|hid|emsize|alpha|lr|bs|rnn|carry|max_len|source|target)(_|$)"
    assert [name for name in sorted(names) if re.search(other, name)] == ["reverse_source"]
    assert all(re.fullmatch(r"[a-z][a-z_]*[a-z]", name) for name in names)


def test_no_setting_stands_in_two_places() -> None:
    names = [field.name for config in (DataConfig, ModelConfig, TrainingConfig) for field in fields(config)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("config", [DataConfig, ModelConfig, SearchConfig])
def test_every_setting_is_described(config: type) -> None:
    described = re.findall(r"^        (\w+): \S", config.__doc__ or "", re.MULTILINE)
    assert described == [field.name for field in fields(config)]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_name_settings_and_fit_them(name: str) -> None:
    configs = (DataConfig, ModelConfig, TrainingConfig)
    parts = [
        {key: value for key, value in PRESETS[name].items() if key in asdict(config())} for config in configs
    ]
    assert sum(map(len, parts)) == len(PRESETS[name])
    TrainConfig(*(config(**part) for config, part in zip(configs, parts, strict=True)))


def test_a_mask_of_a_sentence_and_words_one_by_one_do_not_go_together() -> None:
    with pytest.raises(InputError) as caught:
        ModelConfig(input_feeding=True, recurrent_dropout=0.1)
    assert str(caught.value) == (
        "recurrent_dropout keeps one mask for a sentence, which input_feeding decodes word by word; "
        "expected one of them"
    )
