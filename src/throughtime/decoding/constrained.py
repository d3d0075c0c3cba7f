"""Beam search for texts that contain given phrases (Hokamp and Liu 2017; Post and Vilar 2018)."""

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

    unmet: the phrases still missing. have: how many tokens of phrases it has, those of the longest phrase
    begun included.
    """

    tokens: tuple[int, ...]
    total: float
    looked: tuple[int, ...]
    unmet: tuple[Phrase, ...]
    have: int
    row: int = 0  # of the model's state from which it continues
    fresh: bool = False  # whether its last token completed a phrase

    def wanted(self) -> list[int]:
        """Return the tokens that begin or continue a phrase."""
        places = ((phrase, _begun(self.tokens, phrase)) for phrase in self.unmet)
        return sorted({token for phrase, begun in places for token in (phrase[0], phrase[begun])})

    def followed(self, token: int, gain: float, place: int | None, row: int) -> _Text:
        """Return the text extended by one token, whose attention was highest at `place`."""
        tokens = (*self.tokens, token)
        unmet = tuple(phrase for phrase in self.unmet if tokens[-len(phrase) :] != phrase)
        met = self.have - _longest_begun(self.tokens, self.unmet)
        met += sum(map(len, self.unmet)) - sum(map(len, unmet))
        looked = self.looked if place is None else (*self.looked, place)
        have, fresh = met + _longest_begun(tokens, unmet), len(unmet) < len(self.unmet)
        return _Text(tokens, self.total + gain, looked, unmet, have, row, fresh)


def _begun(tokens: Sequence[int], phrase: Phrase) -> int:
    """Return how many tokens of an incomplete phrase are at the end of a text."""
    sizes = range(min(len(tokens), len(phrase) - 1), 0, -1)
    return next((size for size in sizes if tuple(tokens[-size:]) == phrase[:size]), 0)


def _longest_begun(tokens: Sequence[int], phrases: Sequence[Phrase]) -> int:
    return max((_begun(tokens, phrase) for phrase in phrases), default=0)


@torch.no_grad()
def constrained_beam(
    model: StepModel,
    src: Tensor,
    src_lengths: Tensor,
    settings: BeamSettings,
    phrases: Sequence[Sequence[Sequence[int]]],
    inner: Tensor | None = None,
) -> list[list[Hypothesis]]:
    """Return for each source the n_best texts that contain all of its phrases, best first.

    phrases: for each source runs of tokens; each must occur somewhere in the text; they may overlap. inner:
    which tokens (V,) continue the word before them; none may follow the token that completes a phrase, so
    that its last word remains whole.

    The extensions of a hypothesis are its beam_size + 1 most probable ones, and every token that begins or
    continues an unmet phrase. The beam is filled in turn with the best hypothesis of those with most phrase
    tokens, the best of those with one fewer, and so on, then the second best of each. Only a text with all
    phrases may end. Without phrases this is `beam`. A source has no hypotheses if no such text is found
    within the maximum length.

    Raises InputError for a coverage penalty.
    """
    if settings.coverage_penalty:
        raise InputError("phrases cannot be combined with a coverage penalty; expected coverage_penalty 0")
    search = _Search(model, src, src_lengths, settings, phrases, inner)
    while search.live:
        search.step()
    return search.finished


class _Search:
    """A search in progress: for each unfinished sentence its texts, best first."""

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
            candidates = [text for _ in own for text in next(extensions)]
            self._settle(sentence, sorted(candidates, key=lambda text: -text.total))
        self.written += 1
        rows = [text.row for own in self.live.values() for text in own]
        if rows:
            self.state = self.model.select(self.state, torch.tensor(rows, device=self.device))

    def _options(self, texts: Sequence[_Text]) -> tuple[Tensor, list[int | None]]:
        """Return log-probabilities (N, V) of the possible next tokens, and where attention was highest."""
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
        """Yield the possible extensions of each text."""
        best = largest(options, min(self.settings.beam_size + 1, options.shape[1]))
        ranks = zip(*(tensor.tolist() for tensor in best), strict=True)
        for row, (text, (gains, tokens)) in enumerate(zip(texts, ranks, strict=True)):
            wanted = [token for token in text.wanted() if token not in tokens]
            choices = [
                *zip(tokens, gains, strict=True),
                *zip(wanted, options[row, wanted].tolist(), strict=True),
            ]
            yield [
                text.followed(token, gain, places[row], row) for token, gain in choices if gain > -math.inf
            ]

    def _settle(self, sentence: int, candidates: Sequence[_Text]) -> None:
        """Store the texts that end, and choose those that continue."""
        settings, finished = self.settings, self.finished[sentence]
        complete = [text for text in candidates if not text.unmet]
        for text in complete[: settings.beam_size]:
            if text.tokens[-1] == EOS_ID:
                score = score_of(text.total, len(text.tokens), settings)
                looked = list(text.looked[: len(text.tokens) - 1])
                finished.append(Hypothesis(list(text.tokens[:-1]), score, text.total, looked))
        finished.sort(key=lambda text: -text.score)
        del finished[settings.n_best :]
        going = _dealt([text for text in candidates if text.tokens[-1] != EOS_ID], settings.beam_size)
        if going and self._can_still_win(sentence, max(text.total for text in going)):
            self.live[sentence] = going
        else:
            del self.live[sentence]

    def _can_still_win(self, sentence: int, total: float) -> bool:
        finished = self.finished[sentence]
        if len(finished) < self.settings.n_best:
            return True
        return score_of(total, self.limits[sentence] + 1, self.settings) > finished[-1].score


def _dealt(candidates: Sequence[_Text], count: int) -> list[_Text]:
    """Return `count` of the texts, which are sorted: the best of each number of phrase tokens in turn."""
    banks = [
        [text for text in candidates if text.have == have]
        for have in sorted({text.have for text in candidates})
    ]
    rounds = zip_longest(*reversed(banks))
    dealt = [text for each in rounds for text in each if text is not None][:count]
    return sorted(dealt, key=lambda text: -text.total)
