"""The one workflow of every application: prepare, train or resume, test, report, next commands."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning_fabric import Fabric
from rich.console import Console

from throughtime.application.application import AnyApplication, Comparison, Estimator, Member
from throughtime.application.folder import (
    BEST,
    CHECKPOINT,
    DATA,
    LAST,
    REPORT,
    SETTINGS,
    no_false_start,
    read_report,
    read_run,
    read_settings,
    require_no_run,
    resume_command,
    start_over,
    write_settings,
)
from throughtime.application.lock import LOCK, held_by_first
from throughtime.application.processes import join
from throughtime.application.show import show_evaluation
from throughtime.artefact.report import write_report
from throughtime.console import say
from throughtime.errors import InputError
from throughtime.settings import to_json
from throughtime.training.fit import fit
from throughtime.training.processes import first_does

if TYPE_CHECKING:
    from throughtime.training.config import TrainingConfig


@dataclass(frozen=True)
class Result:
    """What a run came to.

    model: its best model, of a run of members that of the best member; None where it was interrupted.
    report: what report.json holds; empty where the run was interrupted.
    """

    application: str
    folder: Path
    model: Path | None
    report: Mapping[str, Any]

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C or SIGTERM ended the run."""
        return self.model is None


def train(
    application: AnyApplication, config: Any, folder: Path, console: Console, *, overwrite: bool = False
) -> Result:
    """Train anew in `folder`, and print what to type next.

    Raises InputError where it holds a run and `overwrite` is not set, and for settings and data that cannot
    be used; an earlier run is removed only when data and model of the new one are ready.
    """
    fabric = join(_precision(config))
    first_does(fabric, lambda: require_no_run(application, folder, overwrite))
    with no_false_start(folder), claimed(fabric, folder):
        return Workflow(application, fabric, console, resume_command(application, folder)).run(
            config, folder, resumed=False
        )


def resume(
    folder: Path,
    console: Console,
    budget: Mapping[str, float] | None = None,
    expected: AnyApplication | None = None,
) -> Result:
    """Continue the run in `folder` with its own settings, and print what to type next.

    `budget` replaces settings of its training, in the run's settings.json too. `expected` is the application
    that the run has to be of, if any.

    Raises:
        InputError: there is no run, or it cannot be continued.
    """
    application, config = read_run(folder)
    if expected not in (None, application):
        raise InputError(f"{folder} holds another kind of run; use `{resume_command(application, folder)}`")
    fabric = join(_precision(config))
    with claimed(fabric, folder):
        if budget:
            config = replace(config, training=replace(config.training, **budget))
            first_does(fabric, lambda: write_settings(application, config, folder))
        return Workflow(application, fabric, console, resume_command(application, folder)).run(
            config, folder, resumed=True
        )


class Workflow:
    """Runs of one application, by the processes of `fabric`.

    hint: the command that resumes. tests: whether a run that ends is tested.
    """

    def __init__(
        self,
        application: AnyApplication,
        fabric: Fabric,
        console: Console,
        hint: str,
        *,
        tests: bool = True,
    ) -> None:
        self.application, self.fabric, self.hint, self.tests = application, fabric, hint, tests
        self.console = console if fabric.is_global_zero else Console(quiet=True)

    def run(self, config: Any, folder: Path, *, resumed: bool) -> Result:
        """Begin or resume the run in a folder, whole or by its members."""
        data = self._prepared(config, folder, resumed)
        for line in self.application.announce(config, data):
            say(self.console, line)
        members = self.application.members(config, data)
        if not members:
            result = self.single(config, data, folder, resumed=resumed)
        else:
            if not resumed:
                first_does(self.fabric, lambda: start_over(self.application, config, folder))
            result = self._all(members, config, data, folder)
        if not result.interrupted and self.fabric.is_global_zero:
            self._say_next(result, config)
        return result

    def single(self, config: Any, data: Any, folder: Path, *, resumed: bool, member: bool = False) -> Result:
        """Begin or resume one run; the test of a `member` is not printed."""
        task = self.application.task(config, data)
        for line in self.application.describe(config, data, task):
            say(self.console, line)
        if isinstance(task, Estimator):
            return self._fitted(task, config, data, folder, member)
        if resumed:
            first_does(self.fabric, lambda: _require_checkpoint(folder))
        self._ready(task, config, data, folder, resumed)
        outcome = fit(
            task,
            config.training,
            folder,
            resume=resumed,
            resume_hint=self.hint,
            fabric=self.fabric,
            console=self.console,
        )
        if outcome.interrupted:
            return Result(self.application.name, folder, None, {})
        say(self.console, outcome.sentence())
        training = {**asdict(outcome), "model": str(outcome.model)}
        return self._finished(config, data, folder, outcome.model, training, member)

    def members(self, members: Sequence[Member[Any]], data: Any, folder: Path) -> dict[str, Path] | None:
        """Train the members that have not ended; return their folders by name, None where Ctrl-C came."""
        for number, member in enumerate(members, 1):
            place = folder / member.name
            ended, begun = first_does(self.fabric, partial(_progress, member.config, place))
            if ended:
                continue
            self.console.rule(f"{number} of {len(members)}: {member.name}", align="left")
            if begun:
                first_does(self.fabric, partial(write_settings, self.application, member.config, place))
            if self.single(member.config, data, place, resumed=begun, member=True).interrupted:
                return None
        return {member.name: folder / member.name for member in members}

    def _prepared(self, config: Any, folder: Path, resumed: bool) -> Any:
        """The data, which the first process prepares and the others open."""
        made: list[Any] = []
        prepare = partial(self.application.prepare, config, folder / DATA, resumed)
        with self.console.status("preparing the data"):
            first_does(self.fabric, lambda: made.append(prepare()))
        if made:
            return made[0]
        reopen = self.application.reopen
        return prepare() if reopen is None else reopen(config, folder / DATA)

    def _ready(self, task: Any, config: Any, data: Any, folder: Path, resumed: bool) -> None:
        """Check that the run can begin, say what is trained, and give a new run its first weights."""
        application = self.application
        if (estimate := application.memory(config, data)) is not None:
            first_does(self.fabric, estimate.check)
            say(self.console, estimate.summary())
        if resumed:
            self._say(lambda: application.resumed(config, task, folder / LAST))
            first_does(self.fabric, lambda: (folder / REPORT).unlink(missing_ok=True))
            return
        self._say(lambda: application.initialise(config, task))
        if not self.fabric.is_global_zero:
            application.initialise(config, task)
        first_does(self.fabric, lambda: start_over(application, config, folder))

    def _say(self, lines: Any) -> None:
        for line in first_does(self.fabric, lines):
            say(self.console, line)

    def _fitted(self, estimator: Estimator, config: Any, data: Any, folder: Path, member: bool) -> Result:
        def fitted() -> dict[str, Any]:
            start = time.monotonic()
            with _resumable(self.application, config, folder):
                estimator.fit(self.console)
            minutes = (time.monotonic() - start) / 60
            start_over(self.application, config, folder)
            estimator.save_model(folder / BEST)
            return {"minutes": minutes, "model": str(folder / BEST)}

        training = first_does(self.fabric, fitted)
        return self._finished(config, data, folder, folder / BEST, training, member)

    def _finished(
        self,
        config: Any,
        data: Any,
        folder: Path,
        model: Path,
        training: Mapping[str, Any],
        member: bool,
    ) -> Result:
        """Test the model and write the report; the other processes wait."""

        def finish() -> dict[str, Any]:
            report: dict[str, Any] = {
                "application": self.application.name,
                "settings": to_json(config),
                "training": training,
            }
            test = self.application.test
            if self.tests and (evaluation := test(config, data, folder, model)) is not None:
                if not member:
                    show_evaluation(evaluation, self.console)
                report["test"] = evaluation.to_dict()
            _draw_curves(folder)
            write_report(folder / REPORT, report)
            return report

        report = first_does(self.fabric, finish)
        return Result(self.application.name, folder, model, report)

    def _all(self, members: Sequence[Member[Any]], config: Any, data: Any, folder: Path) -> Result:
        """Train all members and compare them."""
        first_does(self.fabric, lambda: (folder / REPORT).unlink(missing_ok=True))
        try:
            places = self.members(members, data, folder)
        except InputError:
            self._show_ended(members, config, data, folder)
            raise
        if places is None:
            return Result(self.application.name, folder, None, {})
        best, report = first_does(self.fabric, lambda: self._compared(places, config, data, folder))
        return Result(self.application.name, folder, places[best] / BEST, report)

    def _show_ended(self, members: Sequence[Member[Any]], config: Any, data: Any, folder: Path) -> None:
        """Show the comparison of those members that ended before one failed."""
        names = [member.name for member in members if _progress(member.config, folder / member.name)[0]]
        if names and self.fabric.is_global_zero:
            self._comparison({name: folder / name for name in names}, config, data)

    def _comparison(self, places: Mapping[str, Path], config: Any, data: Any) -> Comparison:
        assert self.application.compare is not None, "a run with members compares them"
        comparison = self.application.compare(config, data, places)
        show_evaluation(comparison, self.console)
        return comparison

    def _compared(
        self, places: Mapping[str, Path], config: Any, data: Any, folder: Path
    ) -> tuple[str, dict[str, Any]]:
        comparison = self._comparison(places, config, data)
        trained = {name: (read_report(place) or {})["training"] for name, place in places.items()}
        report = {
            "application": self.application.name,
            "settings": to_json(config),
            "members": trained,
            **comparison.to_dict(),
        }
        write_report(folder / REPORT, report)
        return comparison.best, report

    def _say_next(self, result: Result, config: Any) -> None:
        shortfalls = _shortfalls(result.report)
        if not shortfalls:
            say(self.console, f"\nThe model is {result.model}, the report {result.folder / REPORT}. Next:")
            assert result.model is not None
            commands = self.application.next_commands(config, result.folder, result.model)
        else:
            report, (shortfall, budget) = result.folder / REPORT, shortfalls[0]
            say(self.console, f"\nTraining is not done: {shortfall}. The report is {report}. Next:")
            commands = [f"{resume_command(self.application, result.folder)} {budget}"]
        for command in commands:
            say(self.console, f"  {command}")


def _shortfalls(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Why the models of a run are not done, each with the option that gives it more."""
    members: Mapping[str, Mapping[str, Any]] = report.get("members", {})
    named = {f"{name}, ": training for name, training in members.items()} or {"": report["training"]}
    return [
        (f"{name}{training['shortfall']}", training["larger_budget"])
        for name, training in named.items()
        if training.get("shortfall")
    ]


def _precision(config: Any) -> Any:
    training: TrainingConfig | None = getattr(config, "training", None)
    return "32-true" if training is None else training.precision


def _has_checkpoint(folder: Path) -> bool:
    return (folder / CHECKPOINT).exists()


def _require_checkpoint(folder: Path) -> None:
    if not _has_checkpoint(folder):
        raise InputError(
            f"{folder} holds a run that ended before its first checkpoint; train --overwrite begins anew"
        )


@contextmanager
def _resumable(application: AnyApplication, config: Any, folder: Path) -> Generator[None]:
    """Have the settings in the folder while a model is fitted, unless those of an earlier run are there."""
    if (folder / SETTINGS).exists():
        yield
        return
    write_settings(application, config, folder)
    try:
        yield
    except BaseException:
        (folder / SETTINGS).unlink()
        raise


@contextmanager
def claimed(fabric: Fabric, folder: Path) -> Generator[None]:
    """Keep other runs out of the folder, from preparing to reporting."""
    with held_by_first(fabric, folder):
        try:
            yield
        finally:
            if fabric.is_global_zero and not (folder / SETTINGS).exists():  # nothing came of it
                (folder / LOCK).unlink(missing_ok=True)


def _progress(config: Any, folder: Path) -> tuple[bool, bool]:
    """Return whether a member has ended, and whether it has begun.

    One that ended before it learned has not ended where its budget is another now.
    """
    begun, report = _has_checkpoint(folder), read_report(folder)
    if report is None:
        return False, begun
    learned = not report["training"].get("shortfall")
    return learned or read_settings(folder / SETTINGS, type(config)) == config, begun


def _draw_curves(folder: Path) -> None:
    from throughtime.insight.training_curves import draw_curves

    draw_curves(folder)
