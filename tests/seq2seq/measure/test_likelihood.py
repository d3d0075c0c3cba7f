from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from throughtime.errors import InputError
from throughtime.files.pairs import Pair
from throughtime.seq2seq.config import ModelConfig, SearchConfig
from throughtime.seq2seq.measure.likelihood import Judge, Likelihood, load_judge, perplexity
from throughtime.seq2seq.model_file import Trained, load_model
from throughtime.seq2seq.network.model import Translator
from throughtime.seq2seq.pipeline import load_pipeline
from throughtime.text.tokenizer import Tokenizers, Words

SHAPES = [
    dict(),
    dict(attention="none"),
    dict(input_feeding=True),
    dict(copying=True, coverage=True),
    dict(reverse_source=True, copying=True),
]
SOURCES = ["a b c", "h", "", "d d e f g a b", "zebra b"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.mark.parametrize("weights", [(), (3.0, 1.0)])
@pytest.mark.parametrize("changes", SHAPES, ids=str)
def test_what_a_search_wrote_is_as_likely_as_it_said(
    folder: Path, saved_letters: Callable[..., Path], weights: Sequence[float], changes: dict[str, object]
) -> None:
    paths = [saved_letters(folder / f"{seed}.safetensors", seed, **changes) for seed in range(2)]
    paths = paths if weights else paths[:1]
    search = SearchConfig(beam_size=3, n_best=3, length_penalty=0.0, unknown="keep")
    found = list(load_pipeline(paths, search, weights).lines(SOURCES))
    listed = zip(SOURCES, found, strict=True)
    pairs = [(Pair(src, one.text), one.score) for src, ones in listed for one in ones]
    written = [pair for pair in pairs if pair[0].src and "<unk>" not in pair[0].tgt]
    assert len(written) > 6
    judged = load_judge(paths, weights).likelihoods([pair for pair, _ in written])
    for one, (_, score) in zip(judged, written, strict=True):
        assert one.log_probability == pytest.approx(score, rel=1e-4, abs=1e-4)


def test_each_member_reads_by_its_own_vocabulary(
    folder: Path, saved_letters: Callable[..., Path], letters: Tokenizers
) -> None:
    backwards = Tokenizers(Words("hgfedcba", "en"), letters.tgt)
    paths = [saved_letters(folder / "1.safetensors", 1, tie_embeddings="output")]
    paths.append(saved_letters(folder / "2.safetensors", 1, backwards, tie_embeddings="output"))
    pair = Pair("a b", "b a")
    own = [load_judge([path]).likelihoods([pair])[0].log_probability for path in paths]
    assert own[0] != pytest.approx(own[1], rel=1e-3)
    forms = [load_judge([path]).likelihoods([Pair("h g", "b a")])[0].log_probability for path in paths]
    assert own[0] == pytest.approx(forms[1], rel=1e-5)  # a is to one what h is to the other
    assert load_judge(paths).likelihoods([pair])[0].tokens == 3


def test_perplexity_is_that_of_the_validation(
    folder: Path, saved_letters: Callable[..., Path], batch_of: Callable[..., object]
) -> None:
    path = saved_letters(folder / "m.safetensors")
    pairs = [Pair("a b c", "c"), Pair("d", "a b")]
    model = load_model(path).model
    ids = [(model_ids(src), model_ids(tgt)) for src, tgt in pairs]
    with torch.no_grad():
        loss = model(batch_of(ids))
    found = Judge([load_model(path)]).likelihoods(pairs)
    assert [one.tokens for one in found] == [2, 3]
    assert perplexity(found) == pytest.approx(math.exp(float(loss.total) / loss.tokens), rel=1e-5)


def model_ids(text: str) -> list[int]:
    return Words(list("abcdefgh"), "en").encode(text)


def test_perplexity_by_hand() -> None:
    assert perplexity([Likelihood(math.log(1 / 8), 2), Likelihood(math.log(1 / 2), 2)]) == pytest.approx(2)


def test_members_must_write_by_one_vocabulary(
    folder: Path, saved_letters: Callable[..., Path], letters: Tokenizers
) -> None:
    paths = [saved_letters(folder / "1.safetensors")]
    other = Tokenizers(letters.src, Words("hgfedcba", "en"))
    paths.append(saved_letters(folder / "2.safetensors", 0, other, tie_embeddings="output"))
    with pytest.raises(InputError, match=r"2\.safetensors and .*1\.safetensors have different target"):
        load_judge(paths)


def test_an_unknown_word_is_any_of_what_stands_for_it(tiny_config: Callable[..., ModelConfig]) -> None:
    both = Words(list("abcdefgh"), "en", positions=True)
    torch.manual_seed(0)
    model = Translator(tiny_config(attention="dot", encoder_size=6), both.vocab_size, both.vocab_size).eval()
    (found,) = Judge([Trained(model, Tokenizers(both, both), {})]).likelihoods([Pair("a b", "b zebra")])
    no_place = list(both.unknowns)[-1]
    src, tgt = torch.tensor([[*both.encode("a b"), 3]]), torch.tensor([[2, *both.encode("b"), no_place]])
    with torch.no_grad():
        encoded = model.encode(src, torch.tensor([3]))
        decoded = model.decode(tgt, encoded.state, model.head.attended(encoded))
        p = model.output.log_probabilities(decoded.features[0]).exp()
    expected = p[0, tgt[0, 1]] * p[1, list(both.unknowns)].sum() * p[2, 3]
    assert found.log_probability == pytest.approx(float(expected.log()), rel=1e-4)
