"""A recurrent layer over time on the native scan, with its gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import torch
from torch import Tensor
from torch._C import _functorch  # pyright: ignore

from throughtime.cells import Cell
from throughtime.engine.compiled import Compiled, compiled
from throughtime.engine.gradient import GradientProgram
from throughtime.engine.instruction import Key
from throughtime.engine.native import Linked, steps_over
from throughtime.engine.operators import execute
from throughtime.engine.outer import column_sums, outer_sums
from throughtime.engine.program import Leaf, evaluate
from throughtime.engine.trace import MASK, NOISE, X

Values = dict[str, Tensor]


@dataclass(frozen=True)
class DirectionInputs:
    """The inputs of one direction of a layer, by name.

    state: initial states. weights: parameters. noise: in training, the random rows of all steps or of each
    sequence.
    """

    state: Mapping[str, Tensor]
    weights: Mapping[str, Tensor]
    noise: Mapping[str, Tensor]


@dataclass(frozen=True)
class Result:
    """The results of one direction: output rows, final states, and observed values."""

    output: Tensor
    state: Values
    observed: Values


def scan(
    cell: Cell,
    rows: Tensor,
    sizes: Tensor | None,
    directions: Sequence[DirectionInputs],
    observed: tuple[str, ...] = (),
) -> list[Result]:
    """Run one layer, the first direction forwards and the second backwards.

    rows: (rows of all steps, input_size), step by step, longest sequences first. sizes: rows of each step, or
    None if all have as many. states: (B, width) each, in the order of the rows; results come in that order
    too.

    Gradients reach rows, states and weights, also through observed values.
    """
    first = directions[0]
    batch = next(iter(first.state.values())).shape[0]
    hidden_size = len(first.weights["weight_ih"]) // len(cell.gates)
    bias, width = "bias_ih" in first.weights, int(rows.shape[1])
    code = compiled(cell, hidden_size, bias, width, bool(first.noise), rows.dtype)
    all_at_once = not code.pays_inside(rows.element_size(), batch, len(directions))
    plan = _plan(code, all_at_once, observed, tuple(first.noise), len(directions))
    shape = _Shape(sizes, batch)
    inputs = [tensor for direction in directions for tensor in plan.flat(direction)]
    if torch.is_grad_enabled() and any([tensor.requires_grad for tensor in (rows, *inputs)]):
        outputs: Sequence[Tensor] = _Scan.apply(plan, shape, rows, *inputs)  # pyright: ignore
    else:
        results = plan.run(plan.forward(False), shape, [(rows, *own) for own in plan.divided(inputs)])
        outputs = [value for own in results for value in own]
    return [plan.result(values) for values in plan.divided(outputs)]


@dataclass(frozen=True)
class _Shape:
    """Rows of each step; None if all have as many as the first, `batch`."""

    sizes: Tensor | None
    batch: int


class _Way:
    """Code that runs one way through time, and the places of its inputs and results.

    keys: those of a direction's values. wanted: those of the results. reads: indices into the values;
    matrices: the same, and whether transposed; results: indices into what the code gives followed by the
    values.
    """

    def __init__(self, linked: Linked, keys: Sequence[Key], wanted: Sequence[Key]) -> None:
        there = {key: k for k, key in enumerate(keys)}
        made = {buffer.key: k for k, buffer in enumerate(linked.code.gives)}
        self.linked, self.gives = linked, len(made)
        self.reads = [there[buffer.key] for buffer in linked.code.reads]
        self.matrices = [(there["fixed", place], turned) for place, turned in linked.code.matrices]
        names = [linked.key(key) for key in wanted]
        self.results = [made[key] if key in made else len(made) + there[key] for key in names]


class _Plan:
    """A layer's pass without its tensors.

    The values of a direction are, in this order, the rows and its inputs: initial states, noise, and the
    prelude's results. In the backward pass the saved values follow, then the gradients of output, final
    states and observed values.
    """

    def __init__(
        self,
        code: Compiled,
        all_at_once: bool,
        observed: tuple[str, ...],
        noise: tuple[str, ...],
        directions: int,
    ) -> None:
        self.compiled, self.all_at_once, self.observed = code, all_at_once, observed
        self.noise, self.directions = noise, directions
        self.state = tuple(code.program.state)
        kinds = {node.attribute: node.op for node in code.program.nodes() if node.op in (NOISE, MASK)}
        self.keys: list[Key] = [
            ("input", None),
            *(("state", name) for name in self.state),
            *((kinds.get(name, NOISE), name) for name in noise),
            *(("fixed", place) for place in code.places),
        ]
        self._forward: dict[bool, _Way] = {}
        self._backward: dict[tuple[bool, tuple[str, ...]], _Way] = {}

    def forward(self, train: bool) -> _Way:
        """Return the way that gives output, final states, observed values and with `train` those saved."""
        if train not in self._forward:
            linked = self.compiled.linked_forward(train, self.observed, self.all_at_once)
            wanted: list[Key] = [("output", None), *(("state", name) for name in self.state)]
            wanted += [("observed", name) for name in self.observed]
            self._forward[train] = _Way(linked, self.keys, wanted + (self.saved if train else []))
        return self._forward[train]

    def backward(self, d_input: bool, through: tuple[str, ...]) -> _Way:
        """Return the backward way, whose results `_gradients` takes apart.

        through: the observed values that have gradients.
        """
        key = (d_input, through)
        if key not in self._backward:
            linked = self.compiled.linked_backward(d_input, self.all_at_once, self.observed, through)
            ends: list[Key] = [("d_output", None), *(("d_state", name) for name in self.state)]
            ends += [("d_observed", name) for name in through]
            gradient = self.compiled.gradient(through)
            wanted: list[Key] = [("d_input", None)] if d_input and gradient.input is not None else []
            wanted += [("d_state", name) for name in self.state]
            wanted += [("d_fixed", place) for place in gradient.fixed]
            wanted += [(kind, k) for k in range(len(gradient.outer)) for kind in ("outer_v", "outer_d")]
            self._backward[key] = _Way(linked, [*self.keys, *self.saved, *ends], wanted)
        return self._backward[key]

    @cached_property
    def saved(self) -> list[Key]:
        """The keys of the values saved for backward."""
        return [("saved", node.number) for node in self.compiled.saved(self.observed)]

    def flat(self, direction: DirectionInputs) -> list[Tensor]:
        """Return the inputs of a direction; gradients flow back through the prelude."""
        prelude = self.compiled.prelude.run(direction.weights)
        return [
            *[direction.state[name] for name in self.state],
            *[direction.noise[name] for name in self.noise],
            *[prelude[place] for place in self.compiled.places],  # pyright: ignore[reportReturnType]
        ]

    def divided(self, values: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """Divide `values` into equal parts, one per direction."""
        size = len(values) // self.directions
        return (values[k * size : (k + 1) * size] for k in range(self.directions))

    def by_place(self, flags: Sequence[bool]) -> dict[int, bool]:
        """Return, of one flag per input of a direction, those of its parameters, by their places."""
        return dict(zip(self.compiled.places, flags[len(self.state) + len(self.noise) :], strict=True))

    def result(self, values: Sequence[Tensor]) -> Result:
        """Return a direction's results with their names."""
        end = 1 + len(self.state)
        state = dict(zip(self.state, values[1:end], strict=True))
        return Result(values[0], state, dict(zip(self.observed, values[end:], strict=True)))

    def run(self, way: _Way, shape: _Shape, values: Sequence[Sequence[Tensor]]) -> list[list[Tensor]]:
        """Run all directions one way on their values and return the results of each."""
        reads = [own[k] for own in values for k in way.reads]
        matrices = [own[k].T if turned else own[k] for own in values for k, turned in way.matrices]
        made = execute(way.linked, values[0][0].shape[0], shape.batch, reads, matrices, shape.sizes)
        results: list[list[Tensor]] = []
        for k, own in enumerate(values):
            there = (*made[k * way.gives : (k + 1) * way.gives], *own)
            results.append([there[place] for place in way.results])
        return results


_plan = lru_cache(maxsize=1024)(_Plan)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, plan: _Plan, shape: _Shape, rows: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
        values = plan.run(plan.forward(True), shape, [(rows, *own) for own in plan.divided(inputs)])
        results = 1 + len(plan.state) + len(plan.observed)
        ctx.plan, ctx.shape, ctx.count = plan, shape, len(inputs)
        ctx.save_for_backward(rows, *inputs, *[value for own in values for value in own[results:]])
        ctx.set_materialize_grads(False)
        return tuple(_distinct([value for own in values for value in own[:results]]))

    @staticmethod
    def backward(ctx: Any, *d_results: Tensor | None) -> tuple[Any, ...]:
        plan: _Plan = ctx.plan
        rows, *tensors = ctx.saved_tensors
        inputs, saved = tensors[: ctx.count], tensors[ctx.count :]
        if torch.is_grad_enabled() or any(map(_batched, d_results)):
            return (None, None, *_gradients_by_torch(plan, ctx.shape, rows, inputs, d_results))
        return (
            None,
            None,
            *_backward(plan, ctx.shape, rows, inputs, saved, d_results, ctx.needs_input_grad[2:]),
        )


def _distinct(results: Sequence[Tensor]) -> list[Tensor]:
    """Clone repeated results: autograd requires each result to be a different tensor."""
    if len(set(map(id, results))) == len(results):
        return list(results)
    first: dict[int, int] = {}
    for place, result in enumerate(results):
        first.setdefault(id(result), place)
    return [result if first[id(result)] == place else result.clone() for place, result in enumerate(results)]


def _backward(
    plan: _Plan,
    shape: _Shape,
    rows: Tensor,
    inputs: Sequence[Tensor],
    saved: Sequence[Tensor],
    d_results: Sequence[Tensor | None],
    needed: Sequence[bool],
) -> list[Tensor | None]:
    """Return the gradients of rows and inputs, None where none is needed."""
    width = next(iter(plan.compiled.program.state.values())).width
    through = _through(plan, d_results)
    gradient = plan.compiled.gradient(through)
    values: list[Sequence[Tensor]] = []
    for own, held, d in zip(*map(plan.divided, (inputs, saved, d_results)), strict=True):
        d_output = rows.new_zeros(rows.shape[0], width) if d[0] is None else d[0]
        ends = zip(own, d[1 : 1 + len(plan.state)], strict=False)
        d_states = [torch.zeros_like(first) if d_state is None else d_state for first, d_state in ends]
        values.append((rows, *own, *held, d_output, *d_states, *_d_observed(plan, rows, d, through)))
    results = plan.run(plan.backward(needed[0], through), shape, values)
    d_rows: Tensor | None = None
    if needed[0] and gradient.input is not None:
        for d_share in [own.pop(0) for own in results]:
            d_rows = d_share if d_rows is None else d_rows + d_share
    wanted = list(plan.divided(needed[1:]))
    matrices = _of_matrices(plan, gradient, results, wanted)
    d_inputs = [
        d
        for own, asked, prelude in zip(results, wanted, matrices, strict=True)
        for d in _gradients(plan, gradient, own, asked, prelude)
    ]
    return [d_rows, *d_inputs]


def _through(plan: _Plan, d_results: Sequence[Tensor | None]) -> tuple[str, ...]:
    """Return the names of the observed values that have a gradient in some direction."""
    if not plan.observed:
        return ()
    observed = [d[1 + len(plan.state) :] for d in plan.divided(d_results)]
    columns = zip(plan.observed, zip(*observed, strict=True), strict=True)
    return tuple(name for name, column in columns if any(d is not None for d in column))


def _d_observed(
    plan: _Plan, rows: Tensor, d: Sequence[Tensor | None], through: tuple[str, ...]
) -> list[Tensor]:
    """Return the gradients of one direction's observed values, 0 if only the other direction has one."""
    gradients = dict(zip(plan.observed, d[1 + len(plan.state) :], strict=True))
    widths = {name: plan.compiled.program.observed[name].width for name in through}
    return [
        rows.new_zeros(rows.shape[0], width) if (own := gradients[name]) is None else own
        for name, width in widths.items()
    ]


def _gradients(
    plan: _Plan,
    gradient: GradientProgram,
    results: Sequence[Tensor],
    wanted: Sequence[bool],
    prelude: dict[int, Tensor],
) -> list[Tensor | None]:
    """Return the gradients of one direction's inputs, where `wanted`.

    results: of its backward pass: the gradients of its states, then the rows that sum to those of vectors.
    prelude: the gradients of matrices.
    """
    states = len(plan.state)
    asked = plan.by_place(wanted)
    sums: dict[int, Tensor] = {}
    for place, d in zip(gradient.fixed, results[states:], strict=False):
        if asked[place]:
            if id(d) not in sums:  # biases that are added to one another share their gradient
                sums[id(d)] = column_sums(d)
            prelude[place] = sums[id(d)]
    d_states = [d if asked else None for d, asked in zip(results, wanted[:states], strict=False)]
    return [*d_states, *[None] * len(plan.noise), *[prelude.get(place) for place in plan.compiled.places]]


def _of_matrices(
    plan: _Plan,
    gradient: GradientProgram,
    results: Sequence[Sequence[Tensor]],
    wanted: Sequence[Sequence[bool]],
) -> list[dict[int, Tensor]]:
    """Return the gradients of each direction's matrices, by place in the prelude, where `wanted`."""
    first = len(plan.state) + len(gradient.fixed)
    asked = [plan.by_place(flags) for flags in wanted]
    outer = [[k for k, product in enumerate(gradient.outer) if own[product.matrix]] for own in asked]
    pairs = [
        own[first + 2 * k : first + 2 * k + 2] for own, ks in zip(results, outer, strict=True) for k in ks
    ]
    sums = iter(outer_sums([d for _, d in pairs], [v for v, _ in pairs]))
    matrices: list[dict[int, Tensor]] = []
    for ks in outer:
        made: dict[int, Tensor] = {}
        for k in ks:
            place, share = gradient.outer[k].matrix, next(sums).T  # a matrix is a transposed weight
            made[place] = share if place not in made else made[place] + share
        matrices.append(made)
    return matrices


def _batched(d: Tensor | None) -> bool:
    """Whether a gradient is a batch of gradients under vmap, as with `is_grads_batched`."""
    return d is not None and (_functorch.is_batchedtensor(d) or _functorch.is_legacy_batchedtensor(d))


def _gradients_by_torch(
    plan: _Plan, shape: _Shape, rows: Tensor, inputs: Sequence[Tensor], d_results: Sequence[Tensor | None]
) -> list[Tensor | None]:
    """Compute the gradients by torch's operations, which can be differentiated again and mapped over.

    They are taken at views of the inputs: at the tensors themselves, torch would also follow how one depends
    on another, such as an earlier call's output on the weights.
    """
    again = torch.is_grad_enabled()
    ends: list[Tensor] = []
    seeds: list[Tensor] = []
    with torch.enable_grad():
        rows, *inputs = [tensor.view_as(tensor) for tensor in (rows, *inputs)]
        for k, (own, d) in enumerate(zip(*map(plan.divided, (inputs, d_results)), strict=True)):
            results = _by_torch(plan, shape, rows, own, reverse=bool(k))
            pairs = [(y, dy) for y, dy in zip(results, d, strict=True) if dy is not None and y.requires_grad]
            ends += [y for y, _ in pairs]
            seeds += [dy for _, dy in pairs]
    wanted = [tensor for tensor in (rows, *inputs) if tensor.requires_grad]
    gradients = iter(torch.autograd.grad(ends, wanted, seeds, create_graph=again, allow_unused=True))
    return [next(gradients) if tensor.requires_grad else None for tensor in (rows, *inputs)]


def _by_torch(
    plan: _Plan, shape: _Shape, rows: Tensor, inputs: Sequence[Tensor], reverse: bool
) -> list[Tensor]:
    """Return output, final states and observed values of one direction, step by step, by torch."""
    program = plan.compiled.program
    steps = steps_over(len(rows), shape.batch, shape.sizes)
    there = dict(zip(plan.keys[1:], inputs, strict=True))
    leaves: dict[Leaf, Tensor] = {key: tensor for key, tensor in there.items() if key[0] == "fixed"}
    leaves |= {("matrix", place): tensor for (_, place), tensor in leaves.items()}
    state = {name: there["state", name] for name in plan.state}
    seen = [program.observed[name] for name in plan.observed]
    ends = [*program.state.values(), *seen]
    rows_of: dict[int, list[Tensor]] = {}
    times = range(len(steps.sizes))
    for t in reversed(times) if reverse else times:
        size, first = int(steps.sizes[t]), int(steps.offsets[t])
        here: dict[Leaf, Tensor] = {("state", name): value[:size] for name, value in state.items()}
        here["input", X] = rows[first : first + size]
        for (kind, name), value in there.items():
            if kind in (NOISE, MASK):
                here[kind, name] = value[first : first + size] if kind == NOISE else value[:size]
        values = list(evaluate(ends, leaves | here))
        new = dict(zip(program.state, values, strict=False))
        state = {name: torch.cat([value, state[name][size:]]) for name, value in new.items()}
        rows_of[t] = [values[0], *(value.expand(size, -1) for value in values[len(new) :])]
    none = [rows.new_zeros(0, node.width) for node in (ends[0], *seen)]
    output, *observed = map(torch.cat, zip(none, *(rows_of[t] for t in times), strict=True))
    return [output, *state.values(), *observed]
