"""`throughtime engine show` and `operations`."""

from __future__ import annotations

import pytest

from throughtime.cells import CELLS

LSTM = """LSTM, one step
  v1 = wx + U h(t-1) + b
  i = sigmoid(v1.i)
  f = sigmoid(v1.f)
  g = tanh(v1.g)
  o = sigmoid(v1.o)
  c = f * c(t-1) + i * g
  v2 = tanh(c)
  h = o * v2
saved for backward, 1,536 bytes per row and step
  h(t-1), c(t-1), i, f, g, o
its gradient, one step back
  dh = dh(t) + dy(t)
  do = dh * v2
  dv2 = dh * o
  dc = dc(t) + dv2 * (1 - v2 * v2)
  di = dc * g
  dg = dc * i
  df = dc * c(t-1)
  dv1 = join(di * (i - i * i), df * (f - f * f), dg * (1 - g * g), do * (o - o * o))
  dwx = dv1
  dh(t-1) = U' dv1
  dc(t-1) = dc * f
  db += dv1
  dU += h(t-1) (x) dv1
"""


def test_the_lstm_reads_as_in_a_book(run) -> None:
    done = run("engine", "show", "lstm")
    assert (done.code, done.err) == (0, "")
    assert done.out == LSTM


@pytest.mark.parametrize("name", [name for name in CELLS if name != "projected_lstm"])
def test_every_cell_can_be_shown(run, name: str) -> None:
    done = run("engine", "show", name, "--no-bias", "--hidden-size", "3")
    assert done.code == 0
    assert "its gradient, one step back" in done.out
    assert " b" not in done.out.split("\n", 1)[1].replace("bytes", "").replace("back", "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["slstm2"], "there is no cell named 'slstm2'"),
        (["projected_lstm"], "the cell ProjectedLSTM needs proj_size"),
        (["lstm", "--hidden-size", "0"], "hidden_size is 0; expected at least 1"),
    ],
)
def test_what_cannot_be_shown(run, arguments: list[str], told: str) -> None:
    done = run("engine", "show", *arguments)
    assert done.code == 1
    assert done.err.startswith(f"throughtime: {told}")


def test_operations_are_listed_by_subject(run) -> None:
    done = run("engine", "operations")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "| subject | operations |"
    assert any(line.startswith("| activations |") and "`gelu`" in line for line in lines)
