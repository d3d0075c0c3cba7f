"""The operations of a step and their order: the nodes of a program, fused and grouped."""

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
class FusedOperation:
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
) -> dict[int, FusedOperation]:
    """The operations that make the nodes that are not given, by node; sums take in the product that they end.

    all_at_once: but for one that could be done ahead of all steps, where the sum could not.
    """
    waits = _waiting(nodes, given) if all_at_once else ()
    uses = Counter(one.number for node in nodes if node.number not in given for one in node.inputs)
    uses.update(node.number for node in wanted)
    operations: dict[int, FusedOperation] = {}
    for node in nodes:
        if node.number in given or node.op in ("constant", *VIEWS):
            continue
        if node.op in ("product", "product_t"):
            matrix = (node.attribute, node.op == "product_t")
            operations[node.number] = FusedOperation(node, "product", node.inputs, matrix=matrix)  # pyright: ignore[reportArgumentType]
        else:
            operations[node.number] = _fused(node, operations, uses, waits) or FusedOperation(
                node, _operation(node), node.inputs
            )
    return operations


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
    node: Node, operations: dict[int, FusedOperation], uses: Mapping[int, int], waits: Collection[int]
) -> FusedOperation | None:
    """A sum or difference fused with the product, of a matrix or of two rows, that only it uses.

    waits: nodes that need a step before; a product that does not is not made to.
    """

    def alone(one: Node, op: str) -> FusedOperation | None:
        """The operation of this kind that makes `one`, if only `node` uses it."""
        operation = operations.get(one.number)
        fits = (
            operation is not None and operation.op == op and uses[one.number] == 1 and one.width == node.width
        )
        return operation if fits else None

    if node.op not in ("add", "sub"):
        return None
    a, b = node.inputs
    either = ((a, b), (b, a)) if node.op == "add" else ()
    for one, other in either:
        operation = alone(one, "product")
        fits = other.width == node.width and other.op != "spread"
        if (
            operation
            and len(operation.inputs) <= ADDENDS
            and fits
            and (one.number in waits or other.number not in waits)
        ):
            del operations[one.number]
            return FusedOperation(node, "product", (*operation.inputs, other), matrix=operation.matrix)
    for one, other in either or ((b, a),):
        if operation := alone(one, "mul"):
            del operations[one.number]
            op = "multiply_add" if node.op == "add" else "subtract_product"
            return FusedOperation(node, op, (*operation.inputs, other))
    return None


def groups(operations: Iterable[FusedOperation], given: Collection[int]) -> list[list[FusedOperation]]:
    """The operations in runs, products alone or row operations alone, as few as their dependence allows."""
    waiting, ready = list(operations), set(given)
    found: list[list[FusedOperation]] = []

    def can_run(operation: FusedOperation) -> bool:
        bases = [base(operand, given) for operand in operation.inputs]
        return all(one.number in ready or one.op == "constant" for one in bases)

    while waiting:
        group = [operation for operation in waiting if operation.is_product and can_run(operation)]
        if not group:
            for operation in waiting:
                if not operation.is_product and can_run(operation):
                    group.append(operation)
                    ready.add(operation.node.number)
        assert group, "operations wait for each other"
        ready.update(operation.node.number for operation in group)
        waiting = [operation for operation in waiting if operation not in group]
        found.append(group)
    return found
