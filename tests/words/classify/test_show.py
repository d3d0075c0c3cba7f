"""Judgements and explanations on the screen."""

from __future__ import annotations

import numpy as np
from rich.console import Console

from throughtime.words.classify.explain import Piece
from throughtime.words.classify.measure import judge
from throughtime.words.classify.show import explained, judgement_lines, labels_table


def printed(shown: object) -> str:
    console = Console(record=True, width=120)
    console.print(shown)
    return console.export_text()


def test_a_judgement_in_words_and_by_label() -> None:
    chances = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    judged = judge(chances, np.array([0, 1, 1]), ("ham", "[b]spam"))
    first, second = judgement_lines(judged)
    assert first == "3 texts; accuracy 66.67 (20.8 to 93.9) %, 95 % interval by Wilson"
    assert second == "macro-averaged F1 0.667, log loss 0.690, calibration error 0.400"
    told = printed(labels_table(judged))
    assert "[b]spam" in told and "ham (1)" in told


def test_words_are_coloured_by_what_they_spoke_for() -> None:
    text = explained([Piece("a", 0.0), Piece("fine", 0.4), Piece("[b]mess", -0.1)])
    assert text.plain == "a fine [b]mess \nfine +0.4, [b]mess -0.1"
    styles = {text.plain[span.start : span.end].strip(): str(span.style) for span in text.spans}
    assert (styles["fine"], styles["[b]mess"]) == ("green bold", "red")
