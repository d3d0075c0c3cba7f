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
    """Runs the command line; `--debug` anywhere shows the traceback of an error instead of its sentence."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    if IS_COMMAND:
        spare_imports()
    try:
        _run([argument for argument in given if argument != "--debug"])
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
