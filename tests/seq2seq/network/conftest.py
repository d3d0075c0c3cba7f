"""Parts of a network that the engine computes, or torch's operations."""

from __future__ import annotations

import pytest

from native_scan import needs_native
from throughtime.engine import native


@pytest.fixture(params=[pytest.param("engine", marks=needs_native), "torch"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two ways to compute them."""
    if request.param == "torch":
        monkeypatch.setattr(native, "native", None)
