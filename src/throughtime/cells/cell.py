"""What a cell is: names of its gates and states, its own parameters, and one pure function, the step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor
from torch.nn.functional import linear

Rows = dict[str, Tensor]
"""Named results of a step: a new state, or what the cell observes."""


@dataclass(frozen=True)
class Noise:
    """Random rows that a step is given in training: each number is `mean / probability` with the probability,
    else 0. In evaluation the step is given the mean.

    each_step: drawn anew at every step; else once for a sequence.
    """

    width: int
    probability: float
    mean: float
    each_step: bool = True

    def draw(self, like: Tensor, *shape: int) -> Tensor:
        """Rows (*shape, width), in the dtype and on the device of `like`."""
        drawn = like.new_empty(*shape, self.width).bernoulli_(self.probability)
        return drawn if self.mean == self.probability else drawn.mul_(self.mean / self.probability)


@dataclass(frozen=True, eq=False)
class PreActivations:
    """The rows of one matrix product, a block for each gate: `a.i` is that of gate i, `a + b` adds them all.

    packed: (..., G * hidden_size), the gates in the cell's packed order.
    """

    packed: Tensor
    gates: tuple[str, ...]

    def __getattr__(self, gate: str) -> Tensor:
        _refuse_special(gate)
        return self.packed[..., _block(self.gates, gate, self.packed.shape[-1])]

    def __add__(self, other: PreActivations) -> PreActivations:
        if self.gates != other.gates:
            raise ValueError(f"cannot add the gates {', '.join(self.gates)} and {', '.join(other.gates)}")
        return PreActivations(self.packed + other.packed, self.gates)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.packed.chunk(len(self.gates), -1))

    def map(self, function: Callable[[Tensor], Tensor]) -> PreActivations:
        """The same gates with `function` applied to all rows at once, as layer normalisation is."""
        return PreActivations(function(self.packed), self.gates)


@dataclass(frozen=True, eq=False)  # torch's compiler hashes it before it has fields
class Product:
    """A weight matrix with its bias, applied inside the step: `u(h)` is U h + b.

    weight: (G * hidden_size, columns), bias: (G * hidden_size) or None. `u(h)` gives all gates and `u.n(v)`
    the product of gate n alone, for cells such as the GRU of 2014 that multiply in the middle of a step.
    factor: what every v is multiplied by first, (B, columns) or a number; None: nothing.
    """

    weight: Tensor
    bias: Tensor | None
    gates: tuple[str, ...]
    factor: Tensor | float | None = None

    def __call__(self, v: Tensor) -> PreActivations:
        return PreActivations(linear(self._scaled(v), self.weight, self.bias), self.gates)

    def __getattr__(self, gate: str) -> Callable[[Tensor], Tensor]:
        _refuse_special(gate)
        block = _block(self.gates, gate, self.weight.shape[0])
        bias = None if self.bias is None else self.bias[block]
        return lambda v: linear(self._scaled(v), self.weight[block], bias)

    def _scaled(self, v: Tensor) -> Tensor:
        return v if self.factor is None else v * self.factor


@dataclass(frozen=True)
class Cell(ABC):
    """A recurrence: its gates, its states and its equations, without any weights.

    A subclass names its `gates` in the order in which the rows of `weight_ih` and `weight_hh` are packed,
    its `state` (the first is the output), and writes `step`. A field of the subclass is a constant of the
    equations, such as the size of a projection. Everything else, from gradients to stacked and bidirectional
    layers, follows from these.
    """

    gates: ClassVar[tuple[str, ...]]
    recurrent_gates: ClassVar[tuple[str, ...] | None] = None
    """The gates that see the last output through `weight_hh`; None: all of them."""
    state: ClassVar[tuple[str, ...]] = ("h",)
    observed: ClassVar[tuple[str, ...]] = ()
    """The names of what `step` returns beside the state."""

    @abstractmethod
    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        """One step of the recurrence: the new state and what there is to observe.

        wx: W x(t) + b for every gate, (B, hidden_size) each: `wx.i`.
        u: the recurrent weights, applied to what the equations say: `u(s.h)`, or `u.n(r * s.h)` for one gate.
        s: the last state by name: `s.h` (B, state_sizes()["h"]).
        p: the cell's own parameters by name, as `parameters` declares them, and its random rows, as `noise`
        does, which in evaluation are numbers, their means. A cell with a candidate, the new content that its
        gates let in, passes it through `p.candidate(g)`, so that recurrent dropout can drop it.
        """

    def parameters(self, hidden_size: int) -> Mapping[str, tuple[int, ...]]:
        """Name and shape of each parameter that the cell has beside the input and recurrent weights."""
        return {}

    def noise(self, hidden_size: int) -> Mapping[str, Noise]:
        """What `step` is given of chance in training, by name."""
        return {}

    def input_noise(self, input_size: int) -> Noise | None:
        """What the input is multiplied by in training, before its product."""
        return None

    def weight_noise(self) -> Mapping[str, float]:
        """The probability with which each number of a parameter is dropped in training, by parameter.

        A mask is drawn for each call of a layer, the same for all sequences and steps. The numbers that it
        keeps are divided by the probability of being kept. Evaluation uses the parameter as it is.
        """
        return {}

    def begin(self, name: str, parameter: Tensor) -> None:  # noqa: B027 (most cells leave it to the initialiser)
        """Gives one of the cell's own parameters its first value, in place, as a gain would be filled with 1.

        Left as it is, the parameter begins as the layer's initialiser has it.
        """

    def state_sizes(self, hidden_size: int) -> Mapping[str, int]:
        """Width of each state; `hidden_size` unless the cell says otherwise."""
        return dict.fromkeys(self.state, hidden_size)

    def initial_state(self, name: str, like: Tensor) -> Tensor:
        """The state before the first step when none is given, shaped as `like`; zeros by default."""
        return torch.zeros_like(like)

    @property
    def name(self) -> str:
        """The cell's name as the field knows it."""
        return type(self).__name__

    def output_size(self, hidden_size: int) -> int:
        """Width of what the cell puts out at each step, its first state."""
        return self.state_sizes(hidden_size)[self.state[0]]

    def weight_shapes(self, input_size: int, hidden_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        """Name and shape of every parameter of one layer of this cell, in the order of `state_dict`."""
        rows, recurrent = len(self.gates) * hidden_size, len(self.recurrent()) * hidden_size
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, input_size)}
        if recurrent:
            shapes["weight_hh"] = (recurrent, self.output_size(hidden_size))
        if bias:
            shapes |= {"bias_ih": (rows,)} | ({"bias_hh": (recurrent,)} if recurrent else {})
        return shapes | dict(self.parameters(hidden_size))

    def parameter_count(self, input_size: int, hidden_size: int, bias: bool = True) -> int:
        """Number of trained values in one layer of this cell."""
        shapes = self.weight_shapes(input_size, hidden_size, bias).values()
        return sum(torch.Size(shape).numel() for shape in shapes)

    def recurrent(self) -> tuple[str, ...]:
        """The gates that have recurrent weights, in packed order."""
        return self.gates if self.recurrent_gates is None else self.recurrent_gates

    def bind(self, weights: Mapping[str, Tensor]) -> BoundStep:
        """`step` with its weights filled in, a function of input rows, the last state and noise by name.

        The rows are those of W x(t) + b, packed: (B, G * hidden_size). Noise that is not given is its mean.
        """
        u = recurrent_product(weights, self.recurrent())
        hidden_size = len(weights["weight_ih"]) // len(self.gates)
        means = {name: noise.mean for name, noise in self.noise(hidden_size).items()}
        fixed = {**own_parameters(weights), **means, "candidate": _as_it_is}

        def step(
            wx: Tensor, state: Mapping[str, Tensor], noise: Mapping[str, Tensor] = NONE
        ) -> tuple[Rows, Rows]:
            new, seen = self.step(PreActivations(wx, self.gates), u, Named(state), Named({**fixed, **noise}))
            if new.keys() != set(self.state):
                expected = ", ".join(self.state)
                raise ValueError(f"the step of {self.name} must return {expected}; got {', '.join(new)}")
            return new, seen

        return step


class BoundStep(Protocol):
    """A cell's step with its weights."""

    def __call__(
        self, wx: Tensor, state: Mapping[str, Tensor], noise: Mapping[str, Tensor] = ...
    ) -> tuple[Rows, Rows]:
        """The new state and what there is to observe."""
        ...


NONE: Mapping[str, Tensor] = MappingProxyType({})


class Named:
    """What a step is given by name, its last state or its parameters: `s.h` is the state h.

    Plain attributes, which torch's compiler can follow.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            setattr(self, name, value)


def recurrent_product(weights: Mapping[str, Tensor], gates: tuple[str, ...]) -> Product:
    """The recurrent weights of a layer as the product that a step applies; empty where the cell has none."""
    empty = weights["weight_ih"].new_empty(0, 0)
    return Product(weights.get("weight_hh", empty), weights.get("bias_hh"), gates)


def own_parameters(weights: Mapping[str, Tensor]) -> dict[str, Tensor | Callable[[Tensor], Tensor]]:
    """A cell's own parameters as its step sees them: vectors as they are, matrices as products."""
    shared = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    own = {name: value for name, value in weights.items() if name not in shared}
    return {name: _matrix(value) if value.dim() == 2 else value for name, value in own.items()}


def _as_it_is(candidate: Tensor) -> Tensor:
    return candidate


def _matrix(weight: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda v: linear(v, weight)


def _refuse_special(name: str) -> None:
    """Copying and pickling ask for special methods before there is any field to look them up in."""
    if name.startswith("__"):
        raise AttributeError(name)


def _block(gates: tuple[str, ...], gate: str, rows: int) -> slice:
    if gate not in gates:
        raise AttributeError(f"this cell has no gate {gate!r}; its gates are {', '.join(gates)}")
    size = rows // len(gates)
    start = gates.index(gate) * size
    return slice(start, start + size)
