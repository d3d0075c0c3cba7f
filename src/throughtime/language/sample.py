"""Texts drawn from a language model, one unit at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from throughtime.decoding.sampling import SampleSettings, distribution
from throughtime.decoding.stepping import LengthRule
from throughtime.language.config import Options, RunConfig
from throughtime.language.model_file import Loaded
from throughtime.layers.special_ids import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from throughtime.text.tokenizer import Subwords
from throughtime.text.unit_corpus import decode, encode


@dataclass(frozen=True)
class Continuation:
    """A prompt and how it goes on."""

    prompt: str
    text: str

    def __str__(self) -> str:
        return self.prompt + self.text

    def to_json(self) -> dict[str, Any]:
        """Return both."""
        return {"prompt": self.prompt, "text": self.text}


def continued(loaded: Loaded, prompts: Sequence[str]) -> list[Continuation]:
    """Draw a continuation of each prompt; the same prompt and seed give the same text."""
    return [Continuation(prompt, _drawn(loaded, prompt)) for prompt in prompts]


def run(
    loaded: Loaded, options: Options, asked: RunConfig, blocks: Iterable[Sequence[str]]
) -> Iterator[Sequence[str]]:
    """Yield the continuation of the prompt that is asked for, else of each line."""
    prompt = asked.prompt.prompt
    for block in blocks if prompt is None else [[prompt]]:
        yield list(map(str, continued(loaded, block)))


@torch.inference_mode()
def _drawn(loaded: Loaded, prompt: str) -> str:
    model, asked = loaded.model, loaded.sampling
    settings = SampleSettings(1, asked.temperature, asked.top_k, asked.top_p, LengthRule(0, asked.length, 0))
    chances = torch.rand(asked.length, generator=torch.Generator().manual_seed(asked.seed))
    never = [PAD_ID, UNK_ID] if isinstance(loaded.tokenizer, Subwords) else [PAD_ID, UNK_ID, EOS_ID]
    bias = model.output.bias.index_fill(0, torch.tensor(never), -torch.inf)
    stream, (*before, vector) = model.recurrence.stream(), _vectors(loaded, prompt)
    for each in before:
        stream.step(each)
    drawn: list[int] = []
    for chance in chances.split(1):
        scores = linear(model.projection(stream.step(vector)), model.output.weight, bias)
        up_to = distribution(scores[None], settings)[0].cumsum(0)
        unit = int(torch.searchsorted(up_to, chance * up_to[-1], right=True))
        if unit == BOS_ID:  # the document ends
            break
        drawn.append(unit)
        vector = model.embedding.weight[unit]
    return decode(loaded.tokenizer, drawn)


def _vectors(loaded: Loaded, prompt: str) -> Sequence[Tensor]:
    """Return the vector of each unit of a prompt, behind that of the end of a document before it."""
    return loaded.model.embedding(torch.tensor([BOS_ID, *encode(loaded.tokenizer, prompt)])).unbind()
