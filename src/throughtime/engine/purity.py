"""A step must be pure: it returns new tensors and does not write to its arguments."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import (
    TorchDispatchMode,
    _disable_current_modes,  # pyright: ignore
)
from torch.utils._pytree import tree_leaves

from throughtime.cells import Cell
from throughtime.engine.cell_text import Same

ROWS = 2
"""Rows on which a step is tried."""

STEP_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a step may raise on stand-ins for its arguments, for example because it needs tensors of a GPU."""


class Impure(ValueError):
    """A step writes to its arguments; the message names the operation and the cell."""

    def __init__(self, cell: str, what: str) -> None:
        super().__init__(
            f"the step of {cell} writes in place ({what}); a step must leave its arguments as they are: "
            "use operations that return new tensors"
        )


class Writes:
    """Checks whether an operation writes only to tensors that belong to the step.

    A tensor belongs to the step if an operation of the step created it and no view of it exists. Writing to
    such a tensor is harmless, and torch does so inside some functions, such as `rms_norm`.
    """

    def __init__(self, cell: str) -> None:
        self.cell = cell
        self._made: set[int] = set()
        self._sharing: dict[int, set[int]] = {}
        self._kept: list[Tensor] = []  # an id identifies a tensor only while it lives

    def before(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Raise Impure if the operation writes to anything but a tensor that belongs to the step."""
        self._note(tensors_in((args, kwargs)))
        for target in _written(func, args, kwargs):
            own = id(target) in self._made and len(self._sharing[_storage(target)]) == 1
            if "out" in func._overloadname or not own:
                raise Impure(self.cell, _named(func))

    def after(self, made: Any) -> None:
        """Record the results of the operation."""
        results = tensors_in(made)
        self._made.update(map(id, results))
        self._note(results)

    def _note(self, tensors: Sequence[Tensor]) -> None:
        self._kept += tensors
        for tensor in tensors:
            self._sharing.setdefault(_storage(tensor), set()).add(id(tensor))


class UncompiledMode(TorchDispatchMode):
    """A dispatch mode whose first operation does not import torch's compiler, which takes more than a second.

    torch wraps `__torch_dispatch__` so that its compiler skips it, and imports the compiler to do so. The
    compiler skips everything under a dispatch mode anyway.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False


class _Watch(UncompiledMode):
    """Runs operations unchanged and raises Impure at the first that writes to a tensor of the caller."""

    def __init__(self, cell: str) -> None:
        super().__init__()
        self._writes = Writes(cell)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        self._writes.before(func, args, kwargs)
        made = func(*args, **kwargs)
        self._writes.after(made)
        return made


def check_pure(cell: Cell, hidden_size: int) -> None:
    """Try a cell's step on stand-ins for its arguments.

    A step that raises an error on them is not judged: its first real step raises the same error or none.

    Raises Impure if the step writes in place to its arguments.
    """
    _check_pure(Same(cell), hidden_size)


@lru_cache(maxsize=256)
def _check_pure(same: Same, hidden_size: int) -> None:
    cell = same.cell
    with isolated(), torch.no_grad():
        weights = {
            name: torch.zeros(shape) for name, shape in cell.weight_shapes(1, hidden_size, True).items()
        }
        state = {name: torch.full((ROWS, size), 0.5) for name, size in cell.state_sizes(hidden_size).items()}
        rows = torch.full((ROWS, len(weights["weight_ih"])), 0.5)
        step = cell.bind(weights)
        try:
            with _Watch(cell.name):
                step(rows, state)
        except Impure:
            raise
        except STEP_ERRORS:
            return


@contextmanager
def isolated() -> Generator[None]:
    """Run on the CPU, outside any torch mode of the caller: dispatch, inference, autocast."""
    with (
        _disable_current_modes(),
        torch.inference_mode(False),
        torch.device("cpu"),
        torch.autocast("cpu", enabled=False),
    ):
        yield


def tensors_in(tree: Any) -> list[Tensor]:
    """Return all tensors among arguments or results."""
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def _written(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Tensor]:
    """Return the tensors that an operation writes to."""
    targets: list[Any] = []
    for k, argument in enumerate(func._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            targets.append(args[k] if k < len(args) else kwargs.get(argument.name))
    return tensors_in(targets)


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata  # pyright: ignore[reportPrivateUsage]


def _named(func: Any) -> str:
    name = func.overloadpacket.__name__
    return f"{name} with out=" if "out" in func._overloadname else name
