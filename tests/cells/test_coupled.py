"""The LSTM with coupled gates against its equations in plain numbers, and against the LSTM."""

from __future__ import annotations

import math

import torch
from torch.testing import assert_close

from throughtime import Recurrent
from throughtime.cells import CoupledLSTM
from tolerances import tolerance


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def test_one_unit_by_hand() -> None:
    u = {"f": -0.25, "g": 1.5, "o": 0.75}
    wx = {"f": 0.2, "g": -0.3, "o": 0.4}
    h, c = 0.6, -0.8
    f, o = (_sigmoid(wx[gate] + u[gate] * h) for gate in "fo")
    g = math.tanh(wx["g"] + u["g"] * h)
    memory = f * c + (1 - f) * g
    weights = {"weight_ih": torch.zeros(3, 1), "weight_hh": torch.tensor([list(u.values())]).T}
    state = {"h": torch.tensor([[h]]), "c": torch.tensor([[c]])}
    new, seen = CoupledLSTM().bind(weights)(torch.tensor([list(wx.values())]), state)
    allowed = tolerance("step", torch.float32)
    assert_close(new["c"].item(), memory, **allowed)
    assert_close(new["h"].item(), o * math.tanh(memory), **allowed)
    for gate, value in dict(f=f, g=g, o=o).items():
        assert_close(seen[gate].item(), value, **allowed)


def test_it_is_an_lstm_whose_input_gate_is_the_forget_gate_turned_over() -> None:
    """1 - sigmoid(a) = sigmoid(-a): an LSTM with the rows of f, negated, for those of i."""
    layer = Recurrent("coupled_lstm", 3, 4, dtype=torch.float64)
    plain = Recurrent("lstm", 3, 4, dtype=torch.float64)
    rows = {name: value.detach() for name, value in layer.named_parameters()}
    plain.load_state_dict({name: torch.cat([-value[:4], value]) for name, value in rows.items()})
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    assert_close(layer(x), plain(x), **tolerance("forward", torch.float64))


def test_the_memory_stays_between_minus_one_and_one() -> None:
    """Where the LSTM counts, it averages."""
    wx = torch.full((1, 4), 20.0)
    state = {"h": torch.zeros(1, 1), "c": torch.zeros(1, 1)}
    lstm = Recurrent("lstm", 1, 1)
    counted = lstm.cell.bind(dict.fromkeys(("weight_ih", "weight_hh"), torch.zeros(4, 1)))
    averaged = CoupledLSTM().bind(dict.fromkeys(("weight_ih", "weight_hh"), torch.zeros(3, 1)))
    counts, averages = state, state
    for _ in range(50):
        counts, averages = counted(wx, counts)[0], averaged(wx[:, :3] * 0.1, averages)[0]
    assert counts["c"].item() > 49
    assert 0.9 < averages["c"].item() < 1
