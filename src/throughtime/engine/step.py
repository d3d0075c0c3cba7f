"""One step at a time on the native scan: matrices packed once, everything laid out before the first step."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

import torch
from torch import Tensor

from throughtime.cells import Cell
from throughtime.engine.compiled import compiled
from throughtime.engine.instruction import Key
from throughtime.engine.native import Pass, Prepared, equal_steps
from throughtime.engine.packing import pack


class NativeStep:
    """A layer in one direction that holds its state. `state` may be read, and written in place."""

    def __init__(self, cell: Cell, weights: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> None:
        hidden_size = weights["weight_ih"].shape[0] // len(cell.gates)
        input_size = weights["weight_ih"].shape[1]
        self._compiled = compiled(cell, hidden_size, "bias_ih" in weights, input_size)
        self._weights = dict(weights)
        self._order = list(weights.values())
        contiguous = torch.contiguous_format
        self.state = {name: value.clone(memory_format=contiguous) for name, value in state.items()}
        self._output_shape = (len(self.state[cell.state[0]]), cell.output_size(hidden_size))
        self._lay_out()

    def step(self, x: Tensor) -> Tensor:
        """Takes x (B, input_size), contiguous; the output (B, width)."""
        if self._versions != [one._version for one in self._order]:
            self._lay_out()
        output = self._like.new_empty(self._output_shape)
        self._data[self._input] = x.data_ptr()
        self._data[self._output] = output.data_ptr()
        self._prepared.run()
        return output

    def _lay_out(self) -> None:
        """Packs the weights as they are now."""
        self._versions = [one._version for one in self._order]
        linked = self._compiled.linked_forward(False)
        with torch.no_grad():
            made = self._compiled.prelude.run(self._weights)
        prelude = {place: one for place in self._compiled.places if (one := made[place]) is not None}
        like = self._like = self._order[0].detach()
        batch, width = self._output_shape
        tensors: dict[Key, Tensor] = {("state", name): value for name, value in self.state.items()}
        tensors |= {("fixed", place): one.contiguous() for place, one in prelude.items()}
        tensors["input", None] = like.new_empty(batch, like.shape[1])
        tensors["output", None] = like.new_empty(batch, width)
        one = Pass(linked, tensors, list(map(pack, linked.matrices_of(prelude))), batch, backwards=False)
        self._prepared = Prepared([one], equal_steps(1, batch), like)
        keys = [buffer.key for buffer in linked.code.buffers]
        self._input, self._output = keys.index(("input", None)), keys.index(("output", None))
        self._data: ctypes.Array[ctypes.c_void_p] = self._prepared.data[0]
