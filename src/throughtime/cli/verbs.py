"""The commands of an application, built from its description."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import cyclopts
from cyclopts import App
from cyclopts.argument import ArgumentCollection
from cyclopts.config import Dict

from throughtime.application.application import AnyApplication
from throughtime.application.folder import read_settings
from throughtime.application.models import present
from throughtime.application.registry import application_named
from throughtime.applications import APPLICATIONS
from throughtime.cli.groups import with_most_used
from throughtime.cli.inputs import blocks_of_bytes, blocks_of_json, blocks_of_text
from throughtime.console import print_utf8
from throughtime.errors import InputError
from throughtime.settings import groups, to_json, to_options

T = TypeVar("T")
Function = Callable[..., None]


def __getattr__(name: str) -> App:
    """Return the commands of the application of that name; `cli.app` names them before they are built."""
    application = application_named(name)
    if application is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return verbs_of(application)


def verbs_of(application: AnyApplication) -> App:
    """Return the commands of an application: train, resume, evaluate, run, serve, and its own."""
    app = App(
        name=application.name.split()[-1],
        help=APPLICATIONS[application.name].summary,
        default_parameter=cyclopts.Parameter(consume_multiple=True, negative_iterable=()),
        config=_filled_in(application),
    )
    for make in (_train, _resume, _evaluate, _run, _serve):
        verb = make(application)
        example = application.examples.get(verb.__name__)
        app.command(verb, name=verb.__name__, help_epilogue=f"Example: {example}" if example else None)
    for name, command in application.commands.items():
        app.command(command.function, name=name, help=command.summary)
    return app


def _train(application: AnyApplication) -> Function:
    def train(
        *, folder: Path | None, overwrite: bool, settings: Path | None, quiet: bool, **typed: Any
    ) -> None:
        del settings  # filled in before the options were read
        typed.pop("preset", None)
        from rich.console import Console

        from throughtime.application import workflow

        config = _taken(application.config, typed)
        place = folder or Path("runs") / application.run_name(config)
        workflow.train(application, config, place, Console(quiet=quiet), overwrite=overwrite)

    options = [
        _option("folder", Path | None, None, "Folder of the run; by default runs/ and the corpus's name."),
        _option("overwrite", bool, False, "Begin anew in a folder that holds a run."),
        _option("settings", Path | None, None, "A settings.json of a run; options beside it win over it."),
        _option("quiet", bool, False, "Print nothing but errors."),
    ]
    if application.presets:
        names: Any = Literal[tuple(application.presets)]  # pyright: ignore
        options.append(
            _option("preset", names | None, None, "Settings that belong together, instead of the defaults.")
        )
    options += _grouped(application.config, application.common)
    return _shaped(train, application.help.get("train", "Train."), options)


def _resume(application: AnyApplication) -> Function:
    def resume(*, folder: Path, quiet: bool, **budget: float | None) -> None:
        from rich.console import Console

        from throughtime.application import workflow

        changes = {name: value for name, value in budget.items() if value is not None}
        workflow.resume(folder, Console(quiet=quiet), changes, application)

    parameters = [
        _argument("folder", Path, Parameter.empty, "The folder of the run."),
        _option("quiet", bool, False, "Print nothing but errors."),
    ]
    if application.trained_by_gradient:
        parameters += [
            _option("max_epochs", float | None, None, "New limit of epochs, those done included."),
            _option(
                "max_minutes",
                float | None,
                None,
                "New limit of minutes of training, those spent included; 0 sets no limit.",
            ),
            _option(
                "patience",
                int | None,
                None,
                "New number of validations without improvement after which the run ends; 0 never ends it "
                "early.",
            ),
        ]
    told = "Continue a run that was stopped, or that ended too soon, with its own settings."
    return _shaped(resume, application.help.get("resume", told), parameters)


def _evaluate(application: AnyApplication) -> Function:
    def evaluate(*, model: Path, report: Path | None, json_: bool, **typed: Any) -> None:
        from throughtime.application.show import show_evaluation
        from throughtime.artefact.report import as_json, write_report

        asked = _taken(application.test_options, typed)
        options = _taken(application.options, typed)
        evaluation = application.evaluate(present(application, model), options, asked)
        values = {"model": str(model), **evaluation.to_dict()}
        if json_:
            print(as_json(values))
        else:
            from rich.console import Console

            show_evaluation(evaluation, Console())
        if report is not None:
            write_report(report, values)

    parameters = [
        _model(application),
        *_grouped(application.test_options),
        _option("report", Path | None, None, "File for the scores as JSON."),
        _option("json_", bool, False, "Print the scores as JSON instead of tables.", "--json"),
        *_grouped(application.options),
    ]
    return _shaped(evaluate, application.help.get("evaluate", "Evaluate a model on a test set."), parameters)


def _run(application: AnyApplication) -> Function:
    def run(*, model: Path, inputs: Sequence[Path] = (), **typed: Any) -> None:
        named = typed.pop("file", None)
        text = typed.pop("text", None)
        asked = _taken(application.run_options, typed)
        options = _taken(application.options, typed)
        if application.input == "text":
            from throughtime.files.lines import require_one

            require_one(text, named, "read")
        loaded = application.load(present(application, model), options)
        print_utf8()
        match application.input:
            case "text":
                if text is None and named is None and sys.stdin.isatty():
                    print("One line at a time; Ctrl-D ends.", file=sys.stderr)
                blocks: Iterable[Sequence[Any]] = blocks_of_text(text, named)
            case "json":
                blocks = blocks_of_json(named)
            case "bytes":
                blocks = blocks_of_bytes(inputs)
        for block in _printed(application, loaded, options, asked, blocks):
            print("\n".join(block), flush=True)

    return _shaped(
        run,
        application.help.get("run", "Give the model's answer to each input."),
        _run_parameters(application),
    )


def _run_parameters(application: AnyApplication) -> list[Parameter]:
    parameters = [_model(application)]
    match application.input:
        case "text":
            parameters += [
                _argument(
                    "text",
                    str | None,
                    None,
                    "The text; without it and without --file standard input is read.",
                ),
                _option("file", Path | None, None, "A text file, .gz allowed, each line an input."),
            ]
        case "json":
            parameters.append(
                _option("file", Path | None, None, "A file with a JSON value on each line, .gz allowed.")
            )
        case "bytes":
            parameters.append(
                Parameter(
                    "inputs",
                    Parameter.VAR_POSITIONAL,
                    annotation=Annotated[Path, cyclopts.Parameter(help="The files to read.")],
                )
            )
    return [*parameters, *_grouped(application.run_options), *_grouped(application.options)]


def _printed(
    application: AnyApplication, model: Any, options: Any, asked: Any, blocks: Iterable[Sequence[Any]]
) -> Iterator[Sequence[str]]:
    if application.run is not None:
        return application.run(model, options, asked, blocks)
    return ([str(answer) for answer in application.answer(model, block)] for block in blocks)


def _serve(application: AnyApplication) -> Function:
    def serve(*, model: Path, limits: Any, **typed: Any) -> None:
        from throughtime.studio.api import api_of
        from throughtime.studio.server import serve as serve_until_stopped

        loaded = application.load(present(application, model), _taken(application.options, typed))
        serve_until_stopped(api_of(application, loaded, limits), limits)

    from throughtime.studio.config import ServeConfig

    parameters = [
        _model(application),
        _group("limits", ServeConfig, "Server"),
        *_grouped(application.options),
    ]
    told = "Serve the model over HTTP until Ctrl-C; concurrent requests are batched."
    return _shaped(serve, application.help.get("serve", told), parameters)


def _shaped(function: Function, told: str, parameters: Iterable[Parameter]) -> Function:
    """Return the function with the signature and docstring from which its options and its help are made."""
    signature = Signature(sorted(parameters, key=lambda parameter: parameter.kind))

    def command(*positional: Any, **named: Any) -> None:
        bound = signature.bind(*positional, **named)
        bound.apply_defaults()
        function(**bound.arguments)

    command.__name__, command.__doc__ = function.__name__, told
    command.__signature__ = signature  # pyright: ignore[reportFunctionMemberAccess]
    command.__annotations__ = {name: each.annotation for name, each in signature.parameters.items()}
    return command


def _taken(kind: type[T], typed: dict[str, Any]) -> T:
    """Take the groups of a settings class out of what was typed."""
    return kind(**{name: group(**vars(typed.pop(name))) for name, group, _ in groups(kind)})


def _grouped(kind: type, common: Sequence[str] = ()) -> list[Parameter]:
    """An option for each setting of each group; those in `common` are listed first in --help."""
    return [_group(name, with_most_used(group, common), title) for name, group, title in groups(kind)]


def _group(name: str, group: type, title: str) -> Parameter:
    annotation = Annotated[group, cyclopts.Parameter(name="*", group=title)]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=group(), annotation=annotation)


def _option(name: str, kind: Any, default: Any, told: str, typed: str | None = None) -> Parameter:
    """Return an option; `typed` is its name where that is not --NAME."""
    annotation = Annotated[kind, cyclopts.Parameter(name=typed, help=told)]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _argument(name: str, kind: Any, default: Any, told: str) -> Parameter:
    annotation = Annotated[kind, cyclopts.Parameter(help=told)]
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=annotation)


def _model(application: AnyApplication) -> Parameter:
    default = application.default_model or Parameter.empty
    return _argument("model", Path, default, "A model file.")


def _filled_in(application: AnyApplication) -> Callable[[App, tuple[str, ...], ArgumentCollection], None]:
    """Return what gives options that were not typed the values of --settings, or else of the preset."""

    def fill_in(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        tokens = {name: argument.tokens for argument in arguments for name in argument.names}
        typed = {_plain_name(name): given[0].value for name, given in tokens.items() if given}
        if typed.get("settings") and typed.get("preset"):
            raise InputError("settings and preset are both given; use one of them")
        if path := typed.get("settings"):
            values, source = _settings_in(application, Path(path)), path
        elif "--preset" in tokens:
            values, source = application.preset(commands[-1], typed.get("preset"), typed), "the preset"
        else:
            return
        options = {name.replace("_", "-"): value for name, value in values.items()}
        Dict(options, source=source, use_commands_as_keys=False)(app, commands, arguments)

    return fill_in


def _plain_name(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


def _settings_in(application: AnyApplication, path: Path) -> dict[str, Any]:
    """The settings of a run that are not the defaults."""
    if not path.exists():
        raise InputError(f"{path} does not exist; a settings.json of a run was expected")
    config = read_settings(path, application.config, application.name)
    defaults = to_options(application.config())
    return {name: to_json(value) for name, value in to_options(config).items() if value != defaults[name]}
