from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from throughtime.errors import InputError
from throughtime.seq2seq.config import DataConfig, ModelConfig, TrainConfig, TrainingConfig
from throughtime.seq2seq.presets import PLAIN_FORM, PRESETS
from throughtime.seq2seq.reproduce.plan import differences, members
from throughtime.seq2seq.reproduce.published import SIZES, TABLE_1


def preset(name: str) -> TrainConfig:
    config = TrainConfig(DataConfig(), ModelConfig(), TrainingConfig())
    values = PRESETS[name]

    def changed(part: DataConfig | ModelConfig | TrainingConfig) -> dict[str, object]:
        return {name: values[name] for name in values if hasattr(part, name)}

    data, model, training = config.data, config.model, config.training
    return TrainConfig(
        replace(data, **changed(data)),
        replace(model, **changed(model)),
        replace(training, **changed(training)),
    )


def test_one_reads_forwards_and_five_backwards_in_the_plain_form() -> None:
    config = TrainConfig(DataConfig(), ModelConfig(**PLAIN_FORM), TrainingConfig(seed=7))
    found = members(config)
    assert [one.name for one in found] == ["forward", *(f"reversed-{k}" for k in range(1, 6))]
    assert [one.config.model.reverse_source for one in found] == [False] + [True] * 5
    assert [one.config.training.seed for one in found] == [7, 7, 8, 9, 10, 11]
    for one in found:
        assert (one.config.model.attention, one.config.model.bidirectional) == ("none", False)
        assert one.config.data == config.data  # one split, one vocabulary


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (dict(attention="mlp"), "attention is mlp; the paper's models need none"),
        (dict(bidirectional=True), "bidirectional is True; the paper's models need False"),
    ],
)
def test_models_of_another_form_are_refused(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as caught:
        members(TrainConfig(DataConfig(), ModelConfig(**{**PLAIN_FORM, **asked}), TrainingConfig()))
    assert str(caught.value) == told


def test_the_paper_differs_from_itself_in_nothing() -> None:
    assert differences(members(preset("paper"))[-1].config) == []
    told = {
        name: (ours, published)
        for name, ours, published in differences(members(preset("multi30k"))[1].config)
    }
    assert told["encoder_layers"] == (1, 4) and told["tgt_vocab_size"] == (6000, 80_000)
    assert "reverse_source" not in told


def test_every_row_of_the_table_has_models() -> None:
    assert {name for name, _ in TABLE_1} == SIZES.keys()


def test_every_setting_is_compared() -> None:
    config = preset("paper")
    changed = replace(
        config, model=replace(config.model, cell="gru"), training=replace(config.training, seed=9)
    )
    assert differences(changed) == [("cell", "gru", "lstm")]
