"""The native scan against the reference: every cell, sizes about the vectors' width, all shapes of batch."""

from __future__ import annotations

import math
import os
import threading
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.testing import assert_close

from every_cell import BUILT_IN, USERS
from expressions import Expression, random_body
from native_scan import allowed, everything, needs_native, pair, states
from throughtime import LSTM, Cell, Recurrent
from throughtime.cells import LSTM as LSTMCell
from throughtime.cells import ProjectedLSTM
from throughtime.engine import packing
from throughtime.layers.backends import BACKENDS
from tolerances import FINITE_DIFFERENCES, tolerance

pytestmark = needs_native

CELLS = BUILT_IN + USERS
every_cell = pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
both_dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])


@every_cell
@both_dtypes
@pytest.mark.parametrize("hidden", [3, 4, 7, 8, 9, 15, 16, 17, 31, 33])
def test_sizes_about_the_width_of_vectors(cell: Cell, dtype: torch.dtype, hidden: int) -> None:
    ours, theirs = pair(cell, hidden, dtype)
    x = torch.randn(4, 3, 3)
    hx = states(ours, 3)
    assert_close(everything(ours, x, hx, None), everything(theirs, x, hx, None), **allowed(cell, dtype))


@every_cell
@pytest.mark.parametrize(("steps", "batch"), [(1, 1), (1, 5), (6, 1), (3, 2), (2, 13), (2, 40)])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_shapes_of_batches(cell: Cell, steps: int, batch: int, bias: bool) -> None:
    ours, theirs = pair(cell, 5, bias=bias)
    x, hx = torch.randn(steps, batch, 3), states(ours, batch)
    assert_close(
        everything(ours, x, hx, None), everything(theirs, x, hx, None), **allowed(ours.cell, torch.float64)
    )


@every_cell
@pytest.mark.parametrize("lengths", [[2, 6, 1, 4], [3, 3, 2, 2], [1] * 30 + [5] * 10], ids=str)
@pytest.mark.parametrize("layers", [1, 2])
def test_ragged_batches_in_both_directions(cell: Cell, lengths: list[int], layers: int) -> None:
    ours, theirs = pair(cell, 5, num_layers=layers, bidirectional=True)
    x, hx = torch.randn(max(lengths), len(lengths), 3), states(ours, len(lengths))
    found, expected = everything(ours, x, hx, lengths), everything(theirs, x, hx, lengths)
    assert_close(found, expected, **allowed(ours.cell, torch.float64))


@pytest.mark.parametrize("hidden", [64, 200, 300])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_share_rows_or_columns(hidden: int, threads: int) -> None:
    """Small and large matrices, few and many rows: each is divided in another way."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for batch in (1, 2, 7, 33):
            ours, theirs = pair(LSTMCell(), hidden, bidirectional=True)
            x, hx = torch.randn(3, batch, 3), states(ours, batch)
            found, expected = everything(ours, x, hx, None), everything(theirs, x, hx, None)
            assert_close(found, expected, **allowed(ours.cell, torch.float64))
    finally:
        torch.set_num_threads(before)


def test_an_empty_batch() -> None:
    layer = LSTM(3, 4, backend="compiled")
    x = torch.randn(5, 0, 3, requires_grad=True)
    output, (h, c) = layer(x)
    assert output.shape == (5, 0, 4) and h.shape == c.shape == (1, 0, 4)
    output.sum().backward()
    assert layer.weight_hh_l0.grad is not None and not layer.weight_hh_l0.grad.any()


@pytest.mark.parametrize(
    "change", [lambda x: x.transpose(0, 1), lambda x: x[::2], lambda x: x[:1].expand(4, -1, -1)]
)
def test_inputs_laid_out_in_any_way(change) -> None:
    ours, theirs = pair(LSTMCell(), 5)
    x = change(torch.randn(4, 6, 3))
    hx = [state[:, :1].expand(-1, x.shape[1], -1) for state in states(ours, 1)]
    found, expected = everything(ours, x, hx, None), everything(theirs, x, hx, None)
    assert_close(found, expected, **allowed(ours.cell, torch.float64))


@every_cell
def test_gradients_of_a_few_are_those_of_all(cell: Cell) -> None:
    layer, _ = pair(cell, 5)
    x = torch.randn(4, 3, 3, dtype=torch.float64)
    names = [name for name, _ in layer.named_parameters()]
    layer(x)[0].square().sum().backward()
    all_of_them = {name: parameter.grad for name, parameter in layer.named_parameters()}
    for name in names:
        for other, parameter in layer.named_parameters():
            parameter.requires_grad_(other == name)
            parameter.grad = None
        layer(x)[0].square().sum().backward()
        found = layer.get_parameter(name).grad
        assert_close(found, all_of_them[name], **allowed(cell, torch.float64))
    for parameter in layer.parameters():
        parameter.requires_grad_(False)
    x.requires_grad_()
    layer(x)[0].square().sum().backward()
    assert x.grad is not None and bool(x.grad.any())


@every_cell
def test_finite_differences(cell: Cell) -> None:
    narrow = ProjectedLSTM(1) if isinstance(cell, ProjectedLSTM) else cell
    layer = Recurrent(narrow, 2, 2, dtype=torch.float64, backend="compiled")
    x = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x, *_: layer(x)[0], (x, *layer.parameters()), **FINITE_DIFFERENCES)
    assert gradgradcheck(lambda x, *_: layer(x)[0], (x, *layer.parameters()), **FINITE_DIFFERENCES)


@pytest.mark.parametrize("seed", range(60))
def test_random_expressions(seed: int) -> None:
    """A dozen operations, each with the roundoff of those before; tanh keeps the values of order 1."""
    ours, theirs = pair(Expression(random_body(seed)), 2 * (seed % 10 + 1), bidirectional=True)
    x, hx = torch.randn(3, 4, 3), states(ours, 4)
    found, expected = everything(ours, x, hx, [3, 1, 2, 3]), everything(theirs, x, hx, [3, 1, 2, 3])
    assert_close(found, expected, **tolerance("normalised", torch.float64))


@both_dtypes
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf], ids=str)
def test_what_is_not_finite_goes_where_it_goes_in_the_reference(dtype: torch.dtype, value: float) -> None:
    for cell in CELLS:
        ours, theirs = pair(cell, 17, dtype)
        x = torch.randn(4, 3, 3)
        x[1, 2, 0] = value
        found, expected = ours(x.to(dtype))[0], theirs(x.double())[0]
        assert torch.equal(found.isnan(), expected.isnan()), cell.name
        assert_close(found.double(), expected, equal_nan=True, **tolerance("forward", dtype))


def test_compiled_in_the_middle_of_anything() -> None:
    """Sizes that nothing else asks for, so that each is traced where it is first called."""
    with torch.inference_mode():
        assert LSTM(3, 43, backend="compiled")(torch.randn(2, 1, 3))[0].isfinite().all()
    with torch.autocast("cpu"):
        assert LSTM(3, 45, backend="compiled")(torch.randn(2, 1, 3))[0].dtype == torch.bfloat16
    with torch.device("meta"):
        assert LSTM(3, 46).backend == "torch"
    with torch.device("meta"):
        layer = LSTM(3, 47, device="cpu")
    assert layer.backend == "compiled" and layer(torch.randn(2, 1, 3))[0].isfinite().all()


def test_weights_stay_packed_until_they_change() -> None:
    layer, x = LSTM(6, 40, backend="compiled"), torch.randn(5, 3, 6)
    reference = LSTM(6, 40, backend="reference")

    def same() -> None:
        reference.load_state_dict(layer.state_dict())
        assert_close(layer(x)[0], reference(x)[0], **tolerance("forward", torch.float32))

    changes = [
        lambda w: w.mul_(0.5),
        lambda w: w.data.mul_(-1.0),  # which torch's version does not tell
        lambda w: setattr(w, "data", torch.randn_like(w) / 8),
    ]
    with torch.no_grad():
        same()
        for change in changes:
            change(layer.weight_hh_l0)
            same()
        layer.weight_hh_l0 = torch.nn.Parameter(torch.randn(160, 40) / 8)
        same()
    with torch.inference_mode():
        same()
        layer.weight_hh_l0.mul_(0.5)
        same()


def test_packed_weights_go_with_their_layer() -> None:
    def kept_after_one() -> int:
        with torch.no_grad():
            LSTM(6, 40, backend="compiled")(torch.randn(5, 3, 6))
        return len(packing._packed)

    kept_after_one()
    before = kept_after_one()
    assert all(kept_after_one() <= before for _ in range(20))


def test_cells_that_differ_in_an_attribute_differ_in_code() -> None:
    class Scaled(LSTMCell):
        def __init__(self, scale: float) -> None:
            object.__setattr__(self, "scale", scale)  # no field: the cells are equal

        def step(self, wx, u, s, p):
            new, seen = super().step(wx, u, s, p)
            return {name: value * self.scale for name, value in new.items()}, seen

    assert Scaled(0.5) == Scaled(0.25)
    for scale in (0.5, 0.25):
        ours, theirs = pair(Scaled(scale), 4)
        x = torch.randn(3, 2, 3, dtype=torch.float64)
        assert_close(ours(x)[0], theirs(x)[0], **tolerance("forward", torch.float64))


def test_the_same_bits_every_time() -> None:
    layer = Recurrent("gru_reset_before", 8, 40, 2, bidirectional=True, backend="compiled")
    x = torch.randn(9, 7, 8)
    first = everything(layer, x, None, [9, 3, 4, 9, 1, 2, 8])
    for _ in range(5):
        assert all(map(torch.equal, first, everything(layer, x, None, [9, 3, 4, 9, 1, 2, 8])))


def test_the_state_of_the_processor_is_left_as_it_was() -> None:
    smallest = torch.tensor([1e-40])
    layer = LSTM(3, 20, backend="compiled")
    layer(torch.randn(4, 8, 3))[0].sum().backward()
    assert (smallest * 0.5).item() > 0


def test_python_threads_side_by_side() -> None:
    layer = LSTM(6, 20, 2, bidirectional=True, backend="compiled")
    inputs = [torch.randn(5, k + 1, 6) for k in range(8)]
    expected = [layer(x)[0] for x in inputs]
    found: list[list[Tensor]] = [[] for _ in inputs]

    def work(k: int) -> None:
        for _ in range(20):
            found[k].append(layer(inputs[k])[0])

    workers = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for outputs, value in zip(found, expected, strict=True):
        assert all(torch.equal(output, value) for output in outputs)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_goes_on() -> None:
    """With a batch whose products are all the engine's: torch's own pool of threads is lost in the child
    too."""
    layer, x = LSTM(6, 64, backend="compiled"), torch.randn(2, 32, 6)
    expected = layer(x)[0]
    child = os.fork()
    if child == 0:
        os._exit(0 if torch.equal(layer(x)[0], expected) else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_memory_stays_where_it_was() -> None:
    layer, x = LSTM(8, 16, backend="compiled"), torch.randn(6, 4, 8)

    def call() -> None:
        layer(x)[0].sum().backward()

    for _ in range(200):
        call()
    before = resident()
    for _ in range(2000):
        call()
    assert resident() - before < 2 * 2**20


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_without_the_native_part_layers_run_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("throughtime.layers.compiled.native", None)
    assert BACKENDS["compiled"].why_not(LSTMCell(), 4, torch.empty(0)) is not None
    assert LSTM(3, 4).backend == "torch"
    with pytest.raises(
        ValueError, match=r"^backend='compiled' cannot run LSTM: the native part was not built"
    ):
        LSTM(3, 4, backend="compiled")
