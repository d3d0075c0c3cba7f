"""Tensors as other people's code hands them over: views of every kind, with the values that they show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import torch
from torch import Tensor

View = Callable[[Random, Sequence[int], torch.dtype], Tensor]
"""Makes a view of the shape."""


def _memory(rng: Random, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """Normally distributed numbers."""
    generator = torch.Generator().manual_seed(rng.randrange(2**31))
    return torch.randn(*shape, dtype=torch.float64, generator=generator).mul(0.5).to(dtype)


def contiguous(rng: Random, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    return _memory(rng, shape, dtype)


def sliced(rng: Random, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """A slice of something larger, with an offset and a step along each dimension."""
    steps = [rng.choice((1, 1, 2, 3)) for _ in shape]
    starts = [rng.randrange(3) for _ in shape]
    whole = [
        start + step * size + rng.randrange(3) for start, step, size in zip(starts, steps, shape, strict=True)
    ]
    cut = tuple(
        slice(start, start + step * size, step)
        for start, step, size in zip(starts, steps, shape, strict=True)
    )
    return _memory(rng, whole, dtype)[cut]


def permuted(rng: Random, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """Dimensions in another order in memory, as after a convolution."""
    order = rng.sample(range(len(shape)), len(shape))
    stored = _memory(rng, [shape[k] for k in order], dtype)
    return stored.permute([order.index(k) for k in range(len(shape))])


def expanded(rng: Random, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """Some dimensions repeat one number in memory."""
    stored = [1 if rng.random() < 0.5 else size for size in shape]
    return _memory(rng, stored, dtype).expand(*shape)


def offset(rng: Random, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """Contiguous, from an odd place in a larger memory."""
    count, first = torch.Size(shape).numel(), 1 + rng.randrange(5)
    return _memory(rng, [first + count + 1], dtype)[first : first + count].view(*shape)


def chunked(rng: Random, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """One of the chunks along a dimension."""
    dim, parts = rng.randrange(len(shape)), rng.randrange(2, 4)
    whole = [size * parts if k == dim else size for k, size in enumerate(shape)]
    return (
        _memory(rng, whole, dtype).chunk(parts, dim)[rng.randrange(parts)]
        if shape[dim]
        else _memory(rng, shape, dtype)
    )


def selected(rng: Random, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """One index of a further dimension."""
    dim = rng.randrange(len(shape) + 1)
    return _memory(rng, [*shape[:dim], 3, *shape[dim:]], dtype).select(dim, rng.randrange(3))


def overlapping(rng: Random, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """Windows over one memory, each one or two numbers on from the last."""
    strides = [rng.randrange(3) for _ in shape]
    reach = 1 + sum(stride * max(0, size - 1) for stride, size in zip(strides, shape, strict=True))
    first = rng.randrange(3)
    return _memory(rng, [first + reach], dtype).as_strided(tuple(shape), strides, first)


def negated(rng: Random, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """The imaginary part of a conjugate: torch flips the sign when the numbers are read."""
    pairs = torch.complex(_memory(rng, shape, dtype), _memory(rng, shape, dtype))
    return pairs.conj().imag


VIEWS: Sequence[View] = (
    contiguous,
    sliced,
    permuted,
    expanded,
    offset,
    chunked,
    selected,
    overlapping,
    negated,
)


def random_view(rng: Random, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """A view of one of the kinds, chosen at random."""
    return rng.choice(VIEWS)(rng, shape, dtype)


def plain(view: Tensor) -> Tensor:
    """The same values in memory of their own, row by row."""
    return torch.empty(view.shape, dtype=view.dtype).copy_(view)
