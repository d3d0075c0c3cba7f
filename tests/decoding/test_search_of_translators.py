"""Translators that carry more than the state of a cell, searched: against the loss of every possible text."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch

from chosen import beam_settings, length_rule
from throughtime.decoding.beam import beam
from throughtime.decoding.ensemble import Ensemble
from throughtime.decoding.stepping import greedy
from throughtime.seq2seq.data.batches import Batch
from throughtime.seq2seq.network.model import Translator
from throughtime.seq2seq.network.stepper import stepper

MakeTranslator = Callable[..., Translator]
MakeBatch = Callable[..., Batch]

SOURCES = [[4, 5, 6], [8], [7, 7], [6, 4, 8, 5]]
TEXTS = [list(text) for size in range(3) for text in product([1, 4, 5, 6, 7, 8], repeat=size)]
RULE = length_rule(0.0, 2)
KINDS: dict[str, dict[str, Any]] = {
    "covered": dict(attention="general", coverage=True, reverse_source=True),
    "covered mlp fed": dict(attention="mlp", coverage=True, input_feeding=True),
    "copying": dict(attention="dot", encoder_size=6, copying=True, reverse_source=True),
    "copying covered fed": dict(
        attention="general", bidirectional=True, copying=True, coverage=True, input_feeding=True
    ),
}
every_kind = pytest.mark.parametrize("changes", KINDS.values(), ids=list(KINDS))


@torch.no_grad()
def exhaustive(model: Translator, batch_of: MakeBatch, src: list[int]) -> list[tuple[list[int], float]]:
    """all texts, best first, and the log-probability that the loss of each tells."""
    found = [(text, -float(model.eval()(batch_of([(src, text)])).total)) for text in TEXTS]
    return sorted(found, key=lambda pair: -pair[1])


@every_kind
def test_full_width_is_exhaustive_search(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, changes: dict[str, Any]
) -> None:
    model, batch = tiny_translator(**changes), batch_of([(src, [4]) for src in SOURCES])
    settings = beam_settings(200, 0.0, n_best=len(TEXTS), max_length=RULE)
    for src, found in zip(SOURCES, beam(stepper(model), batch.src, batch.src_lengths, settings), strict=True):
        expected = exhaustive(model, batch_of, src)
        assert [one.tokens for one in found] == [text for text, _ in expected]
        assert [one.log_probability for one in found] == pytest.approx([value for _, value in expected])


@every_kind
@pytest.mark.parametrize("members", [1, 2])
def test_narrow_beams_tell_the_loss_of_what_they_write(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, changes: dict[str, Any], members: int
) -> None:
    """Rows that are dropped, doubled and moved keep what belongs to them; in ensembles as well."""
    model = tiny_translator(**changes)
    one = stepper(model)
    searched = Ensemble([one] * members) if members > 1 else one
    batch = batch_of([(src, [4]) for src in SOURCES])
    settings = beam_settings(3, 1.0, 0.3, n_best=3, max_length=length_rule(1.0, 4))
    for src, found in zip(SOURCES, beam(searched, batch.src, batch.src_lengths, settings), strict=True):
        assert len(found) == 3
        for one in found:
            loss = model(batch_of([(src, one.tokens)])).total
            assert one.log_probability == pytest.approx(-float(loss.detach()))


@every_kind
def test_an_ensemble_of_two_writes_by_the_mean_of_both(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, changes: dict[str, Any]
) -> None:
    one, other = tiny_translator(**changes), tiny_translator(attention="general")
    batch = batch_of([(src, [4]) for src in SOURCES])
    both = Ensemble([stepper(one), stepper(other)])
    for src, found in zip(
        SOURCES, greedy(both, batch.src, batch.src_lengths, length_rule(1.0, 2)), strict=True
    ):
        step = batch_of([(src, found.tokens)])
        pairs = [stepper(model).start(step.src, step.src_lengths) for model in (one, other)]
        total = 0.0
        for before, token in zip(step.tgt_in[0], step.tgt_out[0], strict=True):
            answers = [
                stepper(model).step(before[None], state)
                for model, state in zip((one, other), pairs, strict=True)
            ]
            total += float(torch.stack([log_p[0, token].exp() for log_p, _ in answers]).mean().log())
            pairs = [state for _, state in answers]
        assert found.log_probability == pytest.approx(total)


@every_kind
def test_a_batch_writes_what_its_sentences_write_alone(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, changes: dict[str, Any]
) -> None:
    model = stepper(tiny_translator(**changes))
    batch, rule = batch_of([(src, [4]) for src in SOURCES]), length_rule(1.5, 3)
    together = greedy(model, batch.src, batch.src_lengths, rule)
    for src, found in zip(SOURCES, together, strict=True):
        single = batch_of([(src, [4])])
        (alone,) = greedy(model, single.src, single.src_lengths, rule)
        assert (alone.tokens, alone.looked) == (found.tokens, found.looked)
        assert alone.score == pytest.approx(found.score)
