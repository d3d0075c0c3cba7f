"""A recurrent layer's pass over time on the native scan, with its gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from throughtime.cells import Cell
from throughtime.engine.compiled import Compiled
from throughtime.engine.compiled import compiled as compiled_cell
from throughtime.engine.instruction import Key
from throughtime.engine.native import NEAR_BYTES, Linked, Pass, Steps, pack, run, threads
from throughtime.engine.program import evaluate
from throughtime.engine.trace import WX, X

Values = dict[str, Tensor]

ROWS_FOR_FULL_SPEED = 8
"""Rows of a batch with which a thread multiplies as fast as with many."""


@dataclass(frozen=True)
class Direction:
    """What one direction of a layer is given: its first states and its parameters, by name."""

    state: Mapping[str, Tensor]
    weights: Mapping[str, Tensor]


@dataclass(frozen=True)
class Result:
    """What one direction gives: its output rows, the states after the last steps, and what was observed."""

    output: Tensor
    state: Values
    observed: Values


@dataclass(frozen=True)
class Plan:
    """One layer's pass without its tensors."""

    compiled: Compiled
    steps: Steps
    observed: tuple[str, ...]
    directions: int

    def inputs(self) -> tuple[str, ...]:
        """The names of what each direction is given, in order."""
        states = tuple(f"state {name}" for name in self.compiled.program.state)
        return ("weight_ih", "bias_ih", *states, *(f"prelude {place}" for place in self.compiled.places))

    def divided(self, values: Sequence[Any], parts: int) -> Iterator[Sequence[Any]]:
        """`values` in so many equal parts, one a direction."""
        size = len(values) // parts
        return (values[k * size : (k + 1) * size] for k in range(parts))


def scan(
    cell: Cell,
    hidden_size: int,
    rows: Tensor,
    steps: Steps,
    directions: Sequence[Direction],
    observed: tuple[str, ...] = (),
) -> list[Result]:
    """Runs one layer, the first direction forwards and the second backwards.

    rows: (rows of all steps, input_size), step by step, longest sequences first.
    states: (B, width) each in the order of the rows. Results come in that order too.
    Gradients reach rows, states and weights; what is observed has none.
    """
    weights = directions[0].weights
    inner = _pays_inside(weights, steps, len(directions))
    compiled = compiled_cell(cell, hidden_size, "bias_ih" in weights, rows.shape[1] if inner else None)
    plan = Plan(compiled, steps, observed, len(directions))
    given: list[Tensor | None] = []
    for one in directions:
        prelude = compiled.prelude.run(one.weights)
        given += [one.weights["weight_ih"], one.weights.get("bias_ih")]
        given += [one.state[name] for name in compiled.program.state]
        given += [prelude[place] for place in compiled.places]
    tracked = any(one is not None and one.requires_grad for one in (rows, *given))
    if tracked and torch.is_grad_enabled():
        found: Sequence[Tensor] = _Scan.apply(plan, rows, *given)  # pyright: ignore[reportAssignmentType]
    else:
        found = _forward(plan, rows, given, train=False)[0]
    names = tuple(compiled.program.state)
    return [
        Result(
            one[0],
            dict(zip(names, one[1:], strict=False)),
            dict(zip(observed, one[1 + len(names) :], strict=True)),
        )
        for one in plan.divided(found, len(directions))
    ]


def _pays_inside(weights: Mapping[str, Tensor], steps: Steps, directions: int) -> bool:
    """Whether the product of the input is best done inside the scan, where its result stays in the cache.

    It is where each thread has rows enough for full speed and all matrices stay near; else one large product.
    """
    team = max(1, threads() // directions)
    size = sum(one.numel() * one.element_size() for one in weights.values() if one.dim() == 2)
    return steps.batch >= ROWS_FOR_FULL_SPEED * team and size <= NEAR_BYTES


def _forward(
    plan: Plan, rows: Tensor, given: Sequence[Tensor | None], train: bool
) -> tuple[list[Tensor], list[Tensor]]:
    """The results of all directions, and what is kept of them."""
    compiled = plan.compiled
    linked = compiled.linked_forward(train, plan.observed)
    passes: list[Pass] = []
    for k, values in enumerate(plan.divided(given, plan.directions)):
        named = dict(zip(plan.inputs(), values, strict=True))
        tensors = _fixed(linked, named)
        inner = compiled.inner
        tensors["input", None] = (
            rows.contiguous() if inner else _projected(rows, named["weight_ih"], named["bias_ih"])
        )
        for name in compiled.program.state:
            tensors["state", name] = named[f"state {name}"].clone(memory_format=torch.contiguous_format)
        passes.append(Pass(linked, tensors, _packed(linked, named), backwards=bool(k)))
    run(passes, plan.steps, rows)
    results: list[Tensor] = []
    keeping: list[Tensor] = []
    for one in passes:
        results += [one["output", None], *(one["state", name] for name in compiled.program.state)]
        results += [one["observed", name] for name in plan.observed]
        keeping += [one["kept", node.number] for node in (compiled.kept if train else ())]
    return results, keeping


def _projected(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """W x + b of all steps, one large product."""
    return rows @ weight.T if bias is None else torch.addmm(bias, rows, weight.T)


def _fixed(linked: Linked, named: Mapping[str, Tensor]) -> dict[Key, Tensor]:
    return {("fixed", place): named[f"prelude {place}"].contiguous() for place in linked.fixed}


def _packed(linked: Linked, named: Mapping[str, Tensor]) -> list[Tensor]:
    return [
        pack(named[f"prelude {place}"].T if transposed else named[f"prelude {place}"])
        for place, transposed in linked.code.matrices
    ]


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, plan: Plan, rows: Tensor, *given: Tensor | None) -> tuple[Tensor, ...]:
        results, keeping = _forward(plan, rows, given, train=True)
        ctx.plan, ctx.count = plan, len(given)
        ctx.save_for_backward(rows, *given, *keeping)
        per = list(plan.divided(results, plan.directions))
        first = 1 + len(plan.compiled.program.state)
        ctx.mark_non_differentiable(*(one for values in per for one in values[first:]))
        return tuple(results)

    @staticmethod
    def backward(ctx: Any, *d_results: Tensor | None) -> tuple[Any, ...]:
        plan: Plan = ctx.plan
        rows, *saved = ctx.saved_tensors
        given, keeping = saved[: ctx.count], saved[ctx.count :]
        if torch.is_grad_enabled():
            return (None, *_gradients_by_torch(plan, rows, given, d_results))
        return (None, *_backward(plan, rows, given, keeping, d_results, ctx.needs_input_grad[1:]))


def _backward(
    plan: Plan,
    rows: Tensor,
    given: Sequence[Tensor | None],
    keeping: Sequence[Tensor],
    d_results: Sequence[Tensor | None],
    needed: Sequence[bool],
) -> list[Tensor | None]:
    """The gradients of rows and of all that was given, None where none is needed."""
    compiled, n = plan.compiled, plan.directions
    linked = compiled.linked_backward(needed[0] or not compiled.inner)
    passes: list[Pass] = []
    for k, (values, held, d) in enumerate(
        zip(plan.divided(given, n), plan.divided(keeping, n), plan.divided(d_results, n), strict=True)
    ):
        named = dict(zip(plan.inputs(), values, strict=True))
        tensors = _fixed(linked, named)
        tensors |= {("kept", node.number): one for node, one in zip(compiled.kept, held, strict=True)}
        width = next(iter(compiled.program.state.values())).width
        tensors["d_output", None] = rows.new_zeros(len(rows), width) if d[0] is None else d[0].contiguous()
        for name, d_state in zip(compiled.program.state, d[1:], strict=False):
            state = named[f"state {name}"]
            tensors["d_state", name] = (
                torch.zeros_like(state, memory_format=torch.contiguous_format)
                if d_state is None
                else d_state.clone(memory_format=torch.contiguous_format)
            )
        passes.append(Pass(linked, tensors, _packed(linked, named), backwards=not k))
    run(passes, plan.steps, rows)
    d_rows: Tensor | None = None
    d_given: list[Tensor | None] = []
    for one, values, wanted in zip(passes, plan.divided(given, n), plan.divided(needed[1:], n), strict=True):
        if needed[0] and compiled.gradient.input is not None:
            d_input = one["d_input", None]
            if compiled.inner:
                d_rows = d_input if d_rows is None else d_rows.add_(d_input)
            else:
                d_rows = d_input @ values[0] if d_rows is None else d_rows.addmm_(d_input, values[0])
        d_given += _of_direction(plan, one, rows, dict(zip(plan.inputs(), wanted, strict=True)))
    return [d_rows, *d_given]


def _of_direction(plan: Plan, done: Pass, rows: Tensor, wanted: Mapping[str, bool]) -> list[Tensor | None]:
    """The gradients of what one direction was given."""
    gradient = plan.compiled.gradient
    sums: dict[int, Tensor] = {}

    def summed(d: Tensor) -> Tensor:
        if d.data_ptr() not in sums:
            sums[d.data_ptr()] = d.sum(0)
        return sums[d.data_ptr()]

    found: dict[str, Tensor] = {}
    if gradient.input is not None and not plan.compiled.inner:
        d_input = done["d_input", None]
        if wanted["weight_ih"]:
            found["weight_ih"] = _outer(d_input, rows)
        if wanted["bias_ih"]:
            found["bias_ih"] = summed(d_input)
    for name in gradient.state:
        found[f"state {name}"] = done["d_state", name]
    for place in gradient.fixed:
        if wanted[f"prelude {place}"]:
            found[f"prelude {place}"] = summed(done["d_fixed", place])
    for k, one in enumerate(gradient.outer):
        name = f"prelude {one.matrix}"
        if wanted[name]:
            share = _outer(done["outer_v", k], done["outer_d", k])
            found[name] = share if name not in found else found[name] + share
    return [found.get(name) if wanted[name] else None for name in plan.inputs()]


def _outer(a: Tensor, b: Tensor) -> Tensor:
    """a' b, summed over all rows; with the narrow one's columns as rows, which BLAS does faster."""
    return a.T @ b if a.shape[1] <= b.shape[1] else (b.T @ a).T


def _gradients_by_torch(
    plan: Plan, rows: Tensor, given: Sequence[Tensor | None], d_results: Sequence[Tensor | None]
) -> list[Tensor | None]:
    """The gradients by torch's operations, which can be differentiated again."""
    with torch.enable_grad():
        results = [
            one
            for k, values in enumerate(plan.divided(given, plan.directions))
            for one in _by_torch(plan, rows, dict(zip(plan.inputs(), values, strict=True)), bool(k))
        ]
    per = [
        values[: 1 + len(plan.compiled.program.state)] for values in plan.divided(d_results, plan.directions)
    ]
    pairs = [
        (y, d) for y, d in zip(results, (d for values in per for d in values), strict=True) if d is not None
    ]
    inputs = [one for one in (rows, *given) if one is not None and one.requires_grad]
    ends, seeds = [y for y, _ in pairs], [d for _, d in pairs]
    found = iter(torch.autograd.grad(ends, inputs, seeds, create_graph=True, allow_unused=True))
    return [next(found) if one is not None and one.requires_grad else None for one in (rows, *given)]


def _by_torch(plan: Plan, rows: Tensor, named: Mapping[str, Tensor], reverse: bool) -> list[Tensor]:
    """Output and last states of one direction by torch's operations, one step at a time."""
    program, steps = plan.compiled.program, plan.steps
    inner = plan.compiled.inner
    x = rows if inner else _projected(rows, named["weight_ih"], named["bias_ih"])
    leaves = {
        (kind, place): named[f"prelude {place}"]
        for place in plan.compiled.places
        for kind in ("fixed", "matrix")
    }
    state = {name: named[f"state {name}"] for name in program.state}
    outputs: dict[int, Tensor] = {}
    times = range(len(steps.sizes))
    for t in reversed(times) if reverse else times:
        size, first = int(steps.sizes[t]), int(steps.offsets[t])
        here = {("state", name): value[:size] for name, value in state.items()}
        new = evaluate(
            program.state.values(), {**leaves, **here, ("input", X if inner else WX): x[first : first + size]}
        )
        state = {
            name: torch.cat([value, state[name][size:]])
            for name, value in zip(program.state, new, strict=True)
        }
        outputs[t] = next(iter(state.values()))[:size]
    return [torch.cat([outputs[t] for t in times]), *state.values()]
