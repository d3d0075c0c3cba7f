"""A layer in inference: its weights packed for as long as they stay as they are, and little else a call."""

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
    """What code reads of one direction's parameters, as they are now: vectors by key, and packed matrices."""

    def __init__(self, code: Compiled, weights: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            made = code.prelude.run(weights)
        prelude = {place: one for place in code.places if (one := made[place]) is not None}
        self.fixed: dict[Key, Tensor] = {
            ("fixed", place): in_rows(vector) for place, vector in prelude.items()
        }
        linked = code.linked_forward(False)
        matrices = zip(linked.code.matrices, linked.matrices_of(prelude), strict=True)
        self._packed = {matrix: pack(one) for matrix, one in matrices}

    def packed(self, linked: Linked) -> list[Tensor]:
        """The matrices in the order in which this code, some code for inference, has them."""
        return [self._packed[matrix] for matrix in linked.code.matrices]


class LayerInference:
    """One layer's pass over batches of sequences as long as one another, without gradients.

    weights: the layer's parameters by their plain names, one dictionary a direction.
    """

    def __init__(self, cell: Cell, weights: Sequence[Mapping[str, Tensor]]) -> None:
        first = weights[0]["weight_ih"]
        size = (len(first) // len(cell.gates), "bias_ih" in weights[0], first.shape[1])
        self._compiled = compiled(cell, *size, dtype=first.dtype)
        self._weights = weights
        self._tensors = [one for each in weights for one in each.values()]
        self._held: list[PackedWeights] = []
        self._laid: dict[tuple[object, ...], PreparedCall] = {}
        self._digest: int | None = None

    def is_of(self, weights: Sequence[Mapping[str, Tensor]]) -> bool:
        """Whether its weights are these tensors."""
        given = [one for each in weights for one in each.values()]
        return all(map(is_, given, self._tensors)) and len(given) == len(self._tensors)

    def run(
        self, rows: Tensor, batch: int, states: Sequence[Mapping[str, Tensor]], observed: tuple[str, ...]
    ) -> list[list[Tensor]]:
        """The output rows of each direction and what is observed; states, (batch, width) and contiguous, are
        written over.

        rows: (steps * batch, input_size), contiguous, step by step.
        """
        held = as_of_snapshot(self, self._held_now)
        shape = (len(rows), batch, threads(), observed)
        # Taken out while it runs, so that two threads of Python never share one.
        laid = self._laid.pop(shape, None)
        if laid is None or laid.held is not held:
            laid = PreparedCall(self._compiled, held, rows, batch, observed)
        found = laid.run(rows, states)
        if self._held is held:  # else another thread has packed changed weights meanwhile
            self._laid = {shape: laid}
        return found

    def _held_now(self) -> list[PackedWeights]:
        """The weights as they are now, packed anew if they are not as they were."""
        now = digest(self._tensors)
        if now != self._digest:
            self._held = [PackedWeights(self._compiled, weights) for weights in self._weights]
            self._laid, self._digest = {}, now
        return self._held


class PreparedCall:
    """A call laid out for batches of one shape, to be run by one thread of Python at a time.

    held: the weights it runs with. data: of each direction where its buffers lie; input, output: which of
    them those are.
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
        for k, one in enumerate(held):
            given = [{**nowhere, **one.fixed}[key] for key in linked.keys]
            passes.append(Pass(linked, given, one.packed(linked), len(rows), bool(k), steps, rows))
            for place in self._widths:
                passes[-1].tensors[place] = None  # as of the input
        self._prepared = Prepared(passes, steps, rows)
        self.data, self.go = self._prepared.data, self._prepared.run

    def begin(self, states: Sequence[Mapping[str, Tensor]]) -> None:
        """From the states of each direction, which are written over."""
        for data, state in zip(self.data, states, strict=True):
            for name, value in state.items():
                data[self._places[name]] = address(value)

    def run(self, rows: Tensor, states: Sequence[Mapping[str, Tensor]]) -> list[list[Tensor]]:
        """The output rows of each direction and what is observed."""
        self.begin(states)
        found: list[list[Tensor]] = []
        for data in self.data:
            there = {self.input: rows}
            for place, width in self._widths.items():
                there[place] = rows.new_empty(len(rows), width)
            for place, tensor in there.items():
                data[place] = address(tensor)
            found.append([there[place] for place in self._wanted])
        self.go()
        return found
