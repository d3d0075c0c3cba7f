"""What torch computes from the parameters before a scan, gradients included."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map_only

from throughtime.engine.purity import tensors_in

aten = torch.ops.aten


@dataclass(frozen=True)
class Slot:
    """The place of a tensor in the prelude."""

    place: int


@dataclass(frozen=True)
class Call:
    """One call of a torch function; slots stand for tensors. places: where its results go."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    places: tuple[int, ...]

    @cached_property
    def _is_flat(self) -> bool:
        """Whether every slot is itself an argument; searching deeper takes longer than the call."""
        deeper = [
            argument for argument in (*self.args, *self.kwargs.values()) if not isinstance(argument, Slot)
        ]
        return not any(isinstance(leaf, Slot) for leaf in tree_leaves(deeper)) and not self.kwargs

    def run(self, values: Sequence[Tensor | None]) -> Any:
        """Return the result of the call with these values in the slots."""
        if self._is_flat:
            return self.function(
                *(
                    values[argument.place] if isinstance(argument, Slot) else argument
                    for argument in self.args
                )
            )
        args, kwargs = tree_map_only(Slot, lambda slot: values[slot.place], (self.args, self.kwargs))
        return self.function(*args, **kwargs)


@dataclass
class Prelude:
    """What is computed from the parameters before a scan: torch's calls, in order."""

    names: list[str] = field(default_factory=list)
    labels: dict[int, str] = field(default_factory=dict)
    constants: dict[int, Tensor] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    size: int = 0
    read: Collection[int] = ()
    _flat: dict[tuple[int, tuple[int, ...]], int] = field(default_factory=dict)

    def run(self, parameters: Mapping[str, Tensor]) -> list[Tensor | None]:
        """Return every tensor by its place; torch records what gradients to the parameters need.

        Those that steps read come in the dtype of the parameters, whatever dtype a constant of the step has.

        Raises ValueError for parameters of several dtypes.
        """
        values: list[Tensor | None] = [None] * self.size
        dtype = parameters[self.names[0]].dtype
        for place, name in enumerate(self.names):
            values[place] = parameter = parameters[name]
            if parameter.dtype != dtype:
                raise ValueError(
                    f"the weights of a layer must have one dtype; got {dtype} and {parameter.dtype}"
                )
        for place, constant in self.constants.items():
            values[place] = constant
        for call in self.calls:
            made = call.run(values)
            for place, value in zip(
                call.places, (made,) if isinstance(made, Tensor) else tensors_in(made), strict=True
            ):
                values[place] = value
        for place in self.read:
            value = values[place]
            if value is not None and value.dtype != dtype:
                values[place] = value.to(dtype)
        return values

    def prune(self, places: Collection[int]) -> None:
        """Drop the calls that none of these places needs."""
        self.read = sorted(places)
        needed = set(places)
        for call in reversed(self.calls):
            if needed.intersection(call.places):
                needed.update(
                    slot.place for slot in tree_leaves((call.args, call.kwargs)) if isinstance(slot, Slot)
                )
        self.calls = [call for call in self.calls if needed.intersection(call.places)]
        self.constants = {place: constant for place, constant in self.constants.items() if place in needed}

    def flat(self, place: int, shape: Sequence[int]) -> int:
        """Return the place of the tensor at `place`, expanded to `shape` and flattened."""
        key = (place, tuple(shape))
        if key not in self._flat:
            wide, vector = self.place(), self.place()
            self.calls.append(Call(aten.expand.default, (Slot(place), list(shape)), {}, (wide,)))
            self.calls.append(Call(aten.reshape.default, (Slot(wide), [-1]), {}, (vector,)))
            self._flat[key] = vector
            if place in self.labels:
                self.labels[vector] = self.labels[place]
        return self._flat[key]

    def without_gradient(self, place: int) -> int:
        """Return the place of the tensor at `place`, through which no gradient passes."""
        stopped = self.place()
        self.calls.append(Call(aten.detach.default, (Slot(place),), {}, (stopped,)))
        return stopped

    def is_like(self, other: Prelude) -> bool:
        """Whether both make the same calls on the same constants."""
        return (
            self.calls == other.calls
            and self.constants.keys() == other.constants.keys()
            and all(_equal(value, other.constants[place]) for place, value in self.constants.items())
        )

    def place(self) -> int:
        """Return the next free place."""
        self.size += 1
        return self.size - 1


def _equal(a: Tensor, b: Tensor) -> bool:
    return a is b or (a.dtype == b.dtype and torch.equal(a, b))
