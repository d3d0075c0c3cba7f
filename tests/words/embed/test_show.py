from __future__ import annotations

import json
from collections.abc import Callable

from throughtime.words.embed.judge import Analogies, Answers, Correlation
from throughtime.words.embed.show import analogies_table, judge_figures, similarities_table

FAMILY, CITIES = Answers("family", 4, 2, 1), Answers("[b]cities", 2, 0, 0)
ASKED = Analogies([FAMILY, CITIES], Answers("all", 6, 2, 1))
ALIKE = Correlation("pairs", 10, 8, 0.5, 0.25)


Rows = Callable[[object], list[list[str]]]


def test_analogies_by_section_and_over_all(rows: Rows) -> None:
    assert rows(analogies_table(ASKED)) == [
        ["family", "4", "50.0%", "50.0", "9.5 to 90.5", "25.0"],
        ["[b]cities", "2", "0.0%", "-", "-", "0.0"],
        ["all", "6", "33.3%", "50.0", "9.5 to 90.5", "16.7"],
    ]


def test_correlations_with_people(rows: Rows) -> None:
    (row,) = rows(similarities_table([ALIKE]))
    assert row[:4] == ["pairs", "10", "80.0%", "0.500"] and row[5] == "0.250"
    low, high = map(float, row[4].split(" to "))
    assert low < 0.5 < high


def test_figures_as_json_holds_them() -> None:
    figures = json.loads(json.dumps(judge_figures(ASKED, [ALIKE])))
    family, cities, overall = figures["analogies"]
    assert (family["section"], family["right"], family["of_covered"], family["of_all"]) == (
        "family",
        1,
        0.5,
        0.25,
    )
    assert cities["interval"] == [0, 1] and overall["questions"] == 6
    (alike,) = figures["similarities"]
    assert (alike["covered"], alike["of_all"]) == (8, 0.25)
    assert alike["interval"][0] < 0.5 < alike["interval"][1]
    assert alike["interval_of_all"][0] < 0.25 < alike["interval_of_all"][1]
