"""A cell compiled for a hidden size: its forward code for training or inference, and its backward code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import torch

from throughtime.cells import Cell
from throughtime.engine.assemble import assemble
from throughtime.engine.cell_text import Same, cell_of, text_of
from throughtime.engine.fusion import Target
from throughtime.engine.gradient import GradientProgram, differentiate
from throughtime.engine.instruction import Code, Key, Kind
from throughtime.engine.native import Linked, threads
from throughtime.engine.node import Node
from throughtime.engine.program import needed
from throughtime.engine.purity import isolated
from throughtime.engine.saved_values import saved
from throughtime.engine.trace import Traced, trace

Sources = dict[int, tuple[Kind, Key]]

ROWS_FOR_FULL_SPEED = 8
"""Rows per thread from which its products run at full speed."""

STAYING_BYTES = 1 << 24
"""Matrices larger than this do not stay in any cache from one step to the next."""

LEAVES = {
    "input": Kind.SEQUENCE,
    "state": Kind.STATE,
    "fixed": Kind.FIXED,
    "noise": Kind.SEQUENCE,
    "mask": Kind.STATE,
    "d_state": Kind.STATE,
    "d_output": Kind.SEQUENCE,
    "d_observed": Kind.SEQUENCE,
}
"""The kind of buffer of each leaf of a step; a leaf's key is its operation and attribute."""


class Form(NamedTuple):
    """What code is compiled for.

    cell: its text. noisy: whether the step takes its noise rather than the mean. dtype: name of the weights'
    dtype, on which constants of a step may depend.
    """

    cell: str
    hidden_size: int
    bias: bool
    input_size: int
    noisy: bool
    dtype: str


class Compiled:
    """The forward and backward code of a cell's step, assembled when first needed."""

    def __init__(self, form: Form, traced: Traced) -> None:
        self.form, self.program, self.prelude = form, traced.program, traced.prelude
        self._forward: dict[tuple[bool, tuple[str, ...], bool], Linked] = {}
        self._backward: dict[tuple[bool, bool, tuple[str, ...], tuple[str, ...]], Linked] = {}
        self._gradients: dict[tuple[str, ...], GradientProgram] = {}
        self._saved: dict[tuple[str, ...], list[Node]] = {}

    def gradient(self, through: tuple[str, ...] = ()) -> GradientProgram:
        """Return the gradient program; gradients also come `through` these observed values."""
        if through and not self._gradients:
            self.gradient()  # first, so that the order of operations does not depend on what is observed
        if through not in self._gradients:
            self._gradients[through] = differentiate(self.program, through)
        return self._gradients[through]

    def saved(self, observed: tuple[str, ...] = ()) -> list[Node]:
        """Return what is saved for backward at each row and step, for gradients through all `observed`."""
        if observed not in self._saved:
            self._saved[observed] = saved(self.program, self.gradient(observed), observed)
        return self._saved[observed]

    @cached_property
    def places(self) -> list[int]:
        """The places of the prelude that steps read."""
        nodes = self.program.nodes()
        return sorted({node.attribute for node in nodes if node.op in ("fixed", "product")})  # pyright: ignore

    @cached_property
    def numbers(self) -> int:
        """Total size of all matrices."""
        products = {node.attribute: node for node in self.program.nodes() if node.op == "product"}
        return sum(node.inputs[0].width * node.width for node in products.values())

    def pays_inside(self, number_bytes: int, batch: int, directions: int) -> bool:
        """Whether to compute the product of the input inside the scan, where its result stays in the cache.

        That pays if each thread has enough rows for full speed and all matrices stay in some cache; otherwise
        one large product is faster.
        """
        if isinstance(batch, torch.SymInt):  # in a graph for batches of any size
            return False
        team = max(1, threads() // directions)
        return self.numbers * number_bytes <= STAYING_BYTES and batch >= ROWS_FOR_FULL_SPEED * team

    def linked_forward(
        self, train: bool, observed: tuple[str, ...] = (), all_at_once: bool = False
    ) -> Linked:
        """Return `forward` ready to run."""
        key = (train, observed, all_at_once)
        if key not in self._forward:
            text = json.dumps(["forward", key, self.form])
            inside = ("saved", "work", "ahead")
            self._forward[key] = self._linked(text, self.forward(*key), lasting=not train, inside=inside)
        return self._forward[key]

    def linked_backward(
        self,
        d_input: bool,
        all_at_once: bool = False,
        observed: tuple[str, ...] = (),
        through: tuple[str, ...] = (),
    ) -> Linked:
        """Return `backward` ready to run."""
        key = (d_input, all_at_once, observed, through)
        if key not in self._backward:
            text = json.dumps(["backward", key, self.form])
            inside = ("outer_v", "outer_d", "d_fixed", "work")
            self._backward[key] = self._linked(text, self.backward(*key), backwards=True, inside=inside)
        return self._backward[key]

    def _linked(self, text: str, code: Code, **how: Any) -> Linked:
        """Link code; a matrix has as many rows as the operand of its product is wide."""
        shapes: dict[object, tuple[int, int]] = {
            node.attribute: (node.inputs[0].width, node.width)
            for node in self.program.nodes()
            if node.op == "product"
        }
        turned = {place: (columns, rows) for place, (rows, columns) in shapes.items()}
        return Linked(
            text, code, [(turned if back else shapes)[place] for place, back in code.matrices], **how
        )

    def forward(self, train: bool, observed: tuple[str, ...] = (), all_at_once: bool = False) -> Code:
        """Return one step: `output`, the new `state`, the `observed` values, and with `train` those `saved`.

        all_at_once: products that depend on no earlier step are computed for all steps at once.
        """
        state = self.program.state
        targets = [Target(Kind.SEQUENCE, ("output", None), next(iter(state.values())))]
        targets += [Target(Kind.STATE, ("state", name), node) for name, node in state.items()]
        targets += [
            Target(Kind.SEQUENCE, ("observed", name), self.program.observed[name]) for name in observed
        ]
        held = self.saved(observed) if train else ()
        targets += [Target(Kind.SEQUENCE, ("saved", node.number), node) for node in held]
        return assemble(targets, _leaves(targets, {}), all_at_once)

    def backward(
        self,
        d_input: bool = True,
        all_at_once: bool = False,
        observed: tuple[str, ...] = (),
        through: tuple[str, ...] = (),
    ) -> Code:
        """Return one step back, from the `saved` values, `d_output` and `d_state`.

        It gives `d_input` if asked for, `d_state`, `d_fixed`, and for every product that has a gradient its
        rows `outer_v` and `outer_d`.

        observed: what the forward step observed; through: the observed values that have a gradient,
        `d_observed`.
        """
        gradient = self.gradient(through)
        graph = next(iter(self.program.state.values())).graph
        targets: list[Target] = []
        if d_input and gradient.input is not None:
            targets.append(Target(Kind.SEQUENCE, ("d_input", None), gradient.input))
        for name, end in self.program.state.items():
            d = gradient.state[name]
            node = graph.spread(graph.constant(0), end.width) if d is None else d
            targets.append(Target(Kind.STATE, ("d_state", name), node))
        for place, node in gradient.fixed.items():
            targets.append(Target(Kind.SEQUENCE, ("d_fixed", place), node))
        for k, outer in enumerate(gradient.outer):
            targets.append(Target(Kind.SEQUENCE, ("outer_v", k), outer.v))
            targets.append(Target(Kind.SEQUENCE, ("outer_d", k), outer.d))
        sources: Sources = {
            node.number: (Kind.SEQUENCE, ("saved", node.number)) for node in self.saved(observed)
        }
        return assemble(targets, _leaves(targets, sources) | sources, all_at_once)


def _leaves(targets: Sequence[Target], sources: Sources) -> Sources:
    """Map each leaf that the targets need beside `sources` to its buffer."""
    nodes = needed((target.node for target in targets), sources)
    return {
        node.number: (LEAVES[node.op], (node.op, None if node.op == "input" else node.attribute))
        for node in nodes
        if node.op in LEAVES
    }


def compiled(
    cell: Cell,
    hidden_size: int,
    bias: bool,
    input_size: int = 1,
    noisy: bool = False,
    dtype: torch.dtype = torch.float32,
) -> Compiled:
    """Return the cell compiled, once for all layers of the same form, see `Form`.

    Raises Unsupported if a step does what the engine cannot, and Impure if it writes in place to its
    arguments.
    """
    return _compiled(Same(cell), hidden_size, bias, input_size, noisy, str(dtype).removeprefix("torch."))


@lru_cache(maxsize=256)
def _compiled(same: Same, *rest: Any) -> Compiled:
    cell, form = same.cell, Form(text_of(same.cell), *rest)
    shapes = cell.weight_shapes(form.input_size, form.hidden_size, form.bias)
    noise = cell.noise(form.hidden_size) if form.noisy else {}
    with isolated():
        weights = {
            name: torch.zeros(shape, dtype=getattr(torch, form.dtype)) for name, shape in shapes.items()
        }
        return Compiled(form, trace(cell, form.hidden_size, weights, True, noise))


@lru_cache(maxsize=1024)
def linked(text: str) -> Linked:
    """Return the code with this text, see `Linked.text`."""
    way, key, (cell, *rest) = json.loads(text)
    code = _compiled(Same(cell_of(cell)), *rest)
    arguments: list[Any] = [tuple(part) if isinstance(part, list) else part for part in key]
    return code.linked_forward(*arguments) if way == "forward" else code.linked_backward(*arguments)
