from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from throughtime.errors import InputError
from throughtime.seq2seq.measure.sentence_map import principal_plane, sentence_vectors, separation
from throughtime.seq2seq.model_file import load_model


def test_a_vector_is_all_that_the_decoder_begins_with(
    tmp_path: Path, saved_letters: Callable[..., Path]
) -> None:
    trained = load_model(saved_letters(tmp_path / "m.safetensors", attention="none", decoder_layers=2))
    one, other, again = sentence_vectors(trained, ["a b c", "c b a", "a b c"])
    assert one.shape == (2 * 2 * 6,)  # h and c of two layers
    assert torch.equal(one, again) and not torch.allclose(one, other)
    src = torch.tensor([[*trained.tokenizers.src.encode("a b c"), 3]])
    with torch.no_grad():
        state = trained.model.encode(src, torch.tensor([4])).state
    torch.testing.assert_close(one, torch.cat([part.flatten() for part in state]))


def test_the_plane_keeps_distances_of_what_lies_in_one() -> None:
    torch.manual_seed(0)
    flat = torch.randn(6, 2, dtype=torch.float64) @ torch.randn(2, 7, dtype=torch.float64) + 3
    plane = principal_plane(flat)
    assert plane.share == pytest.approx(1)
    torch.testing.assert_close(torch.cdist(plane.points, plane.points), torch.cdist(flat, flat))
    assert plane.points[:, 0].var() >= plane.points[:, 1].var()
    assert 0 < principal_plane(torch.randn(6, 5)).share < 1


def test_two_points_have_no_map() -> None:
    with pytest.raises(InputError, match="2 sentences have no map"):
        principal_plane(torch.zeros(2, 4))


def test_separation_compares_distances() -> None:
    vectors = torch.tensor([[0.0], [1.0], [10.0], [12.0]])
    within, between = (1 + 2) / 2, (10 + 12 + 9 + 11) / 4
    assert separation(vectors, [0, 0, 1, 1]) == pytest.approx(within / between)
    with pytest.raises(InputError, match="two meanings or more"):
        separation(vectors, [0, 0, 0, 0])
    with pytest.raises(InputError, match="two meanings or more"):
        separation(vectors, [0, 1, 2, 3])
