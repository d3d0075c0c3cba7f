"""Layers on the engine in the graphs of torch.compile and torch.export."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor, tanh
from torch._dynamo.testing import CompileCounterWithBackend
from torch.export import Dim
from torch.testing import assert_close

from native_scan import needs_native
from throughtime import Cell, Recurrent
from throughtime.cells import GRU, LSTM, WeightDrop, Zoneout
from throughtime.engine.cell_text import cell_of, text_of

pytestmark = [
    needs_native,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # torch's compiler meets its own
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

SHAPES = [(3, 5), (4, 7), (32, 9)]
"""Batch and steps; in the last the engine takes the input's product into the step where no graph is made."""


@pytest.fixture(autouse=True)
def compiled_anew() -> Iterator[None]:
    """torch keeps a few graphs of a function and then refuses more."""
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


@dataclass(frozen=True)
class Rectified(Cell):
    """A cell of the user's, with a constant."""

    slope: float = 0.5
    gates = ("h",)

    def step(self, wx, u, s, p):
        return dict(h=tanh(self.slope * (wx + u(s.h)).h)), {}


LAYERS = {
    "lstm": lambda: Recurrent("lstm", 8, 16),
    "gru": lambda: Recurrent("gru", 8, 16, num_layers=2, bidirectional=True, batch_first=True),
    "layer_norm_lstm": lambda: Recurrent("layer_norm_lstm", 8, 16, bias=False),
    "zoneout": lambda: Recurrent(Zoneout(LSTM(), 0.1, 0.3), 8, 16),
    "weight_drop": lambda: Recurrent(WeightDrop(GRU(), 0.5), 8, 16, num_layers=2, bidirectional=True),
    "user": lambda: Recurrent(Rectified(), 8, 16),
}
every_layer = pytest.mark.parametrize("kind", LAYERS)


def given(layer: Recurrent, batch: int, steps: int) -> Tensor:
    x = torch.randn(steps, batch, 8)
    return x.transpose(0, 1).contiguous() if layer.batch_first else x


def results(run, layer: Recurrent, x: Tensor, lengths: Tensor | None) -> list[Tensor]:
    """Output, last states, and the gradients of input and weights."""
    x = x.clone().requires_grad_()
    torch.manual_seed(0)
    output, last = run(x, lengths=lengths)
    found = [output, *(last if isinstance(last, tuple) else (last,))]
    loss = sum((one.square().sum() for one in found), torch.zeros(()))
    return [*found, *torch.autograd.grad(loss, [x, *layer.parameters()])]


@every_layer
@pytest.mark.parametrize("ragged", [False, True], ids=["equal", "ragged"])
def test_compiled_whole_for_any_batch_and_length(kind: str, ragged: bool) -> None:
    torch.manual_seed(0)
    layer = LAYERS[kind]()
    graphs = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(layer, fullgraph=True, dynamic=True, backend=graphs)
    made = 0
    for batch, steps in SHAPES:
        x = given(layer, batch, steps)
        lengths = torch.randint(1, steps + 1, (batch,)) if ragged else None
        expected = results(layer, layer, x, lengths)
        assert_close(results(compiled, layer, x, lengths), expected, rtol=1e-5, atol=1e-5)
        made = made or graphs.frame_count
    assert graphs.frame_count == made > 0


@pytest.mark.parametrize(
    ("backend", "shapes"), [("compiled", SHAPES[:2]), ("reference", [(3, 2)]), ("torch", [(3, 2)])]
)
@pytest.mark.parametrize("way", ["bidirectional", "reverse"])
@pytest.mark.parametrize("valid", ["lengths", "mask"])
def test_compiled_with_empty_and_masked_sequences(
    backend: str, shapes: list[tuple[int, int]], way: str, valid: str
) -> None:
    torch.manual_seed(0)
    layer = Recurrent("gru", 8, 16, backend=backend, **{way: True})
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    weights = list(layer.parameters())
    for batch, steps in shapes:
        x, mask = torch.randn(steps, batch, 8), torch.rand(steps, batch) < 0.5
        mask[:, 1] = False
        lengths = torch.tensor([0, 2, *[steps] * (batch - 2)])
        given = dict(lengths=lengths) if valid == "lengths" else dict(mask=mask)
        (output, last), (expected, after) = compiled(x, **given), layer(x, **given)
        assert_close((output, last), (expected, after), rtol=1e-5, atol=1e-5)
        found = torch.autograd.grad(output.square().sum(), weights)
        wanted = torch.autograd.grad(expected.square().sum(), weights)
        assert_close(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("way", ["bidirectional", "reverse"])
def test_exported_with_a_mask(way: str) -> None:
    layer = Recurrent("lstm", 8, 16, batch_first=True, **{way: True}).eval()
    batch, steps = Dim("batch", min=1, max=512), Dim("steps", min=1, max=512)
    example = (torch.randn(3, 5, 8),), {"mask": torch.rand(3, 5) < 0.5}
    shapes = {"input": {0: batch, 1: steps}, "mask": {0: batch, 1: steps}}
    run = torch.export.export(layer, *example, dynamic_shapes=shapes).module()
    for size, length in SHAPES:
        x, mask = torch.randn(size, length, 8), torch.rand(size, length) < 0.5
        mask[0] = False
        assert_close(run(x, mask=mask), layer(x, mask=mask), rtol=1e-5, atol=1e-5)


def test_compiled_without_gradients_and_observed() -> None:
    layer = Recurrent("gru", 8, 16, bidirectional=True)
    x = given(layer, 4, 6)

    def gates(x: Tensor) -> Tensor:
        return layer.observe(x)[2][1]["z"]

    with torch.no_grad():
        assert torch.equal(torch.compile(gates, fullgraph=True, backend="aot_eager")(x), gates(x))


@pytest.mark.parametrize("valid", ["", "lengths", "mask"])
def test_gradients_through_observed_values_in_a_graph(valid: str) -> None:
    torch.manual_seed(0)
    layer = Recurrent("gru", 8, 16, 2, bidirectional=True)
    x = torch.randn(6, 4, 8, requires_grad=True)
    choices = {"lengths": torch.tensor([6, 0, 3, 1]), "mask": torch.rand(6, 4) < 0.5}
    given = {name: value for name, value in choices.items() if name == valid}

    def openness(x: Tensor) -> Tensor:
        output, _, seen = layer.observe(x, **given)
        return output.sum() + sum(values["z"].square().sum() for values in seen)

    compiled = torch.compile(openness, fullgraph=True, backend="aot_eager")
    found, expected = (torch.autograd.grad(f(x), [x, *layer.parameters()]) for f in (compiled, openness))
    assert_close(found, expected, rtol=1e-5, atol=1e-5)


@every_layer
def test_exported_for_any_batch_and_length(kind: str) -> None:
    layer = LAYERS[kind]().eval()
    batch, steps = Dim("batch", min=1, max=512), Dim("steps", min=1, max=512)
    shape = {0: batch, 1: steps} if layer.batch_first else {0: steps, 1: batch}
    exported = torch.export.export(
        layer,
        (given(layer, 3, 5),),
        {"lengths": torch.tensor([5, 2, 3])},
        dynamic_shapes={"input": shape, "lengths": {0: batch}},
    )
    run = exported.module()
    for size, length in SHAPES:
        x, lengths = given(layer, size, length), torch.randint(1, length + 1, (size,))
        assert_close(run(x, lengths=lengths), layer(x, lengths=lengths), rtol=1e-5, atol=1e-5)


def test_an_exported_layer_runs_in_another_process(tmp_path: Path) -> None:
    layer = Recurrent(Zoneout(LSTM(), 0.1), 8, 16).eval()
    x = given(layer, 4, 6)
    torch.export.save(torch.export.export(layer, (x,)), tmp_path / "layer.pt2")
    torch.save({"x": x, "output": layer(x)[0].detach()}, tmp_path / "values.pt")
    program = (
        "import sys, torch, throughtime\n"
        "run = torch.export.load(sys.argv[1] + '/layer.pt2').module()\n"
        "values = torch.load(sys.argv[1] + '/values.pt')\n"
        "torch.testing.assert_close(run(values['x'])[0], values['output'])\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, timeout=120)


def test_operators_are_what_torch_expects_of_them() -> None:
    layer = Recurrent("lstm", 8, 16)
    weights = [one.detach() for one in layer.parameters()]
    states = [torch.randn(4, 16), torch.randn(4, 16)]
    x = torch.randn(20, 8)
    by_name = (text_of(layer.cell), x, None, states, weights, [], 1, ["i"])
    torch.library.opcheck(torch.ops.throughtime.layer, by_name)
    torch.library.opcheck(
        torch.ops.throughtime.layer, (*by_name[:2], torch.tensor([4, 4, 4, 4, 3, 1]), *by_name[3:])
    )
    learning = [one.clone().requires_grad_() for one in (x, *states, *weights)]
    torch.library.opcheck(
        torch.ops.throughtime.layer,
        (by_name[0], learning[0], None, learning[1:3], learning[3:], [], 1, ["i"]),
    )


def test_cells_have_texts_that_they_come_back_from() -> None:
    for cell in (LSTM(), Zoneout(LSTM(), 0.1), Rectified(0.25)):
        assert cell_of(text_of(cell)) == cell
    different = LSTM()
    object.__setattr__(different, "scale", 2.0)
    assert text_of(different) != text_of(LSTM())
    assert vars(cell_of(text_of(different))) == {"scale": 2.0}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        '{"module": "os", "class": "getcwd", "fields": {}}',
        '{"module": "throughtime.cells.lstm", "class": "Nothing", "fields": {}}',
        '{"module": "nowhere_to_be_found", "class": "LSTM", "fields": {}}',
        '{"module": "throughtime.cells.lstm", "class": "LSTM", "fields": {"a": 1}}',
    ],
)
def test_texts_of_no_cell_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="this graph needs a cell that cannot be created here"):
        cell_of(text)
