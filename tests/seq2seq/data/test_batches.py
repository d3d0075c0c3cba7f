from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chosen import cleaning
from throughtime.errors import InputError
from throughtime.files.pairs import Pair
from throughtime.layers.special_ids import BOS_ID, EOS_ID, PAD_ID
from throughtime.seq2seq.data.batches import Batch, make_batch, plan_batches
from throughtime.text.pair_corpus import EncodedCorpus, build_text_corpus, encode_corpus
from throughtime.text.tokenizer import Words

LETTERS = Words(list("abcde"), "en")  # ids 4 to 8


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> EncodedCorpus:
    folder: Path = tmp_path_factory.mktemp("corpus")
    pairs = [Pair("a b c", "d e"), Pair("b", "a b c d"), Pair("c d e a", "e")]
    return encode_corpus(build_text_corpus(pairs, folder, cleaning())[0], LETTERS, LETTERS, folder, 10)


def lengths_like_text(rows: int, seed: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    generator = np.random.default_rng(seed)
    src = generator.gamma(4, 4, rows).astype(np.int32) + 2
    return src, np.maximum(2, src + generator.integers(-3, 5, rows)).astype(np.int32)


def test_tensors_of_a_batch(corpus: EncodedCorpus) -> None:
    batch = make_batch(corpus, np.array([1, 0]))
    assert batch.src.tolist() == [[5, EOS_ID, PAD_ID, PAD_ID], [4, 5, 6, EOS_ID]]
    assert batch.src_lengths.tolist() == [2, 4]
    assert batch.tgt_in.tolist() == [[BOS_ID, 4, 5, 6, 7], [BOS_ID, 7, 8, PAD_ID, PAD_ID]]
    assert batch.tgt_out.tolist() == [[4, 5, 6, 7, EOS_ID], [7, 8, EOS_ID, PAD_ID, PAD_ID]]
    assert batch.tgt_lengths.tolist() == [5, 3]
    tensors = (batch.src, batch.src_lengths, batch.tgt_in, batch.tgt_out, batch.tgt_lengths)
    assert all(tensor.dtype == torch.int64 for tensor in tensors)


def test_counts_leave_padding_out(corpus: EncodedCorpus) -> None:
    batch = make_batch(corpus, np.array([0, 1, 2]))
    assert (batch.src_tokens, batch.tgt_tokens, batch.words) == (4 + 2 + 5, 3 + 5 + 2, 21)


def test_lengths_stay_on_the_cpu(corpus: EncodedCorpus) -> None:
    batch = make_batch(corpus, np.array([0, 1])).to("meta")
    assert isinstance(batch, Batch)
    assert {tensor.device.type for tensor in (batch.src, batch.tgt_in, batch.tgt_out)} == {"meta"}
    assert {tensor.device.type for tensor in (batch.src_lengths, batch.tgt_lengths)} == {"cpu"}
    assert batch.words == 14


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), max_size=120),
    st.integers(1, 300),
    st.one_of(st.none(), st.integers(1, 20)),
    st.integers(0, 5),
)
@settings(deadline=None)
def test_any_plan_covers_every_pair_once_within_the_limits(
    lengths: list[tuple[int, int]], tokens: int, sentences: int | None, seed: int
) -> None:
    src, tgt = np.array(lengths, np.int32).reshape(-1, 2).T
    plan = plan_batches(src, tgt, tokens, seed, epoch=1, max_sentences=sentences)
    assert sorted(np.concatenate([*plan, np.array([], np.int64)]).tolist()) == list(range(len(lengths)))
    for batch in plan:
        padded = len(batch) * max(src[batch].max(), tgt[batch].max())
        assert padded <= tokens or len(batch) == 1
        assert sentences is None or len(batch) <= sentences


def test_most_batches_have_sources_of_one_length() -> None:
    src, tgt = lengths_like_text(30_000, seed=0)
    plan = plan_batches(src, tgt, 4096, seed=1, epoch=0)
    mixed = [batch for batch in plan if np.ptp(src[batch]) > 0]
    padded = sum(len(batch) * int(src[batch].max()) for batch in plan)
    assert len(mixed) < 0.05 * len(plan)
    assert padded < 1.01 * src.sum()
    assert len(plan) < 1.25 * np.maximum(src, tgt).sum() / 4096


def test_only_small_buckets_are_mixed_and_with_their_neighbours() -> None:
    src = np.repeat(np.array([3, 4, 9, 10, 30], np.int32), [100, 2, 100, 3, 1])
    plan = plan_batches(src, src, 300, seed=1, epoch=0)
    mixed = [sorted(src[batch].tolist()) for batch in plan if np.ptp(src[batch]) > 0]
    assert mixed == [[4, 4, 10, 10, 10, 30]]


def test_the_last_batch_of_a_bucket_is_evened_out() -> None:
    lengths = np.full(101, 10, np.int32)
    plan = plan_batches(lengths, lengths, 1000, seed=1, epoch=0)
    assert sorted(map(len, plan)) == [50, 51]


def test_targets_of_like_length_go_together() -> None:
    src, tgt = np.full(1000, 10, np.int32), np.tile(np.arange(5, 25, dtype=np.int32), 50)
    plan = plan_batches(src, tgt, 500, seed=1, epoch=0)
    assert max(np.ptp(tgt[batch]) for batch in plan) <= 5


def test_a_pair_longer_than_the_budget_is_a_batch_of_its_own() -> None:
    lengths = np.array([5, 500, 5, 500], np.int32)
    plan = plan_batches(lengths, lengths, 100, seed=1, epoch=0)
    assert sorted(lengths[batch].tolist() for batch in plan) == [[5, 5], [500], [500]]


@pytest.mark.parametrize("alike", [False, True])
def test_plans_differ_by_seed_and_epoch_and_in_nothing_else(alike: bool) -> None:
    src, tgt = (np.full(3000, 10, np.int32),) * 2 if alike else lengths_like_text(3000, seed=0)

    def plan(seed: int, epoch: int) -> list[list[int]]:
        return [batch.tolist() for batch in plan_batches(src, tgt, 1000, seed, epoch)]

    assert plan(1, 0) == plan(1, 0)
    plans = [plan(1, 0), plan(1, 1), plan(2, 0), plan(0, 1)]
    members = [{tuple(sorted(batch)) for batch in one} for one in plans]
    for k in range(4):
        for other in range(k):
            assert plans[k] != plans[other]
            # not only the order changes, but where a length has so few pairs that they make one batch
            assert len(members[k] & members[other]) <= (0 if alike else 0.5 * len(members[k]))


def test_lengths_come_in_random_order() -> None:
    src, tgt = lengths_like_text(3000, seed=0)
    lengths = [int(src[batch].max()) for batch in plan_batches(src, tgt, 1000, seed=1, epoch=0)]
    assert abs(np.corrcoef(lengths, range(len(lengths)))[0, 1]) < 0.3


def test_an_empty_corpus_has_no_batches() -> None:
    nothing = np.array([], np.int32)
    assert plan_batches(nothing, nothing, 100, seed=1, epoch=0) == []


def test_limits_below_one() -> None:
    lengths = np.array([3], np.int32)
    with pytest.raises(InputError, match=r"^tokens_per_batch is 0; it must be at least 1$"):
        plan_batches(lengths, lengths, 0, seed=1, epoch=0)
    with pytest.raises(InputError, match=r"^max_sentences is -1; it must be at least 1$"):
        plan_batches(lengths, lengths, 100, seed=1, epoch=0, max_sentences=-1)
