"""Texts drawn from a language model, one unit at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from throughtime.decoding.sampling import SampleSettings, distribution
from throughtime.decoding.stepping import LengthRule
from throughtime.language.config import Options, RunConfig
from throughtime.language.model_file import Loaded
from throughtime.layers.special_ids import BOS_ID, PAD_ID, UNK_ID
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
    generator = torch.Generator().manual_seed(asked.seed)
    stream, read = model.recurrence.stream(), [BOS_ID, *encode(loaded.tokenizer, prompt)]
    vectors, drawn = model.embedding(torch.tensor(read)), list[int]()
    for vector in vectors[:-1]:
        stream.step(vector)
    vector = vectors[-1]
    while len(drawn) < asked.length:
        features = model.projection(stream.step(vector))
        log_p = model.output.log_probabilities(features[None])
        log_p[0, [PAD_ID, UNK_ID]] = -torch.inf
        unit = int(torch.multinomial(distribution(log_p, settings), 1, generator=generator))
        if unit == BOS_ID:  # the document ends
            break
        drawn.append(unit)
        vector = model.embedding.weight[unit]
    return decode(loaded.tokenizer, drawn)
