"""The command `throughtime`: finds the application, prints a user's mistake as one sentence."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from throughtime.errors import InputError, MissingExtraError


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line; `--debug` anywhere shows the traceback of an error instead of its sentence."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    try:
        _app()([argument for argument in given if argument != "--debug"])
    except (InputError, MissingExtraError) as error:
        if debug:
            raise
        print(f"throughtime: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; there is nobody to tell
        sys.exit(1)
    except KeyboardInterrupt:
        print("throughtime: stopped", file=sys.stderr)
        sys.exit(130)


def _app():  # noqa: ANN202
    try:
        from throughtime.cli.app import app
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), "seq2seq") from error
    return app
