"""The vectors of whole sentences in a model, and the distances between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from throughtime.errors import InputError
from throughtime.layers.special_ids import EOS_ID
from throughtime.seq2seq.model_file import Trained


@torch.no_grad()
def sentence_vectors(trained: Trained, sentences: Sequence[str]) -> Tensor:
    """Return the decoder's initial state, (N, W): each state of each layer, concatenated."""
    rows = [_vector(trained, [*trained.tokenizers.src.encode(sentence), EOS_ID]) for sentence in sentences]
    return torch.stack(rows)


def _vector(trained: Trained, ids: list[int]) -> Tensor:
    encoded = trained.model.encode(torch.tensor([ids]), torch.tensor([len(ids)]))
    return torch.cat([state.flatten() for state in encoded.state])


class Plane(NamedTuple):
    """Vectors in the plane of their first two principal components."""

    points: Tensor  # (N, 2)
    share: float  # of their variance that this shows


def principal_plane(vectors: Tensor) -> Plane:
    """Return the plane of most variance (PCA); raises InputError for fewer than three vectors."""
    if len(vectors) < 3:
        raise InputError(f"{len(vectors)} sentences have no map; expected at least 3")
    centred = vectors.double() - vectors.double().mean(0)
    u, s, _ = torch.linalg.svd(centred, full_matrices=False)
    variance = s.square()
    return Plane(u[:, :2] * s[:2], float(variance[:2].sum() / variance.sum().clamp_min(1e-30)))


def separation(vectors: Tensor, meanings: Sequence[int]) -> float:
    """Return the mean distance between sentences of one meaning, divided by that between different meanings.

    Below 1, sentences of one meaning are close together, whatever their word order.

    Raises InputError unless there are two meanings and one of them has two sentences.
    """
    label = torch.tensor(meanings)
    same = (label[:, None] == label) & ~torch.eye(len(label), dtype=torch.bool)
    different = label[:, None] != label
    if not (same.any() and different.any()):
        raise InputError("expected two meanings or more, one of them of two sentences or more")
    apart = torch.cdist(vectors.double(), vectors.double())
    return float(apart[same].mean() / apart[different].mean())
