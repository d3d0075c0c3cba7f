"""The row operations: what each computes, and its gradient.

All except `columns`, `join`, `spread`, `sum`, `largest`, `cumsum`, `reverse` and the products work
elementwise; a comparison gives 1 or 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from throughtime.engine.node import Node

MEANING: Mapping[str, Callable[..., Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "neg": torch.neg,
    "abs": torch.abs,
    "sign": torch.sign,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "exp": torch.exp,
    "log": torch.log,
    "log1p": torch.log1p,
    "expm1": torch.expm1,
    "erf": torch.erf,
    "sin": torch.sin,
    "cos": torch.cos,
    "power": torch.pow,
    "sqrt": torch.sqrt,
    "greater": lambda a, b: (a > b).to(torch.result_type(a, b)),
    "equal": lambda a, b: (a == b).to(torch.result_type(a, b)),
    "select": lambda mask, a, b: torch.where(mask != 0, a, b),
    "sum": lambda x: x.sum(-1, keepdim=True),
    "largest": lambda x: x.amax(-1, keepdim=True),
    "first_largest": lambda x: x.max(-1, keepdim=True).values,
    "cumsum": lambda x: x.cumsum(-1),
    "reverse": lambda x: x.flip(-1),
    "stop": torch.Tensor.detach,
}
"""What an operation computes of its inputs."""

Derivative = Callable[..., tuple[Node | None, ...]]

DERIVATIVE: Mapping[str, Derivative] = {
    "add": lambda d, y, a, b: (d, d),
    "sub": lambda d, y, a, b: (d, -d),
    "mul": lambda d, y, a, b: (d * b, d * a),
    "div": lambda d, y, a, b: (d / b, -(d / b * y)),
    "neg": lambda d, y, x: (-d,),
    "abs": lambda d, y, x: (d * x.graph.make("sign", x),),
    "sign": lambda d, y, x: (None,),
    "maximum": lambda d, y, a, b: (d * _share(a, b), d * _share(b, a)),
    "minimum": lambda d, y, a, b: (d * _share(b, a), d * _share(a, b)),
    "relu": lambda d, y, x: (y.graph.make("select", y.graph.make("greater", y, 0), d, 0),),
    "sigmoid": lambda d, y, x: (d * (y - y * y),),
    "tanh": lambda d, y, x: (d * (1 - y * y),),
    "exp": lambda d, y, x: (d * y,),
    "log": lambda d, y, x: (d / x,),
    "log1p": lambda d, y, x: (d / (x + 1),),
    "expm1": lambda d, y, x: (d * (y + 1),),
    "erf": lambda d, y, x: (d * (2 / math.sqrt(math.pi) * d.graph.make("exp", -(x * x))),),
    "sin": lambda d, y, x: (d * d.graph.make("cos", x),),
    "cos": lambda d, y, x: (-(d * d.graph.make("sin", x)),),
    "power": lambda d, y, a, b: (_to_base(d, a, b), _to_exponent(d, y, a, b)),
    "sqrt": lambda d, y, x: (d / (y + y),),
    "greater": lambda d, y, a, b: (None, None),
    "equal": lambda d, y, a, b: (None, None),
    "select": lambda d, y, mask, a, b: (
        None,
        d.graph.make("select", mask, d, 0),
        d.graph.make("select", mask, 0, d),
    ),
    "spread": lambda d, y, x: (d,),
    "sum": lambda d, y, x: (d.graph.spread(d, x.width),),
    "largest": lambda d, y, x: (d * _winners(x, y),),
    "first_largest": lambda d, y, x: (d * _first_winner(x, y),),
    "cumsum": lambda d, y, x: (d.graph.reverse(d.graph.cumsum(d.graph.reverse(d))),),
    "reverse": lambda d, y, x: (d.graph.reverse(d),),
    "stop": lambda d, y, x: (None,),
}
"""From the gradient d of the value y to those of its inputs; None for an input without one."""


def _share(a: Node, b: Node) -> Node:
    """Return 1 if a is larger, 0 if b is, a half if they are equal, as torch divides it."""
    return a.graph.make("greater", a, b) + 0.5 * a.graph.make("equal", a, b)


def _winners(x: Node, y: Node) -> Node:
    """Return, for each row, the share of every number that equals the row's largest."""
    winners = x.graph.make("equal", x, y)
    return winners / x.graph.sum(winners)


def _first_winner(x: Node, y: Node) -> Node:
    """Return, for each row, 1 for the first number that equals the row's largest, else 0."""
    winners = x.graph.make("equal", x, y)
    return winners * x.graph.make("equal", x.graph.cumsum(winners), 1)


def _to_base(d: Node, a: Node, b: Node) -> Node:
    """Return d b a^(b - 1), but 0 where b is 0, even if a is 0 too."""
    graph = d.graph
    slope = d * (b * graph.make("power", a, b - 1))
    return slope if b.constant else graph.make("select", graph.make("equal", b, 0), 0, slope)


def _to_exponent(d: Node, y: Node, a: Node, b: Node) -> Node | None:
    """Return d a^b log a, but 0 where a is 0 and b is not negative."""
    graph = d.graph
    if b.op == "constant":
        return None
    at_least = graph.make("greater", b, 0) + graph.make("equal", b, 0)
    none = graph.make("equal", a, 0) * at_least
    return graph.make("select", none, 0, d * (y * graph.make("log", a)))
