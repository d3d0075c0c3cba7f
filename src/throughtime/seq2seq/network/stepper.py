"""A trained model as search uses it: one token at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from throughtime.engine.packing import Snapshot
from throughtime.layers.ranking import Ranked
from throughtime.seq2seq.network.head import Attended, States
from throughtime.seq2seq.network.model import Decoded, Translator, reverse


@dataclass(frozen=True)
class Progress:
    """A batch of translations in progress: what `Stepper` carries from token to token, with N rows.

    Consecutive rows of one sentence, equally many for each, share its attended memory: N = U * each.
    """

    state: States  # (L, N, width) each
    attended: Attended  # (U, S, ...) each
    owners: Tensor  # (N,) which of the U sentences each row belongs to
    weights: Tensor | None  # (N, S), the last token's attention
    snapshot: Snapshot  # of the model's weights, taken when the batch was read

    @property
    def each(self) -> int:
        """Number of rows of each sentence."""
        return len(self.owners) // max(1, len(self.attended.valid))


class Stepper:
    """A trained model for search: one token at a time, without gradients or dropout.

    Changes of the model's weights are checked once per batch of sentences, by `start`; all steps of the batch
    use the weights of that moment. `refresh` reads the current ones for a batch in progress.
    """

    def __init__(self, model: Translator) -> None:
        self.model = model.eval()
        self.vocab_size = model.tgt_vocab_size

    @torch.no_grad()
    def start(self, src: Tensor, src_lengths: Tensor) -> Progress:
        with Snapshot() as snapshot:
            encoded = self.model.encode(src, src_lengths)
            attended = self.model.head.attended(encoded)
        owners = torch.arange(len(src), device=src.device)
        return Progress(encoded.state, attended, owners, None, snapshot)

    def refresh(self, state: Progress) -> None:
        """Use the model's current weights for the rest of the batch."""
        state.snapshot.refresh()

    @torch.no_grad()
    def step(self, tokens: Tensor, state: Progress) -> tuple[Tensor, Progress]:
        with state.snapshot:
            decoded, after = self.decoded(tokens, state)
            return self.model.log_probabilities(decoded, self._read(state)), after

    @torch.no_grad()
    def best(self, tokens: Tensor, state: Progress, count: int) -> tuple[Ranked, Progress]:
        with state.snapshot:
            decoded, after = self.decoded(tokens, state)
            return self.model.best(decoded, self._read(state), count), after

    @torch.no_grad()
    def decoded(self, tokens: Tensor, state: Progress) -> tuple[Decoded, Progress]:
        """Return the decoder's result for the next tokens (N,), and the new state."""
        with state.snapshot:
            decoded = self.model.decode(tokens[:, None], state.state, state.attended, state.each)
        weights = None if decoded.weights is None else decoded.weights[:, 0]
        return decoded, replace(state, state=decoded.state, weights=weights)

    def _read(self, state: Progress) -> Tensor:
        """Return the source of each row, (N, S)."""
        return state.attended.src.index_select(0, state.owners)

    def select(self, state: Progress, rows: Tensor) -> Progress:
        if len(rows) == len(state.owners) and torch.equal(rows, torch.arange(len(rows), device=rows.device)):
            return state
        owners = state.owners.index_select(0, rows)
        sentences, counts = owners.unique_consecutive(return_counts=True)
        if len(counts) and not bool((counts == counts[0]).all()):  # then each row has its own
            sentences, counts = owners, torch.ones_like(owners)
        attended = state.attended
        if len(sentences) != len(attended.valid) or not bool((sentences[1:] > sentences[:-1]).all()):
            attended = Attended(*(part.index_select(0, sentences) for part in attended))
        return Progress(
            tuple(part.index_select(1, rows) for part in state.state),
            attended,
            torch.arange(len(sentences), device=rows.device).repeat_interleave(counts),
            None if state.weights is None else state.weights.index_select(0, rows),
            state.snapshot,
        )


class AttendingStepper(Stepper):
    """A stepper that also reports the attention for the last token."""

    def attention(self, state: Progress) -> Tensor:
        """Return attention over the source, (N, S), in its original order; zero before the first step."""
        if state.weights is not None and not self.model.config.reverse_source:
            return state.weights
        valid = state.attended.valid.index_select(0, state.owners)
        weights = valid * 0.0 if state.weights is None else state.weights
        return reverse(weights, valid.sum(1)) if self.model.config.reverse_source else weights


def stepper(model: Translator) -> Stepper:
    """Return the trained model for search."""
    return Stepper(model) if model.config.attention == "none" else AttendingStepper(model)
