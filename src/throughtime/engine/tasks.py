"""What a scan has to do in a step, and in which order: the nodes of a program as tasks, fused and grouped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from throughtime.engine.instruction import Key, Kind
from throughtime.engine.node import Node

VIEWS = ("columns", "spread", "stop")
"""Nodes that are other nodes' values: some of their columns, over more columns, or without a gradient."""

OVER_COLUMNS = ("sum", "largest", "cumsum", "reverse")
"""Operations in which a number of the result comes from other columns too."""

ADDENDS = 2
"""Rows that a product can add to its own."""


@dataclass(frozen=True)
class Target:
    """A value that has to end up in a buffer."""

    kind: Kind
    key: Key
    node: Node


@dataclass(frozen=True, eq=False)
class Task:
    """One node to make of others, or, where `to` is set, one that is there to be copied to its buffer."""

    node: Node
    op: str
    inputs: tuple[Node, ...]
    to: Target | None = None
    matrix: tuple[int, bool] | None = None

    @property
    def is_product(self) -> bool:
        """Whether it multiplies by a matrix."""
        return self.matrix is not None

    @property
    def by_number(self) -> bool:
        """Whether each number of the result comes from the numbers at its own place alone."""
        return self.op not in ("product", "join", *OVER_COLUMNS)


def base(node: Node, given: Collection[int]) -> Node:
    """The node that `node` is a view of, or itself; what is given is no view."""
    while node.op in VIEWS and node.number not in given:
        node = node.inputs[0]
    return node


def makers(
    nodes: Sequence[Node],
    given: Mapping[int, tuple[Kind, Key]],
    wanted: Iterable[Node],
    all_at_once: bool = False,
) -> dict[int, Task]:
    """The tasks that make the nodes that are not given, by node; sums take in the product that they end.

    all_at_once: but for one that could be done ahead of all steps, where the sum could not.
    """
    waits = _waiting(nodes, given) if all_at_once else ()
    uses = Counter(one.number for node in nodes if node.number not in given for one in node.inputs)
    uses.update(node.number for node in wanted)
    tasks: dict[int, Task] = {}
    for node in nodes:
        if node.number in given or node.op in ("constant", *VIEWS):
            continue
        if node.op in ("product", "product_t"):
            matrix = (node.attribute, node.op == "product_t")
            tasks[node.number] = Task(node, "product", node.inputs, matrix=matrix)  # pyright: ignore[reportArgumentType]
        else:
            tasks[node.number] = _fused(node, tasks, uses, waits) or Task(node, _operation(node), node.inputs)
    return tasks


def _operation(node: Node) -> str:
    """The operation that computes a node; nodes may differ in their gradients alone."""
    return "largest" if node.op == "first_largest" else node.op


def _waiting(nodes: Sequence[Node], given: Mapping[int, tuple[Kind, Key]]) -> set[int]:
    """The nodes that need a state, which the step before leaves."""
    found = {node.number for node in nodes if given.get(node.number, (None,))[0] is Kind.STATE}
    for node in nodes:
        if node.number not in given and any(one.number in found for one in node.inputs):
            found.add(node.number)
    return found


def _fused(
    node: Node, tasks: dict[int, Task], uses: Mapping[int, int], waits: Collection[int]
) -> Task | None:
    """The sum or difference as one task with the product of a matrix, or of two rows, that it alone ends.

    waits: nodes that need a step before; a product that does not is not made to.
    """

    def alone(one: Node, op: str) -> Task | None:
        """The task by that operation that makes `one`, if `node` alone has a use for it."""
        task = tasks.get(one.number)
        fits = task is not None and task.op == op and uses[one.number] == 1 and one.width == node.width
        return task if fits else None

    if node.op not in ("add", "sub"):
        return None
    a, b = node.inputs
    either = ((a, b), (b, a)) if node.op == "add" else ()
    for one, other in either:
        task = alone(one, "product")
        fits = other.width == node.width and other.op != "spread"
        if (
            task
            and len(task.inputs) <= ADDENDS
            and fits
            and (one.number in waits or other.number not in waits)
        ):
            del tasks[one.number]
            return Task(node, "product", (*task.inputs, other), matrix=task.matrix)
    for one, other in either or ((b, a),):
        if task := alone(one, "mul"):
            del tasks[one.number]
            op = "multiply_add" if node.op == "add" else "subtract_product"
            return Task(node, op, (*task.inputs, other))
    return None


def groups(tasks: Iterable[Task], given: Collection[int]) -> list[list[Task]]:
    """The tasks in runs, products alone or row operations alone, as few as their dependence allows."""
    waiting, ready = list(tasks), set(given)
    found: list[list[Task]] = []

    def can_run(task: Task) -> bool:
        bases = [base(one, given) for one in task.inputs]
        return all(one.number in ready or one.op == "constant" for one in bases)

    while waiting:
        group = [task for task in waiting if task.is_product and can_run(task)]
        if not group:
            for task in waiting:
                if not task.is_product and can_run(task):
                    group.append(task)
                    ready.add(task.node.number)
        assert group, "tasks wait for each other"
        ready.update(task.node.number for task in group)
        waiting = [task for task in waiting if task not in group]
        found.append(group)
    return found
