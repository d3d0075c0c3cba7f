"""The folder of a run: its files, its settings, and the one rule for a folder that holds a run already."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from throughtime.application.application import AnyApplication
from throughtime.application.registry import application_named
from throughtime.errors import InputError
from throughtime.settings import from_json, to_json

T = TypeVar("T")

SETTINGS, REPORT, DATA = "settings.json", "report.json", "data"
BEST, LAST, CHECKPOINT = "best.safetensors", "last.safetensors", "checkpoint.safetensors"
RUN_FILES = (
    SETTINGS,
    REPORT,
    BEST,
    LAST,
    CHECKPOINT,
    "metrics.jsonl",
    "curves.png",
    "step-*.safetensors",
    "snapshots/step-*.safetensors",
    "tensorboard/events.out.tfevents.*",
)
"""What every run writes into its folder beside the files of its application; the rest is the user's."""

_APPLICATION = "application"


def run_folder(corpus: Sequence[str], otherwise: str) -> Path:
    """Return the folder of a run that was given none: runs/ and the name of its corpus, or `otherwise`."""
    first = corpus[0].removeprefix("hf:").rstrip("/").split("/")[-1] if corpus else ""
    return Path("runs") / (re.sub(r"[^\w-]+", "-", first.lstrip(".").split(".")[0]) or otherwise)


@contextmanager
def no_false_start(folder: Path, what: str = "the run") -> Generator[None]:
    """Make the folder; remove what is made if the block fails before anything is written.

    Raises InputError where it cannot hold `what`.
    """
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot hold {what}: {error.strerror}; expected a folder") from error
    try:
        yield
    except BaseException:
        with suppress(OSError):  # a folder that is not empty stays
            for place in made:
                place.rmdir()
        raise


def resume_command(application: AnyApplication, folder: Path) -> str:
    """Return the command that resumes the run in a folder."""
    return application.command("resume", shlex.quote(str(folder)))


def require_no_run(application: AnyApplication, folder: Path, overwrite: bool) -> None:
    """Raise InputError where the folder holds a run and `overwrite` is not set."""
    if not overwrite and (folder / SETTINGS).exists():
        holder = application_of(folder) or application
        raise InputError(
            f"{folder} holds a run already; `{resume_command(holder, folder)}` goes on with it, "
            "--overwrite begins anew, --folder takes another place"
        )


def start_over(application: AnyApplication, config: object, folder: Path) -> None:
    """Remove the files of an earlier run and of its members, and write the settings of the new one."""
    members = member_folders(folder)
    for place in (*members, folder):
        for pattern in (*RUN_FILES, *application.files):
            for path in place.glob(pattern):
                path.unlink()
    for place in members:
        for emptied in (place / "snapshots", place / "tensorboard", place, place.parent):
            with suppress(OSError):  # a folder that is not there, or that holds something of the user's
                emptied.rmdir()
    write_settings(application, config, folder)


def member_folders(folder: Path) -> list[Path]:
    """Return the folders of runs within the folder of a run."""
    return [path.parent for path in folder.rglob(f"*/{SETTINGS}")]


def write_settings(application: AnyApplication, config: object, folder: Path) -> None:
    """Write settings.json, which `read_settings` and --settings read."""
    from throughtime.artefact.report import write_report

    folder.mkdir(parents=True, exist_ok=True)
    write_report(folder / SETTINGS, {_APPLICATION: application.name, **to_json(config)})


def read_settings(path: Path, kind: type[T], application: str = "") -> T:
    """Return the settings in a settings.json.

    Raises:
        InputError: the file does not hold them, or holds those of another application than the one named.
    """
    try:
        values = _values(path)
        holder = values.pop(_APPLICATION, application)
        if application and holder != application:
            raise InputError(f"{path} holds settings of `{holder}`, not of `{application}`")
        return from_json(kind, values)
    except (UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is not the settings of a run: {error}") from error


def read_run(folder: Path) -> tuple[AnyApplication, Any]:
    """Return application and settings of the run in a folder; raise InputError where there is none."""
    path = folder / SETTINGS
    if not path.exists():
        raise InputError(f"{folder} holds no run: there is no {SETTINGS} in it")
    if (application := application_of(folder)) is None:
        raise InputError(f"{path} does not name an application of this throughtime: train again")
    return application, read_settings(path, application.config)


def application_of(folder: Path) -> AnyApplication | None:
    """Return the application of the run in a folder; None where its settings name none."""
    try:
        name = _values(folder / SETTINGS).get(_APPLICATION, "")
    except (InputError, OSError, AttributeError):
        return None
    return application_named(name)


def read_report(folder: Path) -> Mapping[str, Any] | None:
    """Return the report of the run in a folder; None where it has not finished."""
    try:
        return json.loads((folder / REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _values(path: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is not the settings of a run: {error}") from error
    return values
