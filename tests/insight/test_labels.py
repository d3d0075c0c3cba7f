from __future__ import annotations

import numpy as np
import pytest

from throughtime.insight.labels import DOT, GAPS, overlap, place_labels

AREA = (0.0, 0.0, 700.0, 500.0)


def test_a_lone_label_is_beside_its_point() -> None:
    middle = place_labels(np.array([[100.0, 50.0]]), np.array([[40.0, 10.0]]), AREA)
    assert middle.tolist() == [[100 + GAPS[0] + 20, 50]]


def test_at_the_edge_it_turns_inwards() -> None:
    middles = place_labels(
        np.array([[699.0, 250.0], [350.0, 499.0]]), np.array([[40.0, 10.0], [40.0, 10.0]]), AREA
    )
    assert middles[0].tolist() == [699 - GAPS[0] - 20, 250]
    assert middles[1, 1] <= 495


@pytest.mark.parametrize("seed", range(3))
def test_labels_of_points_by_chance_do_not_cover_one_another(seed: int) -> None:
    draw = np.random.default_rng(seed)
    points = draw.uniform((20, 20), (680, 480), (100, 2))
    sizes = np.stack([draw.uniform(15, 60, 100), np.full(100, 10.0)], 1)
    middles = place_labels(points, sizes, AREA)
    beside = points + np.array([GAPS[0], 0]) + sizes * [0.5, 0]
    assert overlap(beside, sizes).sum() > 1000
    assert overlap(middles, sizes).sum() == 0
    assert (middles - sizes / 2 > -1e-9).all() and (middles + sizes / 2 < [700, 500]).all()
    to_dot = np.abs(middles[:, None] - points[None])
    covered = (to_dot < (sizes[:, None] / 2 + DOT)).all(2)
    assert covered.sum() <= 2  # a mark here and there, never another word


def test_points_in_one_place_have_their_labels_around_it() -> None:
    points, sizes = np.full((12, 2), 250.0), np.full((12, 2), (40.0, 10.0))
    assert overlap(place_labels(points, sizes, AREA), sizes).sum() == 0


def test_areas_that_labels_have_in_common() -> None:
    middles = np.array([[0.0, 0.0], [3.0, 0.0], [50.0, 0.0]])
    assert overlap(middles, np.full((3, 2), (4.0, 2.0))).tolist() == [2, 2, 0]
