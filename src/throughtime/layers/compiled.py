"""The back-end of the engine: any cell's equations compiled, on the CPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch._C import _functorch  # pyright: ignore

from throughtime.cells import Cell, Rows
from throughtime.engine import scan
from throughtime.engine.compiled import compiled
from throughtime.engine.layer_operator import layer
from throughtime.engine.lowering import Unsupported
from throughtime.engine.native import NAMES, forward_mode, native
from throughtime.layers.direction import Direction
from throughtime.layers.ragged import LayerResult, Ragged
from throughtime.layers.reference import Reference
from throughtime.layers.rows import layout_of


class CompiledScan:
    """Runs every cell that the engine can compile; ragged batches without their padding."""

    def why_not(self, cell: Cell, hidden_size: int, weight: Tensor) -> str | None:
        if native is None:
            return "the native part was not built (no C++ compiler when throughtime was installed)"
        if weight.device.type != "cpu":
            return f"it runs only on the CPU, and the weights are on {weight.device}"
        if weight.dtype not in NAMES:
            return f"it computes only in float32 and float64, and the weights are {weight.dtype}"
        try:
            compiled(cell, hidden_size, True, noisy=bool(cell.noise(hidden_size)), dtype=weight.dtype)
        except Unsupported as error:
            return error.what
        return None

    def run(
        self,
        cell: Cell,
        sequences: Ragged,
        directions: Sequence[Direction],
        observed: tuple[str, ...] = (),
        text: str = "",
    ) -> LayerResult:
        in_graph = torch.compiler.is_compiling()
        if not in_graph and _transformed():
            return Reference().run(cell, sequences, directions, observed)
        if torch.is_autocast_enabled("cpu"):
            return self._cast(cell, sequences, directions, observed, text)
        sequences = sequences if sequences.lengths is None or in_graph else sequences.as_packed()
        layout = layout_of(sequences)
        inputs = [
            scan.DirectionInputs(
                _taken(direction.state, layout.order),
                direction.weights,
                {
                    **{name: layout.rows(rows) for name, rows in direction.noise.items()},
                    **_taken(direction.masks, layout.order),
                },
            )
            for direction in directions
        ]
        rows = layout.rows(sequences)
        if in_graph:
            results = layer(text, rows, layout.sizes, inputs, observed)
        else:
            results = scan.scan(cell, rows, layout.sizes, inputs, observed)
        outputs = [result.output for result in results]
        return LayerResult(
            layout.formed(torch.cat(outputs, -1) if len(outputs) > 1 else outputs[0]),
            [_taken(result.state, layout.back) for result in results],
            [{name: layout.formed(rows) for name, rows in result.observed.items()} for result in results],
        )

    def _cast(
        self,
        cell: Cell,
        sequences: Ragged,
        directions: Sequence[Direction],
        observed: tuple[str, ...],
        text: str,
    ) -> LayerResult:
        """Run under autocast, computing in the weights' dtype."""
        dtype = directions[0].weights["weight_ih"].dtype
        with torch.autocast("cpu", enabled=False):
            states = [
                {name: value.to(dtype) for name, value in direction.state.items()} for direction in directions
            ]
            cast = [
                replace(direction, state=state) for direction, state in zip(directions, states, strict=True)
            ]
            return self.run(cell, sequences.map(lambda x: x.to(dtype)), cast, observed, text)


def _transformed() -> bool:
    """Whether vmap or forward-mode differentiation is active, which see only torch's operations."""
    return _functorch.peek_interpreter_stack() is not None or forward_mode()


def _taken(state: Mapping[str, Tensor], order: Tensor | None) -> Rows:
    return {name: value if order is None else value.index_select(0, order) for name, value in state.items()}
