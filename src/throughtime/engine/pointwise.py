"""torch's elementwise operations as row operations."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch

from throughtime.engine.node import Graph, Node, Number
from throughtime.engine.operand import Unsupported

aten = torch.ops.aten

MOST_FACTORS = 16
"""Integer exponents up to this size become products; other powers use the logarithm."""


def _elementwise(op: str) -> Callable[..., Node]:
    return lambda graph, *operands: graph.make(op, *operands)


def _add(graph: Graph, a: Node | Number, b: Node | Number, alpha: Number = 1) -> Node:
    return graph.make("add", a, b if alpha == 1 else graph.make("mul", b, alpha))


def _sub(graph: Graph, a: Node | Number, b: Node | Number, alpha: Number = 1) -> Node:
    return graph.make("sub", a, b if alpha == 1 else graph.make("mul", b, alpha))


def _rsub(graph: Graph, a: Node, b: Node | Number, alpha: Number = 1) -> Node:
    return _sub(graph, b, a, alpha)


def _lerp(graph: Graph, a: Node, b: Node, weight: Node | Number) -> Node:
    return a + weight * (b - a)


def _greater(graph: Graph, a: Node | Number, b: Node | Number) -> Node:
    return graph.make("greater", a, b)


def _less(graph: Graph, a: Node | Number, b: Node | Number) -> Node:
    return graph.make("greater", b, a)


def _sign(graph: Graph, x: Node) -> Node:
    """Return the sign, 0 for NaN as in torch."""
    return graph.make("greater", x, 0) - graph.make("greater", 0, x)


def _at_least(graph: Graph, a: Node | Number, b: Node | Number) -> Node:
    """Return a >= b, 0 if either is NaN."""
    return graph.make("greater", a, b) + graph.make("equal", a, b)


def _at_most(graph: Graph, a: Node | Number, b: Node | Number) -> Node:
    return _at_least(graph, b, a)


def _unequal(graph: Graph, a: Node | Number, b: Node | Number) -> Node:
    return 1 - graph.make("equal", a, b)


def _both(graph: Graph, a: Node, b: Node) -> Node:
    return _unequal(graph, a, 0) * _unequal(graph, b, 0)


def _either(graph: Graph, a: Node, b: Node) -> Node:
    return graph.make("maximum", _unequal(graph, a, 0), _unequal(graph, b, 0))


def _differ(graph: Graph, a: Node, b: Node) -> Node:
    return _unequal(graph, _unequal(graph, a, 0), _unequal(graph, b, 0))


def _not(graph: Graph, x: Node) -> Node:
    return graph.make("equal", x, 0)


def _clamp(
    graph: Graph, x: Node, low: Node | Number | None = None, high: Node | Number | None = None
) -> Node:
    """Clamp; within its bounds, bounds included, the gradient passes."""
    clamped = x
    if low is not None:
        clamped = graph.make("select", _beyond(graph, low, x, low), low, clamped)
    if high is not None:
        clamped = graph.make("select", _beyond(graph, clamped, high, high), high, clamped)
    return clamped


def _beyond(graph: Graph, a: Node | Number, b: Node | Number, bound: Node | Number) -> Node:
    """Whether a > b, or the bound is NaN."""
    greater = graph.make("greater", a, b)
    if not isinstance(bound, Node) or bound.constant is not None:
        return greater
    return graph.make("maximum", greater, _unequal(graph, bound, bound))


def _hardtanh(graph: Graph, x: Node, low: Number = -1, high: Number = 1) -> Node:
    """Clamp, but without a gradient at the bounds themselves."""
    clamped = graph.make("select", _at_least(graph, low, x), low, x)
    return graph.make("select", _at_least(graph, x, high), high, clamped)


def _hardsigmoid(graph: Graph, x: Node) -> Node:
    return _hardtanh(graph, x + 3, 0, 6) / 6


def _power(graph: Graph, x: Node | Number, exponent: Node | Number) -> Node:
    if not isinstance(exponent, Node):
        if float(exponent).is_integer() and 0 < abs(exponent) <= MOST_FACTORS and isinstance(x, Node):
            whole = _repeated(x, int(abs(exponent)))
            return whole if exponent > 0 else 1 / whole
        if abs(exponent) == 0.5:
            root = graph.make("sqrt", x)
            return root if exponent > 0 else 1 / root
    return graph.make("power", x, exponent)


def _repeated(x: Node, count: int) -> Node:
    """Return the product of `count` factors x."""
    if count == 1:
        return x
    half = _repeated(x, count // 2)
    return half * half * x if count % 2 else half * half


def _log_sigmoid(graph: Graph, x: Node) -> Node:
    """Return min(x, 0) - log(1 + exp(-|x|)), which does not overflow."""
    tail = graph.make("log1p", graph.make("exp", -graph.make("abs", x)))
    return graph.make("minimum", x, 0) - tail


def _softplus(graph: Graph, x: Node, beta: Number = 1, threshold: Number = 20) -> Node:
    scaled = x * beta
    smooth = -_log_sigmoid(graph, -scaled) / beta
    return graph.make("select", graph.make("greater", scaled, threshold), x, smooth)


def _mish(graph: Graph, x: Node) -> Node:
    return x * graph.make("tanh", -_log_sigmoid(graph, -x))


def _gelu(graph: Graph, x: Node, approximate: str = "none") -> Node:
    if approximate == "none":
        return x * 0.5 * (1 + graph.make("erf", x * math.sqrt(0.5)))
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))
    return x * 0.5 * (1 + graph.make("tanh", inner))


def _elu(graph: Graph, x: Node, alpha: Number = 1, scale: Number = 1, input_scale: Number = 1) -> Node:
    """Never take the exponential of positive numbers: it could overflow and make the gradient NaN."""
    positive = graph.make("greater", x, 0)
    negative = graph.make("select", positive, 0, x)
    return graph.make(
        "select", positive, x * scale, graph.make("expm1", negative * input_scale) * alpha * scale
    )


def _leaky_relu(graph: Graph, x: Node, slope: Node | Number = 0.01) -> Node:
    return graph.make("select", graph.make("greater", x, 0), x, x * slope)


def _threshold(graph: Graph, x: Node, threshold: Number, value: Number) -> Node:
    return graph.make("select", _at_least(graph, threshold, x), value, x)


def _softshrink(graph: Graph, x: Node, bound: Number = 0.5) -> Node:
    below = graph.make("select", graph.make("greater", -bound, x), x + bound, x * 0)
    return graph.make("select", graph.make("greater", x, bound), x - bound, below)


def _hardshrink(graph: Graph, x: Node, bound: Number = 0.5) -> Node:
    return graph.make("select", _at_least(graph, bound, graph.make("abs", x)), 0, x)


def _masked_fill(graph: Graph, x: Node, mask: Node, value: Node | Number) -> Node:
    return graph.make("select", mask, value, x)


def _scaled_sum(graph: Graph, x: Node, a: Node, b: Node, value: Number = 1) -> Node:
    return x + a * b * value


def _scaled_quotient(graph: Graph, x: Node, a: Node, b: Node, value: Number = 1) -> Node:
    return x + a / b * value


def _unchanged(graph: Graph, x: Node, *_: Any, **__: Any) -> Node:
    return x


def _div(graph: Graph, a: Node | Number, b: Node | Number, rounding_mode: str | None = None) -> Node:
    if rounding_mode is not None:
        raise Unsupported("the engine divides without rounding")
    return graph.make("div", a, b)


BOOLEAN: Mapping[Any, Callable[..., Node]] = {
    aten.gt.Tensor: _greater,
    aten.gt.Scalar: _greater,
    aten.lt.Tensor: _less,
    aten.lt.Scalar: _less,
    aten.ge.Tensor: _at_least,
    aten.ge.Scalar: _at_least,
    aten.le.Tensor: _at_most,
    aten.le.Scalar: _at_most,
    aten.eq.Tensor: _elementwise("equal"),
    aten.eq.Scalar: _elementwise("equal"),
    aten.ne.Tensor: _unequal,
    aten.ne.Scalar: _unequal,
    aten.isnan.default: lambda graph, x: _unequal(graph, x, x),
    aten.logical_and.default: _both,
    aten.logical_or.default: _either,
    aten.logical_xor.default: _differ,
    aten.logical_not.default: _not,
    aten.bitwise_and.Tensor: _both,
    aten.bitwise_or.Tensor: _either,
    aten.bitwise_xor.Tensor: _differ,
    aten.bitwise_not.default: _not,
}
"""Comparisons and logic, whose results are 1 or 0."""

ARITHMETIC: Mapping[Any, Callable[..., Node]] = {
    aten.add.Tensor: _add,
    aten.add.Scalar: _add,
    aten.sub.Tensor: _sub,
    aten.sub.Scalar: _sub,
    aten.rsub.Scalar: _rsub,
    aten.rsub.Tensor: _rsub,
    aten.mul.Tensor: _elementwise("mul"),
    aten.mul.Scalar: _elementwise("mul"),
    aten.div.Tensor: _div,
    aten.div.Scalar: _div,
    aten.reciprocal.default: lambda graph, x: 1 / x,
    aten.neg.default: _elementwise("neg"),
    aten.abs.default: _elementwise("abs"),
    aten.sign.default: _sign,
    aten.sgn.default: _sign,
    aten.maximum.default: _elementwise("maximum"),
    aten.minimum.default: _elementwise("minimum"),
    aten.exp.default: _elementwise("exp"),
    aten.exp2.default: lambda graph, x: graph.make("exp", x * math.log(2)),
    aten.expm1.default: _elementwise("expm1"),
    aten.log.default: _elementwise("log"),
    aten.log2.default: lambda graph, x: graph.make("log", x) * (1 / math.log(2)),
    aten.log10.default: lambda graph, x: graph.make("log", x) * (1 / math.log(10)),
    aten.log1p.default: _elementwise("log1p"),
    aten.sqrt.default: _elementwise("sqrt"),
    aten.rsqrt.default: lambda graph, x: 1 / graph.make("sqrt", x),
    aten.square.default: lambda graph, x: x * x,
    aten.pow.Tensor_Scalar: _power,
    aten.pow.Tensor_Tensor: _power,
    aten.pow.Scalar: _power,
    aten.sin.default: _elementwise("sin"),
    aten.cos.default: _elementwise("cos"),
    aten.tan.default: lambda graph, x: graph.make("sin", x) / graph.make("cos", x),
    aten.erf.default: _elementwise("erf"),
    aten.addcmul.default: _scaled_sum,
    aten.addcdiv.default: _scaled_quotient,
    aten.lerp.Tensor: _lerp,
    aten.lerp.Scalar: _lerp,
    aten.clamp.default: _clamp,
    aten.clamp.Tensor: _clamp,
    aten.clamp_min.default: _clamp,
    aten.clamp_min.Tensor: _clamp,
    aten.clamp_max.default: lambda graph, x, high: _clamp(graph, x, high=high),
    aten.clamp_max.Tensor: lambda graph, x, high: _clamp(graph, x, high=high),
    aten.where.self: _elementwise("select"),
    aten.where.ScalarOther: _elementwise("select"),
    aten.where.ScalarSelf: _elementwise("select"),
    aten.masked_fill.Scalar: _masked_fill,
    aten.masked_fill.Tensor: _masked_fill,
    aten._to_copy.default: _unchanged,
    aten.clone.default: _unchanged,
    aten.alias.default: _unchanged,
    aten.detach.default: lambda graph, x: graph.stop(x),
}

ACTIVATIONS: Mapping[Any, Callable[..., Node]] = {
    aten.relu.default: _elementwise("relu"),
    aten.sigmoid.default: _elementwise("sigmoid"),
    aten.tanh.default: _elementwise("tanh"),
    aten.silu.default: lambda graph, x: x * graph.make("sigmoid", x),
    aten.mish.default: _mish,
    aten.gelu.default: _gelu,
    aten.elu.default: _elu,
    aten.celu.default: lambda graph, x, alpha=1: _elu(graph, x, alpha, 1, 1 / alpha),
    aten.leaky_relu.default: _leaky_relu,
    aten._prelu_kernel.default: _leaky_relu,
    aten.log_sigmoid_forward.default: _log_sigmoid,
    aten.softplus.default: _softplus,
    aten.threshold.default: _threshold,
    aten.softshrink.default: _softshrink,
    aten.hardshrink.default: _hardshrink,
    aten.hardtanh.default: _hardtanh,
    aten.hardsigmoid.default: _hardsigmoid,
    aten.hardswish.default: lambda graph, x: x * _hardsigmoid(graph, x),
}

POINTWISE: Mapping[Any, Callable[..., Node]] = {**ARITHMETIC, **BOOLEAN, **ACTIVATIONS}
"""Functions of the graph, then as torch's: nodes as wide as the result or of width 1, and numbers."""
