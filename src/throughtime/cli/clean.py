"""`throughtime words clean`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from throughtime.errors import InputError
from throughtime.files.lines import given_lines, require_one
from throughtime.text.cleaning import Cleaner, CleaningConfig

Cleaning = Annotated[CleaningConfig, Parameter(name="*", group="Cleaning")]


def clean(
    text: str | None = None,
    *,
    file: Path | None = None,
    explain: bool = False,
    cleaning: Cleaning = CleaningConfig(),
) -> None:
    """Make words of a text, a file, or standard input: a line of words, with spaces between, for each line.

    Parameters
    ----------
    text
        What to clean; without it and without --file standard input is read.
    file
        A text file to clean, .gz allowed.
    explain
        Show what each step makes of the text, and what it drops and changes.
    """
    from rich.console import Console

    from throughtime.words.show import steps_table

    require_one(text, file, "cleaned")
    cleaner = Cleaner(cleaning)
    if explain:
        if text is None:
            raise InputError("explain is given without a text; expected the text to explain")
        Console().print(steps_table(cleaner, text))
        return
    for lines in given_lines(text, file):
        for line in lines:
            print(*cleaner.tokens(line))
        sys.stdout.flush()
