"""torch's operations over the columns of rows: sums, normalisation, slicing and joining."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise, product
from math import inf, prod
from typing import Any

import torch

from throughtime.engine.node import Node, Number
from throughtime.engine.operand import Rows, Unsupported, axis_of, cut, expanded, joined

aten = torch.ops.aten

Block = Callable[[Node], Node]


def _axes(x: Rows, dims: Any, what: str) -> list[int]:
    """Return the sorted axes that `dims` names; without dims it would be all of them, the batch included."""
    if dims is None or dims == [] or dims == ():
        raise Unsupported(f"{what} without dim mixes sequences, which the engine keeps apart")
    named = [dims] if isinstance(dims, int) else dims
    return sorted(axis_of(x, dim, what) for dim in named)


def _by_block(x: Rows, axes: Sequence[int], what: str, function: Block) -> Node:
    """Apply `function` to each block of columns that the axes, which must be the last ones, make up."""
    if list(axes) != list(range(len(x.shape)))[-len(axes) :]:
        raise Unsupported(f"the engine takes {what} only along the last dimensions")
    return joined(x.graph, [function(block) for block in cut(x.node, prod(x.shape[: axes[0]]))])


def _sum(x: Rows, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Node:
    axes = _axes(x, dim, "a sum")
    if axes[-1] == len(x.shape) - 1:
        return _by_block(x, axes, "a sum", x.graph.sum)
    if len(axes) > 1:
        raise Unsupported("the engine takes a sum only along the last dimensions or along a single one")
    return _sum_across(x, axes[0])


def _sum_across(x: Rows, axis: int) -> Node:
    """Return the sum of the slices along an axis that is not the last."""
    sums: list[Node] = []
    for piece in cut(x.node, prod(x.shape[:axis])):
        first, *others = cut(piece, x.shape[axis])
        for other in others:
            first = first + other
        sums.append(first)
    return joined(x.graph, sums)


def _mean(x: Rows, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Node:
    axes = _axes(x, dim, "a mean")
    return _sum(x, dim) / prod(x.shape[axis] for axis in axes)


def _amax(x: Rows, dim: Any = (), keepdim: bool = False) -> Node:
    return _by_block(x, _axes(x, dim, "a maximum"), "a maximum", x.graph.largest)


def _amin(x: Rows, dim: Any = (), keepdim: bool = False) -> Node:
    return _by_block(x, _axes(x, dim, "a minimum"), "a minimum", lambda block: -x.graph.largest(-block))


def _max(x: Rows, dim: Any, keepdim: bool = False) -> Node:
    return _by_block(x, _axes(x, dim, "a maximum"), "a maximum", x.graph.first_largest)


def _min(x: Rows, dim: Any, keepdim: bool = False) -> Node:
    return _by_block(x, _axes(x, dim, "a minimum"), "a minimum", lambda block: -x.graph.first_largest(-block))


def _var(x: Rows, dim: Any = None, correction: Number | None = None, keepdim: bool = False) -> Node:
    return _by_block(x, _axes(x, dim, "a variance"), "a variance", _variance(correction))


def _std(x: Rows, dim: Any = None, correction: Number | None = None, keepdim: bool = False) -> Node:
    variance = _variance(correction)
    return _by_block(x, _axes(x, dim, "a deviation"), "a deviation", lambda block: _root(variance(block)))


def _var_mean(x: Rows, dim: Any = None, **how: Any) -> tuple[Node, Node]:
    return _var(x, dim, **how), _mean(x, dim)


def _std_mean(x: Rows, dim: Any = None, **how: Any) -> tuple[Node, Node]:
    return _std(x, dim, **how), _mean(x, dim)


def _variance(correction: Number | None) -> Block:
    def of(block: Node) -> Node:
        centred = block - block.graph.sum(block) / block.width
        divisor = max(block.width - (1 if correction is None else correction), 0)
        return block.graph.sum(centred * centred) / float(divisor)

    return of


def _root(x: Node) -> Node:
    """Return the square root, through which no gradient passes where it is 0."""
    none = x.graph.make("equal", x, 0)
    root = x.graph.make("sqrt", x.graph.make("select", none, 1, x))
    return x.graph.make("select", none, 0, root)


def _vector_norm(
    x: Rows, order: Number = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Node:
    norms: dict[float, Block] = {
        1.0: lambda block: block.graph.sum(block.graph.make("abs", block)),
        2.0: lambda block: _root(block.graph.sum(block * block)),
        inf: lambda block: block.graph.largest(block.graph.make("abs", block)),
    }
    if float(order) not in norms:
        raise Unsupported(f"the engine takes norms of order 1, 2 and inf; got {order}")
    return _by_block(x, _axes(x, dim, "a norm"), "a norm", norms[float(order)])


def _log_sum_exp(x: Rows, dim: Any, keepdim: bool = False) -> Node:
    def of(block: Node) -> Node:
        graph = block.graph
        largest = graph.stop(graph.largest(block))
        infinite = graph.make("equal", graph.make("abs", largest), inf)
        finite = graph.make("select", infinite, 0, largest)
        return graph.make("log", graph.sum(graph.make("exp", block - finite))) + finite

    return _by_block(x, _axes(x, dim, "a sum of exponentials"), "a sum of exponentials", of)


def _softmax(x: Rows, dim: int, half_to_float: bool) -> Node:
    def of(block: Node) -> Node:
        weights = block.graph.make("exp", block - block.graph.stop(block.graph.largest(block)))
        return weights / block.graph.sum(weights)

    return _by_block(x, _axes(x, dim, "a softmax"), "a softmax", of)


def _log_softmax(x: Rows, dim: int, half_to_float: bool) -> Node:
    def of(block: Node) -> Node:
        shifted = block - block.graph.stop(block.graph.largest(block))
        return shifted - block.graph.make("log", block.graph.sum(block.graph.make("exp", shifted)))

    return _by_block(x, _axes(x, dim, "a softmax"), "a softmax", of)


def _normalised(block: Node, eps: float) -> Node:
    centred = block - block.graph.sum(block) / block.width
    deviation = block.graph.make("sqrt", block.graph.sum(centred * centred) / block.width + eps)
    return centred / deviation


def _layer_norm(x: Rows, shape: list[int], gain: Rows | None, shift: Rows | None, eps: float) -> Node:
    axes = range(len(x.shape) - len(shape), len(x.shape))
    if axes[0] < 0:
        raise Unsupported("layer_norm along the batch mixes sequences, which the engine keeps apart")
    normal = _by_block(x, axes, "layer_norm", lambda block: _normalised(block, eps))
    return _scaled_and_shifted(normal, gain, shift, tuple(shape), x.shape)


def _group_norm(
    x: Rows,
    gain: Rows | None,
    shift: Rows | None,
    batch: int,
    channels: int,
    places: int,
    groups: int,
    eps: float,
) -> Node:
    normal = joined(x.graph, [_normalised(block, eps) for block in cut(x.node, groups)])
    return _scaled_and_shifted(normal, gain, shift, (channels, 1), (channels, places))


def _scaled_and_shifted(
    normal: Node, gain: Rows | None, shift: Rows | None, shape: tuple[int, ...], to: tuple[int, ...]
) -> Node:
    """Scale and shift by parameters of `shape`, spread over the columns of `to`."""
    shape = (1,) * (len(to) - len(shape)) + shape
    if gain is not None:
        normal = normal * expanded(gain.node, shape, to)
    return normal if shift is None else normal + expanded(shift.node, shape, to)


def _cumsum(x: Rows, dim: int, dtype: Any = None) -> Node:
    return _by_block(x, _axes(x, dim, "a running sum"), "a running sum", x.graph.cumsum)


def _taken(x: Rows, axis: int, places: Sequence[int]) -> Node:
    """Return the slices of a row at these places along an axis."""
    inner = prod(x.shape[axis + 1 :])
    pieces: list[Node] = []
    for outer in cut(x.node, prod(x.shape[:axis])):
        for start, stop in _runs(places):
            pieces.append(outer.columns(start * inner, stop * inner))
    return joined(x.graph, pieces)


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Return runs of consecutive places as (first, last + 1)."""
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and runs[-1][1] == place:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return runs


def _slice(x: Rows, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Node:
    if dim == 0 and start in (None, 0) and step == 1:
        return x.node  # all sequences; fewer would change the number of rows, which is refused
    axis = axis_of(x, dim, "a slice")
    return _taken(x, axis, range(*slice(start, end, step).indices(x.shape[axis])))


def _select(x: Rows, dim: int, index: int) -> Node:
    axis = axis_of(x, dim, "a selection")
    return _taken(x, axis, [index % x.shape[axis]])


def _split(x: Rows, sizes: int | list[int], dim: int = 0) -> tuple[Node, ...]:
    axis = axis_of(x, dim, "a split")
    length = x.shape[axis]
    each = [sizes] * -(-length // sizes) if isinstance(sizes, int) else sizes
    ends = [min(end, length) for end in accumulate(each, initial=0)]
    return tuple(_taken(x, axis, range(start, stop)) for start, stop in pairwise(ends))


def _unbind(x: Rows, dim: int = 0) -> tuple[Node, ...]:
    axis = axis_of(x, dim, "a split")
    return tuple(_taken(x, axis, [k]) for k in range(x.shape[axis]))


def _joined_along(parts: Sequence[Rows], axis: int) -> Node:
    """Join rows along an axis: for each outer block, one piece of every row in turn."""
    outer = prod(parts[0].shape[:axis])
    pieces = zip(*[cut(part.node, outer) for part in parts], strict=True)
    return joined(parts[0].graph, [piece for each in pieces for piece in each])


def _cat(parts: list[Rows], dim: int = 0) -> Node:
    return _joined_along(parts, axis_of(parts[0], dim, "joining"))


def _stack(parts: list[Rows], dim: int = 0) -> Node:
    new = Rows(parts[0].node, (*parts[0].shape, 1))
    return _joined_along(parts, axis_of(new, dim, "stacking"))


def _flip(x: Rows, dims: list[int]) -> Node:
    for axis in _axes(x, dims, "a flip"):
        if axis == 0 and len(x.shape) == 1:
            return x.graph.reverse(x.node)
        x = Rows(_taken(x, axis, range(x.shape[axis])[::-1]), x.shape)
    return x.node


def _roll(x: Rows, shifts: list[int], dims: Any = ()) -> Node:
    axes = [axis_of(x, dim, "a roll") for dim in dims]
    if not axes:
        raise Unsupported("a roll without dim mixes sequences, which the engine keeps apart")
    for axis, shift in zip(axes, shifts, strict=True):
        length = x.shape[axis]
        start = -shift % length
        x = Rows(_taken(x, axis, [*range(start, length), *range(start)]), x.shape)
    return x.node


def _expand(x: Rows, size: list[int], implicit: bool = False) -> Node:
    if len(size) != len(x.shape) + 1:
        raise Unsupported("expand to more dimensions mixes sequences, which the engine keeps apart")
    to = tuple(have if want == -1 else want for have, want in zip(x.shape, size[1:], strict=True))
    return expanded(x.node, x.shape, to)


def _repeat(x: Rows, repeats: list[int]) -> Node:
    if len(repeats) != len(x.shape) + 1 or repeats[0] != 1:
        raise Unsupported("repeating the batch mixes sequences, which the engine keeps apart")
    for axis, count in enumerate(repeats[1:]):
        shape = (*x.shape[:axis], x.shape[axis] * count, *x.shape[axis + 1 :])
        x = Rows(_joined_along([x] * count, axis), shape)
    return x.node


def _permute(x: Rows, dims: list[int]) -> Node:
    order = [dim % len(dims) for dim in dims]
    if order[0] != 0:
        raise Unsupported("transposing the batch mixes sequences, which the engine keeps apart")
    axes = [dim - 1 for dim in order[1:]]
    strides = [prod(x.shape[axis + 1 :]) for axis in range(len(x.shape))]
    places = [
        sum(k * strides[axis] for k, axis in zip(index, axes, strict=True))
        for index in product(*(range(x.shape[axis]) for axis in axes))
    ]
    return joined(x.graph, [x.node.columns(*run) for run in _runs(places)])


def _transpose(x: Rows, first: int, second: int) -> Node:
    order = list(range(len(x.shape) + 1))
    a, b = first % len(order), second % len(order)
    order[a], order[b] = order[b], order[a]
    return _permute(x, order)


def _glu(x: Rows, dim: int = -1) -> Node:
    axis = axis_of(x, dim, "glu")
    half = x.shape[axis] // 2
    value, gate = _taken(x, axis, range(half)), _taken(x, axis, range(half, 2 * half))
    return value * x.graph.make("sigmoid", gate)


def _same_columns(x: Rows, *_: Any, **__: Any) -> Node:
    return x.node


REDUCTIONS: Mapping[Any, Callable[..., Any]] = {
    aten.sum.dim_IntList: _sum,
    aten.mean.dim: _mean,
    aten.amax.default: _amax,
    aten.amin.default: _amin,
    aten.max.dim: _max,
    aten.min.dim: _min,
    aten.var.correction: _var,
    aten.std.correction: _std,
    aten.var_mean.correction: _var_mean,
    aten.std_mean.correction: _std_mean,
    aten.linalg_vector_norm.default: _vector_norm,
    aten.logsumexp.default: _log_sum_exp,
    aten._softmax.default: _softmax,
    aten._log_softmax.default: _log_softmax,
    aten.native_layer_norm.default: _layer_norm,
    aten.native_group_norm.default: _group_norm,
    aten.cumsum.default: _cumsum,
}

SHAPES: Mapping[Any, Callable[..., Any]] = {
    aten.slice.Tensor: _slice,
    aten.select.int: _select,
    aten.split.Tensor: _split,
    aten.split_with_sizes.default: _split,
    aten.unbind.int: _unbind,
    aten.cat.default: _cat,
    aten.stack.default: _stack,
    aten.flip.default: _flip,
    aten.roll.default: _roll,
    aten.repeat.default: _repeat,
    aten.expand.default: _expand,
    aten.permute.default: _permute,
    aten.transpose.int: _transpose,
    aten.t.default: lambda x: _transpose(x, 0, 1),
    aten.unsqueeze.default: _same_columns,
    aten.squeeze.dim: _same_columns,
    aten.squeeze.dims: _same_columns,
    aten.view.default: _same_columns,
    aten._unsafe_view.default: _same_columns,
    aten.reshape.default: _same_columns,
    aten.glu.default: _glu,
}

COLUMNS: Mapping[Any, Callable[..., Any]] = {**REDUCTIONS, **SHAPES}
"""Functions of `Rows` and torch's dimensions and sizes; the tracer checks that the results are rows."""
