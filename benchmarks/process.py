"""A command in a process of its own: what it printed, the memory it estimated, and the most it held."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence

GIB = {"GiB": 1.0, "MiB": 1 / 1024}


def throughtime(arguments: Sequence[str]) -> tuple[str, int]:
    """Run `throughtime`, its lines printed as they come; return them and the peak of its memory in bytes.

    Peak is of what was resident, as the system accounts for it; ends the program where the command fails.
    """
    lines: list[str] = []
    command = [sys.executable, "-m", "throughtime", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"throughtime {' '.join(arguments)} failed")
    return "".join(lines), usage.ru_maxrss * 1024  # KiB on Linux


def estimate_in(printed: str) -> float:
    """The memory that `throughtime seq2seq train` said it would need, in GiB."""
    line = re.search(r"memory: about ([\d.]+) ([GM]iB)", printed)
    if line is None:
        raise SystemExit("the training printed no estimate of its memory")
    return float(line[1]) * GIB[line[2]]
