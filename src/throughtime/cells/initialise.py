"""How the weights of a layer begin: each initialiser fills the tensors of one layer and direction.

Those here leave the last word on a cell's own parameters to the cell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import Tensor
from torch.nn import init
from torch.overrides import TorchFunctionMode

from throughtime.cells.cell import Cell

Weights = Mapping[str, Tensor]
Initialiser = Callable[[Cell, int, Weights], None]
"""Takes the cell, its hidden size and the weights of one layer and direction by name."""


def torch_default(cell: Cell, hidden_size: int, weights: Weights) -> None:
    """Every value uniform in (-1/sqrt(H), 1/sqrt(H)), as torch.nn begins its recurrent layers."""
    uniform(1 / math.sqrt(hidden_size))(cell, hidden_size, weights)


def uniform(a: float) -> Initialiser:
    """Every value uniform in (-a, a); Sutskever, Vinyals and Le (2014) take a = 0.08."""

    return partial(_uniform, a)


def orthogonal(cell: Cell, hidden_size: int, weights: Weights) -> None:
    """Recurrent blocks orthogonal (Saxe et al. 2014), input blocks Glorot, biases 0, the rest torch's."""
    torch_default(cell, hidden_size, weights)
    for name, weight in weights.items():
        if name == "weight_hh":
            _each_gate(weight, hidden_size, init.orthogonal_)
        elif name == "weight_ih":
            _each_gate(weight, hidden_size, init.xavier_uniform_)
        elif name in ("bias_ih", "bias_hh"):
            init.zeros_(weight)


def forget_bias(value: float = 1.0, then: Initialiser = torch_default) -> Initialiser:
    """After `then`, the forget gate's bias sums to `value` (Gers et al. 2000; Jozefowicz et al. 2015 take 1).

    Raises ValueError, when it is used, for a cell with no gate f or a layer with no bias.
    """

    return partial(_forget_bias, value, then)


def as_allocated(cell: Cell, hidden_size: int, weights: Weights) -> None:
    """No values, for weights that are read from a file next."""


class Unfilled(TorchFunctionMode):
    """Leaves new parameters of torch's modules as allocated, for weights that are read from a file next."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        random = func in (init.normal_, init.uniform_, init.kaiming_uniform_)
        return kwargs["tensor"] if random else func(*args, **kwargs)


def _uniform(a: float, cell: Cell, hidden_size: int, weights: Weights) -> None:
    for weight in weights.values():
        init.uniform_(weight, -a, a)
    for name in cell.parameters(hidden_size):
        cell.begin(name, weights[name])


def _forget_bias(value: float, then: Initialiser, cell: Cell, hidden_size: int, weights: Weights) -> None:
    if "f" not in cell.gates:
        raise ValueError(
            f"{cell.name} has no forget gate f to give a bias; its gates are {', '.join(cell.gates)}"
        )
    if "bias_ih" not in weights:
        raise ValueError("a forget bias needs bias=True")
    then(cell, hidden_size, weights)
    _gate_rows(cell.gates, "f", weights["bias_ih"]).fill_(value)
    if "f" in cell.recurrent():
        _gate_rows(cell.recurrent(), "f", weights["bias_hh"]).zero_()


def _each_gate(weight: Tensor, hidden_size: int, begin: Callable[[Tensor], Tensor]) -> None:
    for block in weight.split(hidden_size):
        begin(block)


def _gate_rows(gates: tuple[str, ...], gate: str, bias: Tensor) -> Tensor:
    return bias.detach().view(len(gates), -1)[gates.index(gate)]


INITIALISERS: Mapping[str, Initialiser] = {
    "torch": torch_default,
    "orthogonal": orthogonal,
    "forget_bias": forget_bias(),
    "sutskever2014": uniform(0.08),
}
