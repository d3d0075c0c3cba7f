"""Turn the values of a program into instructions, and decide where each value is stored during a scan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from throughtime.engine.fusion import OVER_COLUMNS, VIEWS, FusedOperation, Target, base, groups, makers
from throughtime.engine.instruction import CONSTANTS, WORK, Buffer, Code, Instruction, Key, Kind, Place
from throughtime.engine.node import Node
from throughtime.engine.program import needed

TILE_NUMBERS = 1024
"""Numbers of one value in a tile: a dozen such values fit into the first-level cache."""

MOST_TILE_ROWS = 32
"""Maximum rows of a tile."""


def assemble(
    targets: Sequence[Target], sources: Mapping[int, tuple[Kind, Key]], all_at_once: bool = False
) -> Code:
    """Return the code that computes `targets` from the nodes in `sources`, which maps each to its buffer.

    A state that is both a source and a target has one buffer: its old value is read, its new one written.

    all_at_once: compute products that depend on no step before the first step, for all rows at once, and
    those that no step reads after the last.
    """
    return _Assembler([_copied_if_view(target, sources) for target in targets], sources, all_at_once).code


def _copied_if_view(target: Target, sources: Mapping[int, tuple[Kind, Key]]) -> Target:
    """Copy a new state that is only a view of another value: the states' buffers may be swapped."""
    node = target.node
    there = node.number in sources or node.op == "constant" or base(node, sources) is not node
    if target.kind is Kind.SEQUENCE or not there or sources.get(node.number) == (target.kind, target.key):
        return target
    return Target(target.kind, target.key, node.graph.node("copy", (node,), target.key, node.width))


class _Assembler:
    def __init__(
        self, targets: Sequence[Target], sources: Mapping[int, tuple[Kind, Key]], all_at_once: bool
    ) -> None:
        self.sources = sources
        self.buffers: list[Buffer] = []
        self.numbers: dict[Key, int] = {}
        self.places: dict[int, Place] = {}
        self.aliases: dict[Key, Key] = {}
        self.constants: dict[float, int] = {}
        self.work_width = 0
        self.tile_width = 0
        wanted = [target.node for target in targets]
        nodes = needed(wanted, sources)
        self._settle_sources(nodes)
        self.made = makers(nodes, sources, wanted, all_at_once)
        first, last = self._copies(targets)
        ahead = self._ahead() if all_at_once else []
        behind = self._behind(targets) if all_at_once else []
        apart = {*ahead, *behind}
        in_steps = [operation for operation in self.made.values() if operation not in apart]
        ready = {*sources, *(operation.node.number for operation in ahead)}
        self.groups = groups([*first, *in_steps, *last], ready)
        states = [target for target in targets if target.kind is Kind.STATE]
        self._settle_states(states)
        self._settle_rows()
        self._settle_tiles()
        self.matrices = list(
            dict.fromkeys(operation.matrix for operation in self.made.values() if operation.matrix)
        )
        made_of = [ahead, *self.groups, behind]
        code = [tuple(chain.from_iterable(map(self._instructions, group))) for group in made_of]
        widest = max(
            (instruction.width for group in code for instruction in group if instruction.op != "product"),
            default=1,
        )
        buffers = tuple(self._sized(buffer) for buffer in self.buffers)
        read = {key for _, key in sources.values()} | {target.key for target in states}
        written = {target.key for target in targets}
        self.code = Code(
            groups=tuple(group for group in code if group),
            ahead=bool(ahead),
            behind=bool(behind),
            buffers=buffers,
            reads=tuple(buffer for buffer in buffers if buffer.key in read),
            gives=tuple(buffer for buffer in buffers if buffer.key in written),
            aliases=self.aliases,
            matrices=tuple(self.matrices),
            constants=tuple(self.constants),
            tile_width=self.tile_width,
            tile_rows=min(MOST_TILE_ROWS, max(1, TILE_NUMBERS // widest)),
        )

    def _buffer(self, kind: Kind, key: Key, width: int, start: int = 0) -> Place:
        """Return the start of the buffer with this key, adding the buffer if it is new."""
        if key not in self.numbers:
            self.numbers[key] = len(self.buffers)
            self.buffers.append(Buffer(kind, width, key, start))
        return Place(self.numbers[key])

    def _sized(self, buffer: Buffer) -> Buffer:
        widths = {WORK: self.work_width, CONSTANTS: len(self.constants)}
        return Buffer(buffer.kind, widths.get(buffer.key, buffer.width), buffer.key, buffer.start)

    def _settle_sources(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            if node.number in self.sources:
                kind, key = self.sources[node.number]
                self.places[node.number] = self._buffer(kind, key, node.width)
            elif node.constant is not None:
                column = self.constants.setdefault(node.constant, len(self.constants))
                self.places[node.number] = self._buffer(Kind.FIXED, CONSTANTS, 0).moved(column)

    def _copies(self, targets: Sequence[Target]) -> tuple[list[FusedOperation], list[FusedOperation]]:
        """Return copies of sources, made before these change, and copies of computed values.

        A computed value is stored in the first sequence that needs it; the others become aliases. Values
        saved for backward never share the output's buffer, because the caller may change the output in place
        before the gradient is computed.
        """
        first: list[FusedOperation] = []
        last: list[FusedOperation] = []
        held: dict[int, Key] = {
            number: key for number, (kind, key) in self.sources.items() if kind is Kind.SEQUENCE
        }
        for target in targets:
            node = target.node
            if target.kind is not Kind.SEQUENCE:
                continue
            if node.number in held:
                if target.key[0] == "saved" and held[node.number] == ("output", None):
                    last.append(FusedOperation(node, "copy", (node,), target))
                else:
                    self.aliases[target.key] = held[node.number]
                continue
            held[node.number] = target.key
            place = self._buffer(target.kind, target.key, node.width)
            if node.number in self.made:
                self.places[node.number] = place
            else:
                (first if base(node, self.sources).number in self.sources else last).append(
                    FusedOperation(node, "copy", (node,), target)
                )
        return first, last

    def _ahead(self) -> list[FusedOperation]:
        """Return the products whose operands are known for all steps."""

        def is_there(node: Node) -> bool:
            kind, _ = self.sources.get(base(node, self.sources).number, (None, None))
            return kind in (Kind.SEQUENCE, Kind.FIXED)

        products = [
            operation
            for operation in self.made.values()
            if operation.is_product and all(map(is_there, operation.inputs))
        ]
        for operation in products:
            if operation.node.number not in self.places:
                place = self._buffer(Kind.SEQUENCE, ("ahead", operation.node.number), operation.node.width)
                self.places[operation.node.number] = place
        return products

    def _behind(self, targets: Sequence[Target]) -> list[FusedOperation]:
        """Return the products that no step reads and whose operands are stored for all steps."""
        read = {
            base(operand, self.sources).number
            for operation in self.made.values()
            for operand in operation.inputs
        }
        read |= {target.node.number for target in targets if target.kind is Kind.STATE}

        def stays(node: Node) -> bool:
            place = self.places.get(base(node, self.sources).number)
            return place is not None and self.buffers[place.buffer].kind in (Kind.SEQUENCE, Kind.FIXED)

        return [
            operation
            for operation in self.made.values()
            if operation.is_product
            and operation.node.number not in read
            and all(map(stays, operation.inputs))
        ]

    def _settle_states(self, targets: Sequence[Target]) -> None:
        """Write new states over the old ones if nothing reads those later, else copy them last."""
        order = {operation: k for k, operation in enumerate(chain.from_iterable(self.groups))}
        begun = {
            operation: order[group[0]] if operation.is_product else order[operation]
            for group in self.groups
            for operation in group
        }
        read = {
            base(operand, self.sources).number: k
            for operation, k in order.items()
            for operand in operation.inputs
        }
        old = {key: number for number, (_, key) in self.sources.items()}
        ends: list[FusedOperation] = []
        for target in targets:
            node, before = target.node, old.get(target.key, -1)
            if self.sources.get(node.number) == (target.kind, target.key):
                continue
            place = self._buffer(target.kind, target.key, node.width)
            operation = self.made[node.number]
            over = read.get(before, -1)
            itself = operation.by_number and all(
                operand is base(operand, self.sources) for operand in operation.inputs
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
        """Place values that outlive their group, and within them the parts of joined rows."""
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
                read = {base(operand, self.sources).number for operand in operation.inputs}
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
        """Place the other values, each used in one group only, in tiles, which are reused."""
        free: dict[int, list[Place]] = {}
        for group in self.groups:
            last = {
                base(operand, self.sources).number: operation
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
        """Return where an operation of this width reads a value; a value of width 1 serves all columns."""
        source = node
        while source.op in ("spread", "stop") and source.number not in self.sources:
            source = source.inputs[0]
        return self._place(node)._replace(splat=source.width == 1 and width > 1)

    def _place(self, node: Node) -> Place:
        """Return where a value, or the value it is a view of, is stored."""
        if node.op not in VIEWS or node.number in self.sources:
            return self.places[node.number]
        place = self._place(node.inputs[0])
        return place.moved(node.attribute[0]) if node.op == "columns" else place  # pyright: ignore[reportIndexIssue]


def _release(
    free: dict[int, list[Place]], taken: dict[int, tuple[int, Place]], numbers: Sequence[int]
) -> None:
    for number in numbers:
        width, place = taken.pop(number)
        free.setdefault(width, []).append(place)
