"""The activations saved for backward, chosen by a minimum cut.

Each value that the gradient program reads is either saved, which costs its width in memory and traffic for
every row and step, or recomputed. Row operations are cheap compared with memory; products are never computed
twice. The best choice is the minimum cut, by width, of the flow from what cannot be recomputed to what is
needed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from throughtime.engine.gradient import GradientProgram
from throughtime.engine.node import Node
from throughtime.engine.program import Program, needed
from throughtime.engine.trace import X

_ENDLESS = 1 << 40
_Place = tuple[int, str]
_SOURCE, _SINK = (-1, "source"), (-1, "sink")
_FREE = ("constant", "fixed", "noise", "mask")
"""Leaves that are available in the backward pass anyway."""


def saved(program: Program, gradient: GradientProgram, observed: Collection[str] = ()) -> list[Node]:
    """Return the values of the forward program to save for the gradient program, in order.

    observed: names of values that are stored anyway and cost nothing to save.
    """
    seen = {program.observed[name].number for name in observed}
    forward = needed([*program.state.values(), *(program.observed[name] for name in observed)])
    last = {node.number for node in forward}
    wanted = {
        operand.number
        for node in needed(gradient.ends())
        for operand in (node.inputs if node.number not in last else ())
        if operand.number in last
    } | {node.number for node in gradient.ends() if node.number in last}
    flow = _Flow()
    for node in forward:
        if node.op in _FREE:
            continue
        there_anyway = (node.op == "input" and node.attribute == X) or node.number in seen
        flow.edge((node.number, "in"), (node.number, "out"), 0 if there_anyway else node.width)
        if node.op in ("input", "state", "product"):
            flow.edge(_SOURCE, (node.number, "in"), _ENDLESS)
        else:
            for operand in (operand for operand in node.inputs if operand.op not in _FREE):
                flow.edge((operand.number, "out"), (node.number, "in"), _ENDLESS)
        if node.number in wanted:
            flow.edge((node.number, "out"), _SINK, _ENDLESS)
    cut = flow.last_cut()
    return [node for node in forward if (node.number, "in") not in cut and (node.number, "out") in cut]


class _Flow:
    """A network of edges with capacities."""

    def __init__(self) -> None:
        self.left: dict[_Place, dict[_Place, int]] = {}

    def edge(self, start: _Place, end: _Place, capacity: int) -> None:
        self.left.setdefault(start, {})[end] = capacity
        self.left.setdefault(end, {}).setdefault(start, 0)

    def last_cut(self) -> set[_Place]:
        """Return the sink's side of the minimum cut that is nearest to the sink."""
        while path := self._path():
            amount = min(self.left[a][b] for a, b in path)
            for a, b in path:
                self.left[a][b] -= amount
                self.left[b][a] += amount
        return self._reaching(_SINK)

    def _path(self) -> list[tuple[_Place, _Place]]:
        came: dict[_Place, _Place] = {_SOURCE: _SOURCE}
        waiting = [_SOURCE] if _SOURCE in self.left else []
        for place in waiting:
            for end, room in self.left[place].items():
                if room and end not in came:
                    came[end] = place
                    waiting.append(end)
        return list(_steps(came)) if _SINK in came else []

    def _reaching(self, end: _Place) -> set[_Place]:
        reached, waiting = {end}, [end]
        for place in waiting:
            for start in self.left.get(place, ()):
                if self.left[start][place] and start not in reached:
                    reached.add(start)
                    waiting.append(start)
        return reached


def _steps(came: dict[_Place, _Place]) -> Iterable[tuple[_Place, _Place]]:
    place = _SINK
    while place != _SOURCE:
        yield came[place], place
        place = came[place]
