"""Words copied from the source, against the equation by hand, and what a model learns of it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn.utils import clip_grad_norm_
from torch.testing import assert_close

from chosen import beam_settings, length_rule, sample_settings
from throughtime.decoding.stepping import greedy
from throughtime.decoding.unknown import UnknownWords
from throughtime.errors import InputError
from throughtime.layers.copying import (
    attention_on,
    log_probabilities,
    log_probability,
)
from throughtime.layers.output import ROWS_AT_ONCE, ChunkedOutput, FullOutput
from throughtime.layers.special_ids import PAD_ID, UNK_ID
from throughtime.seq2seq.config import DataConfig, ModelConfig, TrainConfig, TrainingConfig
from throughtime.seq2seq.data.batches import Batch
from throughtime.seq2seq.network.model import Decoded, Encoded, Translator
from throughtime.seq2seq.network.stepper import stepper
from throughtime.seq2seq.pipeline import Pipeline
from throughtime.text.tokenizer import Tokenizers, Words
from tolerances import HALF_PRECISION

MakeTranslator = Callable[..., Translator]
MakeBatch = Callable[..., Batch]

PAIRS = [([4, 5, 6, 7], [5, 4]), ([8], [4, 6, 8, 5, 7]), ([5, 5], [7]), ([6, 4, 8], [8, 8, 4])]


@torch.no_grad()
def by_hand(model: Translator, encoded: Encoded, decoded: Decoded, row: int, step: int) -> list[float]:
    """p of each word at one place: g p_vocab(v) + (1 - g) sum over i with x_i = v of a_i."""
    assert decoded.gate is not None and decoded.weights is not None
    g = 1 / (1 + math.exp(-float(decoded.gate[row, step])))
    chances = [g * float(p) for p in model.output(decoded.features[row, step]).softmax(-1)]
    for word, weight in zip(encoded.src[row].tolist(), decoded.weights[row, step].tolist(), strict=True):
        chances[word] += (1 - g) * weight
    return chances


def run(model: Translator, batch: Batch) -> tuple[Encoded, Decoded]:
    encoded = model.encode(batch.src, batch.src_lengths)
    return encoded, model.decode(batch.tgt_in, encoded.state, model.head.attended(encoded))


@pytest.mark.parametrize("output", ["full", "chunked"])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_loss_is_that_of_the_equation(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, output: str, smoothing: float
) -> None:
    model = tiny_translator(attention="general", copying=True, output=output, label_smoothing=smoothing)
    batch = batch_of(PAIRS)
    with torch.no_grad():
        encoded, decoded = run(model, batch)
    plain = smoothed = 0.0
    for row, step in (batch.tgt_out != PAD_ID).nonzero().tolist():
        chances = by_hand(model, encoded, decoded, row, step)
        assert sum(chances) == pytest.approx(1)
        own = -math.log(chances[int(batch.tgt_out[row, step])])
        spread = -float(model.output(decoded.features[row, step]).log_softmax(-1).mean().detach())
        plain, smoothed = plain + own, smoothed + (1 - smoothing) * own + smoothing * spread
    assert float(model.eval()(batch).total.detach()) == pytest.approx(plain)
    assert float(model.train()(batch).total.detach()) == pytest.approx(smoothed)


def test_each_step_gives_every_word_its_probability(
    tiny_translator: MakeTranslator, batch_of: MakeBatch
) -> None:
    model, batch = tiny_translator(attention="general", copying=True, reverse_source=True), batch_of(PAIRS)
    with torch.no_grad():
        encoded, decoded = run(model, batch)
    steps = stepper(model)
    state = steps.start(batch.src, batch.src_lengths)
    for place in range(batch.tgt_in.shape[1]):
        found, state = steps.step(batch.tgt_in[:, place], state)
        expected = [by_hand(model, encoded, decoded, row, place) for row in range(len(PAIRS))]
        assert_close(found.exp(), torch.tensor(expected).double())


def test_the_gate_is_a_map_of_context_output_and_word(
    tiny_translator: MakeTranslator, batch_of: MakeBatch
) -> None:
    model, batch = tiny_translator(attention="dot", encoder_size=6, copying=True), batch_of(PAIRS)
    encoded, decoded = run(model, batch)
    words = model.tgt_embedding(batch.tgt_in) * model.scale
    outputs, _ = model.decoder(words, encoded.state)
    assert decoded.gate is not None and decoded.weights is not None and model.gate is not None
    w, b = model.gate.linear.weight[0], model.gate.linear.bias[0]
    context = decoded.weights[1, 2] @ encoded.memory[1]
    assert_close(decoded.gate[1, 2], w @ torch.cat([context, outputs[1, 2], words[1, 2]]) + b)


@pytest.mark.parametrize("fed", [False, True])
def test_chunked_has_the_loss_and_the_gradients_of_full(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, fed: bool
) -> None:
    draw = random.Random(0)
    pairs = [(draw.choices(range(4, 9), k=3), draw.choices(range(4, 9), k=4)) for _ in range(60)]
    batch = batch_of(pairs)
    assert batch.tgt_tokens > ROWS_AT_ONCE
    shape: dict[str, Any] = dict(attention="mlp", copying=True, label_smoothing=0.1, input_feeding=fed)
    full, chunked = tiny_translator(**shape, output="full"), tiny_translator(**shape)
    assert isinstance(chunked.output, ChunkedOutput) and type(full.output) is FullOutput
    losses = [model.train()(batch).total for model in (full, chunked)]
    assert_close(*losses)
    sum(losses).backward()
    for (name, a), b in zip(full.named_parameters(), chunked.parameters(), strict=True):
        assert a.grad is not None and bool(a.grad.any()), name
        assert_close(a.grad, b.grad)


@pytest.mark.parametrize("output", ["full", "chunked"])
def test_half_precision_changes_little(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, output: str
) -> None:
    shape: dict[str, Any] = dict(attention="mlp", copying=True, coverage=True, output=output)
    model, batch = tiny_translator(**shape, label_smoothing=0.1).float().train(), batch_of(PAIRS)
    expected = model(batch).total
    expected.backward()
    gradients = [one.grad for one in model.parameters()]
    model.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        found = model(batch).total
    found.backward()
    assert found.dtype == torch.float32
    assert_close(found, expected, rtol=HALF_PRECISION, atol=HALF_PRECISION)
    for a, b in zip(model.parameters(), gradients, strict=True):
        assert a.grad is not None and b is not None
        assert float((a.grad - b).norm()) < 2 * HALF_PRECISION * float(b.norm()) + HALF_PRECISION


def test_words_that_the_source_has_not_are_written_alone() -> None:
    log_vocab = torch.randn(1, 6).double().log_softmax(-1)
    gate, src, weights = torch.tensor([0.4]).double(), torch.tensor([[5, 4, 5, 0]]), [[0.5, 0.2, 0.3, 0.0]]
    found = log_probabilities(log_vocab, gate, torch.tensor(weights).double(), src)
    g = float(gate.sigmoid())
    copied = torch.tensor([0, 0, 0, 0, 0.2, 0.8]).double()
    assert_close(found[0].exp(), g * log_vocab[0].exp() + (1 - g) * copied)
    assert torch.equal(found[0, :4], log_vocab[0, :4] + torch.nn.functional.logsigmoid(gate))


def test_attention_on_a_word_is_of_all_its_places() -> None:
    weights = torch.tensor([[[0.5, 0.2, 0.3], [0.1, 0.8, 0.1]]])
    found = attention_on(torch.tensor([[7, 9]]), weights, torch.tensor([[7, 8, 7]]))
    assert_close(found, torch.tensor([[0.8, 0.0]]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_attention_at_all_has_a_gradient(dtype: torch.dtype) -> None:
    log_vocab, gate, attention = (
        torch.tensor([value], dtype=dtype, requires_grad=True) for value in (-2.0, 0.3, 0.0)
    )
    found = log_probability(log_vocab, gate, attention)
    assert_close(found, log_vocab + torch.nn.functional.logsigmoid(gate))
    found.backward()
    for one in (log_vocab, gate, attention):
        assert one.grad is not None and bool(one.grad.isfinite().all())


def lines_of(ids: list[int], number: int, seed: int = 0) -> list[list[int]]:
    draw = random.Random(seed)
    return [draw.choices(ids, k=draw.randint(2, 5)) for _ in range(number)]


@pytest.fixture
def taught(tiny_config: Callable[..., ModelConfig], batch_of: MakeBatch) -> Callable[..., Translator]:
    """A translator taught to write what it reads, words drawn from `ids`, in a second or two."""

    def make(ids: list[int], vocab_size: int, **changes: Any) -> Translator:
        sizes = dict(embedding_size=24, encoder_size=24, decoder_size=48)
        shape = dict(attention="mlp", bidirectional=True, word_dropout=0.2)
        torch.manual_seed(0)
        model = Translator(tiny_config(**{**sizes, **shape, **changes}), vocab_size, vocab_size)
        optimiser, lines = torch.optim.Adam(model.parameters(), lr=0.01), lines_of(ids, 6400)
        for first in range(0, len(lines), 50):
            optimiser.zero_grad()
            loss = model.train()(batch_of([(line, line) for line in lines[first : first + 50]]))
            (loss.total / loss.tokens).backward()
            clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
        return model.eval()

    return make


@pytest.mark.parametrize(
    ("changes", "least", "most"),
    [
        (dict(copying=True), 0.9, 1.0),
        (dict(copying=True, coverage=True, coverage_loss=0.1), 0.9, 1.0),
        (dict(copying=True, output="full", label_smoothing=0.1), 0.9, 1.0),
        (dict(copying=False), 0.0, 0.1),
    ],
    ids=["copying", "covered", "full smoothed", "plain"],
)
def test_words_never_seen_in_training_are_copied(
    taught: Callable[..., Translator],
    batch_of: MakeBatch,
    changes: dict[str, Any],
    least: float,
    most: float,
) -> None:
    """Who has no gate cannot write a word that training never wrote; who has one copies it."""
    model = taught([*range(4, 16)], 20, **changes)
    new = [line for line in lines_of([4, 5, 6, 7, 16, 17, 18, 19], 200, seed=9) if max(line) > 15]
    batch = batch_of([(line, line) for line in new])
    found = greedy(stepper(model), batch.src, batch.src_lengths, length_rule())
    exact = sum(one.tokens == line for one, line in zip(found, new, strict=True))
    assert least <= exact / len(new) <= most


def test_unknown_words_are_copied_and_shown_as_the_source_has_them(
    taught: Callable[..., Translator],
) -> None:
    """Attention on an unknown word of the source makes the sign for one, and shows which word it was."""
    tokenizer = Words(list("abcdefghijkl"), "en")
    model = taught([UNK_ID, *range(4, tokenizer.vocab_size)], tokenizer.vocab_size, copying=True)
    made = Tokenizers(tokenizer, tokenizer)
    lines = ["a zebra c xylophone", "xylophone zebra b", "yak emu gnu d", "c d a"]
    kept = Pipeline(stepper(model), made, length_rule())
    assert list(kept.texts(lines))[:2] == ["a <unk> c <unk>", "<unk> <unk> b"]
    shown = Pipeline(stepper(model), made, length_rule(), unknown=UnknownWords({"zebra": "zèbre"}))
    assert list(shown.texts(lines)) == [line.replace("zebra", "zèbre") for line in lines]
    beams = Pipeline(stepper(model), made, beam_settings(4), unknown=UnknownWords())
    assert list(beams.texts(lines)) == lines


def test_what_is_drawn_may_be_copied(letters: Tokenizers, letter_model: MakeTranslator) -> None:
    """A gate that never writes draws nothing but words of the source."""
    model = letter_model(copying=True)
    assert model.gate is not None
    torch.nn.init.zeros_(model.gate.linear.weight)
    torch.nn.init.constant_(model.gate.linear.bias, -200.0)
    drawn = Pipeline(stepper(model), letters, sample_settings(20, max_length=length_rule(1.0, 4)))
    (candidates,) = drawn.lines(["c a f"])
    written = {word for one in candidates for word in one.text.split()}
    assert written == {"a", "c", "f"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (dict(attention="none"), "copying takes words from where attention lies; expected an attention"),
        (dict(output="sampled"), "output is sampled; copying expected chunked or full"),
        (
            dict(output="adaptive", tie_embeddings="none"),
            "output is adaptive; copying expected chunked or full",
        ),
    ],
)
def test_settings_that_contradict_each_other(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as caught:
        ModelConfig(copying=True, **changes)
    assert str(caught.value) == told


def test_copying_needs_one_vocabulary() -> None:
    model, training = ModelConfig(copying=True, tie_embeddings="none"), TrainingConfig()
    TrainConfig(DataConfig(), model, training)
    with pytest.raises(InputError) as caught:
        TrainConfig(DataConfig(joint=False), model, training)
    assert str(caught.value) == "copying writes ids of the source; expected one joint vocabulary"
