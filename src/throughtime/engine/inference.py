"""A layer in inference: weights stay packed until they change, and a call adds little overhead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import is_

import torch
from torch import Tensor

from throughtime.cells import Cell
from throughtime.engine.compiled import Compiled, compiled
from throughtime.engine.instruction import Key
from throughtime.engine.native import Linked, Pass, Prepared, address, equal_steps, in_rows, threads
from throughtime.engine.packing import as_of_snapshot, digest, pack


class PackedWeights:
    """What code reads of one direction's parameters: vectors by key, and packed matrices."""

    def __init__(self, code: Compiled, weights: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            made = code.prelude.run(weights)
        prelude = {place: tensor for place in code.places if (tensor := made[place]) is not None}
        self.fixed: dict[Key, Tensor] = {
            ("fixed", place): in_rows(vector) for place, vector in prelude.items()
        }
        linked = code.linked_forward(False)
        matrices = zip(linked.code.matrices, linked.matrices_of(prelude), strict=True)
        self._packed = {matrix: pack(tensor) for matrix, tensor in matrices}

    def packed(self, linked: Linked) -> list[Tensor]:
        """Return the packed matrices in the order of this code, which must be for inference."""
        return [self._packed[matrix] for matrix in linked.code.matrices]


class LayerInference:
    """One layer over batches of sequences of equal length, without gradients.

    weights: the layer's parameters by their plain names, one dictionary per direction.
    """

    def __init__(self, cell: Cell, weights: Sequence[Mapping[str, Tensor]]) -> None:
        first = weights[0]["weight_ih"]
        size = (len(first) // len(cell.gates), "bias_ih" in weights[0], first.shape[1])
        self._compiled = compiled(cell, *size, dtype=first.dtype)
        self._weights = weights
        self._tensors = [tensor for each in weights for tensor in each.values()]
        self._held: list[PackedWeights] = []
        self._laid: dict[tuple[object, ...], PreparedCall] = {}
        self._digest: int | None = None

    def is_of(self, weights: Sequence[Mapping[str, Tensor]]) -> bool:
        """Whether its weights are these tensors."""
        tensors = [tensor for each in weights for tensor in each.values()]
        return all(map(is_, tensors, self._tensors)) and len(tensors) == len(self._tensors)

    def run(
        self, rows: Tensor, batch: int, states: Sequence[Mapping[str, Tensor]], observed: tuple[str, ...]
    ) -> list[list[Tensor]]:
        """Return each direction's output rows and observed values; the states are overwritten.

        rows: (steps * batch, input_size), contiguous, step by step. states: (batch, width), contiguous.
        """
        held = as_of_snapshot(self, self._held_now)
        shape = (len(rows), batch, threads(), observed)
        # Removed while it runs, so that two Python threads never share one.
        laid = self._laid.pop(shape, None)
        if laid is None or laid.held is not held:
            laid = PreparedCall(self._compiled, held, rows, batch, observed)
        outputs = laid.run(rows, states)
        if self._held is held:  # else another thread has packed changed weights in the meantime
            self._laid = {shape: laid}
        return outputs

    def _held_now(self) -> list[PackedWeights]:
        """Return the current weights, packed again if they have changed."""
        now = digest(self._tensors)
        if now != self._digest:
            self._held = [PackedWeights(self._compiled, weights) for weights in self._weights]
            self._laid, self._digest = {}, now
        return self._held


class PreparedCall:
    """A call laid out for batches of one shape, to be run by one Python thread at a time.

    held: the weights it runs with. data: for each direction the addresses of its buffers; input, output: the
    indices of those two.
    """

    def __init__(
        self,
        code: Compiled,
        held: Sequence[PackedWeights],
        rows: Tensor,
        batch: int,
        observed: tuple[str, ...] = (),
    ) -> None:
        self.held = held
        inside = code.pays_inside(rows.element_size(), batch, len(held))
        linked = code.linked_forward(False, observed, not inside)
        steps = equal_steps(len(rows) // batch, batch)
        names = [buffer.key for buffer in linked.code.buffers]
        self._places = {name: names.index(("state", name)) for name in code.program.state}
        self.input, self.output = names.index(("input", None)), linked.output
        wanted = [linked.key(("observed", name)) for name in observed]
        self._wanted = [self.output, *map(names.index, wanted)]
        self._widths = {
            place: linked.code.buffers[place].width for place in self._wanted if place != self.input
        }
        nowhere: Mapping[Key, Tensor] = dict.fromkeys(linked.keys, rows.new_empty(0))  # each call has its own
        passes: list[Pass] = []
        for k, weights in enumerate(held):
            inputs = [{**nowhere, **weights.fixed}[key] for key in linked.keys]
            passes.append(Pass(linked, inputs, weights.packed(linked), len(rows), bool(k), steps, rows))
            for place in self._widths:
                passes[-1].tensors[place] = None  # as of the input
        self._prepared = Prepared(passes, steps, rows)
        self.data, self.go = self._prepared.data, self._prepared.run

    def begin(self, states: Sequence[Mapping[str, Tensor]]) -> None:
        """Set the initial states of each direction, which are overwritten."""
        for data, state in zip(self.data, states, strict=True):
            for name, value in state.items():
                data[self._places[name]] = address(value)

    def run(self, rows: Tensor, states: Sequence[Mapping[str, Tensor]]) -> list[list[Tensor]]:
        """Return each direction's output rows and observed values."""
        self.begin(states)
        outputs: list[list[Tensor]] = []
        for data in self.data:
            there = {self.input: rows}
            for place, width in self._widths.items():
                there[place] = rows.new_empty(len(rows), width)
            for place, tensor in there.items():
                data[place] = address(tensor)
            outputs.append([there[place] for place in self._wanted])
        self.go()
        return outputs
