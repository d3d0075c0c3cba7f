"""`throughtime words`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_a_text_a_file_and_standard_input_are_cleaned(
    run: Callable[..., Any], standard_input: Callable[[bytes], None]
) -> None:
    assert run("words", "clean", "The Cats' 3 toys!").out == "the cats 3 toys\n"
    Path("two.txt").write_text("One, two.\n\nThree\n")
    assert run("words", "clean", "--file", "two.txt").out == "one two\n\nthree\n"
    standard_input("L'homme, là-bas\n".encode())
    assert run("words", "clean", "--language", "fr", "--accents", "strip").out == "l' homme la-bas\n"


def test_every_switch_can_be_turned(run: Callable[..., Any]) -> None:
    done = run(
        "words", "clean", "The cats were running 12 miles", "--stem", "--stop-words", "--numbers", "mark"
    )
    assert done.out == "cat run <number> mile\n"


def test_help_names_the_word_that_stands_for_numbers(run: Callable[..., Any]) -> None:
    assert "<number>" in run("words", "clean", "--help").out


def test_steps_are_explained(run: Callable[..., Any]) -> None:
    told = run("words", "clean", "The cats ran.", "--explain", "--stem").out
    for part in ("as given", "lower", "the | cats | ran", "punctuation", "cats to cat"):
        assert part in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["a", "--file", "b"], "text and --file are both given; one of them is cleaned, not both"),
        (["--explain"], "explain is given without a text; expected the text to explain"),
        (
            ["a", "--language", "xx", "--stem"],
            "language is 'xx', which has no stemmer; expected one of ar, ",
        ),
        (["--file", "none.txt"], "none.txt cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_cleaned(refused: Callable[..., str], arguments: list[str], told: str) -> None:
    assert refused("words", "clean", *arguments).startswith(told)
