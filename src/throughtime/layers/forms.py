"""The forms of input, padded, a single sequence or packed, and results in the same form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from throughtime.errors import TensorError
from throughtime.layers.ragged import Ragged, pack_like, unpack
from throughtime.layers.reading import Reading, in_direction, reading

State = Tensor | tuple[Tensor, ...]
"""The state of all layers, (num_layers * D, B, width): a tensor, or a tuple for more than one state."""

RunLayers = Callable[[Reading, State | None], tuple[Ragged, State, list[dict[str, Ragged]]]]
"""All layers over steps, from the initial states: output, final states, observed values."""


def check_form(input: Tensor | PackedSequence, lengths: object, mask: object) -> None:
    """Raise TensorError for input that is not a padded batch, a single sequence or packed."""
    if isinstance(input, PackedSequence):
        for name, value in (("lengths", lengths), ("mask", mask)):
            if value is not None:
                raise TensorError(f"a PackedSequence brings its own lengths; leave out `{name}`")
    elif input.is_nested:
        raise TensorError(
            "input is a nested tensor, which recurrent layers do not take: pack it with"
            " torch.nn.utils.rnn.pack_sequence(input.unbind(), enforce_sorted=False), or pad it with"
            " input.to_padded_tensor(0.0) and give `lengths`"
        )
    elif input.dim() not in (2, 3):
        raise TensorError(f"input must have 2 dimensions (unbatched) or 3; got shape {tuple(input.shape)}")
    elif mask is not None:
        _check_mask(mask, input.shape[:-1], lengths)


def _check_mask(mask: object, expected: Sequence[int], lengths: object) -> None:
    if lengths is not None:
        raise TensorError("`lengths` and `mask` both say which steps are valid; leave out one of them")
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        got = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
        raise TensorError(f"mask must be a tensor of torch.bool, True where a step is valid; got {got}")
    if mask.shape != expected:
        raise TensorError(
            f"mask must have shape {tuple(expected)}, the input's without features; got {tuple(mask.shape)}"
        )


def run_in_form(
    run: RunLayers,
    input: Tensor | PackedSequence,
    hx: State | None,
    lengths: Tensor | list[int] | None,
    mask: Tensor | None,
    batch_first: bool,
    reverse: bool,
) -> tuple[Any, State, list[dict[str, Any]]]:
    """Run layers on input of any form and return the results in the same form."""
    if isinstance(input, PackedSequence):
        output, state, seen = run(in_direction(unpack(input), reverse), hx)
        return pack_like(output, input), state, _in_form(seen, lambda values: pack_like(values, input))
    if input.dim() == 2:
        states = None if hx is None else each(hx, lambda value: value[:, None])
        steps = reading(input[:, None], lengths, None if mask is None else mask[..., None], reverse)
        output, state, seen = run(steps, states)
        alone = _in_form(seen, lambda values: values.data[:, 0])
        return output.data[:, 0], each(state, lambda value: value[:, 0]), alone
    data, mask = (input.transpose(0, 1), None if mask is None else mask.mT) if batch_first else (input, mask)
    output, state, seen = run(reading(data, lengths, mask, reverse), hx)

    def padded(values: Ragged) -> Tensor:
        return values.data.transpose(0, 1) if batch_first else values.data

    return padded(output), state, _in_form(seen, padded)


def each(state: State, change: Callable[[Tensor], Tensor]) -> State:
    """Apply `change` to every part of the state."""
    return change(state) if isinstance(state, Tensor) else tuple(change(part) for part in state)


def _in_form(
    seen: list[dict[str, Ragged]], form: Callable[[Ragged], Tensor | PackedSequence]
) -> list[dict[str, Tensor | PackedSequence]]:
    return [{name: form(values) for name, values in layer.items()} for layer in seen]
