from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import one_hot
from torch.testing import assert_close

from throughtime.layers.ranking import ranked
from throughtime.layers.special_ids import EOS_ID, PAD_ID
from throughtime.seq2seq.data.batches import Batch
from throughtime.seq2seq.network.model import Attended, Bridge, Encoded, Translator, reverse
from throughtime.seq2seq.network.stepper import AttendingStepper, Stepper, stepper
from tolerances import FINITE_DIFFERENCES

MakeTranslator = Callable[..., Translator]
MakeBatch = Callable[..., Batch]

PAIRS = [([4, 5, 6, 7], [5, 4]), ([8], [4, 6, 8, 5, 7]), ([5, 5], [7]), ([6, 4, 8], [8, 8, 4])]
KINDS: dict[str, dict[str, Any]] = {
    "plain lstm": {},
    "plain gru": dict(cell="gru", encoder_layers=2),
    "plain elman": dict(cell="elman", decoder_layers=2),
    "plain gru_reset_before": dict(cell="gru_reset_before"),
    "2014": dict(encoder_size=6, encoder_layers=2, decoder_layers=2, reverse_source=True),
    "dot": dict(attention="dot", bidirectional=True, encoder_size=3),
    "general": dict(attention="general", bidirectional=True, tie_embeddings="all"),
    "mlp gru": dict(attention="mlp", cell="gru", tie_embeddings="output"),
    "fed": dict(attention="general", bidirectional=True, input_feeding=True),
    "fed gru": dict(
        attention="mlp", cell="gru", decoder_layers=2, input_feeding=True, tie_embeddings="output"
    ),
    "reversed deep": dict(
        attention="general", reverse_source=True, bidirectional=True, encoder_layers=2, decoder_layers=3
    ),
    "covered dot": dict(attention="dot", coverage=True, encoder_size=6, reverse_source=True),
    "covered mlp": dict(attention="mlp", coverage=True, cell="gru", tie_embeddings="all"),
    "covered fed": dict(attention="general", coverage=True, bidirectional=True, input_feeding=True),
    "copying": dict(attention="general", copying=True, output="full", reverse_source=True),
    "copying covered fed": dict(
        attention="mlp", copying=True, coverage=True, input_feeding=True, bidirectional=True
    ),
}
every_kind = pytest.mark.parametrize("changes", KINDS.values(), ids=list(KINDS))


def encode_decode(model: Translator, batch: Batch) -> tuple[Encoded, Tensor]:
    """What the encoder hands on and log p of every next token, (B, T, V)."""
    encoded = model.encode(batch.src, batch.src_lengths)
    decoded = model.decode(batch.tgt_in, encoded.state, model.head.attended(encoded))
    log_vocab = model.output(decoded.features).log_softmax(-1)
    if decoded.gate is None or decoded.weights is None:
        return encoded, log_vocab
    written = decoded.gate.sigmoid()[..., None]
    copied = decoded.weights @ one_hot(encoded.src, model.tgt_vocab_size).to(decoded.weights)
    return encoded, (written * log_vocab.exp() + (1 - written) * copied).log()


@every_kind
def test_loss_of_a_batch_is_that_of_its_sentences_alone(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, changes: dict[str, Any]
) -> None:
    model = tiny_translator(**changes)
    together = model(batch_of(PAIRS))
    alone = [model(batch_of([pair])) for pair in PAIRS]
    assert together.tokens == sum(one.tokens for one in alone) == 15
    assert_close(together.total, torch.stack([one.total for one in alone]).sum())


@every_kind
def test_padding_changes_no_probability(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, changes: dict[str, Any]
) -> None:
    model = tiny_translator(**changes)
    _, together = encode_decode(model, batch_of(PAIRS))
    for row, pair in enumerate(PAIRS):
        _, alone = encode_decode(model, batch_of([pair]))
        assert_close(together[row, : alone.shape[1]], alone[0])


@every_kind
def test_more_padding_than_the_longest_sentence_needs_changes_nothing(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, changes: dict[str, Any]
) -> None:
    model, batch = tiny_translator(**changes), batch_of(PAIRS)
    wide = Batch(
        *(torch.nn.functional.pad(ids, (0, 3), value=PAD_ID) if ids.dim() == 2 else ids for ids in batch)
    )
    assert wide.src.shape == (4, 8)
    assert_close(model(wide), model(batch))


@every_kind
def test_gradients_do_not_depend_on_padding(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, changes: dict[str, Any]
) -> None:
    model = tiny_translator(**changes)
    parameters = list(model.parameters())
    together = torch.autograd.grad(model(batch_of(PAIRS)).total, parameters)
    alone = torch.autograd.grad(sum(model(batch_of([pair])).total for pair in PAIRS), parameters)
    for name, a, b in zip(dict(model.named_parameters()), together, alone, strict=True):
        assert_close(a, b, msg=lambda told, name=name: f"{name}: {told}")


@every_kind
def test_loss_is_the_cross_entropy_of_each_token(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, changes: dict[str, Any]
) -> None:
    model, batch = tiny_translator(**changes), batch_of(PAIRS)
    _, log_probabilities = encode_decode(model, batch)
    expected = -sum(
        float(log_probabilities[row, place, token].detach())
        for row, (_, tgt) in enumerate(PAIRS)
        for place, token in enumerate([*tgt, EOS_ID])
    )
    assert float(model(batch).total.detach()) == pytest.approx(expected, rel=1e-10)


@every_kind
def test_loss_has_the_gradient_of_finite_differences(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, changes: dict[str, Any]
) -> None:
    small = dict(embedding_size=2, encoder_size=2, decoder_size=4 if changes.get("bidirectional") else 2)
    model = tiny_translator(**{**changes, **small}, label_smoothing=0.1)
    names, values = zip(*model.named_parameters(), strict=True)
    batch = batch_of([([4, 5, 4], [5, 6]), ([6], [4])])

    def loss(*parameters: Tensor) -> Tensor:
        given = dict(zip(names, parameters, strict=True))
        return torch.func.functional_call(model, given, (batch,)).total

    assert torch.autograd.gradcheck(loss, values, **FINITE_DIFFERENCES, fast_mode=True)


def test_reverse_turns_words_around_and_leaves_eos_last() -> None:
    src = torch.tensor([[4, 5, 6, 7, 3], [8, 5, 3, 0, 0], [3, 0, 0, 0, 0], [6, 3, 0, 0, 0]])
    lengths = torch.tensor([5, 3, 1, 2])
    expected = [[7, 6, 5, 4, 3], [5, 8, 3, 0, 0], [3, 0, 0, 0, 0], [6, 3, 0, 0, 0]]
    assert reverse(src, lengths).tolist() == expected


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(4, 99), max_size=7), min_size=1, max_size=5))
def test_reverse_is_its_own_inverse(sentences: list[list[int]]) -> None:
    rows = [torch.tensor([*words, EOS_ID]) for words in sentences]
    src = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    lengths = torch.tensor([len(row) for row in rows])
    backwards = reverse(src, lengths)
    for row, words in zip(backwards.tolist(), sentences, strict=True):
        assert row == [*reversed(words), EOS_ID, *[PAD_ID] * (src.shape[1] - len(words) - 1)]
    assert torch.equal(reverse(backwards, lengths), src)


@pytest.mark.parametrize("attention", ["none", "general"])
def test_reverse_source_reads_the_source_backwards(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, attention: str
) -> None:
    forward = tiny_translator(attention=attention)
    backward = tiny_translator(attention=attention, reverse_source=True)
    mirrored = [([*reversed(src)], tgt) for src, tgt in PAIRS]
    assert_close(backward(batch_of(PAIRS)).total, forward(batch_of(mirrored)).total)
    assert backward(batch_of(PAIRS)).total != forward(batch_of(PAIRS)).total


@pytest.mark.parametrize("bidirectional", [False, True])
def test_plain_decoder_sees_the_state_alone(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, bidirectional: bool
) -> None:
    model, batch = tiny_translator(bidirectional=bidirectional), batch_of(PAIRS)
    encoded, before = encode_decode(model, batch)
    others = encoded._replace(memory=torch.randn_like(encoded.memory), src=encoded.src.flip(1))
    attended = model.head.attended(others)
    assert [part.shape[1] for part in attended] == [0, 0, 0]
    features, _, weights, _ = model.decode(batch.tgt_in, encoded.state, attended)
    assert weights is None
    assert torch.equal(model.output(features).log_softmax(-1), before)


def test_attending_decoder_sees_the_memory(tiny_translator: MakeTranslator, batch_of: MakeBatch) -> None:
    model, batch = tiny_translator(attention="general"), batch_of(PAIRS)
    encoded, before = encode_decode(model, batch)
    others = encoded._replace(memory=-encoded.memory)
    features, _, _, _ = model.decode(batch.tgt_in, encoded.state, model.head.attended(others))
    assert not torch.allclose(model.output(features).log_softmax(-1), before, atol=1e-3)


@pytest.mark.parametrize(("attention", "flows"), [("none", False), ("general", True)])
def test_gradient_of_the_plain_form_flows_through_the_state_alone(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, attention: str, flows: bool
) -> None:
    model, batch = tiny_translator(attention=attention, encoder_size=6), batch_of(PAIRS)
    encoded = model.encode(batch.src, batch.src_lengths)
    cut = Encoded(tuple(state.detach() for state in encoded.state), encoded.memory, encoded.src)
    features, _, _, _ = model.decode(batch.tgt_in, cut.state, model.head.attended(cut))
    loss = model.output(features).logsumexp(-1).sum()
    gradients = torch.autograd.grad(loss, list(model.encoder.parameters()), allow_unused=True)
    assert any(gradient is not None and bool(gradient.any()) for gradient in gradients) == flows


def test_gradient_reaches_the_encoder_through_the_state(
    tiny_translator: MakeTranslator, batch_of: MakeBatch
) -> None:
    model = tiny_translator()
    gradients = torch.autograd.grad(model(batch_of(PAIRS)).total, list(model.encoder.parameters()))
    assert all(bool(gradient.any()) for gradient in gradients)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 3])
def test_bridge_hands_on_states_of_the_same_shape(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, cell: str, layers: int
) -> None:
    sizes = dict(encoder_size=6, decoder_size=6, encoder_layers=layers, decoder_layers=layers)
    model = tiny_translator(cell=cell, scale_embeddings=False, **sizes)
    batch = batch_of(PAIRS)
    _, last = model.encoder(model.src_embedding(batch.src), lengths=batch.src_lengths)
    assert list(model.bridge.parameters()) == []
    states = last if isinstance(last, tuple) else (last,)
    for given_on, state in zip(model.encode(batch.src, batch.src_lengths).state, states, strict=True):
        assert torch.equal(given_on, state)


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman", "gru_reset_before"])
@pytest.mark.parametrize(
    ("sizes", "layers", "bidirectional"),
    [
        ((4, 6), (1, 1), False),
        ((3, 6), (1, 1), True),  # as wide, but of two directions
        ((6, 6), (2, 1), False),
        ((3, 6), (2, 1), False),  # as many numbers, in another shape
        ((4, 4), (2, 3), True),
    ],
)
def test_bridge_of_other_shapes_is_tanh_of_a_map_of_everything(
    tiny_translator: MakeTranslator,
    cell: str,
    sizes: tuple[int, int],
    layers: tuple[int, int],
    bidirectional: bool,
) -> None:
    model = tiny_translator(
        cell=cell,
        encoder_size=sizes[0],
        decoder_size=sizes[1],
        encoder_layers=layers[0],
        decoder_layers=layers[1],
        bidirectional=bidirectional,
    )
    directions, batch_size = 2 if bidirectional else 1, 3
    number = len(model.encoder.cell.state)
    last = [torch.randn(layers[0] * directions, batch_size, sizes[0]).double() for _ in range(number)]
    states = model.bridge(tuple(last) if number > 1 else last[0])
    assert isinstance(model.bridge, Bridge)
    for state, given_by, linear in zip(states, last, model.bridge.maps, strict=True):
        assert state.shape == (layers[1], batch_size, sizes[1])
        for row in range(batch_size):
            everything = torch.cat([part[row] for part in given_by])
            expected = torch.tanh(linear.weight @ everything + linear.bias)
            assert_close(state[:, row].flatten(), expected)


@pytest.mark.parametrize("smoothing", [0.1, 0.5])
def test_label_smoothing_by_hand_in_training_alone(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, smoothing: float
) -> None:
    model, batch = tiny_translator(label_smoothing=smoothing), batch_of(PAIRS)
    _, log_probabilities = encode_decode(model, batch)
    valid = batch.tgt_out != PAD_ID
    log_p = log_probabilities[valid]
    likelihood = -log_p.gather(1, batch.tgt_out[valid][:, None]).sum()
    spread = -log_p.sum() / model.output.out_features
    assert_close(model.train()(batch).total, (1 - smoothing) * likelihood + smoothing * spread)
    assert_close(model.eval()(batch).total, likelihood)


@every_kind
def test_teacher_forcing_equals_one_step_at_a_time(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, changes: dict[str, Any]
) -> None:
    model, batch = tiny_translator(**changes), batch_of(PAIRS)
    with torch.no_grad():
        encoded, whole = encode_decode(model, batch)
        _, _, looks, _ = model.decode(batch.tgt_in, encoded.state, model.head.attended(encoded))
    steps = stepper(model)
    state = steps.start(batch.src, batch.src_lengths)
    for place in range(batch.tgt_in.shape[1]):
        log_probabilities, state = steps.step(batch.tgt_in[:, place], state)
        assert_close(log_probabilities, whole[:, place])
        if looks is not None:
            assert isinstance(steps, AttendingStepper)
            seen = looks[:, place]  # where the source, as it was read, has its words
            if model.config.reverse_source:
                seen = reverse(seen, batch.src_lengths)
            assert_close(steps.attention(state), seen)


@every_kind
def test_select_repeats_drops_and_reorders_rows(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, changes: dict[str, Any]
) -> None:
    steps, batch = stepper(tiny_translator(**changes)), batch_of(PAIRS)
    rows = torch.tensor([2, 0, 2])
    _, state = steps.step(batch.tgt_in[:, 0], steps.start(batch.src, batch.src_lengths))
    expected, after = steps.step(torch.tensor([5, 6, 7, 8]), state)
    chosen, chosen_after = steps.step(torch.tensor([5, 6, 7, 8])[rows], steps.select(state, rows))
    assert_close(chosen, expected[rows])
    if isinstance(steps, AttendingStepper):
        assert_close(steps.attention(steps.select(after, rows)), steps.attention(after)[rows])
    again, _ = steps.step(torch.tensor([4, 4, 4]), chosen_after)
    others, _ = steps.step(torch.tensor([4, 4, 4, 4]), after)
    assert_close(again, others[rows])


@every_kind
def test_the_best_of_a_step_are_those_of_all_its_words(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, changes: dict[str, Any]
) -> None:
    steps, batch = stepper(tiny_translator(**changes)), batch_of(PAIRS)
    state = steps.start(batch.src, batch.src_lengths)
    for tokens in batch.tgt_in.T[:2]:
        log_probabilities, after = steps.step(tokens, state)
        found, state = steps.best(tokens, state, 3)
        for one, other in zip(found, ranked(log_probabilities, 3), strict=True):
            assert_close(one, other)
        for one, other in zip(state.state, after.state, strict=True):
            assert_close(one, other)


def test_selecting_all_rows_copies_nothing(tiny_translator: MakeTranslator, batch_of: MakeBatch) -> None:
    steps, batch = stepper(tiny_translator(attention="dot", decoder_size=4)), batch_of(PAIRS)
    state = steps.start(batch.src, batch.src_lengths)
    assert steps.select(state, torch.arange(len(PAIRS))) is state


def test_select_before_the_first_step(tiny_translator: MakeTranslator, batch_of: MakeBatch) -> None:
    steps, batch = stepper(tiny_translator(attention="mlp")), batch_of(PAIRS)
    started = steps.start(batch.src, batch.src_lengths)
    kept = steps.select(started, torch.tensor([3]))
    assert isinstance(steps, AttendingStepper)
    assert torch.equal(steps.attention(kept), torch.zeros(1, 5).double())
    assert_close(steps.step(torch.tensor([2]), kept)[0], steps.step(torch.tensor([2] * 4), started)[0][3:])


def test_steppers_tell_attention_only_where_there_is_some(
    tiny_translator: MakeTranslator, batch_of: MakeBatch
) -> None:
    assert type(stepper(tiny_translator())) is Stepper
    steps, batch = stepper(tiny_translator(attention="general")), batch_of(PAIRS)
    _, state = steps.step(torch.tensor([2] * 4), steps.start(batch.src, batch.src_lengths))
    assert isinstance(steps, AttendingStepper)
    weights = steps.attention(state)
    assert_close(weights.sum(1), torch.ones(4).double())
    assert bool((weights[batch.src == PAD_ID] == 0).all())
    assert bool((weights[batch.src != PAD_ID] > 0).all())


def test_stepper_is_without_dropout_and_gradients(
    tiny_translator: MakeTranslator, batch_of: MakeBatch
) -> None:
    model = tiny_translator(dropout=0.5, attention="general").train()
    steps, batch = stepper(model), batch_of(PAIRS)
    assert steps.vocab_size == 9
    first, _ = steps.step(torch.tensor([2] * 4), steps.start(batch.src, batch.src_lengths))
    second, _ = steps.step(torch.tensor([2] * 4), steps.start(batch.src, batch.src_lengths))
    assert torch.equal(first, second)
    assert not first.requires_grad


def test_dropout_is_of_training_alone(tiny_translator: MakeTranslator, batch_of: MakeBatch) -> None:
    dropping, plain = tiny_translator(dropout=0.5, encoder_layers=2), tiny_translator(encoder_layers=2)
    batch = batch_of(PAIRS)
    dropping.train()
    assert dropping(batch).total != dropping(batch).total
    assert torch.equal(dropping.eval()(batch).total, plain(batch).total)


def test_dropout_is_of_word_vectors_and_before_the_output(
    tiny_translator: MakeTranslator, batch_of: MakeBatch
) -> None:
    layers = dict(encoder_layers=2, decoder_layers=2)
    model = tiny_translator(dropout=0.25, attention="general", **layers).train()
    batch = batch_of(PAIRS)
    seen: list[tuple[int, ...]] = []
    model.dropout.register_forward_hook(lambda _, given, output: seen.append(tuple(output.shape)))
    model(batch)
    assert seen == [(4, 5, 5), (4, 6, 5), (4, 6, model.head.width)]
    assert (model.dropout.p, model.encoder.dropout, model.decoder.dropout) == (0.25, 0.25, 0.25)


def test_decoder_takes_up_its_state_where_it_was(
    tiny_translator: MakeTranslator, batch_of: MakeBatch
) -> None:
    """Decoding in two parts is decoding at once."""
    model, batch = tiny_translator(attention="general", decoder_layers=2), batch_of(PAIRS)
    encoded = model.encode(batch.src, batch.src_lengths)
    attended = model.head.attended(encoded)
    whole, last, _, _ = model.decode(batch.tgt_in, encoded.state, attended)
    features, state = [], encoded.state
    for first, end in pairwise([0, 2, batch.tgt_in.shape[1]]):
        part, state, _, _ = model.decode(batch.tgt_in[:, first:end], state, attended)
        features.append(part)
    assert_close(torch.cat(features, 1), whole)
    assert_close(state, last)
    assert isinstance(attended, Attended)
