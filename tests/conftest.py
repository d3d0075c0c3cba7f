"""What holds for all tests: no time limit for single examples, whose time says more of the machine than of the code."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("throughtime", deadline=None)
settings.load_profile("throughtime")
