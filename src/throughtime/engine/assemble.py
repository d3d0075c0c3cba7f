"""From a program's values to instructions: where every value lies while a scan runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from throughtime.engine.fusion import OVER_COLUMNS, VIEWS, FusedOperation, Target, base, groups, makers
from throughtime.engine.instruction import CONSTANTS, WORK, Buffer, Code, Instruction, Key, Kind, Place
from throughtime.engine.node import Node
from throughtime.engine.program import needed

TILE_NUMBERS = 1024
"""Numbers of one value in a tile; a dozen such values stay in the first-level cache."""

MOST_TILE_ROWS = 32
"""Rows of a tile at most."""


def assemble(
    targets: Sequence[Target], given: Mapping[int, tuple[Kind, Key]], all_at_once: bool = False
) -> Code:
    """The code that computes `targets` from the nodes in `given`, each there in the buffer said.

    A state that is both given and a target has one buffer: the old one goes in, the new one comes out.
    all_at_once: products that need nothing of a step are done ahead of them for all rows, and those that no
    step needs behind them.
    """
    return _Assembler([_made_anew(one, given) for one in targets], given, all_at_once).code


def _made_anew(target: Target, given: Mapping[int, tuple[Kind, Key]]) -> Target:
    """A new state that is no more than another value's view is copied first: states may change places."""
    node = target.node
    there = node.number in given or node.op == "constant" or base(node, given) is not node
    if target.kind is Kind.SEQUENCE or not there or given.get(node.number) == (target.kind, target.key):
        return target
    return Target(target.kind, target.key, node.graph.node("copy", (node,), target.key, node.width))


class _Assembler:
    def __init__(
        self, targets: Sequence[Target], given: Mapping[int, tuple[Kind, Key]], all_at_once: bool
    ) -> None:
        self.given = given
        self.buffers: list[Buffer] = []
        self.numbers: dict[Key, int] = {}
        self.places: dict[int, Place] = {}
        self.aliases: dict[Key, Key] = {}
        self.constants: dict[float, int] = {}
        self.work_width = 0
        self.tile_width = 0
        wanted = [one.node for one in targets]
        nodes = needed(wanted, given)
        self._settle_given(nodes)
        self.made = makers(nodes, given, wanted, all_at_once)
        first, last = self._copies(targets)
        ahead = self._ahead() if all_at_once else []
        behind = self._behind(targets) if all_at_once else []
        apart = {*ahead, *behind}
        in_steps = [one for one in self.made.values() if one not in apart]
        ready = {*given, *(one.node.number for one in ahead)}
        self.groups = groups([*first, *in_steps, *last], ready)
        states = [one for one in targets if one.kind is Kind.STATE]
        self._settle_states(states)
        self._settle_rows()
        self._settle_tiles()
        self.matrices = list(dict.fromkeys(one.matrix for one in self.made.values() if one.matrix))
        made_of = [ahead, *self.groups, behind]
        code = [tuple(chain.from_iterable(map(self._instructions, group))) for group in made_of]
        widest = max((one.width for group in code for one in group if one.op != "product"), default=1)
        buffers = tuple(self._sized(one) for one in self.buffers)
        read = {key for _, key in given.values()} | {one.key for one in states}
        written = {one.key for one in targets}
        self.code = Code(
            groups=tuple(group for group in code if group),
            ahead=bool(ahead),
            behind=bool(behind),
            buffers=buffers,
            reads=tuple(one for one in buffers if one.key in read),
            gives=tuple(one for one in buffers if one.key in written),
            aliases=self.aliases,
            matrices=tuple(self.matrices),
            constants=tuple(self.constants),
            tile_width=self.tile_width,
            tile_rows=min(MOST_TILE_ROWS, max(1, TILE_NUMBERS // widest)),
        )

    def _buffer(self, kind: Kind, key: Key, width: int, start: int = 0) -> Place:
        """The beginning of the buffer with this key, made where it is new."""
        if key not in self.numbers:
            self.numbers[key] = len(self.buffers)
            self.buffers.append(Buffer(kind, width, key, start))
        return Place(self.numbers[key])

    def _sized(self, buffer: Buffer) -> Buffer:
        widths = {WORK: self.work_width, CONSTANTS: len(self.constants)}
        return Buffer(buffer.kind, widths.get(buffer.key, buffer.width), buffer.key, buffer.start)

    def _settle_given(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            if node.number in self.given:
                kind, key = self.given[node.number]
                self.places[node.number] = self._buffer(kind, key, node.width)
            elif node.constant is not None:
                column = self.constants.setdefault(node.constant, len(self.constants))
                self.places[node.number] = self._buffer(Kind.FIXED, CONSTANTS, 0).moved(column)

    def _copies(self, targets: Sequence[Target]) -> tuple[list[FusedOperation], list[FusedOperation]]:
        """Copies of what is given, to be made before it changes, and of what is made.

        A value that is made lies in the first sequence that wants it; for others there is an alias. What is
        kept for the gradient never lies in the output, which its owner may change in place before the
        gradient is computed.
        """
        first: list[FusedOperation] = []
        last: list[FusedOperation] = []
        held: dict[int, Key] = {
            number: key for number, (kind, key) in self.given.items() if kind is Kind.SEQUENCE
        }
        for target in targets:
            node = target.node
            if target.kind is not Kind.SEQUENCE:
                continue
            if node.number in held:
                if target.key[0] == "kept" and held[node.number] == ("output", None):
                    last.append(FusedOperation(node, "copy", (node,), target))
                else:
                    self.aliases[target.key] = held[node.number]
                continue
            held[node.number] = target.key
            place = self._buffer(target.kind, target.key, node.width)
            if node.number in self.made:
                self.places[node.number] = place
            else:
                (first if base(node, self.given).number in self.given else last).append(
                    FusedOperation(node, "copy", (node,), target)
                )
        return first, last

    def _ahead(self) -> list[FusedOperation]:
        """The products whose operands are there for all steps."""

        def is_there(node: Node) -> bool:
            kind, _ = self.given.get(base(node, self.given).number, (None, None))
            return kind in (Kind.SEQUENCE, Kind.FIXED)

        found = [one for one in self.made.values() if one.is_product and all(map(is_there, one.inputs))]
        for one in found:
            if one.node.number not in self.places:
                place = self._buffer(Kind.SEQUENCE, ("ahead", one.node.number), one.node.width)
                self.places[one.node.number] = place
        return found

    def _behind(self, targets: Sequence[Target]) -> list[FusedOperation]:
        """The products that no step reads, of operands that are kept for all steps."""
        read = {
            base(operand, self.given).number
            for operation in self.made.values()
            for operand in operation.inputs
        }
        read |= {one.node.number for one in targets if one.kind is Kind.STATE}

        def stays(node: Node) -> bool:
            place = self.places.get(base(node, self.given).number)
            return place is not None and self.buffers[place.buffer].kind in (Kind.SEQUENCE, Kind.FIXED)

        return [
            one
            for one in self.made.values()
            if one.is_product and one.node.number not in read and all(map(stays, one.inputs))
        ]

    def _settle_states(self, targets: Sequence[Target]) -> None:
        """New states are written over the old ones where nothing reads those any more, else copied last."""
        order = {operation: k for k, operation in enumerate(chain.from_iterable(self.groups))}
        begun = {
            operation: order[group[0]] if operation.is_product else order[operation]
            for group in self.groups
            for operation in group
        }
        read = {
            base(operand, self.given).number: k
            for operation, k in order.items()
            for operand in operation.inputs
        }
        old = {key: number for number, (_, key) in self.given.items()}
        ends: list[FusedOperation] = []
        for target in targets:
            node, before = target.node, old.get(target.key, -1)
            if self.given.get(node.number) == (target.kind, target.key):
                continue
            place = self._buffer(target.kind, target.key, node.width)
            operation = self.made[node.number]
            over = read.get(before, -1)
            itself = operation.by_number and all(
                operand is base(operand, self.given) for operand in operation.inputs
            )
            free = over < begun[operation] or (over == order[operation] and itself)
            if free and node.number not in self.places and operation.op != "join":
                self.places[node.number] = place
            else:
                ends.append(FusedOperation(node, "copy", (node,), target))
        if ends and self.groups[-1][0].is_product:
            self.groups.append([])
        self.groups[-1] += ends

    def _settle_rows(self) -> None:
        """Places for what outlives its group, and inside them for the parts of joined rows."""
        group_of = {
            operation.node.number: g
            for g, group in enumerate(self.groups)
            for operation in group
            if not operation.to
        }
        lasting = {
            operation.node.number for operation in self.made.values() if operation.op in ("product", "join")
        }
        for g, group in enumerate(self.groups):
            for operation in group:
                read = {base(operand, self.given).number for operand in operation.inputs}
                lasting |= {number for number in read if operation.is_product or group_of.get(number, g) != g}
        for number, operation in reversed(self.made.items()):
            if number not in self.places and number in lasting:
                self.places[number] = self._buffer(Kind.STATE, WORK, 0).moved(self.work_width)
                self.work_width += operation.node.width
            if operation.op == "join":
                self._settle_parts(operation)

    def _settle_parts(self, join: FusedOperation) -> None:
        place = self.places[join.node.number]
        for part in join.inputs:
            if part.number in self.made:
                self.places.setdefault(part.number, place)
            place = place.moved(part.width)

    def _settle_tiles(self) -> None:
        """Places in tiles for the rest, which is made and used up in one group; used up, they serve again."""
        free: dict[int, list[Place]] = {}
        for group in self.groups:
            last = {
                base(operand, self.given).number: operation
                for operation in group
                for operand in operation.inputs
            }
            taken: dict[int, tuple[int, Place]] = {}
            for operation in group:
                node = operation.node
                ending = [number for number in taken if last.get(number) is operation]
                if operation.by_number:
                    _release(free, taken, ending)
                if not operation.to and node.number not in self.places:
                    place = free[node.width].pop() if free.get(node.width) else self._tile(node.width)
                    self.places[node.number] = place
                    taken[node.number] = (node.width, place)
                if not operation.by_number:
                    _release(free, taken, ending)
            _release(free, taken, list(taken))

    def _tile(self, width: int) -> Place:
        place = self._buffer(Kind.TILE, ("tile", len(self.buffers)), width, self.tile_width)
        self.tile_width += width
        return place

    def _instructions(self, operation: FusedOperation) -> Iterator[Instruction]:
        node = operation.node
        if operation.to is not None:
            to = self._buffer(operation.to.kind, operation.to.key, node.width)
            yield Instruction("copy", node.width, to, (self._operand(node, node.width),))
        elif operation.op == "join":
            to = self.places[node.number]
            for part in operation.inputs:
                source = self._operand(part, part.width)
                if source != to:
                    yield Instruction("copy", part.width, to, (source,))
                to = to.moved(part.width)
        else:
            width = operation.inputs[0].width if operation.op in OVER_COLUMNS else node.width
            matrix = self.matrices.index(operation.matrix) if operation.matrix else -1
            operands = tuple(
                self._operand(operand, operand.width if operation.is_product else width)
                for operand in operation.inputs
            )
            yield Instruction(operation.op, width, self.places[node.number], operands, matrix)

    def _operand(self, node: Node, width: int) -> Place:
        """Where an operation of that width reads a value; one number a row stands for all columns."""
        source = node
        while source.op in ("spread", "stop") and source.number not in self.given:
            source = source.inputs[0]
        return self._place(node)._replace(splat=source.width == 1 and width > 1)

    def _place(self, node: Node) -> Place:
        """Where a value, or what it is a view of, lies."""
        if node.op not in VIEWS or node.number in self.given:
            return self.places[node.number]
        place = self._place(node.inputs[0])
        return place.moved(node.attribute[0]) if node.op == "columns" else place  # pyright: ignore[reportIndexIssue]


def _release(
    free: dict[int, list[Place]], taken: dict[int, tuple[int, Place]], numbers: Sequence[int]
) -> None:
    for number in numbers:
        width, place = taken.pop(number)
        free.setdefault(width, []).append(place)
