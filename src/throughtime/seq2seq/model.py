"""The encoder, the vector or memory between, and the decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from throughtime.cells import VariationalDropout, cell_named
from throughtime.layers import Recurrent
from throughtime.seq2seq.attention import SCORES, attend
from throughtime.seq2seq.batches import Batch
from throughtime.seq2seq.config import ModelConfig
from throughtime.seq2seq.linear import PackedLinear
from throughtime.seq2seq.output import FullOutput, output_layer
from throughtime.seq2seq.search import Ranked
from throughtime.seq2seq.tokenizer import PAD_ID

States = tuple[Tensor, ...]
"""One tensor a state of the cell, (num_layers, B, width) each; with input feeding the last features too, as
one more of (1, B, E)."""


class Encoded(NamedTuple):
    """What the encoder hands on: the state that the decoder begins with, and all outputs for attention."""

    state: States
    memory: Tensor  # (B, S, M)
    valid: Tensor  # (B, S)


class TokenLoss(NamedTuple):
    """Cross-entropy summed over so many target tokens."""

    total: Tensor
    tokens: int


class Translator(nn.Module):
    """Sequence to sequence (Sutskever, Vinyals and Le 2014), with attention (Luong et al. 2015) if asked for.

    In the plain form all that the decoder ever sees of the source is the encoder's last state.
    """

    def __init__(self, config: ModelConfig, src_vocab_size: int, tgt_vocab_size: int) -> None:
        super().__init__()
        self.config, self.tgt_vocab_size = config, tgt_vocab_size
        self.tgt_embedding = nn.Embedding(tgt_vocab_size, config.embedding_size, PAD_ID)
        self.src_embedding = _source_embedding(config, src_vocab_size, self.tgt_embedding)
        width = config.embedding_size
        fed = (
            (width if config.tie_embeddings != "none" else config.decoder_size) if config.input_feeding else 0
        )
        self.encoder = _recurrence(
            config, width, config.encoder_size, config.encoder_layers, config.bidirectional
        )
        self.decoder = _recurrence(config, width + fed, config.decoder_size, config.decoder_layers)
        self.bridge = Bridge(self.encoder, self.decoder)
        self.head = _head(config, self.decoder.output_size, self.encoder.output_size)
        self.output = output_layer(config.output, self.head.width, tgt_vocab_size, config.sampled_words)
        if config.tie_embeddings != "none" and isinstance(self.output, FullOutput):
            self.output.weight = self.tgt_embedding.weight
        self.dropout = nn.Dropout(config.dropout)
        self.scale = config.embedding_size**0.5 if config.scale_embeddings else 1.0
        begin(self, config)

    def encode(self, src: Tensor, src_lengths: Tensor) -> Encoded:
        """Reads the source: (B, S) tokens, the last of each the end of sentence, and (B,) lengths."""
        if self.config.reverse_source:
            src = reverse(src, src_lengths)
        memory, last = self.encoder(self._embedded(self.src_embedding, src), lengths=src_lengths)
        state = self.bridge(last)
        if self.config.input_feeding:
            state = (*state, memory.new_zeros(1, len(src), self.head.width))
        return Encoded(state, memory, src != PAD_ID)

    def decode(
        self, tokens: Tensor, state: States, attended: Attended, each: int = 1
    ) -> tuple[Tensor, States, Tensor | None]:
        """Decodes (B, T) tokens to features for the output layer (B, T, E), the last state, and attention.

        each: rows side by side that look at the same source; `attended` has it once.
        """
        words = self._embedded(self.tgt_embedding, tokens)
        if self.config.input_feeding:
            return self._fed(words, state, attended, each)
        outputs, after = self.decoder(words, _as_hx(state))
        features, weights = self._looked(outputs, attended, each)
        return self.dropout(features), _as_states(after), weights

    def _looked(self, outputs: Tensor, attended: Attended, each: int) -> tuple[Tensor, Tensor | None]:
        """The head's features and attention of outputs (B, T, D)."""
        if each == 1:
            return self.head(outputs, attended)
        steps = outputs.shape[1]
        features, weights = self.head(outputs.unflatten(0, (-1, each)).flatten(1, 2), attended)
        apart = (
            one.unflatten(1, (each, steps)).flatten(0, 1) for one in (features, weights) if one is not None
        )
        return next(apart), next(apart, None)

    def _fed(
        self, words: Tensor, state: States, attended: Attended, each: int
    ) -> tuple[Tensor, States, Tensor]:
        """Decodes (B, T, E) one word after the other, each beside the features of the one before."""
        features: list[Tensor] = []
        looked: list[Tensor] = []
        *own, last = state
        for word in words.unbind(1):
            given = torch.cat([word, last[0]], -1)[:, None]
            outputs, after = self.decoder(given, _as_hx(tuple(own)))
            made, weights = self._looked(outputs, attended, each)
            own, last = _as_states(after), self.dropout(made.transpose(0, 1))
            features.append(last[0])
            if weights is not None:
                looked.append(weights)
        return torch.stack(features, 1), (*own, last), torch.cat(looked, 1)

    def forward(self, batch: Batch) -> TokenLoss:
        """The loss of a batch under teacher forcing; in training with label smoothing."""
        encoded = self.encode(batch.src, batch.src_lengths)
        features, _, _ = self.decode(batch.tgt_in, encoded.state, self.head.attended(encoded))
        valid = batch.tgt_out != PAD_ID
        targets = batch.tgt_out[valid]
        smoothing = self.config.label_smoothing if self.training else 0.0
        return TokenLoss(self.output.loss(features[valid], targets, smoothing), len(targets))

    def _embedded(self, embedding: nn.Embedding, tokens: Tensor) -> Tensor:
        words = self.dropout(embedding(tokens) * self.scale)
        if not (self.training and self.config.word_dropout):
            return words
        kept = 1 - self.config.word_dropout
        return words * words.new_empty(*tokens.shape, 1).bernoulli_(kept).div_(kept)


class Attended(NamedTuple):
    """What a head looks at: the encoder's outputs and keys made of them; no positions in the plain form."""

    keys: Tensor
    memory: Tensor
    valid: Tensor


class Bridge(nn.Module):
    """From the encoder's last state to the decoder's first.

    The state itself where both have the same shape; else s' = tanh(W s + b) of all layers and directions.
    """

    def __init__(self, encoder: Recurrent, decoder: Recurrent) -> None:
        super().__init__()
        self.layers = decoder.num_layers
        given = [encoder.num_layers * encoder.num_directions * size for size in _widths(encoder)]
        taken = [decoder.num_layers * size for size in _widths(decoder)]
        same = encoder.num_directions == 1 and given == taken and encoder.num_layers == decoder.num_layers
        self.maps = nn.ModuleList() if same else nn.ModuleList(map(PackedLinear, given, taken))

    def forward(self, last: Tensor | States) -> States:
        states = _as_states(last)
        return tuple(self._map(k, state) for k, state in enumerate(states)) if self.maps else states

    def _map(self, k: int, state: Tensor) -> Tensor:
        flat = state.transpose(0, 1).flatten(1)  # (B, L * D * width)
        return torch.tanh(self.maps[k](flat)).unflatten(1, (self.layers, -1)).transpose(0, 1).contiguous()


class AttentionHead(nn.Module):
    """Context beside output: tanh(W (c, h)) (Luong et al. 2015, equation 5)."""

    def __init__(self, kind: str, decoder_width: int, memory_width: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.score = SCORES[kind](decoder_width, memory_width)
        self.combine = PackedLinear(memory_width + decoder_width, width)

    def attended(self, encoded: Encoded) -> Attended:
        return Attended(self.score.keys(encoded.memory), encoded.memory, encoded.valid)

    def forward(self, outputs: Tensor, attended: Attended) -> tuple[Tensor, Tensor | None]:
        contexts, weights = attend(self.score(outputs, attended.keys), attended.memory, attended.valid)
        return torch.tanh(self.combine(torch.cat([contexts, outputs], -1))), weights


class PlainHead(nn.Module):
    """The decoder's output as it is, brought to the width of tied embeddings where that differs."""

    def __init__(self, decoder_width: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.resize = nn.Identity() if decoder_width == width else PackedLinear(decoder_width, width)

    def attended(self, encoded: Encoded) -> Attended:
        return Attended(encoded.memory[:, :0], encoded.memory[:, :0], encoded.valid[:, :0])

    def forward(self, outputs: Tensor, attended: Attended) -> tuple[Tensor, Tensor | None]:
        return self.resize(outputs), None


def reverse(src: Tensor, lengths: Tensor) -> Tensor:
    """Each sentence backwards, its end-of-sentence token still last: (a, b, c, eos) to (c, b, a, eos)."""
    positions = torch.arange(src.shape[1], device=src.device)
    words = lengths.to(src.device)[:, None] - 1
    mirrored = torch.where(positions < words, words - 1 - positions, positions)
    return src.gather(1, mirrored)


def begin(model: Translator, config: ModelConfig) -> None:
    """First values of what is not recurrent: uniform as in 2014, or embeddings of scale 1/sqrt(E)."""
    with torch.no_grad():
        if config.initialiser == "sutskever2014":
            for parameter in model.parameters():
                nn.init.uniform_(parameter, -0.08, 0.08)
            return
        for embedding in (model.src_embedding, model.tgt_embedding):
            nn.init.normal_(embedding.weight, std=config.embedding_size**-0.5)
            embedding.weight[PAD_ID].zero_()
        if isinstance(model.output, FullOutput):
            nn.init.zeros_(model.output.bias)


def _source_embedding(config: ModelConfig, vocab_size: int, tgt_embedding: nn.Embedding) -> nn.Embedding:
    if config.tie_embeddings == "all":
        return tgt_embedding
    return nn.Embedding(vocab_size, config.embedding_size, PAD_ID)


def _recurrence(
    config: ModelConfig, width: int, size: int, num_layers: int, bidirectional: bool = False
) -> Recurrent:
    cell = cell_named(config.cell)
    return Recurrent(
        VariationalDropout(cell, config.recurrent_dropout) if config.recurrent_dropout else cell,
        width,
        size,
        num_layers,
        batch_first=True,
        dropout=config.dropout if num_layers > 1 else 0.0,
        bidirectional=bidirectional,
        initialiser=config.initialiser,
    )


def _head(config: ModelConfig, decoder_width: int, memory_width: int) -> AttentionHead | PlainHead:
    width = decoder_width if config.tie_embeddings == "none" else config.embedding_size
    if config.attention == "none":
        return PlainHead(decoder_width, width)
    return AttentionHead(config.attention, decoder_width, memory_width, width)


def _widths(layer: Recurrent) -> list[int]:
    return list(layer.cell.state_sizes(layer.hidden_size).values())


def _as_states(state: Tensor | States) -> States:
    return (state,) if isinstance(state, Tensor) else state


def _as_hx(states: States) -> Tensor | States:
    return states[0] if len(states) == 1 else states


@dataclass(frozen=True)
class Progress:
    """A batch of translations under way: what `Stepper` carries from token to token, N rows of everything.

    Rows of one sentence that stand side by side, as many of each, share what is looked at: N = U * each.
    """

    state: States  # (L, N, width) each
    attended: Attended  # (U, S, ...) each
    owners: Tensor  # (N,) which of the U sentences each row is of
    weights: Tensor | None  # (N, S), the last token's attention

    @property
    def each(self) -> int:
        """Rows of each sentence."""
        return len(self.owners) // max(1, len(self.attended.valid))


class Stepper:
    """A trained model as search sees it: one token at a time, without gradients or dropout."""

    def __init__(self, model: Translator) -> None:
        self.model = model.eval()
        self.vocab_size = model.tgt_vocab_size

    @torch.no_grad()
    def start(self, src: Tensor, src_lengths: Tensor) -> Progress:
        encoded = self.model.encode(src, src_lengths)
        owners = torch.arange(len(src), device=src.device)
        return Progress(encoded.state, self.model.head.attended(encoded), owners, None)

    @torch.no_grad()
    def step(self, tokens: Tensor, state: Progress) -> tuple[Tensor, Progress]:
        features, after = self.features(tokens, state)
        return self.model.output.log_probabilities(features), after

    @torch.no_grad()
    def best(self, tokens: Tensor, state: Progress, count: int) -> tuple[Ranked, Progress]:
        features, after = self.features(tokens, state)
        return self.model.output.best(features, count), after

    @torch.no_grad()
    def features(self, tokens: Tensor, state: Progress) -> tuple[Tensor, Progress]:
        """Return what the output layer takes for the next tokens (N, E), and the new state."""
        features, after, weights = self.model.decode(tokens[:, None], state.state, state.attended, state.each)
        looked = None if weights is None else weights[:, 0]
        return features[:, 0], Progress(after, state.attended, state.owners, looked)

    def select(self, state: Progress, rows: Tensor) -> Progress:
        if len(rows) == len(state.owners) and torch.equal(rows, torch.arange(len(rows), device=rows.device)):
            return state
        owners = state.owners.index_select(0, rows)
        sentences, counts = owners.unique_consecutive(return_counts=True)
        if len(counts) and not bool((counts == counts[0]).all()):  # each row for itself
            sentences, counts = owners, torch.ones_like(owners)
        attended = state.attended
        if len(sentences) != len(attended.valid) or not bool((sentences[1:] > sentences[:-1]).all()):
            attended = Attended(*(part.index_select(0, sentences) for part in attended))
        return Progress(
            tuple(part.index_select(1, rows) for part in state.state),
            attended,
            torch.arange(len(sentences), device=rows.device).repeat_interleave(counts),
            None if state.weights is None else state.weights.index_select(0, rows),
        )


class AttendingStepper(Stepper):
    """A stepper that can tell where the model looked for the last token."""

    def attention(self, state: Progress) -> Tensor:
        """Attention over the source, (N, S), in the order in which it came; zero before the first step."""
        if state.weights is not None and not self.model.config.reverse_source:
            return state.weights
        valid = state.attended.valid.index_select(0, state.owners)
        weights = valid * 0.0 if state.weights is None else state.weights
        return reverse(weights, valid.sum(1)) if self.model.config.reverse_source else weights


def stepper(model: Translator) -> Stepper:
    """The trained model as search takes it."""
    return Stepper(model) if model.config.attention == "none" else AttendingStepper(model)
