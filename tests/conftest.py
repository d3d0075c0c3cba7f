"""What holds for all tests: no time limit for an example, as it would measure the machine; Ctrl-C heard."""

from __future__ import annotations

import signal

from hypothesis import settings

settings.register_profile("throughtime", deadline=None)
settings.load_profile("throughtime")

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin deaf to it
