from __future__ import annotations

from collections.abc import Callable

from throughtime.text.cleaning import Cleaner, CleaningConfig
from throughtime.words.show import steps_table

Rows = Callable[[object], list[list[str]]]


def test_each_step_of_cleaning_with_what_it_changed(rows: Rows) -> None:
    found = rows(steps_table(Cleaner(CleaningConfig(stem=True)), "The [b]Cats ran!"))
    assert found[0] == ["as given", "The [b]Cats ran!", ""]
    assert ["lower", "the [b]cats ran!", "changed"] in found
    assert ["punctuation", "the | b | cats | ran", "[ ] !"] in found
    assert found[-1] == ["stem", "the | b | cat | ran", "cats to cat"]
