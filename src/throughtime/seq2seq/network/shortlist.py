"""Search over some of the words: frequent ones, and probable translations of a batch's sources."""

from __future__ import annotations

import math
from collections.abc import Iterable
from copy import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from throughtime.decoding.stepping import attention_of
from throughtime.errors import InputError
from throughtime.layers.output import FullOutput
from throughtime.layers.ranking import Ranked
from throughtime.layers.special_ids import SPECIALS
from throughtime.seq2seq.network.stepper import Progress, Stepper


class Shortened(NamedTuple):
    """The state of a batch, with the part of the output layer that it needs."""

    inside: Progress
    words: Tensor  # (K,) ids in order, the special ones first
    output: FullOutput  # of these words


class Shortlisted:
    """A model restricted, for each batch, to a part of its target words (Jean et al. 2015, section 3.4).

    lexicon: (V, k) target ids for each source id, padded with pad. frequent: number of first ids that are
    always included; ids are numbered by frequency. Probabilities are normalised over these words only.

    Raises InputError for output adaptive and for a model that copies.
    """

    def __init__(self, model: Stepper, lexicon: Tensor, frequent: int) -> None:
        output = model.model.output
        if not isinstance(output, FullOutput):
            raise InputError("the model's output is adaptive; a shortlist needs a layer over all words")
        if model.model.gate is not None:
            raise InputError(
                "the model copies words; a shortlist needs a model that writes all of them itself"
            )
        self.model, self.vocab_size = model, model.vocab_size
        self._output, self._lexicon = output, lexicon
        self._always = torch.arange(min(max(frequent, len(SPECIALS)), self.vocab_size))

    def allowing(self, words: Iterable[int]) -> Shortlisted:
        """Return the same model for one batch, with these words included too."""
        shortlist = copy(self)
        shortlist._always = torch.cat([self._always, torch.tensor(list(words), dtype=torch.int64)])
        return shortlist

    @torch.no_grad()
    def start(self, src: Tensor, src_lengths: Tensor) -> Shortened:
        """Let the model read the sources, and choose the words."""
        likely = self._lexicon[src.unique().cpu()].flatten()
        words = torch.cat([self._always, likely]).unique().to(src.device)
        return Shortened(self.model.start(src, src_lengths), words, _part(self._output, words))

    @torch.no_grad()
    def step(self, tokens: Tensor, state: Shortened) -> tuple[Tensor, Shortened]:
        """Return log-probabilities (N, V), -inf for words not included, and the new state."""
        decoded, inside = self.model.decoded(tokens, state.inside)
        with inside.snapshot:
            known = state.output.log_probabilities(decoded.features[:, 0])
        every = known.new_full((len(known), self.vocab_size), -math.inf)
        every[:, state.words] = known
        return every, state._replace(inside=inside)

    @torch.no_grad()
    def best(self, tokens: Tensor, state: Shortened, count: int) -> tuple[Ranked, Shortened]:
        """As `step`, but return the `count` most probable tokens, or all included ones if they are fewer."""
        decoded, inside = self.model.decoded(tokens, state.inside)
        with inside.snapshot:
            values, places, ends = state.output.best(decoded.features[:, 0], count)
        return Ranked(values, state.words[places], ends), state._replace(inside=inside)

    def select(self, state: Shortened, rows: Tensor) -> Shortened:
        """Return the state of the given rows."""
        return state._replace(inside=self.model.select(state.inside, rows))

    def attention(self, state: Shortened) -> Tensor | None:
        """Return the model's attention, None where it has none."""
        return attention_of(self.model, state.inside)


def _part(output: FullOutput, words: Tensor) -> FullOutput:
    """Return the rows of an output layer for these words."""
    part = FullOutput(output.in_features, len(words), device="meta")  # no numbers yet
    part.weight = nn.Parameter(output.weight.detach()[words], requires_grad=False)
    part.bias = nn.Parameter(output.bias.detach()[words], requires_grad=False)
    return part
