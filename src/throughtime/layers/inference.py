"""Layers without gradients on whole batches: the shortest path to the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch._C import _functorch  # pyright: ignore

from throughtime.cells import Cell, Rows
from throughtime.engine.inference import LayerInference
from throughtime.engine.native import forward_mode, in_rows
from throughtime.engine.operators import plain


def nothing_watches(input: object) -> bool:
    """Whether a call is plain arithmetic.

    It is if neither gradients of either mode, nor autocast, nor anything that intercepts torch's operations
    is active.
    """
    return (
        not torch.compiler.is_compiling()
        and not torch.is_grad_enabled()
        and isinstance(input, Tensor)
        and plain(input)
        and not torch.is_autocast_enabled("cpu")
        and _functorch.peek_interpreter_stack() is None
        and not forward_mode()
    )


class Inference:
    """What a module keeps between calls to run its layers in inference."""

    def __init__(self) -> None:
        self._settled: dict[int, LayerInference] = {}

    def run(
        self,
        cell: Cell,
        weights: Sequence[Sequence[Mapping[str, Tensor]]],
        data: Tensor,
        states: Sequence[Rows],
        observed: tuple[str, ...],
    ) -> tuple[Tensor, list[Rows]]:
        """Run stacked layers.

        weights: those of each layer, one dictionary per direction. data: (T, B, input_size). states: (B,
        width) contiguous, for each layer and direction; the final ones overwrite them.

        Returns the output (T, B, D * width), and the observed values of each layer and direction, (T, B,
        width) by name.
        """
        steps, batch, _ = data.shape
        rows = in_rows(data.reshape(steps * batch, -1))
        seen: list[Rows] = []
        for k, own in enumerate(weights):
            settled = self._settled.get(k)
            if settled is None or not settled.is_of(own):
                settled = self._settled[k] = LayerInference(cell, own)
            outputs = settled.run(rows, batch, states[k * len(own) : (k + 1) * len(own)], observed)
            rows = (
                outputs[0][0] if len(outputs) == 1 else torch.cat([direction[0] for direction in outputs], 1)
            )
            for _, *values in outputs:
                shaped = (value.view(steps, batch, -1) for value in values)
                seen.append(dict(zip(observed, shaped, strict=True)))
        return rows.view(steps, batch, -1), seen
