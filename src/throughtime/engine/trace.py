"""A cell's step becomes a program: it is tried on a few rows, and what torch performs is noted.

What depends on parameters alone (a slice of a weight matrix, the exponent of a vector) is no part of the
program: it is the `Prelude`, run by torch before the scan, gradients included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from throughtime.cells import Cell, Noise
from throughtime.engine.lowering import LOWERED, PRODUCTS, Matrix, Unsupported
from throughtime.engine.node import Graph, Node
from throughtime.engine.program import Program

aten = torch.ops.aten

X, WX = "x", "wx"
"""The input of a step: x(t), or W x(t) + b."""

NOISE, MASK = "noise", "mask"
"""Leaves of chance: drawn for every step, or once for a sequence."""

SYMBOLS = {"weight_hh": "U", "bias_hh": "b"}
"""How equations write the parameters that every cell has; a gate's part is U.i, say."""

ROWS = 2
"""Rows that the step is tried on."""


@dataclass(frozen=True)
class Slot:
    """The place of a tensor in the prelude."""

    place: int


@dataclass(frozen=True)
class Call:
    """One call of torch's; slots stand for tensors. places: where its results go."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    places: tuple[int, ...]

    @cached_property
    def _is_flat(self) -> bool:
        """Whether no slot lies deeper than among the arguments; looking deeper takes longer than the call."""
        deeper = [one for one in (*self.args, *self.kwargs.values()) if not isinstance(one, Slot)]
        return not any(isinstance(one, Slot) for one in tree_leaves(deeper)) and not self.kwargs

    def run(self, values: Sequence[Tensor | None]) -> Any:
        """What the call gives with these values in the slots."""
        if self._is_flat:
            return self.function(*(values[one.place] if isinstance(one, Slot) else one for one in self.args))
        args, kwargs = tree_map_only(Slot, lambda slot: values[slot.place], (self.args, self.kwargs))
        return self.function(*args, **kwargs)


@dataclass
class Prelude:
    """What is computed of the parameters before a scan: the calls that torch made of it, in their order."""

    names: list[str] = field(default_factory=list)
    labels: dict[int, str] = field(default_factory=dict)
    constants: dict[int, Tensor] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    size: int = 0

    def run(self, parameters: Mapping[str, Tensor]) -> list[Tensor | None]:
        """Every tensor by its place; torch keeps what it needs to take gradients back to the parameters."""
        values: list[Tensor | None] = [None] * self.size
        for place, name in enumerate(self.names):
            values[place] = parameters[name]
        for place, constant in self.constants.items():
            values[place] = constant
        for call in self.calls:
            made = call.run(values)
            for place, value in zip(
                call.places, (made,) if isinstance(made, Tensor) else _tensors(made), strict=True
            ):
                values[place] = value
        return values

    def keep_what_is_read(self, places: Iterable[object]) -> None:
        """Forgets the calls that none of these places needs."""
        read = set(places)
        for call in reversed(self.calls):
            if read.intersection(call.places):
                read.update(
                    one.place for one in tree_leaves((call.args, call.kwargs)) if isinstance(one, Slot)
                )
        self.calls = [call for call in self.calls if read.intersection(call.places)]

    def place(self) -> int:
        """The next free place."""
        self.size += 1
        return self.size - 1


@dataclass(frozen=True)
class Traced:
    """A cell's step taken apart: the program of a step and the prelude of a call."""

    program: Program
    prelude: Prelude


def trace(
    cell: Cell,
    hidden_size: int,
    weights: Mapping[str, Tensor],
    inner: bool = False,
    noise: Mapping[str, Noise] = MappingProxyType({}),
) -> Traced:
    """Takes the step of a cell apart.

    weights: one layer's parameters by their plain names; their values are not looked at.
    inner: the product of the input is part of the program, whose input is then x(t); else it is W x(t) + b.
    noise: what the step is given of chance; what it would be given beside this are numbers, its means.
    Raises Unsupported for an operation that cannot be part of a program, naming it and the way out.
    """
    graph, prelude = Graph(), Prelude()
    recorder = _Recorder(graph, prelude, cell)
    with torch.no_grad():
        parameters = {name: recorder.parameter(name, value) for name, value in weights.items()}
        width = len(cell.gates) * hidden_size
        weight, bias = parameters["weight_ih"], parameters.get("bias_ih")
        x = recorder.leaf("input", X if inner else WX, weight.shape[1] if inner else width, like=weight)
        sizes = cell.state_sizes(hidden_size)
        state = {name: recorder.leaf("state", name, size, x) for name, size in sizes.items()}
        drawn = {
            name: recorder.leaf(NOISE if one.each_step else MASK, name, one.width, x)
            for name, one in noise.items()
        }
        with recorder:
            new, seen = cell.bind(parameters)(linear(x, weight, bias) if inner else x, state, drawn)
    outputs = {name: recorder.output(name, new[name], size) for name, size in sizes.items()}
    observed = {name: recorder.output(name, value, value.shape[-1]) for name, value in seen.items()}
    program = Program(outputs, observed, cell.name, cell.gates)
    prelude.keep_what_is_read(node.attribute for node in program.nodes() if node.op in ("fixed", "product"))
    return Traced(program, prelude)


class _Recorder(TorchDispatchMode):
    """Notes what torch is asked to do: into the graph where rows take part, else into the prelude."""

    def __init__(self, graph: Graph, prelude: Prelude, cell: Cell) -> None:
        super().__init__()
        self.graph, self.prelude, self.cell = graph, prelude, cell
        self.rows: dict[int, Node] = {}
        self.places: dict[int, int] = {}
        self.kept: list[Tensor] = []  # a tensor is known by its id as long as it lives

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        self._check(func)
        made = func(*args, **kwargs)
        if any(id(one) in self.rows for one in _tensors((args, kwargs))):
            self._lower(func, args, kwargs, made)
        else:
            self._postpone(func, args, kwargs, made)
        return made

    def parameter(self, name: str, value: Tensor) -> Tensor:
        """A tensor that stands for the parameter while the step is tried."""
        stand_in = value.detach()
        self.prelude.names.append(name)
        self.places[id(stand_in)] = self.prelude.place()
        self.prelude.labels[self.places[id(stand_in)]] = SYMBOLS.get(name, name)
        self.kept.append(stand_in)
        return stand_in

    def leaf(self, op: str, name: str, width: int, like: Tensor) -> Tensor:
        """Rows that the step is given."""
        rows = torch.full((ROWS, width), 0.5, dtype=like.dtype)
        self._note(rows, self.graph.node(op, (), name, width))
        return rows

    def output(self, name: str, value: object, width: int) -> Node:
        """The node of what the step returns."""
        operand = self._operand(value) if isinstance(value, Tensor) and value.shape == (ROWS, width) else None
        if not isinstance(operand, Node):
            raise Unsupported(f"{name} of {self.cell.name} must be rows of {width} numbers")
        return operand

    def _lower(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], made: Any) -> None:
        if func not in LOWERED:
            raise Unsupported(f"the engine lacks {func.overloadpacket.__name__}, which {self.cell.name} uses")
        meaning = self._factor if func in PRODUCTS else self._operand
        given = tree_map_only(Tensor, meaning, (args, kwargs))
        nodes = LOWERED[func](self.graph, *given[0], **given[1])
        for node, value in zip(nodes if isinstance(nodes, tuple) else (nodes,), _tensors(made), strict=False):
            if value.dim() != 2 or len(value) != ROWS or node.width != value.shape[1]:
                name, shape = func.overloadpacket.__name__, tuple(value.shape)
                raise Unsupported(
                    f"{name} of {self.cell.name} turns rows into something else, of shape {shape}"
                )
            self._note(value, node)

    def _postpone(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], made: Any) -> None:
        slots, named_slots = tree_map_only(Tensor, self._slot, (args, kwargs))
        places: list[int] = []
        for value in _tensors(made):
            self.places[id(value)] = self.prelude.place()
            places.append(self.places[id(value)])
            self.kept.append(value)
        self.prelude.calls.append(Call(func, slots, named_slots, tuple(places)))
        self._label(func, slots, places[0])

    def _label(self, func: Any, args: tuple[Any, ...], place: int) -> None:
        """A name for a parameter turned around, and for the rows of it that belong to one gate."""
        source = self.prelude.labels.get(args[0].place) if args and isinstance(args[0], Slot) else None
        if source is not None and func is aten.t.default:
            self.prelude.labels[place] = source
        elif source in SYMBOLS.values() and func is aten.slice.Tensor and args[1] == 0:
            start, stop = args[2:4]
            self.prelude.labels[place] = f"{source}.{self.cell.recurrent()[start // (stop - start)]}"

    def _check(self, func: Any) -> None:
        name = func.overloadpacket.__name__
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise Unsupported(f"{self.cell.name} draws by chance ({name}) inside its step")
        if func._schema.is_mutable:
            raise Unsupported(f"{self.cell.name} writes in place ({name}) inside its step")

    def _slot(self, value: Tensor) -> Slot:
        if id(value) not in self.places:  # a tensor of the cell's own, no parameter: a constant
            self.places[id(value)] = self.prelude.place()
            self.prelude.constants[self.places[id(value)]] = value
            self.kept.append(value)
        return Slot(self.places[id(value)])

    def _factor(self, value: Tensor) -> Node | Matrix:
        """An operand of a product, in which a matrix may have a single row."""
        if value.dim() == 2 and id(value) not in self.rows:
            return Matrix(self._slot(value).place, *value.shape)
        return self._operand(value)

    def _operand(self, value: Tensor) -> Node | Matrix:
        if id(value) in self.rows:
            return self.rows[id(value)]
        if value.dim() == 2 and len(value) > 1:
            return Matrix(self._slot(value).place, *value.shape)
        return self.graph.node("fixed", (), self._slot(value).place, value.numel())

    def _note(self, value: Tensor, node: Node) -> None:
        self.rows[id(value)] = node
        self.kept.append(value)


def _tensors(tree: Any) -> Sequence[Tensor]:
    return [one for one in tree_leaves(tree) if isinstance(one, Tensor)]
