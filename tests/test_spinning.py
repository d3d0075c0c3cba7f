"""Commands bound how long threads spin; a library leaves its host's settings alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import throughtime

SOURCE = Path(throughtime.__file__).parents[1]
PRINT = "import os, throughtime; print(os.environ.get('GOMP_SPINCOUNT'))"


def printed(command: list[str], **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    done = subprocess.run(
        command,
        env={**kept, "PYTHONPATH": str(SOURCE), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(("given", "expected"), [({}, "5000"), ({"GOMP_SPINCOUNT": "7"}, "7")])
def test_the_command_bounds_it_unless_it_is_set(given: dict[str, str], expected: str, tmp_path: Path) -> None:
    script = tmp_path / "throughtime"
    script.write_text(PRINT)
    assert printed([sys.executable, str(script)], **given) == expected


def test_a_program_that_imports_the_library_keeps_its_own() -> None:
    assert printed([sys.executable, "-c", PRINT]) == "None"
