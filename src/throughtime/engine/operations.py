"""The row operations: what each computes, and how a gradient goes back through it.

All but `columns`, `join`, `spread`, `sum`, `largest` and the products work number by number; a comparison
gives 1 or 0.
"""

from __future__ import annotations

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
    "sqrt": torch.sqrt,
    "greater": lambda a, b: (a > b).to(torch.result_type(a, b)),
    "equal": lambda a, b: (a == b).to(torch.result_type(a, b)),
    "select": lambda mask, a, b: torch.where(mask != 0, a, b),
    "sum": lambda x: x.sum(-1, keepdim=True),
    "largest": lambda x: x.amax(-1, keepdim=True),
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
}
"""From the gradient d of the value y to those of its inputs; None where there is none to give."""


def _share(a: Node, b: Node) -> Node:
    """1 where a is larger, 0 where b is, a half where they are equal, as torch divides it."""
    return a.graph.make("greater", a, b) + 0.5 * a.graph.make("equal", a, b)


def _winners(x: Node, y: Node) -> Node:
    """Of each row the share of every number that is the row's largest."""
    winners = x.graph.make("equal", x, y)
    return winners / x.graph.sum(winners)
