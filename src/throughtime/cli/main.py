"""The command `throughtime`: finds the application, prints a user's mistake as one sentence."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from throughtime.cli.extras import extra_with
from throughtime.cli.garbage import spare_imports
from throughtime.errors import InputError, MissingExtraError
from throughtime.spinning import IS_COMMAND


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Anywhere in it, `--debug` shows the traceback of an error instead of its sentence, and `--import MODULE`
    imports a module first, whose cells model files may name.
    """
    typed = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in typed
    if IS_COMMAND:
        spare_imports()
    try:
        modules, rest = _split_imports([argument for argument in typed if argument != "--debug"])
        _import(modules)
        _run(rest)
    except BrokenPipeError:
        # the reader of our output has gone; what is left in the buffer goes nowhere when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (InputError, MissingExtraError, OSError) as error:
        if debug:
            raise
        print(f"throughtime: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("throughtime: stopped", file=sys.stderr)
        sys.exit(130)


def _split_imports(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the modules of all `--import MODULE`, and the other arguments."""
    modules, rest = list[str](), list(arguments)
    while "--import" in rest:
        place = rest.index("--import")
        if place + 1 == len(rest):
            raise InputError("--import needs the name of a module, such as my_cells")
        modules.append(rest[place + 1])
        del rest[place : place + 2]
    return modules, rest


def _import(modules: Sequence[str]) -> None:
    if modules:
        from throughtime.cells.user_modules import import_cells

        import_cells(modules)


def _run(arguments: Sequence[str]) -> None:
    """Finds the command and runs it; an application is imported only now, and so may miss its extra."""
    try:
        from throughtime.cli.app import app

        app(arguments)
    except ImportError as error:
        missing = error.__cause__ or error  # cyclopts wraps what goes wrong when it imports an application
        if not isinstance(missing, ModuleNotFoundError) or str(missing.name).startswith("throughtime"):
            raise
        package = str(missing.name).split(".")[0]
        raise MissingExtraError(package, extra_with(package, arguments[0] if arguments else "")) from error
    finally:
        sys.stdout.flush()
