"""Regularisers that work on any cell: a modified cell is a cell again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from throughtime.cells.cell import Cell, Named, Noise, PreActivations, Product, Rows


@dataclass(frozen=True)
class Modified(Cell):
    """Another cell's equations with something done to them; all that it does not change is that cell's."""

    cell: Cell

    def __post_init__(self) -> None:
        for name in ("gates", "recurrent_gates", "state", "observed"):
            object.__setattr__(self, name, getattr(self.cell, name))
        twice = self.cell.noise(1).keys() & self.own_noise(1).keys()
        if twice:
            raise ValueError(f"{self.cell.name} has {', '.join(sorted(twice))} already; modify it once")

    def own_noise(self, hidden_size: int) -> Mapping[str, Noise]:
        """The noise that the modifier brings, by name."""
        return {}

    def noise(self, hidden_size: int) -> Mapping[str, Noise]:
        return {**self.cell.noise(hidden_size), **self.own_noise(hidden_size)}

    def input_noise(self, input_size: int) -> Noise | None:
        return self.cell.input_noise(input_size)

    def weight_noise(self) -> Mapping[str, float]:
        return self.cell.weight_noise()

    def parameters(self, hidden_size: int) -> Mapping[str, tuple[int, ...]]:
        return self.cell.parameters(hidden_size)

    def begin(self, name: str, parameter: Tensor) -> None:
        self.cell.begin(name, parameter)

    def state_sizes(self, hidden_size: int) -> Mapping[str, int]:
        return self.cell.state_sizes(hidden_size)

    def initial_state(self, name: str, like: Tensor) -> Tensor:
        return self.cell.initial_state(name, like)

    @property
    def name(self) -> str:
        return f"{type(self).__name__}({self.cell.name})"

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        return self.cell.step(wx, u, s, p)


@dataclass(frozen=True)
class Zoneout(Modified):
    """A cell some of whose units stay as they were at each step (Krueger et al. 2017, arXiv:1606.01305).

    With s~(t) the new state by the cell's equations, for each of its states

        s(t) = d(t) * s(t-1) + (1 - d(t)) * s~(t)

    where every number of d(t) is 1 with a probability and else 0: `output` for the first state, `memory` for
    each of the others. In evaluation d is that probability. What a step works out on its way to s~, such as
    the output of an LSTM from its new memory, does not see d(t). Raises ValueError for a probability not from
    0 to 1, for `memory` where there is none, and for memory that begins at infinity, which no mean can be
    taken with (the stabiliser of the sLSTM).
    """

    output: float
    memory: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_probability("output", self.output, most=1)
        check_probability("memory", self.memory, most=1)
        if not self.memory:
            return
        if len(self.state) == 1:
            raise ValueError(f"{self.cell.name} has no memory beside its output; leave out `memory`")
        for name in self.state[1:]:
            if not bool(torch.isfinite(self.cell.initial_state(name, torch.zeros(1, device="cpu")))):
                raise ValueError(
                    f"the state {name} of {self.cell.name} is no mean of others; leave out `memory`"
                )

    def own_noise(self, hidden_size: int) -> Mapping[str, Noise]:
        sizes = self.cell.state_sizes(hidden_size)
        probabilities = dict.fromkeys(self.state, self.memory) | {self.state[0]: self.output}
        return {
            f"stay_{name}": Noise(sizes[name], stay, stay) for name, stay in probabilities.items() if stay
        }

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        new, seen = self.cell.step(wx, u, s, p)
        old, noise = vars(s), vars(p)

        def zoned_out(name: str, value: Tensor) -> Tensor:
            d = noise.get(f"stay_{name}")
            return value if d is None else d * old[name] + (1 - d) * value

        return {name: zoned_out(name, value) for name, value in new.items()}, seen


@dataclass(frozen=True)
class RecurrentDropout(Modified):
    """A cell whose candidate is dropped in part (Semeniuta, Severyn and Barth 2016, arXiv:1603.05118).

    The candidate g(t), the new content that the gates let into the memory, becomes

        g(t) = m(t) * g~(t)

    where every number of m(t) is 0 with `probability` and else 1 / (1 - probability), so that nothing changes
    in evaluation. What is already in the memory is never dropped. Drawn at each step, or once for a sequence
    with `each_step=False`. Raises ValueError for a probability not from 0 to below 1, and at the first step
    of a cell with no candidate.
    """

    probability: float
    each_step: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_probability("probability", self.probability)

    def own_noise(self, hidden_size: int) -> Mapping[str, Noise]:
        return {"let_in": _dropout(hidden_size, self.probability, self.each_step)}

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        dropped: list[Tensor] = []

        def candidate(g: Tensor) -> Tensor:
            dropped.append(p.candidate(g) * p.let_in)
            return dropped[-1]

        results = self.cell.step(wx, u, s, Named(vars(p) | {"candidate": candidate}))
        if not dropped:
            raise ValueError(f"{self.cell.name} has no candidate that recurrent dropout could drop")
        return results


@dataclass(frozen=True)
class VariationalDropout(Modified):
    """A cell that sees its last output, and its input, by a mask for each sequence (Gal and Ghahramani 2016).

        U h(t-1)  becomes  U (m_h * h(t-1)),    W x(t)  becomes  W (m_x * x(t))

    where every number of m_h is 0 with the probability `output` and else 1 / (1 - output), and m_x likewise
    with `input`. All steps and all gates have the same masks, and nothing changes in evaluation
    (arXiv:1512.05287). Raises ValueError for a probability not from 0 to below 1.
    """

    output: float
    input: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_probability("output", self.output)
        check_probability("input", self.input)

    def own_noise(self, hidden_size: int) -> Mapping[str, Noise]:
        if not self.output:
            return {}
        return {"remembered": _dropout(self.cell.output_size(hidden_size), self.output, each_step=False)}

    def input_noise(self, input_size: int) -> Noise | None:
        return (
            _dropout(input_size, self.input, each_step=False)
            if self.input
            else super().input_noise(input_size)
        )

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        return self.cell.step(wx, replace(u, factor=vars(p).get("remembered")), s, p)


@dataclass(frozen=True)
class WeightDrop(Modified):
    """A cell whose recurrent weights are dropped in part (Merity, Keskar and Socher 2018, arXiv:1708.02182).

        U h(t-1)  becomes  (M * U) h(t-1)

    where every number of M is 0 with `probability` and else 1 / (1 - probability), so that nothing changes
    in evaluation. M is drawn for each call of a layer, the same for all sequences and steps; each layer and
    direction draws its own. Input weights and biases are never dropped. Raises ValueError for a probability
    not from 0 to below 1, and for a cell without recurrent weights or whose recurrent weights are dropped
    already.
    """

    probability: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_probability("probability", self.probability)
        if not self.cell.recurrent():
            raise ValueError(f"{self.cell.name} has no recurrent weights that weight drop could drop")
        if "weight_hh" in self.cell.weight_noise():
            raise ValueError(f"{self.cell.name} drops its recurrent weights already; modify it once")

    def weight_noise(self) -> Mapping[str, float]:
        return {**self.cell.weight_noise(), "weight_hh": self.probability}


def check_probability(name: str, value: float, most: float = math.nextafter(1, 0)) -> None:
    """Raises ValueError unless `value` is a probability, at most `most`."""
    if isinstance(value, bool) or not 0 <= value <= most:
        end = "1" if most == 1 else "below 1"
        raise ValueError(f"{name} must be a probability from 0 to {end}; got {value}")


def _dropout(width: int, probability: float, each_step: bool) -> Noise:
    return Noise(width, 1 - probability, 1.0, each_step)
