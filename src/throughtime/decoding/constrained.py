"""Beam search for texts that have some phrases in them (Hokamp and Liu 2017; Post and Vilar 2018)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import torch
from torch import Tensor

from throughtime.decoding.beam import BeamSettings, score_of
from throughtime.decoding.stepping import Hypothesis, State, StepModel, allowed, attention_of
from throughtime.errors import InputError
from throughtime.layers.ranking import largest
from throughtime.layers.special_ids import BOS_ID, EOS_ID

Phrase = tuple[int, ...]
"""A run of tokens."""


@dataclass(frozen=True)
class _Text:
    """A text being written for one sentence.

    unmet: the phrases that it still lacks; have: how many tokens of all phrases it has, those of the longest
    begun phrase among them.
    """

    tokens: tuple[int, ...]
    total: float
    looked: tuple[int, ...]
    unmet: tuple[Phrase, ...]
    have: int
    row: int = 0  # of the model's state that it goes on from
    fresh: bool = False  # whether its last token completed a phrase

    def wanted(self) -> list[int]:
        """Tokens that begin a phrase or go on with one."""
        places = ((phrase, _begun(self.tokens, phrase)) for phrase in self.unmet)
        return sorted({token for phrase, begun in places for token in (phrase[0], phrase[begun])})

    def followed(self, token: int, gain: float, place: int | None, row: int) -> _Text:
        """The text with one token more, for which the model looked at that place."""
        tokens = (*self.tokens, token)
        unmet = tuple(one for one in self.unmet if tokens[-len(one) :] != one)
        met = self.have - _longest_begun(self.tokens, self.unmet)
        met += sum(map(len, self.unmet)) - sum(map(len, unmet))
        looked = self.looked if place is None else (*self.looked, place)
        have, fresh = met + _longest_begun(tokens, unmet), len(unmet) < len(self.unmet)
        return _Text(tokens, self.total + gain, looked, unmet, have, row, fresh)


def _begun(tokens: Sequence[int], phrase: Phrase) -> int:
    """How many tokens of the phrase stand at the end of a text that does not end with all of it."""
    sizes = range(min(len(tokens), len(phrase) - 1), 0, -1)
    return next((size for size in sizes if tuple(tokens[-size:]) == phrase[:size]), 0)


def _longest_begun(tokens: Sequence[int], phrases: Sequence[Phrase]) -> int:
    return max((_begun(tokens, one) for one in phrases), default=0)


@torch.no_grad()
def constrained_beam(
    model: StepModel,
    src: Tensor,
    src_lengths: Tensor,
    settings: BeamSettings,
    phrases: Sequence[Sequence[Sequence[int]]],
    inner: Tensor | None = None,
) -> list[list[Hypothesis]]:
    """Return for each source the n_best texts that have all of its phrases, best first.

    phrases: for each source runs of tokens; each has to stand somewhere in the text, where phrases may
    overlap. Extensions are, of each hypothesis, the beam_size + 1 likeliest, and every token that begins an
    unmet phrase or goes on with one. The places of the beam go round: the best of those that have most tokens
    of phrases, the best of those that have one token fewer, and so on, then the second best of each. Only a
    text that has all phrases may end. inner: which tokens (V,) go on with the word before them; none comes
    after the token that completes a phrase, whose last word so stays what it is. Without phrases this is
    `beam`. No hypotheses where no such text is found within the limit of length. Raises InputError for a
    coverage penalty.
    """
    if settings.coverage_penalty:
        raise InputError("phrases are asked for, with a coverage penalty; expected coverage_penalty 0")
    search = _Search(model, src, src_lengths, settings, phrases, inner)
    while search.live:
        search.step()
    return search.finished


class _Search:
    """A batch under way: for each sentence that is not done its texts, best first."""

    def __init__(
        self,
        model: StepModel,
        src: Tensor,
        src_lengths: Tensor,
        settings: BeamSettings,
        phrases: Sequence[Sequence[Sequence[int]]],
        inner: Tensor | None,
    ) -> None:
        self.model, self.settings, self.device = model, settings, src.device
        self.inner = torch.zeros(model.vocab_size, dtype=torch.bool) if inner is None else inner
        self.finished: list[list[Hypothesis]] = [[] for _ in range(len(src))]
        self.limits: list[int] = settings.max_length.limits(src_lengths).tolist()
        self.written = 0
        asked = (tuple(dict.fromkeys(map(tuple, own))) for own in phrases)
        self.live = {k: [_Text((), 0.0, (), own, 0, k)] for k, own in enumerate(asked)}
        self.state: State = model.start(src, src_lengths) if len(src) else None

    def step(self) -> None:
        """Write one token of every text."""
        texts = [text for own in self.live.values() for text in own]
        options, places = self._options(texts)
        extensions = iter(self._extended(texts, options, places))
        for sentence, own in list(self.live.items()):
            found = [one for _ in own for one in next(extensions)]
            self._settle(sentence, sorted(found, key=lambda one: -one.total))
        self.written += 1
        rows = [text.row for own in self.live.values() for text in own]
        if rows:
            self.state = self.model.select(self.state, torch.tensor(rows, device=self.device))

    def _options(self, texts: Sequence[_Text]) -> tuple[Tensor, list[int | None]]:
        """Log-probabilities (N, V) of what may come next, and where the model looked."""
        last = torch.tensor(
            [text.tokens[-1] if text.tokens else BOS_ID for text in texts], device=self.device
        )
        log_probabilities, self.state = self.model.step(last, self.state)
        limits = [self.limits[sentence] for sentence, own in self.live.items() for _ in own]
        rule = self.settings.max_length
        limited = torch.tensor(limits, device=self.device)
        options = allowed(log_probabilities, self.written, limited, rule.min_length)
        lacking = [row for row, text in enumerate(texts) if text.unmet]
        options[lacking, EOS_ID] = -math.inf
        fresh = torch.tensor([text.fresh for text in texts], device=self.device)
        options.masked_fill_(fresh[:, None] & self.inner.to(self.device), -math.inf)
        weights = attention_of(self.model, self.state)
        return options, [None] * len(texts) if weights is None else weights.argmax(1).tolist()

    def _extended(
        self, texts: Sequence[_Text], options: Tensor, places: Sequence[int | None]
    ) -> Iterator[list[_Text]]:
        """The extensions of each text that are possible."""
        best = largest(options, min(self.settings.beam_size + 1, options.shape[1]))
        ranks = zip(*(one.tolist() for one in best), strict=True)
        for row, (text, (gains, tokens)) in enumerate(zip(texts, ranks, strict=True)):
            wanted = [token for token in text.wanted() if token not in tokens]
            told = [
                *zip(tokens, gains, strict=True),
                *zip(wanted, options[row, wanted].tolist(), strict=True),
            ]
            yield [text.followed(*one, places[row], row) for one in told if one[1] > -math.inf]

    def _settle(self, sentence: int, found: Sequence[_Text]) -> None:
        """Put aside what ends, and choose what goes on."""
        settings, finished = self.settings, self.finished[sentence]
        complete = [one for one in found if not one.unmet]
        for text in complete[: settings.beam_size]:
            if text.tokens[-1] == EOS_ID:
                score = score_of(text.total, len(text.tokens), settings)
                looked = list(text.looked[: len(text.tokens) - 1])
                finished.append(Hypothesis(list(text.tokens[:-1]), score, text.total, looked))
        finished.sort(key=lambda one: -one.score)
        del finished[settings.n_best :]
        going = _dealt([one for one in found if one.tokens[-1] != EOS_ID], settings.beam_size)
        if going and self._can_still_win(sentence, max(one.total for one in going)):
            self.live[sentence] = going
        else:
            del self.live[sentence]

    def _can_still_win(self, sentence: int, total: float) -> bool:
        finished = self.finished[sentence]
        if len(finished) < self.settings.n_best:
            return True
        return score_of(total, self.limits[sentence] + 1, self.settings) > finished[-1].score


def _dealt(found: Sequence[_Text], count: int) -> list[_Text]:
    """So many of the texts, which are sorted: the best of each number of tokens of phrases in turn."""
    banks = [[one for one in found if one.have == have] for have in sorted({one.have for one in found})]
    rounds = zip_longest(*reversed(banks))
    dealt = [one for each in rounds for one in each if one is not None][:count]
    return sorted(dealt, key=lambda one: -one.total)
