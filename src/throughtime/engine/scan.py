"""A recurrent layer's pass over time on the native scan, with its gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor

from throughtime.cells import Cell
from throughtime.engine.compiled import Compiled, compiled
from throughtime.engine.execute import execute
from throughtime.engine.instruction import Key
from throughtime.engine.native import NEAR_BYTES, Linked, steps_over, threads
from throughtime.engine.program import Leaf, evaluate
from throughtime.engine.trace import MASK, NOISE, X

Values = dict[str, Tensor]

ROWS_FOR_FULL_SPEED = 8
"""Rows of a batch with which a thread multiplies as fast as with many."""


@dataclass(frozen=True)
class Direction:
    """What one direction of a layer is given, by name: its first states, its parameters, and in training its
    noise, the rows of all steps or those of a sequence."""

    state: Mapping[str, Tensor]
    weights: Mapping[str, Tensor]
    noise: Mapping[str, Tensor]


@dataclass(frozen=True)
class Result:
    """What one direction gives: its output rows, the states after the last steps, and what was observed."""

    output: Tensor
    state: Values
    observed: Values


def scan(
    cell: Cell,
    rows: Tensor,
    sizes: Tensor | None,
    directions: Sequence[Direction],
    observed: tuple[str, ...] = (),
) -> list[Result]:
    """Runs one layer, the first direction forwards and the second backwards.

    rows: (rows of all steps, input_size), step by step, longest sequences first. sizes: rows of each step, or
    None where all have as many.
    states: (B, width) each in the order of the rows. Results come in that order too.
    Gradients reach rows, states and weights; what is observed has none.
    """
    first = directions[0]
    batch = next(iter(first.state.values())).shape[0]
    hidden_size = len(first.weights["weight_ih"]) // len(cell.gates)
    code = compiled(cell, hidden_size, "bias_ih" in first.weights, int(rows.shape[1]), bool(first.noise))
    all_at_once = not _pays_inside(first.weights, batch, len(directions))
    plan = _Plan(code, all_at_once, sizes, batch, observed, len(directions), tuple(first.noise))
    given = [one for direction in directions for one in plan.flat(direction)]
    if torch.is_grad_enabled() and any(one is not None and one.requires_grad for one in (rows, *given)):
        found: Sequence[Tensor] = _Scan.apply(plan, rows, *given)  # pyright: ignore[reportAssignmentType]
    else:
        found, _ = _forward(plan, rows, given, train=False)
    return [plan.result(values) for values in plan.divided(found)]


def _pays_inside(weights: Mapping[str, Tensor], batch: int, directions: int) -> bool:
    """Whether the product of the input is best done inside the scan, where its result stays in the cache.

    It is where each thread has rows enough for full speed and all matrices stay near; else one large product.
    """
    if isinstance(batch, torch.SymInt):  # in a graph for batches of any size
        return False
    team = max(1, threads() // directions)
    size = sum(one.numel() * one.element_size() for one in weights.values() if one.dim() == 2)
    return size <= NEAR_BYTES and batch >= ROWS_FOR_FULL_SPEED * team


class _Given(NamedTuple):
    """What one direction is given; prelude: tensors made of its parameters, by their places."""

    state: Sequence[Tensor]
    noise: Sequence[Tensor]
    prelude: dict[int, Tensor]


@dataclass(frozen=True)
class _Plan:
    """One layer's pass without its tensors; all_at_once: the input is multiplied for all steps at once; noise:
    the names of what is given of chance."""

    compiled: Compiled
    all_at_once: bool
    sizes: Tensor | None
    batch: int
    observed: tuple[str, ...]
    directions: int
    noise: tuple[str, ...]

    def flat(self, direction: Direction) -> list[Tensor]:
        """What a direction is given, in the order of `_Given`; gradients go back through the prelude."""
        prelude = self.compiled.prelude.run(direction.weights)
        state = (direction.state[name] for name in self.compiled.program.state)
        noise = (direction.noise[name] for name in self.noise)
        return [*state, *noise, *(prelude[place] for place in self.compiled.places)]  # pyright: ignore

    def given(self, flat: Sequence[Any]) -> _Given:
        """The same with its names."""
        states = len(self.compiled.program.state)
        noise = states + len(self.noise)
        prelude = dict(zip(self.compiled.places, flat[noise:], strict=True))
        return _Given(flat[:states], flat[states:noise], prelude)

    def leaves(self, given: _Given) -> dict[Leaf, Tensor]:
        """What every step can read, forwards or back, by its leaf."""
        found: dict[Leaf, Tensor] = {("fixed", place): one for place, one in given.prelude.items()}
        for name, rows in zip(self.noise, given.noise, strict=True):
            found[NOISE, name] = found[MASK, name] = rows  # a name is one or the other
        return found

    @cached_property
    def results(self) -> list[Key]:
        """The keys of a direction's results, in the order of `result`."""
        states: list[Key] = [("state", name) for name in self.compiled.program.state]
        return [("output", None), *states, *(("observed", name) for name in self.observed)]

    def divided(self, values: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """`values` in equal parts, one a direction."""
        size = len(values) // self.directions
        return (values[k * size : (k + 1) * size] for k in range(self.directions))

    def result(self, values: Sequence[Tensor]) -> Result:
        """A direction's results with their names."""
        names = tuple(self.compiled.program.state)
        end = 1 + len(names)
        state = dict(zip(names, values[1:end], strict=True))
        return Result(values[0], state, dict(zip(self.observed, values[end:], strict=True)))

    def run(
        self, code: Linked, rows: Tensor, given: Sequence[_Given], leaves: Sequence[dict[Key, Tensor]]
    ) -> list[dict[Key, Tensor]]:
        """Runs code for all directions; what each was given and what it made, by key."""
        flat = [one[buffer.key] for one in leaves for buffer in code.code.reads]
        matrices = [matrix for one in given for matrix in code.matrices_of(one.prelude)]
        made = execute(code, rows.shape[0], self.batch, flat, matrices, self.sizes)
        return [
            one | dict(zip((buffer.key for buffer in code.code.gives), own, strict=True))
            for one, own in zip(leaves, self.divided(made), strict=True)
        ]


def _forward(
    plan: _Plan, rows: Tensor, flat: Sequence[Tensor | None], train: bool
) -> tuple[list[Tensor], list[Tensor]]:
    """The results of all directions, and what is kept of them."""
    code = plan.compiled
    linked = code.linked_forward(train, plan.observed, plan.all_at_once)
    given = [plan.given(one) for one in plan.divided(flat)]
    leaves = [plan.leaves(one) for one in given]
    for one, tensors in zip(given, leaves, strict=True):
        tensors["input", None] = rows
        tensors |= zip((("state", name) for name in code.program.state), one.state, strict=True)
    results: list[Tensor] = []
    keeping: list[Tensor] = []
    for one in plan.run(linked, rows, given, leaves):
        results += [one[linked.key(key)] for key in plan.results]
        keeping += [one[linked.key(("kept", node.number))] for node in (code.kept if train else ())]
    return results, keeping


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, plan: _Plan, rows: Tensor, *given: Tensor | None) -> tuple[Tensor, ...]:
        results, keeping = _forward(plan, rows, given, train=True)
        ctx.plan, ctx.count = plan, len(given)
        ctx.save_for_backward(rows, *given, *keeping)
        ctx.set_materialize_grads(False)
        observed = [one for values in plan.divided(results) for one in plan.result(values).observed.values()]
        ctx.mark_non_differentiable(*observed)
        return tuple(results)

    @staticmethod
    def backward(ctx: Any, *d_results: Tensor | None) -> tuple[Any, ...]:
        plan: _Plan = ctx.plan
        rows, *saved = ctx.saved_tensors
        given, keeping = saved[: ctx.count], saved[ctx.count :]
        if torch.is_grad_enabled():
            return (None, *_gradients_by_torch(plan, rows, given, d_results))
        return (None, *_backward(plan, rows, given, keeping, d_results, ctx.needs_input_grad[1:]))


def _backward(
    plan: _Plan,
    rows: Tensor,
    flat: Sequence[Tensor | None],
    keeping: Sequence[Tensor],
    d_results: Sequence[Tensor | None],
    needed: Sequence[bool],
) -> list[Tensor | None]:
    """The gradients of rows and of all that was given, None where none is needed."""
    code = plan.compiled
    state = code.program.state
    linked = code.linked_backward(needed[0], plan.all_at_once)
    given = [plan.given(one) for one in plan.divided(flat)]
    leaves = [plan.leaves(one) for one in given]
    width = next(iter(state.values())).width
    parts = zip(leaves, given, plan.divided(keeping), plan.divided(d_results), strict=True)
    for tensors, one, held, (d_output, *d_states) in parts:
        tensors |= zip((("kept", node.number) for node in code.kept), held, strict=True)
        tensors["d_output", None] = rows.new_zeros(rows.shape[0], width) if d_output is None else d_output
        for name, d_state, first in zip(state, d_states, one.state, strict=False):
            tensors["d_state", name] = torch.zeros_like(first) if d_state is None else d_state
    d_rows: Tensor | None = None
    d_given: list[Tensor | None] = []
    done = plan.run(linked, rows, given, leaves)
    for found, wanted in zip(done, plan.divided(needed[1:]), strict=True):
        if needed[0] and code.gradient.input is not None:
            d_share = found[linked.key(("d_input", None))]
            d_rows = d_share if d_rows is None else d_rows + d_share
        d_given += _of_direction(plan, linked, found, plan.given(wanted))
    return [d_rows, *d_given]


def _of_direction(plan: _Plan, code: Linked, found: Mapping[Key, Tensor], wanted: Any) -> list[Tensor | None]:
    """The gradients of what one direction was given, where `wanted`, a `_Given` of truth values, says so."""
    gradient = plan.compiled.gradient

    def done(kind: str, of: object) -> Tensor:
        return found[code.key((kind, of))]

    sums: dict[int, Tensor] = {}

    def summed(d: Tensor) -> Tensor:
        """Over all rows; biases that were added to one another have the same."""
        if id(d) not in sums:
            sums[id(d)] = d.sum(0)
        return sums[id(d)]

    prelude: dict[int, Tensor] = {}
    for place in gradient.fixed:
        if wanted.prelude[place]:
            prelude[place] = summed(done("d_fixed", place))
    for k, one in enumerate(gradient.outer):
        if wanted.prelude[one.matrix]:
            # Matrices are weights turned around: laid out as weights are, or autograd copies the gradient.
            share = (done("outer_d", k).T @ done("outer_v", k)).T
            prelude[one.matrix] = share if one.matrix not in prelude else prelude[one.matrix] + share
    states = (done("d_state", name) for name in gradient.state)
    d_states = [d if asked else None for d, asked in zip(states, wanted.state, strict=True)]
    d_noise = [None] * len(plan.noise)
    return [*d_states, *d_noise, *(prelude.get(place) for place in plan.compiled.places)]


def _gradients_by_torch(
    plan: _Plan, rows: Tensor, given: Sequence[Tensor | None], d_results: Sequence[Tensor | None]
) -> list[Tensor | None]:
    """The gradients by torch's operations, which can be differentiated again."""
    end = 1 + len(plan.compiled.program.state)
    ends: list[Tensor] = []
    seeds: list[Tensor] = []
    with torch.enable_grad():
        for k, (flat, d) in enumerate(zip(*map(plan.divided, (given, d_results)), strict=True)):
            found = _by_torch(plan, rows, plan.given(flat), reverse=bool(k))
            pairs = [(y, dy) for y, dy in zip(found, d[:end], strict=True) if dy is not None]
            ends += [y for y, _ in pairs]
            seeds += [dy for _, dy in pairs]
    wanted = [one for one in (rows, *given) if one is not None and one.requires_grad]
    gradients = iter(torch.autograd.grad(ends, wanted, seeds, create_graph=True, allow_unused=True))
    return [next(gradients) if one is not None and one.requires_grad else None for one in (rows, *given)]


def _by_torch(plan: _Plan, rows: Tensor, given: _Given, reverse: bool) -> list[Tensor]:
    """Output and last states of one direction by torch's operations, one step at a time."""
    program = plan.compiled.program
    steps = steps_over(len(rows), plan.batch, plan.sizes)
    leaves = plan.leaves(given) | {("matrix", place): one for place, one in given.prelude.items()}
    noise = dict(zip(plan.noise, given.noise, strict=True))
    state = dict(zip(program.state, given.state, strict=True))
    outputs: dict[int, Tensor] = {}
    times = range(len(steps.sizes))
    for t in reversed(times) if reverse else times:
        size, first = int(steps.sizes[t]), int(steps.offsets[t])
        here: dict[Leaf, Tensor] = {("state", name): value[:size] for name, value in state.items()}
        here["input", X] = rows[first : first + size]
        for name, value in noise.items():
            here[NOISE, name], here[MASK, name] = value[first : first + size], value[:size]
        new = evaluate(program.state.values(), leaves | here)
        state = {
            name: torch.cat([value, state[name][size:]])
            for name, value in zip(program.state, new, strict=True)
        }
        outputs[t] = next(iter(state.values()))[:size]
    return [torch.cat([outputs[t] for t in times]), *state.values()]
