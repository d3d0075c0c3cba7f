"""What a layer refuses about the form of its input before it reads a number."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from throughtime.errors import TensorError


def check_form(input: Tensor | PackedSequence, lengths: object, mask: object) -> None:
    """Raises TensorError for what is neither a padded batch, one sequence nor packed, saying what to do."""
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
