"""The encoder, the vector or memory between, and the decoder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from throughtime.cells import VariationalDropout, cell_named
from throughtime.cells.initialise import Initialiser
from throughtime.layers import Recurrent
from throughtime.layers.attention import SCORES
from throughtime.layers.copying import CopyingGate, attention_on, log_probabilities, log_probability
from throughtime.layers.coverage import COVERED_SCORES, coverage_loss
from throughtime.layers.linear import PackedLinear
from throughtime.layers.output import FullOutput, output_layer
from throughtime.layers.ranking import Ranked, ranked
from throughtime.layers.special_ids import PAD_ID
from throughtime.seq2seq.config import ModelConfig
from throughtime.seq2seq.data.batches import Batch, twice
from throughtime.seq2seq.network.head import (
    Attended,
    AttentionHead,
    CoveringHead,
    Encoded,
    Looked,
    PlainHead,
    States,
)


class Decoded(NamedTuple):
    """What the decoder computes from (B, T) tokens."""

    features: Tensor  # (B, T, E) for the output layer
    state: States  # after the last
    weights: Tensor | None  # (B, T, S) attention
    gate: Tensor | None  # (B, T) with copying: log-odds of writing a word rather than copying it

    def words(self, chosen: Tensor) -> Decoded:
        """Return the N chosen words of (B, T), each as a row of its own, (N, 1)."""
        features, weights, gate = (
            None if tensor is None else tensor[chosen][:, None]
            for tensor in (self.features, self.weights, self.gate)
        )
        assert features is not None
        return Decoded(features, (), weights, gate)


class TokenLoss(NamedTuple):
    """Cross-entropy summed over `tokens` target tokens."""

    total: Tensor
    tokens: int


class Translator(nn.Module):
    """Sequence to sequence (Sutskever, Vinyals and Le 2014), optionally with attention (Luong et al. 2015).

    In the plain form the decoder sees nothing of the source but the encoder's final state.
    initialiser: of the recurrent layers, by default the configured one.
    """

    def __init__(
        self,
        config: ModelConfig,
        src_vocab_size: int,
        tgt_vocab_size: int,
        initialiser: Initialiser | None = None,
    ) -> None:
        super().__init__()
        self.config, self.tgt_vocab_size = config, tgt_vocab_size
        self.tgt_embedding = nn.Embedding(tgt_vocab_size, config.embedding_size, PAD_ID)
        self.src_embedding = _source_embedding(config, src_vocab_size, self.tgt_embedding)
        width = config.embedding_size
        fed = (
            (width if config.tie_embeddings != "none" else config.decoder_size) if config.input_feeding else 0
        )
        recurrence = partial(_recurrence, config, initialiser or config.initialiser)
        self.encoder = recurrence(width, config.encoder_size, config.encoder_layers, config.bidirectional)
        self.decoder = recurrence(width + fed, config.decoder_size, config.decoder_layers)
        self.bridge = Bridge(self.encoder, self.decoder)
        self.head = _head(config, self.decoder.output_size, self.encoder.output_size)
        widths = (self.encoder.output_size, self.decoder.output_size, width)
        self.gate = CopyingGate(*widths) if config.copying else None
        self.output = output_layer(config.output, self.head.width, tgt_vocab_size, config.sampled_words)
        if config.tie_embeddings != "none" and isinstance(self.output, FullOutput):
            self.output.weight = self.tgt_embedding.weight
        self.dropout = nn.Dropout(config.dropout)
        self.scale = config.embedding_size**0.5 if config.scale_embeddings else 1.0
        begin(self, config)

    def encode(self, src: Tensor, src_lengths: Tensor) -> Encoded:
        """Encode the source: (B, S) tokens, each with eos last, and (B,) lengths."""
        if self.config.reverse_source:
            src = reverse(src, src_lengths)
        memory, last = self.encoder(self._embedded(self.src_embedding, src), lengths=src_lengths)
        state = self.bridge(last)
        if self.config.coverage:
            state = (*state, memory.new_zeros(1, *src.shape))
        if self.config.input_feeding:
            state = (*state, memory.new_zeros(1, len(src), self.head.width))
        return Encoded(state, memory, src)

    def decode(self, tokens: Tensor, state: States, attended: Attended, each: int = 1) -> Decoded:
        """Decode (B, T) tokens.

        each: number of consecutive rows that share a source; `attended` has it once.
        """
        words = self._embedded(self.tgt_embedding, tokens)
        if self.config.input_feeding:
            return self._fed(words, state, attended, each)
        return self._decoded(words, words, state, attended, each)

    def _fed(self, words: Tensor, state: States, attended: Attended, each: int) -> Decoded:
        """Decode (B, T, E) word by word, each with the features of the word before."""
        steps: list[Decoded] = []
        *own, last = state
        for word in words.split(1, 1):
            fed = torch.cat([word, last.transpose(0, 1)], -1)
            step = self._decoded(fed, word, tuple(own), attended, each)
            own, last = step.state, step.features.transpose(0, 1)
            steps.append(step)
        features = torch.cat([step.features for step in steps], 1)
        weights = _side_by_side([step.weights for step in steps])
        return Decoded(features, (*own, last), weights, _side_by_side([step.gate for step in steps]))

    def _decoded(
        self, inputs: Tensor, words: Tensor, state: States, attended: Attended, each: int
    ) -> Decoded:
        """Decode (B, T, E) words; inputs: the words with what the decoder sees beside them."""
        own, covered = (state[:-1], state[-1:]) if self.config.coverage else (state, ())
        outputs, after = self.decoder(inputs, _as_hx(own))
        looked = self._looked(outputs, covered, attended, each)
        gate = self.gate(looked.contexts, outputs, words) if self.gate is not None else None
        state = (*_as_states(after), *looked.covered)
        return Decoded(self.dropout(looked.features), state, looked.weights, gate)

    def _looked(self, outputs: Tensor, covered: States, attended: Attended, each: int) -> Looked:
        """Apply the head to outputs (B, T, D)."""
        rows = [state[0].unflatten(0, (-1, each)) for state in covered]
        looked: Looked = self.head(outputs.unflatten(0, (-1, each)).flatten(1, 2), attended, *rows)
        return looked.apart(each)

    def forward(self, batch: Batch) -> TokenLoss:
        """Return the loss of a batch under teacher forcing, in training with smoothing and coverage loss."""
        passes = 2 if self.training and self.config.consistency else 1
        inputs = twice(batch) if passes == 2 else batch
        encoded = self.encode(inputs.src, inputs.src_lengths)
        decoded = self.decode(inputs.tgt_in, encoded.state, self.head.attended(encoded))
        valid = inputs.tgt_out != PAD_ID
        loss = self._word_loss(decoded, encoded.src, inputs.tgt_out, valid)
        if self.training and self.config.coverage_loss and decoded.weights is not None:
            loss = loss + self.config.coverage_loss / passes * coverage_loss(decoded.weights)[valid].sum()
        return TokenLoss(loss, int(valid.sum()) // passes)

    def _word_loss(self, decoded: Decoded, src: Tensor, tgt: Tensor, valid: Tensor) -> Tensor:
        """Return the cross-entropy of the valid targets (B, T); in training with label smoothing.

        With copying, smoothing takes its share from log p and gives it to the mean log p_vocab of all words.
        """
        features, targets = decoded.features[valid], tgt[valid]
        smoothing = self.config.label_smoothing if self.training else 0.0
        if self.training and self.config.consistency and isinstance(self.output, FullOutput):
            once = targets[: len(targets) // 2]
            return self.output.agreeing_loss(features, once, smoothing, self.config.consistency)
        if decoded.gate is None or decoded.weights is None or not isinstance(self.output, FullOutput):
            return self.output.loss(features, targets, smoothing)
        log_vocab, mean = self.output.log_targets(features, targets)
        attention = attention_on(tgt, decoded.weights, src)[valid]
        log_p = log_probability(log_vocab, decoded.gate[valid], attention)
        return -((1 - smoothing) * log_p + smoothing * mean).sum()

    def log_probabilities(self, decoded: Decoded, src: Tensor) -> Tensor:
        """Return log p of the word after the last, (B, V); src: the source of each row, (B, S)."""
        log_vocab = self.output.log_probabilities(decoded.features[:, -1])
        if decoded.gate is None or decoded.weights is None:
            return log_vocab
        return log_probabilities(log_vocab, decoded.gate[:, -1], decoded.weights[:, -1], src)

    def best(self, decoded: Decoded, src: Tensor, count: int) -> Ranked:
        """Return the `count` most probable words after the last; src: the source of each row, (B, S)."""
        if decoded.gate is None:
            return self.output.best(decoded.features[:, -1], count)
        return ranked(self.log_probabilities(decoded, src), min(count, self.tgt_vocab_size))

    def _embedded(self, embedding: nn.Embedding, tokens: Tensor) -> Tensor:
        words = self.dropout(embedding(tokens) * self.scale)
        if not (self.training and self.config.word_dropout):
            return words
        kept = 1 - self.config.word_dropout
        return words * words.new_empty(*tokens.shape, 1).bernoulli_(kept).div_(kept)


class Bridge(nn.Module):
    """From the encoder's final state to the decoder's initial state.

    The state itself if both have the same shape; else s' = tanh(W s + b) of all layers and directions.
    """

    def __init__(self, encoder: Recurrent, decoder: Recurrent) -> None:
        super().__init__()
        self.layers = decoder.num_layers
        encoder_sizes = [encoder.num_layers * encoder.num_directions * size for size in _widths(encoder)]
        decoder_sizes = [decoder.num_layers * size for size in _widths(decoder)]
        same = (
            encoder.num_directions == 1
            and encoder_sizes == decoder_sizes
            and encoder.num_layers == decoder.num_layers
        )
        self.maps = (
            nn.ModuleList() if same else nn.ModuleList(map(PackedLinear, encoder_sizes, decoder_sizes))
        )

    def forward(self, last: Tensor | States) -> States:
        states = _as_states(last)
        return tuple(self._map(k, state) for k, state in enumerate(states)) if self.maps else states

    def _map(self, k: int, state: Tensor) -> Tensor:
        flat = state.transpose(0, 1).flatten(1)  # (B, L * D * width)
        return torch.tanh(self.maps[k](flat)).unflatten(1, (self.layers, -1)).transpose(0, 1).contiguous()


def reverse(src: Tensor, lengths: Tensor) -> Tensor:
    """Reverse each sentence, its eos still last: (a, b, c, eos) to (c, b, a, eos)."""
    positions = torch.arange(src.shape[1], device=src.device)
    words = lengths.to(src.device)[:, None] - 1
    mirrored = torch.where(positions < words, words - 1 - positions, positions)
    return src.gather(1, mirrored)


def begin(model: Translator, config: ModelConfig) -> None:
    """Initialise what is not recurrent: uniformly as in 2014, or embeddings with scale 1/sqrt(E)."""
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
    config: ModelConfig,
    initialiser: Initialiser | str,
    width: int,
    size: int,
    num_layers: int,
    bidirectional: bool = False,
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
        initialiser=initialiser,
    )


def _head(
    config: ModelConfig, decoder_width: int, memory_width: int
) -> AttentionHead | CoveringHead | PlainHead:
    width = decoder_width if config.tie_embeddings == "none" else config.embedding_size
    if config.attention == "none":
        return PlainHead(decoder_width, width)
    widths = decoder_width, memory_width
    if config.coverage:
        return CoveringHead(COVERED_SCORES[config.attention](*widths), *widths, width)
    return AttentionHead(SCORES[config.attention](*widths), *widths, width)


def _widths(layer: Recurrent) -> list[int]:
    return list(layer.cell.state_sizes(layer.hidden_size).values())


def _as_states(state: Tensor | States) -> States:
    return (state,) if isinstance(state, Tensor) else state


def _as_hx(states: States) -> Tensor | States:
    return states[0] if len(states) == 1 else states


def _side_by_side(parts: Sequence[Tensor | None]) -> Tensor | None:
    """Concatenate parts (B, 1, ...) of all steps; None if steps have none."""
    tensors = [tensor for tensor in parts if tensor is not None]
    return torch.cat(tensors, 1) if tensors else None
