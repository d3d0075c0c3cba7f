"""What a model is told in a conversation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from throughtime.errors import InputError
from throughtime.seq2seq.chat import Conversation, converse
from throughtime.seq2seq.config import FORGET, ChatConfig


class Echo:
    """Answers with what it was told."""

    def texts(self, lines: Iterable[str]) -> Iterator[str]:
        return (f"<{line}>" for line in lines)


def talk(*lines: str, **settings: Any) -> list[str]:
    found: list[str] = []
    conversation = Conversation(Echo(), ChatConfig(**settings))  # pyright: ignore[reportArgumentType]
    converse(conversation, lines, found.append)
    return found


def test_each_line_stands_for_itself() -> None:
    assert talk("Hello.", "", "  Who is there? ") == ["<Hello.>", "<Who is there?>"]


def test_lines_before_are_remembered() -> None:
    assert talk("a", "b", "c", remember=1, separator=" | ") == ["<a>", "<a | b>", "<b | c>"]
    assert talk("a", "b", "c", remember=0) == ["<a>", "<b>", "<c>"]
    assert talk("a", "b", remember=5, own_answers=True) == ["<a>", "<a <a> b>"]


def test_a_story_is_told_with_its_questions() -> None:
    told = ["Mary went home.", "Where is Mary?", "John left.", "Where is John?", FORGET, "Where is Mary?"]
    assert talk(*told, story=True) == [
        "<Mary went home. Where is Mary?>",
        "<Mary went home. John left. Where is John?>",
        "<Where is Mary?>",
    ]
    assert talk("One.", "Two.", "Who?", story=True, remember=1) == ["<Two. Who?>"]


def test_a_negative_memory_is_refused() -> None:
    with pytest.raises(InputError, match="remember is -1; expected 0 or more"):
        ChatConfig(remember=-1)
