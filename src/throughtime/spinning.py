"""How long threads of OpenMP, torch's and the engine's, spin for the next piece of work before they sleep.

By default for milliseconds. Beside other processes, where the thread that they wait for has no processor,
they take what it needs: training was five times slower for it. OpenMP reads the variable when torch is
loaded, so that it is set for the command `throughtime` before anything imports torch; a library does not
change its host's settings.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

VARIABLE, ROUNDS = "GOMP_SPINCOUNT", "5000"

_AS_MODULE = sys.argv[0] == "-m" and sys.orig_argv[sys.orig_argv.index("-m") + 1] == "throughtime"
IS_COMMAND = Path(sys.argv[0]).name == "throughtime" or _AS_MODULE
"""Whether this process is the command line and not a program that uses the library."""

if IS_COMMAND:
    os.environ.setdefault(VARIABLE, ROUNDS)
