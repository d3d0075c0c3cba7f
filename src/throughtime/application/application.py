"""An application described once: its commands, its runs and its server are built from the description."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, runtime_checkable

from throughtime.settings import groups

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from throughtime.application.memory_estimate import MemoryEstimate
    from throughtime.training.task import Task

Config = TypeVar("Config")
Data = TypeVar("Data")
Options = TypeVar("Options")
Model = TypeVar("Model")


class Evaluation(Protocol):
    """How good a model is on a test set."""

    def to_dict(self) -> Mapping[str, Any]:
        """Return everything as values that JSON holds."""
        ...

    def show(self) -> Iterable[RenderableType]:
        """Return what is printed: tables and lines."""
        ...


class Comparison(Evaluation, Protocol):
    """How good the members of a run are beside each other."""

    @property
    def best(self) -> str:
        """The name of the best member."""
        ...


class Answer(Protocol):
    """What a model says of one input."""

    def to_json(self) -> Any:
        """Return everything as JSON holds it."""
        ...

    def __str__(self) -> str:
        """Return the line that `run` prints."""
        ...


@dataclass(frozen=True)
class NoOptions:
    """The settings of a model that has none."""


@runtime_checkable
class Estimator(Protocol):
    """A model that is fitted in one go and not by gradient steps; one that is stopped begins anew."""

    def fit(self, console: Console) -> None:
        """Learn; raise InputError where the data does not allow it."""
        ...

    def save_model(self, path: Path) -> None:
        """Write the model as one file, whole or not at all."""
        ...


@dataclass(frozen=True)
class Member(Generic[Config]):
    """One of the runs that a run is made of."""

    name: str  # of its folder, in the run's
    config: Config


@dataclass(frozen=True)
class Command:
    """A further command of an application."""

    function: str  # "module:attribute"
    summary: str


def later(place: str) -> Callable[..., Any]:
    """Return the function at "module:attribute", which is imported when it is called."""

    def call(*arguments: Any) -> Any:
        return attribute_at(place)(*arguments)

    return call


def attribute_at(place: str) -> Any:
    """Import and return what "module:attribute" names."""
    module, name = place.split(":")
    return getattr(import_module(module), name)


def _no_lines(*_: Any) -> Sequence[str]:
    return ()


def _no_members(*_: Any) -> Sequence[Any]:
    return ()


def _no_values(*_: Any) -> Mapping[str, Any]:
    return {}


def _nothing(*_: Any) -> None:
    return None


@dataclass(frozen=True)
class Application(Generic[Config, Data, Options, Model]):
    """Everything that the command line, runs, resume, serve and the Python API need of an application.

    The functions import what they need when they are called (`later`), so that --help is answered without
    torch.

    Attributes:
        name: its command, and the kind in its model files: "words classify".
        config: settings of a run, a dataclass whose fields are groups of settings (`settings.group`); the
            options of `train`. A group named `training` is that of a run trained by gradient.
        run_name: name of the folder in runs/ of a run that was given none.
        prepare: reads the data of a run into a folder, for the first process; the last argument says whether
            the run is resumed, which then has the data that it began with.
        reopen: opens what `prepare` made, for the other processes.
        task: the model to train with its data: a `Task` trained by gradient, or an `Estimator`.
        members: the runs that a run is made of; none where it is one.
        announce: lines about the data, printed once they are prepared.
        describe: lines about a task, printed before it is trained.
        memory: estimate of the memory that training needs.
        initialise: gives a new run its first weights beyond random ones; returns lines to print.
        resumed: compares a task with the last model of the run that it resumes; returns lines to print.
        test: evaluates the model of a finished run on what it held out, if anything; gets the run's folder
            too, for files of its own.
        compare: evaluates members of a run, by name their folders, beside each other.
        files: patterns of the files that `test` and `compare` write into a run's folder.
        next_commands: what to type after training, from its settings, its folder and its best model.
        options: settings that a model is loaded with, a dataclass of groups.
        load: reads a model file.
        default_model: the model file of the commands where none is named.
        test_options: settings of `evaluate`, a dataclass of groups.
        evaluate: evaluates model files on a test set.
        input: what one input is: text, JSON, or the bytes of a file.
        answer: answers several inputs at once, for `run`, the server and the Python API.
        run_options: settings of `run`, a dataclass of groups.
        run: yields blocks of lines for blocks of inputs; by default each line is the text of an answer.
        route: name of the server's path and of the key of its answers: "translate", "translations".
        presets: names of presets, values of settings that belong together.
        preset: values of settings that are not given, from the command, the name of a preset, if any, and the
            settings that are given.
        common: the settings used most, which --help lists first.
        help: by command, its description.
        examples: by command, a line to type.
        commands: further commands by name.
    """

    name: str
    config: type[Config]
    run_name: Callable[[Config], str]
    prepare: Callable[[Config, Path, bool], Data]
    task: Callable[[Config, Data], Task | Estimator]
    options: type[Options]
    load: Callable[[Path, Options], Model]
    test_options: type[Any]
    evaluate: Callable[[Path, Options, Any], Evaluation]
    answer: Callable[[Model, Sequence[Any]], Sequence[Answer]]
    next_commands: Callable[[Config, Path, Path], Sequence[str]]
    reopen: Callable[[Config, Path], Data] | None = None
    members: Callable[[Config, Data], Sequence[Member[Config]]] = _no_members
    announce: Callable[[Config, Data], Iterable[str]] = _no_lines
    describe: Callable[[Config, Data, Any], Iterable[str]] = _no_lines
    memory: Callable[[Config, Data], MemoryEstimate | None] = _nothing
    initialise: Callable[[Config, Any], Sequence[str]] = _no_lines
    resumed: Callable[[Config, Any, Path], Sequence[str]] = _no_lines
    test: Callable[[Config, Data, Path, Path], Evaluation | None] = _nothing
    compare: Callable[[Config, Data, Mapping[str, Path]], Comparison] | None = None
    files: Sequence[str] = ()
    default_model: Path | None = None
    input: Literal["text", "json", "bytes"] = "text"
    run_options: type[Any] = NoOptions
    run: Callable[[Model, Options, Any, Iterable[Sequence[Any]]], Iterator[Sequence[str]]] | None = None
    route: tuple[str, str] = ("run", "answers")
    presets: Sequence[str] = ()
    preset: Callable[[str, str | None, Mapping[str, Any]], Mapping[str, Any]] = _no_values
    common: Sequence[str] = ()
    help: Mapping[str, str] = field(default_factory=dict[str, str])
    examples: Mapping[str, str] = field(default_factory=dict[str, str])
    commands: Mapping[str, Command] = field(default_factory=dict[str, Command])

    @property
    def trained_by_gradient(self) -> bool:
        """Whether its settings have a group `training`."""
        return any(name == "training" for name, _, _ in groups(self.config))

    def command(self, verb: str, *arguments: str) -> str:
        """Return a command to type: "throughtime seq2seq resume runs/train"."""
        return " ".join(["throughtime", self.name, verb, *arguments])


AnyApplication = Application[Any, Any, Any, Any]
