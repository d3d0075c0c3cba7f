"""Forms of input that are refused, with what to do instead."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_sequence
from torch.testing import assert_close

from throughtime import LSTM
from tolerances import tolerance

TEXT = (
    "input is a nested tensor, which recurrent layers do not take: pack it with"
    " torch.nn.utils.rnn.pack_sequence(input.unbind(), enforce_sorted=False), or pad it with"
    " input.to_padded_tensor(0.0) and give `lengths`"
)


@pytest.fixture(params=[torch.strided, torch.jagged], ids=str)
def nested(request: pytest.FixtureRequest) -> Tensor:
    """Sequences of 2, 5 and 3 steps."""
    return torch.nested.nested_tensor([torch.randn(n, 3) for n in (2, 5, 3)], layout=request.param)


@pytest.mark.filterwarnings("ignore:.*nested tensors is in prototype")
@pytest.mark.parametrize("backend", ["compiled", "torch", "reference"])
def test_nested_tensors_are_refused(nested: Tensor, backend: str) -> None:
    layer = LSTM(3, 4, batch_first=True, backend=backend)
    calls = [layer, layer.eval(), *([] if backend == "torch" else [layer.observe])]
    for call in calls:
        with torch.no_grad(), pytest.raises(ValueError) as error:
            call(nested)
        assert str(error.value) == TEXT


@pytest.mark.filterwarnings("ignore:.*nested tensors is in prototype")
def test_what_the_text_says_works(nested: Tensor) -> None:
    layer = LSTM(3, 4, batch_first=True)
    _, (h, c) = layer(pack_sequence(nested.unbind(), enforce_sorted=False))
    _, after = layer(nested.to_padded_tensor(0.0), lengths=[2, 5, 3])
    assert_close((h, c), after, **tolerance("forward", torch.float32))


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2, 3)], ids=str)
def test_numbers_of_dimensions(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError) as error:
        LSTM(3, 4)(torch.zeros(shape))
    assert str(error.value) == f"input must have 2 dimensions (unbatched) or 3; got shape {shape}"
