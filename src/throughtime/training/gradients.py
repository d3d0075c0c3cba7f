"""Gradients of a sum made into clipped gradients of a mean."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor, nn
from torch.nn.utils import get_total_norm


def gradients_of(parameters: Iterable[nn.Parameter]) -> list[Tensor]:
    """Return the gradients that there are."""
    return [p.grad for p in parameters if p.grad is not None]


def gradient_norm(gradients: list[Tensor]) -> float:
    """Return the Euclidean norm of all gradients taken as one vector; not finite where one of them is not."""
    return get_total_norm(gradients).item()


def clip_factor(norm: float, largest: float) -> float:
    """Return s = largest / norm where norm > largest > 0, else 1 (Sutskever et al. 2014, section 3.4)."""
    return largest / norm if norm > largest > 0 else 1.0


def scale(gradients: list[Tensor], factor: float) -> None:
    """Multiply all gradients by `factor`, in place."""
    for gradient in gradients:
        gradient.mul_(factor)
