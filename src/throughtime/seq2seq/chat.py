"""A conversation with a model: earlier lines are sent before the current one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from throughtime.seq2seq.config import FORGET, ChatConfig
from throughtime.seq2seq.pipeline import Pipeline


class Conversation:
    """Lines and answers, in turn."""

    def __init__(self, pipeline: Pipeline, config: ChatConfig) -> None:
        self.pipeline, self.config = pipeline, config
        self.said: list[str] = []

    def answer(self, line: str) -> str | None:
        """Return the model's answer, or None for a line that is only stored or resets the conversation."""
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
            self.said.pop()  # a question is not part of the story
        if self.config.own_answers:
            self.said.append(answer)
        return answer

    def _before(self) -> list[str]:
        remember = self.config.remember
        if remember is None:
            return list(self.said) if self.config.story else []
        return self.said[-remember:] if remember else []


def converse(conversation: Conversation, lines: Iterable[str], show: Callable[[str], None]) -> None:
    """Answer line by line; blank lines are skipped."""
    for line in lines:
        if line.strip() and (answer := conversation.answer(line)) is not None:
            show(answer)
