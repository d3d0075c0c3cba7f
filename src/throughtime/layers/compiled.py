"""The back-end of the engine: any cell's equations compiled, on the CPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch._C import _functorch  # pyright: ignore

from throughtime.cells import Cell, Rows
from throughtime.engine.compiled import compiled
from throughtime.engine.lowering import Unsupported
from throughtime.engine.native import NAMES, equal_steps, native, steps_of
from throughtime.engine.scan import Direction, scan
from throughtime.layers.ragged import Ragged, Run
from throughtime.layers.reference import Reference

Weights = Mapping[str, Tensor]


class CompiledScan:
    """Runs every cell that the engine can compile; ragged batches without their padding."""

    def why_not(self, cell: Cell, hidden_size: int, weight: Tensor) -> str | None:
        if native is None:
            return "the native part was not built (no C++ compiler when throughtime was installed)"
        if weight.device.type != "cpu":
            return f"it runs on the CPU alone, and the weights are on {weight.device}"
        if weight.dtype not in NAMES:
            return f"it computes in float32 and float64 alone, and the weights are {weight.dtype}"
        try:
            compiled(cell, hidden_size, True)
        except Unsupported as error:
            return error.what
        return None

    def run(
        self,
        cell: Cell,
        sequences: Ragged,
        states: Sequence[Rows],
        weights: Sequence[Weights],
        observed: tuple[str, ...] = (),
    ) -> Run:
        if _functorch.peek_interpreter_stack() is not None:  # vmap and grad see through torch alone
            return Reference().run(cell, sequences, states, weights, observed)
        if torch.is_autocast_enabled("cpu"):
            return self._cast(cell, sequences, states, weights, observed)
        packed = None if sequences.lengths is None else sequences.packed
        order, back = (packed.sorted_indices, packed.unsorted_indices) if packed else (None, None)
        results = scan(
            cell,
            weights[0]["weight_ih"].shape[0] // len(cell.gates),
            packed.data if packed else sequences.data.flatten(0, 1),
            steps_of(packed.batch_sizes) if packed else equal_steps(sequences.steps, sequences.batch),
            [Direction(_taken(state, order), weight) for state, weight in zip(states, weights, strict=True)],
            observed,
        )

        def formed(rows: Tensor) -> Ragged:
            if packed:
                return sequences.with_rows(rows)
            return sequences.with_data(rows.view(sequences.steps, sequences.batch, rows.shape[-1]))

        outputs = [one.output for one in results]
        return Run(
            formed(torch.cat(outputs, -1) if len(outputs) > 1 else outputs[0]),
            [_taken(one.state, back) for one in results],
            [{name: formed(rows) for name, rows in one.observed.items()} for one in results],
        )

    def _cast(
        self,
        cell: Cell,
        sequences: Ragged,
        states: Sequence[Rows],
        weights: Sequence[Weights],
        observed: tuple[str, ...],
    ) -> Run:
        """Under autocast: computed in the weights' dtype, in and out in autocast's."""
        inside, outside = weights[0]["weight_ih"].dtype, torch.get_autocast_dtype("cpu")
        with torch.autocast("cpu", enabled=False):
            given = [{name: one.to(inside) for name, one in state.items()} for state in states]
            done = self.run(cell, sequences.map(lambda x: x.to(inside)), given, weights, observed)
        return Run(
            done.output.map(lambda x: x.to(outside)),
            [{name: one.to(outside) for name, one in state.items()} for state in done.state],
            done.observed,
        )


def _taken(state: Rows, order: Tensor | None) -> Rows:
    return {name: one if order is None else one.index_select(0, order) for name, one in state.items()}
