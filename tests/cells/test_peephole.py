"""The LSTM with peepholes against its equations in plain numbers, and against the LSTM without."""

from __future__ import annotations

import math

import pytest
import torch
from torch.testing import assert_close

from throughtime import Recurrent
from throughtime.cells import PeepholeLSTM
from tolerances import tolerance


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def test_one_unit_by_hand() -> None:
    u = {"i": 0.5, "f": -0.25, "g": 1.5, "o": 0.75}
    wx = {"i": 0.1, "f": 0.2, "g": -0.3, "o": 0.4}
    peep = {"i": 1.25, "f": -0.5, "o": 2.0}
    h, c = 0.6, -0.8
    a = {gate: wx[gate] + u[gate] * h for gate in "ifgo"}
    i, f = _sigmoid(a["i"] + peep["i"] * c), _sigmoid(a["f"] + peep["f"] * c)
    g = math.tanh(a["g"])
    memory = f * c + i * g
    o = _sigmoid(a["o"] + peep["o"] * memory)
    weights = {"weight_ih": torch.zeros(4, 1), "weight_hh": torch.tensor([list(u.values())]).T}
    weights |= {f"peep_{gate}": torch.tensor([value]) for gate, value in peep.items()}
    state = {"h": torch.tensor([[h]]), "c": torch.tensor([[c]])}
    new, seen = PeepholeLSTM().bind(weights)(torch.tensor([list(wx.values())]), state)
    allowed = tolerance("step", torch.float32)
    assert_close(new["c"].item(), memory, **allowed)
    assert_close(new["h"].item(), o * math.tanh(memory), **allowed)
    for gate, value in dict(i=i, f=f, g=g, o=o).items():
        assert_close(seen[gate].item(), value, **allowed)


def test_without_peepholes_it_is_the_lstm() -> None:
    layer = Recurrent("peephole_lstm", 3, 4, dtype=torch.float64)
    plain = Recurrent("lstm", 3, 4, dtype=torch.float64)
    plain.load_state_dict({name: value for name, value in layer.state_dict().items() if "peep" not in name})
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    assert not torch.allclose(layer(x)[0], plain(x)[0])
    with torch.no_grad():
        for name in ("peep_i_l0", "peep_f_l0", "peep_o_l0"):
            getattr(layer, name).zero_()
    assert_close(layer(x), plain(x), **tolerance("forward", torch.float64))


@pytest.mark.parametrize(("gate", "seen_by"), [("i", "before"), ("f", "before"), ("o", "after")])
def test_which_memory_a_gate_sees(gate: str, seen_by: str) -> None:
    """Gates i and f see the memory as it was, o as it has become."""
    cell = PeepholeLSTM()
    weights = {name: torch.zeros(shape) for name, shape in cell.weight_shapes(1, 1, bias=False).items()}
    weights[f"peep_{gate}"].fill_(1)
    last = {"h": torch.zeros(1, 1), "c": torch.tensor([[-4.0]])}
    wx = torch.tensor([[0.0, 0.0, 20.0, 0.0]])  # gates i f g o: a candidate of 1
    new, seen = cell.bind(weights)(wx, last)
    memory = last["c"] if seen_by == "before" else new["c"]
    assert not torch.equal(last["c"], new["c"])
    assert_close(seen[gate], memory.sigmoid(), **tolerance("step", torch.float32))
    assert all(seen[other].item() == 0.5 for other in "ifo" if other != gate)
