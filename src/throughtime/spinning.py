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

if Path(sys.argv[0]).name == "throughtime" or sys.orig_argv[1:3] == ["-m", "throughtime"]:
    os.environ.setdefault(VARIABLE, ROUNDS)
