"""Trace a cell's step into a program: try it on a few rows and record torch's operations.

What depends on parameters only (a slice of a weight matrix, the exponential of a vector) is not part of the
program: it is the `Prelude`, run by torch before the scan, gradients included.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear
from torch.utils._pytree import tree_map_only

from throughtime.cells import Cell, Noise
from throughtime.engine.lowering import (
    BOOLEAN,
    COLUMNS,
    FILLED,
    POINTWISE,
    PRODUCTS,
    SHAPES,
    Matrix,
    Rows,
    Unsupported,
)
from throughtime.engine.node import Graph, Node
from throughtime.engine.operand import expanded
from throughtime.engine.prelude import Call, Prelude, Slot
from throughtime.engine.program import Program
from throughtime.engine.purity import UncompiledMode, Writes, tensors_in

aten = torch.ops.aten

X, WX = "x", "wx"
"""The input of a step: x(t), or W x(t) + b."""

NOISE, MASK = "noise", "mask"
"""Random leaves: drawn for every step, or once per sequence."""

SYMBOLS = {"weight_hh": "U", "bias_hh": "b"}
"""Symbols of the parameters that every cell has; a gate's part is U.i, for example."""


@dataclass(frozen=True)
class Traced:
    """A cell's step taken apart: the program of a step and the prelude of a call."""

    program: Program
    prelude: Prelude

    def is_like(self, other: Traced) -> bool:
        """Whether both do the same."""
        return self.program.written() == other.program.written() and self.prelude.is_like(other.prelude)


@dataclass(frozen=True)
class _Trial:
    """The number of rows on which a step is tried, and the numbers in them and in the parameters."""

    rows: int
    first: float
    last: float
    parameter: float | None = None

    def leaf(self, width: int, dtype: torch.dtype) -> Tensor:
        """Return rows for the step."""
        return torch.linspace(self.first, self.last, width, dtype=dtype).repeat(self.rows, 1)

    def weight(self, value: Tensor) -> Tensor:
        """Return a stand-in for a parameter."""
        return value.detach() if self.parameter is None else torch.full_like(value, self.parameter)


_TRIALS = (_Trial(2, 0.5, 0.5), _Trial(3, -2.0, 1.0, 0.125))
"""A step that differs between these depends on values, on the number of rows, or on something else."""


def trace(
    cell: Cell,
    hidden_size: int,
    weights: Mapping[str, Tensor],
    inner: bool = False,
    noise: Mapping[str, Noise] = MappingProxyType({}),
) -> Traced:
    """Trace the step of a cell.

    weights: one layer's parameters by their plain names; their values are not read. inner: whether the
    product of the input is part of the program, whose input is then x(t), else W x(t) + b. noise: the random
    rows that the step takes; those left out are numbers, their means.

    Raises Unsupported for an operation that cannot be part of a program, naming it and the way out, and for a
    step that does something else on other numbers or at the next call; Impure for one that writes in place to
    its arguments.
    """
    first, second = (_traced(cell, hidden_size, weights, inner, noise, trial) for trial in _TRIALS)
    if not first.is_like(second):
        raise Unsupported(
            f"the step of {cell.name} depends on something that a program cannot follow: numbers read from "
            "its tensors, the size of the batch, random numbers, or what an earlier call left behind"
        )
    return first


def _traced(
    cell: Cell,
    hidden_size: int,
    weights: Mapping[str, Tensor],
    inner: bool,
    noise: Mapping[str, Noise],
    trial: _Trial,
) -> Traced:
    graph, prelude = Graph(), Prelude()
    recorder = _Recorder(graph, prelude, cell, trial)
    tried = copy(cell)  # so that a step that sets attributes leaves none of the stand-ins behind
    with torch.enable_grad():
        parameters = {name: recorder.parameter(name, value) for name, value in weights.items()}
        width = len(cell.gates) * hidden_size
        weight, bias = parameters["weight_ih"], parameters.get("bias_ih")
        x = recorder.leaf("input", X if inner else WX, weight.shape[1] if inner else width, like=weight)
        sizes = cell.state_sizes(hidden_size)
        state = {name: recorder.leaf("state", name, size, x) for name, size in sizes.items()}
        drawn = {
            name: recorder.leaf(NOISE if source.each_step else MASK, name, source.width, x)
            for name, source in noise.items()
        }
        with recorder:
            new, seen = tried.bind(parameters)(linear(x, weight, bias) if inner else x, state, drawn)
    _check_attributes(cell, tried)
    outputs = {name: recorder.output(name, new[name], size) for name, size in sizes.items()}
    observed = {name: recorder.output(name, value, value.shape[-1]) for name, value in seen.items()}
    program = Program(outputs, observed, cell.name, cell.gates)
    nodes = program.nodes()
    if not any(node.op == "input" for node in nodes):
        raise Unsupported(f"the step of {cell.name} does not use its input")
    prelude.prune({node.attribute for node in nodes if node.op in ("fixed", "product")})  # pyright: ignore
    return Traced(program, prelude)


def _check_attributes(before: Cell, after: Cell) -> None:
    ours, theirs = vars(before), vars(after)
    changed = [name for name in {**ours, **theirs} if ours.get(name, ours) is not theirs.get(name, theirs)]
    if changed:
        raise Unsupported(f"the step of {before.name} sets {', '.join(changed)} of the cell")


class _Recorder(UncompiledMode):
    """Records torch's operations: those on rows in the graph, others in the prelude."""

    def __init__(self, graph: Graph, prelude: Prelude, cell: Cell, trial: _Trial) -> None:
        super().__init__()
        self.graph, self.prelude, self.cell, self.trial = graph, prelude, cell, trial
        self.rows: dict[int, Node] = {}
        self.places: dict[int, int] = {}
        self.lost: dict[int, str] = {}  # results without a node, by the operation that made them
        self.writes = Writes(cell.name)  # holds all tensors: an id identifies one only while it lives
        self.kept: list[Tensor] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        self._check(func, args, kwargs)
        made = func(*args, **kwargs)
        self.writes.after(made)
        if any(id(tensor) in self.rows for tensor in tensors_in((args, kwargs))):
            self._lower(func, args, kwargs, made)
        else:
            self._postpone(func, args, kwargs, made)
        return made

    def parameter(self, name: str, value: Tensor) -> Tensor:
        """Return a tensor that stands for the parameter while the step is tried."""
        stand_in = self.trial.weight(value)
        self.prelude.names.append(name)
        self.places[id(stand_in)] = self.prelude.place()
        self.prelude.labels[self.places[id(stand_in)]] = SYMBOLS.get(name, name)
        self.kept.append(stand_in)
        return stand_in

    def leaf(self, op: str, name: str, width: int, like: Tensor) -> Tensor:
        """Return rows that the step takes."""
        rows = self.trial.leaf(width, like.dtype)
        self._note(rows, self.graph.node(op, (), name, width))
        return rows

    def output(self, name: str, value: object, width: int) -> Node:
        """Return the node of a value that the step returns."""
        fits = isinstance(value, Tensor) and value.shape == (self.trial.rows, width)
        node = self.rows.get(id(value)) if fits else None
        if node is None or not value.is_floating_point():  # pyright: ignore
            raise Unsupported(f"{name} of {self.cell.name} must be rows of {width} numbers")
        return self.graph.spread(node, width)

    def _check(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        name, cell = func.overloadpacket.__name__, self.cell.name
        lost = [self.lost[id(tensor)] for tensor in tensors_in((args, kwargs)) if id(tensor) in self.lost]
        if lost:
            raise Unsupported(f"the engine has only the first result of {lost[0]}, and {cell} uses another")
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise Unsupported(f"{cell} draws random numbers ({name}) inside its step")
        if torch.Tag.data_dependent_output in func.tags or torch.Tag.dynamic_output_shape in func.tags:
            raise Unsupported(f"the step of {cell} depends on values ({name})")
        self.writes.before(func, args, kwargs)
        if func._schema.is_mutable and not torch.is_grad_enabled():
            raise Unsupported(f"{cell} writes in place without gradients ({name}) inside its step")

    def _lower(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], made: Any) -> None:
        name, results = func.overloadpacket.__name__, tensors_in(made)
        func = _functional(func)
        lowered = self._lowered(func, args, kwargs, results)
        nodes = lowered if isinstance(lowered, tuple) else (lowered,)
        self.lost.update((id(value), name) for value in results[len(nodes) :])
        for node, value in zip(nodes, results, strict=False):
            self._check_rows(name, value, node)
            self._check_dtype(func, args, value)
            self._note(value, node if torch.is_grad_enabled() else self.graph.stop(node))

    def _lowered(
        self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], results: list[Tensor]
    ) -> Node | tuple[Node, ...]:
        shape = tuple(results[0].shape) if results else ()
        if func in POINTWISE:
            args, kwargs = tree_map_only(Tensor, lambda tensor: self._spread(tensor, shape), (args, kwargs))
            return POINTWISE[func](self.graph, *args, **kwargs)
        if func in FILLED:
            return self.graph.spread(self.graph.constant(FILLED[func](*args, **kwargs)), prod(shape[1:]))
        if func in COLUMNS:
            operand = self._rows_alone if func in SHAPES else self._rows
            args, kwargs = tree_map_only(Tensor, operand, (args, kwargs))
            return COLUMNS[func](*args, **kwargs)
        if func in PRODUCTS:
            args, kwargs = tree_map_only(Tensor, self._factor, (args, kwargs))
            return PRODUCTS[func](self.graph, *args, **kwargs)
        raise Unsupported(f"the engine lacks {func.overloadpacket.__name__}, which {self.cell.name} uses")

    def _check_rows(self, name: str, value: Tensor, node: Node) -> None:
        shape = tuple(value.shape)
        if not shape or shape[0] != self.trial.rows or node.width not in (1, prod(shape[1:])):
            raise Unsupported(f"{name} of {self.cell.name} turns rows into something else, of shape {shape}")

    def _check_dtype(self, func: Any, args: tuple[Any, ...], value: Tensor) -> None:
        """Refuse a step that would round; integers that come from comparisons are exact."""
        if value.dtype in (torch.float32, torch.float64) or func in BOOLEAN:
            return
        exact = value.dtype != torch.bool or func in (aten.mul.Tensor, *SHAPES)
        if (
            not exact
            or value.is_floating_point()
            or any(tensor.is_floating_point() for tensor in tensors_in(args))
        ):
            name = func.overloadpacket.__name__
            raise Unsupported(
                f"{name} of {self.cell.name} computes in {value.dtype}, which the engine does not"
            )

    def _postpone(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], made: Any) -> None:
        results = tensors_in(made)
        slots, named_slots = tree_map_only(Tensor, self._slot, (args, kwargs))
        places = tuple(self.prelude.place() for _ in results)
        self.prelude.calls.append(Call(func, slots, named_slots, places))
        if places:
            self._label(func, slots, places[0])
        for value, place in zip(results, places, strict=True):
            self.places[id(value)] = (
                place if torch.is_grad_enabled() else self.prelude.without_gradient(place)
            )
            self.kept.append(value)

    def _label(self, func: Any, args: tuple[Any, ...], place: int) -> None:
        """Label a transposed parameter, and the rows of it that belong to one gate."""
        source = self.prelude.labels.get(args[0].place) if args and isinstance(args[0], Slot) else None
        if source is not None and func is aten.t.default:
            self.prelude.labels[place] = source
        elif source in SYMBOLS.values() and func is aten.slice.Tensor and args[1] == 0:
            start, stop = args[2:4]
            self.prelude.labels[place] = f"{source}.{self.cell.recurrent()[start // (stop - start)]}"

    def _slot(self, value: Tensor) -> Slot:
        if id(value) not in self.places:  # a tensor of the cell's own, no parameter: a constant
            self.places[id(value)] = self.prelude.place()
            self.prelude.constants[self.places[id(value)]] = value
            self.kept.append(value)
        return Slot(self.places[id(value)])

    def _spread(self, value: Tensor, shape: tuple[int, ...]) -> Node:
        """Return an operand of an elementwise operation whose result has `shape`."""
        if id(value) not in self.rows:
            return self._fixed(value, shape)
        if value.dim() != len(shape):
            raise Unsupported(f"{self.cell.name} mixes sequences: {tuple(value.shape)} with {shape}")
        return expanded(self.rows[id(value)], tuple(value.shape[1:]), shape[1:])

    def _fixed(self, value: Tensor, shape: tuple[int, ...]) -> Node:
        """Return a tensor that all sequences share, as wide as the columns of `shape` or of width 1."""
        if value.dim() > len(shape) or (value.dim() == len(shape) and value.shape[0] != 1):
            raise Unsupported(
                f"{self.cell.name} has rows of its own, of shape {tuple(value.shape)}; the engine takes "
                "tensors that are the same for all sequences, or made by zeros_like and the like"
            )
        place, own = self._slot(value).place, tuple(value.shape)
        wide = own if value.numel() == 1 else shape[1:]
        if value.dim() != 1 or own != wide:
            place = self.prelude.flat(place, (1, *wide))
        return self.graph.node("fixed", (), place, prod(wide))

    def _rows(self, value: Tensor) -> Rows:
        """Return an operand that keeps its shape; a parameter's starts with its first dimension."""
        if id(value) in self.rows:
            shape = tuple(value.shape[1:])
            return Rows(self.graph.spread(self.rows[id(value)], prod(shape)), shape)
        return Rows(self._fixed(value, (1, *value.shape)), tuple(value.shape))

    def _rows_alone(self, value: Tensor) -> Rows:
        if id(value) not in self.rows:
            raise Unsupported(f"{self.cell.name} joins rows with a tensor that is not among the step's rows")
        return self._rows(value)

    def _factor(self, value: Tensor) -> Rows | Matrix:
        """Return an operand of a product."""
        if value.dim() == 2 and id(value) not in self.rows:
            return Matrix(self._slot(value).place, *value.shape)
        return self._rows(value)

    def _note(self, value: Tensor, node: Node) -> None:
        self.rows[id(value)] = node
        self.kept.append(value)


def _functional(func: Any) -> Any:
    """Return the operation that returns what `func` writes to a tensor that belongs to the step."""
    name = func.overloadpacket.__name__
    if not func._schema.is_mutable or not name.endswith("_"):
        return func
    packet = getattr(aten, name.removesuffix("_"), None)
    return getattr(packet, func._overloadname, func)
