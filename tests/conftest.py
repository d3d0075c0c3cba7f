"""What holds for all tests: no time limit for single examples, which would measure the machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("throughtime", deadline=None)
settings.load_profile("throughtime")
