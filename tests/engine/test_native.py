"""Which tensors the native part takes."""

from __future__ import annotations

import pytest
import torch

from native_scan import needs_native
from throughtime.engine import native
from throughtime.engine.native import computes

ONE, OTHER = torch.randn(2, 4), torch.randn(4)


@needs_native
def test_it_takes_numbers_of_one_known_type_on_the_cpu() -> None:
    assert computes(ONE, OTHER)
    assert computes(ONE.double(), OTHER.double())
    assert not computes(ONE.double(), OTHER)
    assert not computes(ONE.bfloat16(), OTHER.bfloat16())
    assert not computes(ONE, OTHER.to("meta"))


def test_where_it_was_not_built_it_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "native", None)
    assert not computes(ONE, OTHER)
