"""A search looks at the model's weights once per batch of sentences."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from native_scan import needs_native
from throughtime.layers.special_ids import BOS_ID
from throughtime.seq2seq.data.batches import Batch
from throughtime.seq2seq.network.model import Translator
from throughtime.seq2seq.network.stepper import Progress, Stepper, stepper

pytestmark = needs_native

MakeTranslator = Callable[..., Translator]
MakeBatch = Callable[..., Batch]

PAIRS = [([4, 5, 6, 7], [5, 4]), ([8], [4, 6, 8, 5, 7])]


def first_step(steps: Stepper, state: Progress) -> Tensor:
    return steps.step(torch.full((2,), BOS_ID), state)[0]


def change(model: Translator) -> None:
    """One number of the output layer's and one of the decoder's weights, as a pruning would."""
    model.output.weight.data[3, 1] += 1  # pyright: ignore
    next(model.decoder.parameters()).data[0, 0] += 1


def test_the_weights_of_a_batch_are_those_it_began_with(
    tiny_translator: MakeTranslator, batch_of: MakeBatch
) -> None:
    model, batch = tiny_translator(attention="general"), batch_of(PAIRS)
    model = model.float()
    steps = stepper(model)
    state = steps.start(batch.src, batch.src_lengths)
    before = first_step(steps, state)
    change(model)
    assert torch.equal(first_step(steps, state), before)
    after = first_step(steps, steps.start(batch.src, batch.src_lengths))
    assert not torch.allclose(after, before)


def test_refresh_takes_those_of_now(tiny_translator: MakeTranslator, batch_of: MakeBatch) -> None:
    model, batch = tiny_translator(attention="general").float(), batch_of(PAIRS)
    steps = stepper(model)
    state = steps.start(batch.src, batch.src_lengths)
    before = first_step(steps, state)
    change(model)
    steps.refresh(state)
    assert not torch.allclose(first_step(steps, state), before)
