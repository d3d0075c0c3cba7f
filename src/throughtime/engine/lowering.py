"""torch's operations (ATen's, to which all its functions come down) as row operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch

from throughtime.engine.node import Graph, Node, Number

aten = torch.ops.aten


class Unsupported(ValueError):
    """A step does what the engine cannot: the message names it and the way out."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what}; backend='reference' runs it")


@dataclass(frozen=True)
class Matrix:
    """A matrix made of parameters, by its place in the prelude."""

    place: int
    rows: int
    columns: int


Lowered = Node | tuple[Node, ...]


def _elementwise(op: str) -> Callable[..., Node]:
    return lambda graph, *operands: graph.make(op, *operands)


def _add(graph: Graph, a: Node | Number, b: Node | Number, alpha: Number = 1) -> Node:
    return graph.make("add", a, b if alpha == 1 else graph.make("mul", b, alpha))


def _sub(graph: Graph, a: Node | Number, b: Node | Number, alpha: Number = 1) -> Node:
    return graph.make("sub", a, b if alpha == 1 else graph.make("mul", b, alpha))


def _rsub(graph: Graph, a: Node, b: Node | Number, alpha: Number = 1) -> Node:
    return _sub(graph, b, a, alpha)


def _unchanged(graph: Graph, x: Node, *_: Any, **__: Any) -> Node:
    return x


def _filled(value: float) -> Callable[..., Node]:
    return lambda graph, x, **_: graph.spread(graph.constant(value), x.width)


def _clamp(graph: Graph, x: Node, low: Number | None = None, high: Number | None = None) -> Node:
    """Within its bounds the number itself, so that the gradient passes there, bounds included."""
    kept = x
    if low is not None:
        kept = graph.make("select", graph.make("greater", low, x), low, kept)
    if high is not None:
        kept = graph.make("select", graph.make("greater", x, high), high, kept)
    return kept


def _power(graph: Graph, x: Node, exponent: Number) -> Node:
    match float(exponent):
        case 2.0:
            return x * x
        case 3.0:
            return x * x * x
        case 0.5:
            return graph.make("sqrt", x)
        case -1.0:
            return 1 / x
        case _:
            raise Unsupported(f"the engine lacks the power {exponent}")


def _log_sigmoid(graph: Graph, x: Node) -> Node:
    """min(x, 0) - log(1 + exp(-|x|)), which no x overflows."""
    tail = graph.make("log1p", graph.make("exp", -graph.make("abs", x)))
    return graph.make("minimum", x, 0) - tail


def _softplus(graph: Graph, x: Node, beta: Number = 1, threshold: Number = 20) -> Node:
    scaled = x * beta
    smooth = -_log_sigmoid(graph, -scaled) / beta
    return graph.make("select", graph.make("greater", scaled, threshold), x, smooth)


def _mm(graph: Graph, v: Node | Matrix, matrix: Matrix | Node) -> Node:
    if not isinstance(v, Node) or not isinstance(matrix, Matrix):
        raise Unsupported("the engine multiplies rows by matrices of parameters alone")
    return graph.product(v, matrix.place, matrix.columns)


def _addmm(graph: Graph, bias: Node, v: Node, matrix: Matrix, beta: Number = 1, alpha: Number = 1) -> Node:
    return _mm(graph, v, matrix) * alpha + bias * beta


def _slice(graph: Graph, x: Node, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Node:
    if dim not in (1, -1) or step != 1:
        raise Unsupported("the engine cuts rows by columns, with step 1, alone")
    return x.columns(*slice(start, end).indices(x.width)[:2])


def _split(graph: Graph, x: Node, sizes: int | list[int], dim: int = 0) -> tuple[Node, ...]:
    each = [sizes] * -(-x.width // sizes) if isinstance(sizes, int) else sizes
    ends = [0]
    for size in each:
        ends.append(min(ends[-1] + size, x.width))
    return tuple(_slice(graph, x, dim, start, stop) for start, stop in pairwise(ends))


def _cat(graph: Graph, parts: list[Node], dim: int = 0) -> Node:
    if dim not in (1, -1):
        raise Unsupported("the engine joins rows by columns alone")
    return graph.join(tuple(parts))


def _columns_alone(what: str, dim: Any, keepdim: bool) -> None:
    if dim not in (1, -1, [1], [-1]) or not keepdim:
        raise Unsupported(f"the engine takes the {what} of each row, dim=-1 and keepdim=True, alone")


def _sum(graph: Graph, x: Node, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Node:
    _columns_alone("sum", dim, keepdim)
    return graph.sum(x)


def _mean(graph: Graph, x: Node, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Node:
    _columns_alone("mean", dim, keepdim)
    return graph.sum(x) / x.width


def _amax(graph: Graph, x: Node, dim: Any = (), keepdim: bool = False) -> Node:
    _columns_alone("maximum", dim, keepdim)
    return graph.largest(x)


def _layer_norm(
    graph: Graph, x: Node, shape: list[int], gain: Node | None, shift: Node | None, eps: float
) -> Node:
    if shape != [x.width]:
        raise Unsupported("the engine normalises whole rows alone")
    centred = x - graph.sum(x) / x.width
    normal = centred / graph.make("sqrt", graph.sum(centred * centred) / x.width + eps)
    scaled = normal if gain is None else normal * gain
    return scaled if shift is None else scaled + shift


def _softmax(graph: Graph, x: Node, dim: int, half_to_float: bool) -> Node:
    _columns_alone("softmax", dim, keepdim=True)
    weights = graph.make("exp", x - graph.largest(x))
    return weights / graph.sum(weights)


PRODUCTS = (aten.mm.default, aten.addmm.default)
"""Products of matrices."""

LOWERED: Mapping[Any, Callable[..., Lowered]] = {
    aten.add.Tensor: _add,
    aten.add.Scalar: _add,
    aten.sub.Tensor: _sub,
    aten.sub.Scalar: _sub,
    aten.rsub.Scalar: _rsub,
    aten.rsub.Tensor: _rsub,
    aten.mul.Tensor: _elementwise("mul"),
    aten.mul.Scalar: _elementwise("mul"),
    aten.div.Tensor: _elementwise("div"),
    aten.div.Scalar: _elementwise("div"),
    aten.reciprocal.default: lambda graph, x: 1 / x,
    aten.neg.default: _elementwise("neg"),
    aten.abs.default: _elementwise("abs"),
    aten.sign.default: _elementwise("sign"),
    aten.maximum.default: _elementwise("maximum"),
    aten.minimum.default: _elementwise("minimum"),
    aten.relu.default: _elementwise("relu"),
    aten.sigmoid.default: _elementwise("sigmoid"),
    aten.tanh.default: _elementwise("tanh"),
    aten.exp.default: _elementwise("exp"),
    aten.expm1.default: lambda graph, x: graph.make("exp", x) - 1,
    aten.log.default: _elementwise("log"),
    aten.log1p.default: _elementwise("log1p"),
    aten.sqrt.default: _elementwise("sqrt"),
    aten.rsqrt.default: lambda graph, x: 1 / graph.make("sqrt", x),
    aten.square.default: lambda graph, x: x * x,
    aten.pow.Tensor_Scalar: _power,
    aten.silu.default: lambda graph, x: x * graph.make("sigmoid", x),
    aten.log_sigmoid_forward.default: _log_sigmoid,
    aten.softplus.default: _softplus,
    aten.clamp.default: _clamp,
    aten.clamp_min.default: lambda graph, x, low: _clamp(graph, x, low),
    aten.clamp_max.default: lambda graph, x, high: _clamp(graph, x, high=high),
    aten.hardtanh.default: lambda graph, x, low=-1, high=1: _clamp(graph, x, low, high),
    aten.hardsigmoid.default: lambda graph, x: _clamp(graph, x + 3, 0, 6) / 6,
    aten.lerp.Tensor: lambda graph, a, b, weight: a + weight * (b - a),
    aten.lerp.Scalar: lambda graph, a, b, weight: a + weight * (b - a),
    aten.gt.Tensor: _elementwise("greater"),
    aten.gt.Scalar: _elementwise("greater"),
    aten.lt.Tensor: lambda graph, a, b: graph.make("greater", b, a),
    aten.lt.Scalar: lambda graph, a, b: graph.make("greater", b, a),
    aten.eq.Tensor: _elementwise("equal"),
    aten.eq.Scalar: _elementwise("equal"),
    aten.where.self: _elementwise("select"),
    aten.where.ScalarOther: _elementwise("select"),
    aten.where.ScalarSelf: _elementwise("select"),
    aten.zeros_like.default: _filled(0.0),
    aten.ones_like.default: _filled(1.0),
    aten.full_like.default: lambda graph, x, value, **_: graph.spread(graph.constant(value), x.width),
    aten.detach.default: _unchanged,
    aten.alias.default: _unchanged,
    aten.clone.default: _unchanged,
    aten.mm.default: _mm,
    aten.addmm.default: _addmm,
    aten.slice.Tensor: _slice,
    aten.split.Tensor: _split,
    aten.split_with_sizes.default: _split,
    aten.cat.default: _cat,
    aten.sum.dim_IntList: _sum,
    aten.mean.dim: _mean,
    aten.amax.default: _amax,
    aten.native_layer_norm.default: _layer_norm,
    aten._softmax.default: _softmax,
}
