"""The applications from Python: the same runs and models as from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from throughtime.application.application import AnyApplication, Evaluation
from throughtime.application.registry import application_for_model, require_application
from throughtime.settings import from_options

if TYPE_CHECKING:
    from rich.console import Console

    from throughtime.application.workflow import Result


def train(
    application: str,
    *,
    folder: str | Path | None = None,
    overwrite: bool = False,
    preset: str | None = None,
    console: Console | None = None,
    **settings: Any,
) -> Result:
    """Train a model as `throughtime APPLICATION train` does, and return what came of it.

    Args:
        application: "seq2seq", "words classify", "words embed", ...
        folder: folder of the run; by default runs/ and the corpus's name.
        overwrite: begin anew in a folder that holds a run.
        preset: settings that belong together, instead of the defaults.
        console: where progress is printed; nowhere by default.
        **settings: the options of the command by their names: corpus=("reviews.csv",), max_epochs=5.

    Raises:
        InputError: a setting does not exist or is out of range, or the data cannot be used.
    """
    from rich.console import Console

    from throughtime.application import workflow

    described = require_application(application)
    chosen = {**described.preset("train", preset, settings), **settings}
    config = from_options(described.config, chosen)
    place = Path(folder) if folder is not None else Path("runs") / described.run_name(config)
    return workflow.train(described, config, place, console or Console(quiet=True), overwrite=overwrite)


def resume(folder: str | Path, *, console: Console | None = None, **budget: float) -> Result:
    """Continue a run that was stopped or ended too soon, as `throughtime APPLICATION resume` does.

    Args:
        folder: the folder of the run.
        console: where progress is printed; nowhere by default.
        **budget: new values of max_epochs, max_minutes or patience.

    Raises:
        InputError: there is no run, or it cannot be continued.
    """
    from rich.console import Console

    from throughtime.application import workflow

    return workflow.resume(Path(folder), console or Console(quiet=True), budget)


def load(path: str | Path, **options: Any) -> LoadedModel:
    """Load a model file of any application.

    Args:
        path: the file.
        **options: the options of the application's `run` by their names: beam_size=12.

    Raises:
        InputError: it is not a model file, or an option does not exist or is out of range.
    """
    application = application_for_model(Path(path))
    return LoadedModel(application, Path(path), from_options(application.options, options))


class LoadedModel:
    """A model that answers: `model("A man sleeps.")`, `model(["one", "two"])`.

    Attributes:
        application: what it is a model of.
        model: the application's own object: a `Pipeline`, a classifier, word vectors.
    """

    def __init__(self, application: AnyApplication, path: Path, options: Any) -> None:
        self.application, self.path, self.options = application, path, options
        self.model: Any = application.load(path, options)

    def __call__(self, inputs: Any) -> Any:
        """Return the answer to one input, or a list of answers to a list of inputs.

        str(answer) is the line that the command prints, answer.to_json() what the server returns.
        """
        several = isinstance(inputs, Sequence) and not isinstance(inputs, str | bytes)
        answers = self.application.answer(self.model, inputs if several else [inputs])
        return list(answers) if several else answers[0]

    def evaluate(self, **settings: Any) -> Evaluation:
        """Evaluate the model as `throughtime APPLICATION evaluate` does, by its options: corpus=..."""
        asked = from_options(self.application.test_options, settings)
        return self.application.evaluate(self.path, self.options, asked)
