"""The loop as a whole: how it ends, what it keeps, and how it goes on."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from rich.console import Console

from regression import Clock, Killed, fit
from throughtime.errors import InputError
from throughtime.training.config import TrainingConfig
from throughtime.training.non_finite import TrainingError
from throughtime.training.processors import Usage
from throughtime.training.task import Floor


def lines(folder: Path, event: str | None = None) -> list[dict[str, Any]]:
    every = [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]
    return [line for line in every if event in (None, line["event"])]


def at_batch(number: int, do: Any) -> Any:
    """A function that acts on its call of this number, from 1."""
    calls = iter(range(1, 10**6))
    return lambda: do() if next(calls) == number else None


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_it_learns_and_leaves_its_files(make_task: Any, tmp_path: Path, console: Console) -> None:
    task = make_task()
    config = TrainingConfig(learning_rate=0.05, clip_norm=0, max_epochs=12, log_every=8)
    outcome = fit(task, config, tmp_path / "new/run", console=console)
    assert (outcome.stopped, outcome.step, outcome.epochs) == ("epochs", 96, 12.0)
    assert outcome.best_metrics["loss"] < 1.0 < lines(tmp_path / "new/run", "validation")[0]["loss"]
    names = sorted(path.name for path in outcome.model.parent.iterdir())
    assert names == ["best.safetensors", "checkpoint.safetensors", "last.safetensors", "metrics.jsonl"]
    assert task.seen == list(range(12))
    assert [line["step"] for line in lines(tmp_path / "new/run", "train")] == list(range(8, 97, 8))
    assert not outcome.interrupted


def test_output_that_is_no_terminal_has_no_control_characters(
    make_task: Any, tmp_path: Path, console: Console
) -> None:
    fit(make_task(), TrainingConfig(max_epochs=2), tmp_path, console=console)
    shown = console.file.getvalue()
    assert [line.split("  ")[0] for line in shown.splitlines()] == ["epoch 1", "epoch 2"]
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_the_best_model_is_that_of_the_chosen_metric(
    make_task: Any, tmp_path: Path, console: Console
) -> None:
    task = make_task(scores=[10.0, 30.0, 20.0])
    outcome = fit(task, TrainingConfig(max_epochs=3, best_by="bleu"), tmp_path, console=console)
    assert (outcome.best_step, outcome.best_metrics["bleu"]) == (16, 30.0)
    assert [line["best"] for line in lines(tmp_path, "validation")] == [True, True, False]
    best, last = (safetensors.torch.load_file(tmp_path / f"{name}.safetensors") for name in ("best", "last"))
    assert equal(last, task.module.state_dict())
    assert not equal(best, last)


def test_patience_ends_the_run(make_task: Any, tmp_path: Path, console: Console) -> None:
    task = make_task(scores=[1.0, 3.0, 2.0, 3.0, 9.0])
    config = TrainingConfig(max_epochs=50, best_by="bleu", patience=2)
    outcome = fit(task, config, tmp_path, console=console)
    assert (outcome.stopped, outcome.epochs, outcome.best_step) == ("patience", 4.0, 16)


def test_a_plateau_lowers_the_rate(make_task: Any, tmp_path: Path, console: Console) -> None:
    task = make_task(scores=[5.0, 4.0, 4.0, 6.0, 5.0, 5.0, 5.0])
    settings = {"schedule": "plateau", "plateau_patience": 2, "plateau_factor": 0.25, "learning_rate": 1.0}
    config = TrainingConfig(max_epochs=7, best_by="bleu", optimiser="sgd", log_every=8, **settings)
    fit(task, config, tmp_path, console=console)
    rates = [line["learning_rate"] for line in lines(tmp_path, "train")]
    assert rates == [1.0, 1.0, 1.0, 0.25, 0.25, 0.25, 0.0625]


def test_minutes_end_the_run_with_a_last_validation(make_task: Any, tmp_path: Path, console: Console) -> None:
    clock, task = Clock(), make_task()
    task.before_loss = clock.tick
    config = TrainingConfig(
        max_epochs=100, max_minutes=2.0, schedule="linear", learning_rate=1.0, log_every=1
    )
    outcome = fit(task, config, tmp_path, console=console, clock=clock)
    assert (outcome.stopped, outcome.step, outcome.minutes) == ("minutes", 12, 2.0)
    assert [line["step"] for line in lines(tmp_path, "validation")] == [8, 12]
    rates = [line["learning_rate"] for line in lines(tmp_path, "train")]
    assert rates == pytest.approx([1 - n / 12 for n in range(12)])
    assert lines(tmp_path, "train")[0]["words_per_second"] == 4.0


def test_plain_lines_come_between_far_validations(make_task: Any, tmp_path: Path, console: Console) -> None:
    clock, task = Clock(), make_task(batches=5)
    task.before_loss = clock.tick
    fit(task, TrainingConfig(max_epochs=1), tmp_path, console=console, clock=clock)
    shown = [line.split("  ")[0] for line in console.file.getvalue().splitlines()]
    assert shown == ["epoch 0.60", "epoch 1"]


def test_fractions_of_epochs_validate_and_end(make_task: Any, tmp_path: Path, console: Console) -> None:
    config = TrainingConfig(max_epochs=1.25, validate_every=0.5)
    outcome = fit(make_task(), config, tmp_path, console=console)
    assert (outcome.step, outcome.epochs) == (10, 1.25)
    assert [line["step"] for line in lines(tmp_path, "validation")] == [4, 8, 10]


def test_accumulated_batches_make_fewer_steps(make_task: Any, tmp_path: Path, console: Console) -> None:
    outcome = fit(make_task(), TrainingConfig(max_epochs=2, accumulate=3), tmp_path, console=console)
    assert (outcome.step, outcome.epochs) == (6, 2.0)  # of 3, 3 and 2 batches


@pytest.mark.parametrize(("score", "better"), [(9.0, True), (5.0, False)])
def test_the_average_of_the_last_becomes_best_when_better(
    make_task: Any, tmp_path: Path, console: Console, score: float, better: bool
) -> None:
    task = make_task(scores=[1.0, 2.0, 6.0, score])
    config = TrainingConfig(max_epochs=3, best_by="bleu", average_last=2, keep_checkpoints=2)
    outcome = fit(task, config, tmp_path, console=console)
    assert (outcome.averaged, outcome.best_metrics["bleu"]) == (better, max(score, 6.0))
    load = safetensors.torch.load_file
    two, three = (load(tmp_path / f"step-{step:06d}.safetensors") for step in (16, 24))
    mean = {name: ((two[name].double() + three[name].double()) / 2).float() for name in two}
    assert equal(load(outcome.model), mean if better else three)
    assert equal(task.module.state_dict(), three)
    assert ("holds the average" if better else "holds the model of step 24") in console.file.getvalue()


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("stop_at", [1, 5, 8, 13, 16])
def test_a_resumed_run_ends_in_the_same_bits(
    make_task: Any, tmp_path: Path, console: Console, stop_at: int, optimiser: Any
) -> None:
    settings = {
        "best_by": "bleu",
        "average_last": 2,
        "schedule": "plateau",
        "log_every": 3,
        "validate_every": 0.75,
    }
    config = TrainingConfig(optimiser=optimiser, max_epochs=3, learning_rate=0.03, **settings)
    straight, stopped, resumed = (make_task(dropout=0.3) for _ in range(3))
    whole = fit(straight, config, tmp_path / "whole", console=console)

    stopped.before_loss = at_batch(stop_at, interrupt)
    part = fit(stopped, config, tmp_path / "parts", console=console)
    assert (part.interrupted, part.step) == (True, stop_at)
    rest = fit(resumed, config, tmp_path / "parts", resume=True, console=console)

    assert equal(straight.module.state_dict(), resumed.module.state_dict())
    load = safetensors.torch.load_file
    assert equal(load(whole.model), load(rest.model))
    assert without_times(lines(tmp_path / "whole")) == without_times(lines(tmp_path / "parts"))
    assert (whole.best_step, whole.best_metrics) == (rest.best_step, rest.best_metrics)


def without_times(every: list[dict[str, Any]]) -> list[dict[str, Any]]:
    times = ("minutes", "words_per_second")
    return [{name: value for name, value in line.items() if name not in times} for line in every]


@pytest.mark.parametrize("accumulate", [1, 3])
def test_a_killed_run_goes_on_from_its_last_validation(
    make_task: Any, tmp_path: Path, console: Console, accumulate: int
) -> None:
    config = TrainingConfig(max_epochs=3, learning_rate=0.03, log_every=1, accumulate=accumulate)
    straight, killed, resumed = (make_task(dropout=0.3) for _ in range(3))
    fit(straight, config, tmp_path / "whole", console=console)

    def kill() -> None:
        raise Killed

    killed.before_loss = at_batch(14, kill)
    with pytest.raises(Killed):
        fit(killed, config, tmp_path / "parts", console=console)
    fit(resumed, config, tmp_path / "parts", resume=True, console=console)
    assert "resumed at epoch 1.00" in console.file.getvalue()
    assert equal(straight.module.state_dict(), resumed.module.state_dict())
    assert without_times(lines(tmp_path / "whole")) == without_times(lines(tmp_path / "parts"))


def test_a_finished_run_goes_on_when_given_more(make_task: Any, tmp_path: Path, console: Console) -> None:
    straight, resumed = make_task(dropout=0.3), make_task(dropout=0.3)
    fit(straight, TrainingConfig(max_epochs=4), tmp_path / "whole", console=console)
    fit(make_task(dropout=0.3), TrainingConfig(max_epochs=2), tmp_path / "parts", console=console)
    fit(resumed, TrainingConfig(max_epochs=4), tmp_path / "parts", resume=True, console=console)
    assert equal(straight.module.state_dict(), resumed.module.state_dict())
    assert "resumed at epoch 2.00, step 16, with max_epochs 4 (was 2)\n" in console.file.getvalue()


def test_a_finished_run_has_nothing_left_to_do(make_task: Any, tmp_path: Path, console: Console) -> None:
    config = TrainingConfig(max_epochs=2, average_last=2)
    first = fit(make_task(), config, tmp_path, console=console)
    before, task = lines(tmp_path), make_task()
    again = fit(task, config, tmp_path, resume=True, console=console)
    assert (again.step, again.best_metrics, again.averaged) == (
        first.step,
        first.best_metrics,
        first.averaged,
    )
    assert task.validations == 0
    assert lines(tmp_path) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_saves_and_says_how_to_go_on(
    make_task: Any, tmp_path: Path, console: Console, number: int
) -> None:
    before, task = signal.getsignal(number), make_task()
    task.before_loss = at_batch(3, lambda: os.kill(os.getpid(), number))
    outcome = fit(task, TrainingConfig(), tmp_path, resume_hint="train --resume", console=console)
    last = tmp_path / "last.safetensors"
    assert (outcome.stopped, outcome.step, outcome.model) == ("interrupt", 3, last)
    assert equal(safetensors.torch.load_file(last), task.module.state_dict())
    assert console.file.getvalue() == (
        f"Stopped at step 3; {last} and checkpoint.safetensors are saved. To go on: train --resume\n"
    )
    assert signal.getsignal(number) == before


def test_the_second_ctrl_c_stops_at_once(make_task: Any, tmp_path: Path, console: Console) -> None:
    before, task = signal.getsignal(signal.SIGINT), make_task()
    task.before_loss = at_batch(3, lambda: (interrupt(), interrupt()))
    with pytest.raises(KeyboardInterrupt):
        fit(task, TrainingConfig(), tmp_path, console=console)
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.parametrize(("poison", "where"), [(math.nan, "loss"), (math.inf, "gradient")])  # tanh(inf) is 1
def test_a_number_that_is_not_finite_stops_with_batch_and_layer(
    make_task: Any, tmp_path: Path, console: Console, poison: float, where: str
) -> None:
    task, good = make_task(dropout=0.3), make_task(dropout=0.3)
    task.number = good.number = 4

    def poisoned(epoch: int) -> Any:
        batches = type(task).batches(task, epoch)
        if epoch == 1:
            batches[2][0][1, 0] = poison
        return batches

    task.batches = poisoned
    with pytest.raises(TrainingError) as error:
        fit(task, TrainingConfig(max_epochs=3, learning_rate=0.01), tmp_path / "bad", console=console)
    last = tmp_path / "bad/last.safetensors"
    assert str(error.value) == (
        f"training stopped at epoch 2, batch 3, step 7: the {where} is not finite, traced to the output of "
        f"layer 0 (Linear); the weights of the last good step (6) are kept in {last}"
    )
    fit(good, TrainingConfig(max_epochs=1.5, learning_rate=0.01), tmp_path / "good", console=console)
    assert equal(safetensors.torch.load_file(last), good.module.state_dict())


def test_the_checkpoint_of_the_last_good_step_goes_on(
    make_task: Any, tmp_path: Path, console: Console
) -> None:
    straight, bad, resumed = (make_task(dropout=0.3) for _ in range(3))
    config = TrainingConfig(max_epochs=2)
    fit(straight, config, tmp_path / "whole", console=console)

    def spoil() -> None:
        bad.module[0].register_forward_hook(lambda *args: args[2] * math.nan)

    bad.before_loss = at_batch(11, spoil)
    with pytest.raises(TrainingError, match="batch 3, step 11: the loss is not finite"):
        fit(bad, config, tmp_path / "parts", console=console)
    fit(resumed, config, tmp_path / "parts", resume=True, console=console)
    assert equal(straight.module.state_dict(), resumed.module.state_dict())


def test_a_validation_that_is_not_finite_stops_the_run(
    make_task: Any, tmp_path: Path, console: Console
) -> None:
    with pytest.raises(TrainingError) as error:
        fit(make_task(scores=[1.0, math.nan]), TrainingConfig(best_by="bleu"), tmp_path, console=console)
    assert str(error.value) == (
        "validation at step 16 gave bleu nan, which is not finite; "
        f"the files in {tmp_path} are those of the validation before"
    )


def test_an_unknown_metric_is_named(make_task: Any, tmp_path: Path, console: Console) -> None:
    with pytest.raises(InputError) as error:
        fit(make_task(), TrainingConfig(best_by="chrf"), tmp_path, console=console)
    assert str(error.value) == "best_by is chrf; use a validation metric of the task: loss, bleu"


@pytest.mark.parametrize(
    ("metrics", "returned"), [({"loss": 1.0, "bleu": 2.0}, "loss, bleu"), ({}, "no metric")]
)
def test_a_metric_that_validation_does_not_return_is_named(
    make_task: Any, tmp_path: Path, console: Console, metrics: dict[str, float], returned: str
) -> None:
    task = make_task()
    task.metrics, task.validate = {"loss": "min", "f1": "max"}, lambda: metrics
    with pytest.raises(InputError) as error:
        fit(task, TrainingConfig(best_by="f1"), tmp_path, console=console)
    assert str(error.value) == (
        f"validation at step 8 returned {returned}, but best_by is f1; let `validate` of the task return f1, "
        "or choose another best_by"
    )


def test_a_declared_metric_that_does_not_choose_may_be_missing(
    make_task: Any, tmp_path: Path, console: Console
) -> None:
    task = make_task()
    task.metrics = {**task.metrics, "f1": "max"}
    task.least = Floor("the mean", {"perplexity": 0.0})
    assert fit(task, TrainingConfig(max_epochs=1), tmp_path, console=console).shortfall == ""


def test_a_full_disk_is_said_in_one_sentence(
    make_task: Any, tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, writes = TrainingConfig(max_epochs=2), iter(range(10**6))
    write_bytes = Path.write_bytes

    def full_at_the_second(self: Path, data: bytes) -> int:
        if next(writes) >= 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_bytes(self, data)

    monkeypatch.setattr(Path, "write_bytes", full_at_the_second)
    with pytest.raises(
        InputError, match=r"checkpoint\.safetensors cannot be written: No space left on device"
    ):
        fit(make_task(), config, tmp_path, console=console)
    monkeypatch.undo()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["best.safetensors", "checkpoint.safetensors", "last.safetensors", "metrics.jsonl"]
    fit(make_task(), config, tmp_path, resume=True, console=console)
    assert "resumed at epoch 1.00, step 8\n" in console.file.getvalue()


def test_a_disk_full_of_metrics_is_said_too(
    make_task: Any, tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("throughtime.training.metrics.MetricsLog.write", full)
    sentence = f"the disk of {tmp_path} is full; what was saved before is whole, free some space and resume"
    with pytest.raises(InputError, match=re.escape(sentence)):
        fit(make_task(), TrainingConfig(), tmp_path, console=console)


def test_resuming_nothing_is_refused(make_task: Any, tmp_path: Path, console: Console) -> None:
    with pytest.raises(InputError, match=r"checkpoint\.safetensors does not exist"):
        fit(make_task(), TrainingConfig(), tmp_path, resume=True, console=console)


def test_resuming_on_other_data_is_refused(make_task: Any, tmp_path: Path, console: Console) -> None:
    task = make_task()
    task.before_loss = at_batch(3, interrupt)
    fit(task, TrainingConfig(), tmp_path, console=console)
    with pytest.raises(InputError) as error:
        fit(make_task(batches=9), TrainingConfig(), tmp_path, resume=True, console=console)
    assert str(error.value) == (
        "epoch 1 has 9 batches, but had 8 when the run stopped; expected the same data"
    )


def test_an_epoch_without_batches_is_refused(make_task: Any, tmp_path: Path, console: Console) -> None:
    with pytest.raises(InputError) as error:
        fit(make_task(batches=0), TrainingConfig(), tmp_path, console=console)
    assert str(error.value) == "epoch 1 has no batch; expected one or more"


def test_starting_over_forgets_the_run_before(make_task: Any, tmp_path: Path, console: Console) -> None:
    fit(make_task(), TrainingConfig(max_epochs=3), tmp_path, console=console)
    outcome = fit(make_task(), TrainingConfig(max_epochs=1), tmp_path, console=console)
    assert outcome.step == 8
    assert [line["step"] for line in lines(tmp_path)] == [8]


def test_the_same_seed_gives_the_same_run_and_another_another(
    make_task: Any, tmp_path: Path, console: Console
) -> None:
    tasks = [make_task(dropout=0.3) for _ in range(3)]
    for task, seed in zip(tasks, (1, 1, 2), strict=True):
        fit(task, TrainingConfig(max_epochs=1, seed=seed), tmp_path, console=console)
    one, same, other = (task.module.state_dict() for task in tasks)
    assert equal(one, same)
    assert not equal(one, other)


def test_threads_are_those_asked_for_while_it_runs(make_task: Any, tmp_path: Path, console: Console) -> None:
    before, seen, task = torch.get_num_threads(), [], make_task(batches=1)
    task.before_loss = lambda: seen.append(torch.get_num_threads())
    fit(task, TrainingConfig(max_epochs=1, threads=before + 1), tmp_path, console=console)
    assert seen == [before + 1]
    assert torch.get_num_threads() == before


def test_a_run_that_time_ended_early_says_so(make_task: Any, tmp_path: Path, console: Console) -> None:
    clock, task = Clock(), make_task()
    task.before_loss = clock.tick
    config = TrainingConfig(max_epochs=10, max_minutes=0.5)
    outcome = fit(task, config, tmp_path, console=console, clock=clock)
    assert (outcome.stopped, outcome.epochs) == ("minutes", 0.375)
    assert outcome.shortfall == "the model has not learned enough: it has seen 0.38 of one epoch"
    assert outcome.larger_budget == "--max-minutes 14"
    larger = TrainingConfig(max_epochs=10, max_minutes=14)
    resumed = fit(task, larger, tmp_path, resume=True, console=console, clock=clock)
    assert (resumed.stopped, resumed.shortfall, resumed.larger_budget) == ("epochs", "", "")


def test_a_run_at_its_floor_says_so(make_task: Any, tmp_path: Path, console: Console) -> None:
    task = make_task()
    task.least = Floor("the mean", {"loss": 0.0})
    outcome = fit(task, TrainingConfig(max_epochs=1), tmp_path, console=console)
    loss = outcome.best_metrics["loss"]
    assert outcome.shortfall == (
        f"the model has not learned: loss {loss:.4g} is no better than the 0 of the mean"
    )


def test_other_work_and_a_fallen_speed_are_told(make_task: Any, tmp_path: Path, console: Console) -> None:
    clock, task = Clock(), make_task()
    waits = [0.0]

    def slow_from_the_second_epoch() -> None:
        seconds, waiting = (10.0, 0.0) if len(task.seen) == 1 else (100.0, 300.0)
        clock.seconds += seconds
        waits[0] += waiting

    task.before_loss = slow_from_the_second_epoch
    fit(
        task,
        TrainingConfig(max_epochs=2),
        tmp_path,
        console=console,
        clock=clock,
        usage=lambda: Usage(clock.seconds, waits[0]),
    )
    shown = console.file.getvalue()
    assert "  4 words/s  1m20s\n" in shown
    assert "  0 words/s (at best 4; no processor was free 75% of the time)  14m40s\n" in shown
    assert shown.count(" are busy with other work: training waits for one 75% of its time") == 1
    assert any("busy with other work" in line["text"] for line in lines(tmp_path, "warning"))


def test_a_flipped_bit_of_the_checkpoint_is_not_resumed(
    make_task: Any, tmp_path: Path, console: Console
) -> None:
    fit(make_task(), TrainingConfig(max_epochs=1), tmp_path, console=console)
    path, task = tmp_path / "checkpoint.safetensors", make_task()
    data = bytearray(path.read_bytes())
    data[-9] ^= 4
    path.write_bytes(data)
    before = {name: value.clone() for name, value in task.module.state_dict().items()}
    with pytest.raises(InputError) as error:
        fit(task, TrainingConfig(max_epochs=2), tmp_path, resume=True, console=console)
    assert str(error.value) == (
        f"{path} is damaged: its content does not match the digest stored with it; "
        "restore it from a copy or train again"
    )
    assert equal(task.module.state_dict(), before)


def test_lost_metrics_are_told(make_task: Any, tmp_path: Path, console: Console) -> None:
    fit(make_task(), TrainingConfig(max_epochs=1), tmp_path, console=console)
    size = (tmp_path / "metrics.jsonl").stat().st_size
    (tmp_path / "metrics.jsonl").unlink()
    fit(make_task(), TrainingConfig(max_epochs=2), tmp_path, resume=True, console=console)
    assert f"note: metrics.jsonl had lost the last {size:,} bytes of its lines\n" in console.file.getvalue()
    assert [line["epoch"] for line in lines(tmp_path, "validation")] == [2]
