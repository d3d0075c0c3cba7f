"""A conversation with a model: what was said before goes before what is said now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from throughtime.errors import InputError
from throughtime.seq2seq.pipeline import Pipeline
from throughtime.settings import require

FORGET = "/new"
"""What is typed to begin anew."""


@dataclass(frozen=True)
class ChatConfig:
    """What a model is told beside a line; it should be what it was trained on.

    Attributes:
        story: lines that do not end with a question mark are kept, and told with the questions after them.
        remember: so many lines said before are told with each line; none by default, with story all.
        own_answers: the model's answers are among these.
        separator: what stands between lines that are told together.
    """

    story: bool = False
    remember: int | None = None
    own_answers: bool = False
    separator: str = " "

    def __post_init__(self) -> None:
        """Raises InputError where a value lies outside of its range."""
        require(self, "remember", self.remember is None or self.remember >= 0, "0 or more")
        if self.own_answers and not (self.story or self.remember):
            raise InputError("own_answers is given, but nothing is remembered; expected remember or story")


class Conversation:
    """Lines and answers, in turn."""

    def __init__(self, pipeline: Pipeline, config: ChatConfig) -> None:
        self.pipeline, self.config = pipeline, config
        self.said: list[str] = []

    def answer(self, line: str) -> str | None:
        """The model's answer to a line; None where it is only to be remembered, or begins anew."""
        line = line.strip()
        if line == FORGET:
            self.said.clear()
            return None
        before = self._before()
        self.said.append(line)
        if self.config.story and not line.endswith("?"):
            return None
        (answer,) = self.pipeline.texts([self.config.separator.join([*before, line])])
        if self.config.story:
            self.said.pop()  # a question is no part of the story
        if self.config.own_answers:
            self.said.append(answer)
        return answer

    def _before(self) -> list[str]:
        remember = self.config.remember
        if remember is None:
            return list(self.said) if self.config.story else []
        return self.said[-remember:] if remember else []


def converse(conversation: Conversation, lines: Iterable[str], show: Callable[[str], None]) -> None:
    """Answer line after line; blank lines are passed over."""
    for line in lines:
        if line.strip() and (answer := conversation.answer(line)) is not None:
            show(answer)
