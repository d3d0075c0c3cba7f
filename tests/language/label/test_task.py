"""The task of the trainer: windows that carry states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from held_letters import held_letters
from throughtime.files.step_corpus import prepare
from throughtime.files.step_settings import CodingConfig, HeldOutConfig, StepsConfig
from throughtime.language.label.config import LayersConfig, ShortWindowConfig, TrainConfig
from throughtime.language.label.task import LabelTask
from throughtime.layers.windows import Batch, plan
from written import write


def task_of(windows: tuple[int, int] = (4, 10), **layers: Any) -> LabelTask:
    config = TrainConfig(
        reading=StepsConfig((write("letters.tsv", held_letters()),)),
        layers=LayersConfig(hidden_size=6, dropout=0.0, **layers),
        windows=ShortWindowConfig(*windows),
    )
    return LabelTask(config, prepare(config.reading, config.held_out, config.coding, Path("data")))


def whole_loss(task: LabelTask) -> float:
    """The loss of the training part by the predictions of the evaluation."""
    train = task.corpus.parts["train"]
    predicted = torch.from_numpy(task.module.predict(train.inputs, train.ends))
    return -predicted[torch.arange(len(predicted)), torch.from_numpy(train.targets).long()].sum().item()


def losses(task: LabelTask, batches: Sequence[Batch]) -> float:
    return sum(task.loss(task.module, batch).total.item() for batch in batches)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("steps", [1, 7, 100])
def test_windows_carry_the_state_so_that_their_losses_are_those_of_whole_sequences(
    cell: str, steps: int
) -> None:
    task = task_of((1, steps), cell=cell, num_layers=2)
    train = task.corpus.parts["train"]
    batches = replace(task.batches(0), plan=plan(train.ends, 1, steps))
    with torch.no_grad():
        assert losses(task, [batches[k] for k in range(len(batches))]) == pytest.approx(
            whole_loss(task), rel=1e-5
        )


def test_without_the_state_they_would_not_be() -> None:
    task = task_of((1, 7))
    batches = replace(task.batches(0), plan=plan(task.corpus.parts["train"].ends, 1, 7))
    with torch.no_grad():
        total = 0.0
        for number in range(len(batches)):
            total += task.loss(task.module, batches[number]).total.item()
            task.load_tensors({})
    assert total != pytest.approx(whole_loss(task), rel=1e-4)


def test_bidirectional_networks_read_whole_sequences_in_a_new_order() -> None:
    task = task_of(bidirectional=True)
    first, second = ([task.batches(epoch)[k] for k in range(len(task.batches(0)))] for epoch in (0, 1))
    assert [batch.inputs.shape[0] for batch in first] == [30] * 3
    assert not torch.equal(first[0].targets, second[0].targets)
    with torch.no_grad():
        assert losses(task, first) == pytest.approx(whole_loss(task), rel=1e-5)


def test_a_batch_depends_on_epoch_and_number_alone() -> None:
    one, other = task_of().batches(3)[2], task_of().batches(3)[2]
    assert torch.equal(one.inputs.nan_to_num(), other.inputs.nan_to_num())
    assert torch.equal(one.targets, other.targets)


def test_missing_targets_are_neither_learned_from_nor_judged() -> None:
    name = write(
        "a.csv", "x,y\n" + "".join(f"{k % 3},{'u' if k % 3 else ''}\n{k % 2},v\n" for k in range(30))
    )
    reading, config = StepsConfig((name,)), TrainConfig()
    corpus = prepare(reading, HeldOutConfig(validation_share=0.5), CodingConfig(), Path("data"))
    task = LabelTask(config, corpus)
    train = corpus.parts["train"]
    counts = [task.loss(task.module, task.batches(0)[k]).count for k in range(len(task.batches(0)))]
    assert sum(counts) == 24 - 4 == (~(train.targets != train.targets)).sum()
    assert task.module.scores(train).to_dict()["steps"] == 20


def test_metrics_are_those_of_the_target_and_the_floor_is_the_best() -> None:
    task = task_of()
    assert task.metrics == {"loss": "min", "accuracy": "max"}
    assert task.validate().keys() == task.metrics.keys()
    floor = task.floor()
    assert floor.method == "linear map of t-4 to t" and floor.metrics["accuracy"] > 80
