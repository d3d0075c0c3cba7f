"""A cell compiled for a hidden size: its code forwards, with what training keeps or without, and back."""

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
from throughtime.engine.saved_values import kept
from throughtime.engine.trace import Traced, trace

Given = dict[int, tuple[Kind, Key]]

ROWS_FOR_FULL_SPEED = 8
"""Rows of a batch with which a thread multiplies as fast as with many."""

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
"""The kinds of buffer in which a step finds what it does not make; their keys are operation and attribute."""


class Form(NamedTuple):
    """What code is compiled for.

    cell: its text. noisy: the step is given its noise, not the mean. dtype: that of the weights, by its name;
    constants of a step may depend on it.
    """

    cell: str
    hidden_size: int
    bias: bool
    input_size: int
    noisy: bool
    dtype: str


class Compiled:
    """The code of a cell's step and of its way back, assembled when it is first asked for."""

    def __init__(self, form: Form, traced: Traced) -> None:
        self.form, self.program, self.prelude = form, traced.program, traced.prelude
        self._forward: dict[tuple[bool, tuple[str, ...], bool], Linked] = {}
        self._backward: dict[tuple[bool, bool, tuple[str, ...], tuple[str, ...]], Linked] = {}
        self._gradients: dict[tuple[str, ...], GradientProgram] = {}
        self._kept: dict[tuple[str, ...], list[Node]] = {}

    def gradient(self, through: tuple[str, ...] = ()) -> GradientProgram:
        """The gradient program; gradients also come `through` these observed values."""
        if through and not self._gradients:
            self.gradient()  # first, so that its order of operations does not depend on what was observed
        if through not in self._gradients:
            self._gradients[through] = differentiate(self.program, through)
        return self._gradients[through]

    def kept(self, observed: tuple[str, ...] = ()) -> list[Node]:
        """What training keeps of each row and step, so that gradients can come through all `observed`."""
        if observed not in self._kept:
            self._kept[observed] = kept(self.program, self.gradient(observed), observed)
        return self._kept[observed]

    @cached_property
    def places(self) -> list[int]:
        """The places of the prelude that steps read."""
        nodes = self.program.nodes()
        return sorted({one.attribute for one in nodes if one.op in ("fixed", "product")})  # pyright: ignore

    @cached_property
    def numbers(self) -> int:
        """Those of all matrices together."""
        products = {one.attribute: one for one in self.program.nodes() if one.op == "product"}
        return sum(one.inputs[0].width * one.width for one in products.values())

    def pays_inside(self, number_bytes: int, batch: int, directions: int) -> bool:
        """Whether the product of the input is best done inside the scan, where its result stays in the cache.

        It is where each thread has rows enough for full speed and all matrices stay in some cache; else one
        large product.
        """
        if isinstance(batch, torch.SymInt):  # in a graph for batches of any size
            return False
        team = max(1, threads() // directions)
        return self.numbers * number_bytes <= STAYING_BYTES and batch >= ROWS_FOR_FULL_SPEED * team

    def linked_forward(
        self, train: bool, observed: tuple[str, ...] = (), all_at_once: bool = False
    ) -> Linked:
        """`forward` ready to run."""
        key = (train, observed, all_at_once)
        if key not in self._forward:
            text = json.dumps(["forward", key, self.form])
            inside = ("kept", "work", "ahead")
            self._forward[key] = self._linked(text, self.forward(*key), lasting=not train, inside=inside)
        return self._forward[key]

    def linked_backward(
        self,
        d_input: bool,
        all_at_once: bool = False,
        observed: tuple[str, ...] = (),
        through: tuple[str, ...] = (),
    ) -> Linked:
        """`backward` ready to run."""
        key = (d_input, all_at_once, observed, through)
        if key not in self._backward:
            text = json.dumps(["backward", key, self.form])
            inside = ("outer_v", "outer_d", "d_fixed", "work")
            self._backward[key] = self._linked(text, self.backward(*key), backwards=True, inside=inside)
        return self._backward[key]

    def _linked(self, text: str, code: Code, **how: Any) -> Linked:
        """Matrices have the shapes of products: rows as many as the operand is wide."""
        shapes: dict[object, tuple[int, int]] = {
            one.attribute: (one.inputs[0].width, one.width)
            for one in self.program.nodes()
            if one.op == "product"
        }
        turned = {place: (columns, rows) for place, (rows, columns) in shapes.items()}
        return Linked(
            text, code, [(turned if back else shapes)[place] for place, back in code.matrices], **how
        )

    def forward(self, train: bool, observed: tuple[str, ...] = (), all_at_once: bool = False) -> Code:
        """One step: `output`, the new `state`, what is `observed`, and with `train` what is `kept`.

        all_at_once: products that need no step before are done for all steps at once.
        """
        state = self.program.state
        targets = [Target(Kind.SEQUENCE, ("output", None), next(iter(state.values())))]
        targets += [Target(Kind.STATE, ("state", name), node) for name, node in state.items()]
        targets += [
            Target(Kind.SEQUENCE, ("observed", name), self.program.observed[name]) for name in observed
        ]
        held = self.kept(observed) if train else ()
        targets += [Target(Kind.SEQUENCE, ("kept", one.number), one) for one in held]
        return assemble(targets, _leaves(targets, {}), all_at_once)

    def backward(
        self,
        d_input: bool = True,
        all_at_once: bool = False,
        observed: tuple[str, ...] = (),
        through: tuple[str, ...] = (),
    ) -> Code:
        """One step back, from what is `kept`, `d_output` and `d_state` to `d_input` if asked for, `d_state`,
        `d_fixed`, and for every product that has a gradient its rows `outer_v` and `outer_d`.

        observed: what the step forwards observed; through: those of them that have a gradient, `d_observed`.
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
        for k, one in enumerate(gradient.outer):
            targets.append(Target(Kind.SEQUENCE, ("outer_v", k), one.v))
            targets.append(Target(Kind.SEQUENCE, ("outer_d", k), one.d))
        given: Given = {one.number: (Kind.SEQUENCE, ("kept", one.number)) for one in self.kept(observed)}
        return assemble(targets, _leaves(targets, given) | given, all_at_once)


def _leaves(targets: Sequence[Target], given: Given) -> Given:
    """Where the leaves lie that targets need beside what is given."""
    nodes = needed((one.node for one in targets), given)
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
    """The cell compiled, once for all layers of that form, see `Form`.

    Raises Unsupported where a step does what the engine cannot, and Impure where it writes in place to what
    it was given.
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
    """The code of that text, as `Linked.text` has it."""
    way, key, (cell, *rest) = json.loads(text)
    code = _compiled(Same(cell_of(cell)), *rest)
    arguments: list[Any] = [tuple(part) if isinstance(part, list) else part for part in key]
    return code.linked_forward(*arguments) if way == "forward" else code.linked_backward(*arguments)
