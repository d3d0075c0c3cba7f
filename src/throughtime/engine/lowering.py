"""torch's operations (ATen's, to which all its functions reduce) as row operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from throughtime.engine.columns import COLUMNS, REDUCTIONS, SHAPES
from throughtime.engine.node import Graph, Node, Number
from throughtime.engine.operand import Matrix, Rows, Unsupported
from throughtime.engine.pointwise import ACTIVATIONS, ARITHMETIC, BOOLEAN, POINTWISE

__all__ = [
    "BOOLEAN",
    "COLUMNS",
    "FILLED",
    "GROUPS",
    "LOWERED",
    "POINTWISE",
    "PRODUCTS",
    "SHAPES",
    "Matrix",
    "Rows",
    "Unsupported",
]

aten = torch.ops.aten


def _mm(graph: Graph, v: Rows | Matrix, matrix: Matrix | Rows) -> Node:
    if not isinstance(v, Rows) or not isinstance(matrix, Matrix):
        raise Unsupported("the engine multiplies rows only by matrices of parameters")
    return graph.product(v.node, matrix.place, matrix.columns)


def _addmm(
    graph: Graph, bias: Rows | Matrix, v: Rows, matrix: Matrix, beta: Number = 1, alpha: Number = 1
) -> Node:
    if not isinstance(bias, Rows):
        raise Unsupported("the engine adds only rows and vectors to a product, not matrices")
    return _mm(graph, v, matrix) * alpha + bias.node * beta


def _mv(graph: Graph, v: Rows | Matrix, vector: Rows) -> Node:
    if not isinstance(v, Rows):
        raise Unsupported("the engine multiplies rows only by vectors of parameters")
    return graph.sum(v.node * vector.node)


PRODUCTS: Mapping[Any, Callable[..., Node]] = {
    aten.mm.default: _mm,
    aten.addmm.default: _addmm,
    aten.mv.default: _mv,
}
"""Products with matrices and vectors of parameters."""

FILLED: Mapping[Any, Callable[..., Number]] = {
    aten.zeros_like.default: lambda x, **_: 0,
    aten.ones_like.default: lambda x, **_: 1,
    aten.full_like.default: lambda x, value, **_: value,
    aten.new_zeros.default: lambda x, size, **_: 0,
    aten.new_ones.default: lambda x, size, **_: 1,
    aten.new_full.default: lambda x, size, value, **_: value,
}
"""The number with which each of these fills a tensor."""

GROUPS: Mapping[str, Mapping[Any, Callable[..., Any]]] = {
    "arithmetic": ARITHMETIC,
    "comparisons and logic": BOOLEAN,
    "activations": ACTIVATIONS,
    "over the columns of a row": REDUCTIONS,
    "shapes": SHAPES,
    "products": PRODUCTS,
    "constants": FILLED,
}
"""All operations that compile, by subject."""

LOWERED = {func: lower for group in GROUPS.values() for func, lower in group.items()}
"""The same, by operation."""
