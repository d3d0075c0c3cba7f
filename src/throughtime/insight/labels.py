"""Placement of labels beside their points, so that they can be read; nothing is drawn here.

Each label has some candidate places around its point, at several distances. Starting from the nearest, each
label in turn takes the place of least cost while the others stay (Christensen, Marks and Shieber 1995 compare
such searches), until none moves any more. All lengths have one unit, x to the right, y upwards; a box is its
left, lower, right and upper edge.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float64]
Box = tuple[float, float, float, float]

GAPS = (4.0, 9.0, 16.0, 25.0, 36.0, 50.0)
"""Distances from a point to its label."""

DOT = 2.5
"""Half the width of the mark at a point."""

_DIRECTIONS = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)], np.float64)
_SWEEPS = 20
_ON_OTHER, _ON_DOT, _OUTSIDE, _FAR = 10.0, 6.0, 20.0, 1.5  # weights of areas, and of the distance


def place_labels(points: Plane, sizes: Plane, area: Box) -> Plane:
    """Return the centres of labels of `sizes` (N, 2), beside `points` (N, 2), within `area` if possible."""
    places, gaps = _places(points, sizes)
    fixed = _fixed_cost(places, sizes, gaps, points, area)
    chosen = fixed.argmin(1)
    rows = np.arange(len(points))
    for _ in range(_SWEEPS):
        before = chosen.copy()
        for row in rows:
            others = _boxes(places[rows, chosen], sizes)[rows != row]
            cost = fixed[row] + _ON_OTHER * _overlap(_boxes(places[row], sizes[row]), others).sum(1)
            chosen[row] = cost.argmin()
        if (chosen == before).all():
            break
    return places[rows, chosen]


def overlap(middles: Plane, sizes: Plane) -> Plane:
    """Return, for each label, the area (N,) covered by others."""
    boxes = _boxes(middles, sizes)
    areas = _overlap(boxes, boxes)
    np.fill_diagonal(areas, 0)
    return areas.sum(1)


def _places(points: Plane, sizes: Plane) -> tuple[Plane, Plane]:
    """Return the centres (N, P, 2) of each label's P places, and their distances from the point."""
    gaps = np.repeat(GAPS, len(_DIRECTIONS))
    away = np.tile(_DIRECTIONS, (len(GAPS), 1))
    slant = np.where(np.abs(away).sum(1) > 1, np.sqrt(0.5), 1.0)
    reach = (gaps * slant)[None, :, None] + sizes[:, None, :] / 2
    return points[:, None, :] + away * reach, gaps


def _fixed_cost(places: Plane, sizes: Plane, gaps: Plane, points: Plane, area: Box) -> Plane:
    """Return the cost of each place (N, P) independent of the other labels."""
    dots = _boxes(points, np.full_like(points, 2 * DOT))
    around = np.array([area])
    cost = np.empty(places.shape[:2])
    for row, (middles, size) in enumerate(zip(places, sizes, strict=True)):
        boxes = _boxes(middles, size)
        outside = size.prod() - _overlap(boxes, around)[:, 0]
        cost[row] = _ON_DOT * _overlap(boxes, dots).sum(1) + _OUTSIDE * outside + _FAR * gaps
    return cost


def _boxes(middles: Plane, sizes: Plane) -> Plane:
    return np.concatenate([middles - sizes / 2, middles + sizes / 2], axis=1)


def _overlap(boxes: Plane, others: Plane) -> Plane:
    """Return the areas (N, M) that boxes (N, 4) share with others (M, 4)."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return np.clip(high - low, 0, None).prod(2)
