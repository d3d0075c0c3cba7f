"""The operations of a step in their order: the nodes of a program, fused and grouped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from throughtime.engine.instruction import Key, Kind
from throughtime.engine.node import Node

VIEWS = ("columns", "spread", "stop")
"""Nodes that are views of other nodes: some of their columns, spread over more, or without a gradient."""

OVER_COLUMNS = ("sum", "largest", "cumsum", "reverse")
"""Operations in which a number of the result depends on several columns."""

ADDENDS = 2
"""Maximum rows that a product can add to its result."""


@dataclass(frozen=True)
class Target:
    """A value that must end up in a buffer."""

    kind: Kind
    key: Key
    node: Node


@dataclass(frozen=True, eq=False)
class FusedOperation:
    """An operation that computes a node or, if `to` is set, copies an existing one to its buffer."""

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
        """Whether each number of the result depends only on the numbers in its own column."""
        return self.op not in ("product", "join", *OVER_COLUMNS)


def base(node: Node, sources: Collection[int]) -> Node:
    """Return the node that `node` is a view of, or itself; a source is never a view."""
    while node.op in VIEWS and node.number not in sources:
        node = node.inputs[0]
    return node


def makers(
    nodes: Sequence[Node],
    sources: Mapping[int, tuple[Kind, Key]],
    wanted: Iterable[Node],
    all_at_once: bool = False,
) -> dict[int, FusedOperation]:
    """Return the operations that compute the nodes outside `sources`, by node.

    Sums absorb the product they end; all_at_once: unless only the product could be computed before all steps.
    """
    waits = _waiting(nodes, sources) if all_at_once else ()
    uses = Counter(operand.number for node in nodes if node.number not in sources for operand in node.inputs)
    uses.update(node.number for node in wanted)
    operations: dict[int, FusedOperation] = {}
    for node in nodes:
        if node.number in sources or node.op in ("constant", *VIEWS):
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
    """Return the operation that computes a node; nodes may differ only in their gradients."""
    return "largest" if node.op == "first_largest" else node.op


def _waiting(nodes: Sequence[Node], sources: Mapping[int, tuple[Kind, Key]]) -> set[int]:
    """Return the nodes that depend on a state, which the previous step leaves."""
    waiting = {node.number for node in nodes if sources.get(node.number, (None,))[0] is Kind.STATE}
    for node in nodes:
        if node.number not in sources and any(operand.number in waiting for operand in node.inputs):
            waiting.add(node.number)
    return waiting


def _fused(
    node: Node, operations: dict[int, FusedOperation], uses: Mapping[int, int], waits: Collection[int]
) -> FusedOperation | None:
    """Fuse a sum or difference with the product, of a matrix or of two rows, that only it uses.

    waits: nodes that depend on the previous step; a product that does not must not be made to.
    """

    def alone(operand: Node, op: str) -> FusedOperation | None:
        """Return the operation of this kind that computes `operand`, if only `node` uses it."""
        operation = operations.get(operand.number)
        fits = (
            operation is not None
            and operation.op == op
            and uses[operand.number] == 1
            and operand.width == node.width
        )
        return operation if fits else None

    if node.op not in ("add", "sub"):
        return None
    a, b = node.inputs
    either = ((a, b), (b, a)) if node.op == "add" else ()
    for operand, other in either:
        operation = alone(operand, "product")
        fits = other.width == node.width and other.op != "spread"
        if (
            operation
            and len(operation.inputs) <= ADDENDS
            and fits
            and (operand.number in waits or other.number not in waits)
        ):
            del operations[operand.number]
            return FusedOperation(node, "product", (*operation.inputs, other), matrix=operation.matrix)
    for operand, other in either or ((b, a),):
        if operation := alone(operand, "mul"):
            del operations[operand.number]
            op = "multiply_add" if node.op == "add" else "subtract_product"
            return FusedOperation(node, op, (*operation.inputs, other))
    return None


def groups(operations: Iterable[FusedOperation], sources: Collection[int]) -> list[list[FusedOperation]]:
    """Group the operations into as few runs as possible, each of products only or of row operations only."""
    waiting, ready = list(operations), set(sources)
    runs: list[list[FusedOperation]] = []

    def can_run(operation: FusedOperation) -> bool:
        bases = [base(operand, sources) for operand in operation.inputs]
        return all(node.number in ready or node.op == "constant" for node in bases)

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
        runs.append(group)
    return runs
