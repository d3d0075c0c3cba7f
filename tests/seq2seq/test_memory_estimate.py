"""The memory that a run will need, against what networks and layers really hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from throughtime.application import memory_estimate as module
from throughtime.application.memory_estimate import MemoryEstimate, free_memory
from throughtime.engine.native import native
from throughtime.errors import InputError
from throughtime.seq2seq.config import DataConfig, ModelConfig, TrainConfig, TrainingConfig
from throughtime.seq2seq.memory_estimate import ADVICE, memory_estimate
from throughtime.seq2seq.network.model import Translator

GIB = 1 << 30
HALF = TrainingConfig(precision="bf16-mixed")


def of(
    words: int = 500, data: DataConfig | None = None, training: TrainingConfig | None = None, **model
) -> MemoryEstimate:
    config = TrainConfig(data or DataConfig(), ModelConfig(**model), training or TrainingConfig())
    return memory_estimate(config, (words, words), longest=40, all_tokens=100_000)


@pytest.mark.parametrize(
    "model",
    [
        {},
        dict(tie_embeddings="none", output="adaptive"),
        dict(attention="none", cell="gru", encoder_layers=3),
    ],
)
def test_weights_are_those_of_the_network(model: dict[str, object]) -> None:
    parts = of(**model).parts
    numbers = sum(one.numel() for one in Translator(ModelConfig(**model), 500, 500).parameters())
    assert parts["weights"] == parts["gradients"] == 4 * numbers
    assert parts["optimiser"] == 8 * numbers


def test_plain_gradient_descent_keeps_nothing() -> None:
    sgd = of(training=TrainingConfig(optimiser="sgd")).parts
    assert "optimiser" not in sgd
    assert of(training=TrainingConfig(optimiser="sgd", momentum=0.9)).parts["optimiser"] == sgd["weights"]


def test_a_moving_average_is_one_more_copy_of_the_weights() -> None:
    plain, averaged = (of(training=TrainingConfig(average_decay=decay)).parts for decay in (0.0, 0.99))
    assert "moving average" not in plain
    assert averaged["moving average"] == averaged["weights"]
    saved = "packing and saving"  # a checkpoint is built in memory: the tensors, and their bytes
    assert averaged[saved] - plain[saved] == 2 * averaged["weights"]


def test_scores_of_all_words_are_what_a_chunked_layer_saves() -> None:
    sizes = {
        kind: of(80_000, output=kind, tie_embeddings="none").parts["output layer"]
        for kind in ("full", "chunked", "sampled", "adaptive")
    }
    assert sizes["full"] > 3 * sizes["chunked"] and sizes["full"] > 3 * sizes["adaptive"]
    assert min(sizes, key=sizes.__getitem__) == "sampled"
    in_half = of(80_000, training=HALF, output="chunked", tie_embeddings="none")
    assert in_half.parts["output layer"] == sizes["full"]  # which the engine does not compute


def test_what_attention_of_a_hidden_layer_and_cut_subwords_add() -> None:
    part = "recurrences and attention"
    general, mlp = (of(attention=kind).parts[part] for kind in ("general", "mlp"))
    hidden = 4 * 1600 * 3 * 40 * 512  # three copies of a hidden layer for each source place
    assert mlp - general == (hidden if native is None else 0)
    assert of(attention="mlp", training=HALF).parts[part] - general == hidden
    general_covered, covered = (of(attention=kind, coverage=True).parts[part] for kind in ("general", "mlp"))
    assert covered - general_covered == hidden
    cut = of(data=DataConfig(subword_dropout=0.25)).parts[part]
    assert cut == pytest.approx(1.25 * general)


def test_larger_batches_need_more() -> None:
    small, large = (of(data=DataConfig(tokens_per_batch=tokens)).parts for tokens in (1000, 4000))
    part = "recurrences and attention"
    assert large[part] == 4 * small[part] and large["weights"] == small["weights"]
    corpus, more = (of(data=DataConfig(tokens_per_batch=tokens)).parts for tokens in (100_000, 10**9))
    assert corpus == more  # no batch is larger than the corpus


def test_coverage_and_copying_keep_more_of_what_is_looked_at() -> None:
    plain, covered, both = (
        of(80_000, attention="general", coverage=coverage, copying=copying).parts
        for coverage, copying in ((False, False), (True, False), (True, True))
    )
    part = "recurrences and attention"
    assert 0 < covered[part] - plain[part] == both[part] - covered[part] == 4 * 1600 * 3 * 40
    assert plain["output layer"] == covered["output layer"] < both["output layer"]


def test_what_cannot_fit_is_refused_with_the_sum() -> None:
    parts = {"program": GIB, "weights": 3 * GIB, "optimiser": 100 << 20}
    needed = MemoryEstimate(parts, 2 * GIB, advice=ADVICE)
    told = "memory: about 4.1 GiB of 2.0 GiB free: program 1.0 GiB, weights 3.0 GiB, optimiser 100 MiB"
    assert needed.summary() == told
    with pytest.raises(InputError) as caught:
        needed.check()
    assert str(caught.value).startswith(told) and "tokens_per_batch" in str(caught.value)
    MemoryEstimate(needed.parts, 5 * GIB).check()
    MemoryEstimate(needed.parts, None).check()  # a system that does not tell


def test_free_memory_is_the_least_that_the_system_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meminfo, limit, none = (tmp_path / name for name in ("meminfo", "max", "none"))
    meminfo.write_text("MemTotal:       4096 kB\nMemAvailable:   2048 kB\n")
    monkeypatch.setattr(module, "MEMINFO", meminfo)
    monkeypatch.setattr(module, "LIMITS", (limit, none))
    assert free_memory() == 2048 << 10
    limit.write_text("1000000\n")
    assert free_memory() == 1_000_000
    limit.write_text("max\n")
    assert free_memory() == 2048 << 10
    monkeypatch.setattr(module, "MEMINFO", none)
    assert free_memory() is None
