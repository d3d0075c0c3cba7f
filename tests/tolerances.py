"""Every numerical tolerance of the tests, in one table by kind of check and dtype, each with its argument.

The error model: two orders of summing a product of K terms differ by at most 2 K u of the sum of magnitudes,
u being the unit roundoff (2^-24 for float32, 2^-53 for float64). The tests keep K to 32, T to 12 steps and
values to order 1; slopes of sigmoid and tanh are at most 1, so that errors of earlier steps add up but do not
grow.
"""

from __future__ import annotations

from typing import TypedDict

import torch


class Tolerance(TypedDict):
    """The keyword arguments that `torch.testing.assert_close` takes."""

    rtol: float
    atol: float


ROUNDOFF = {torch.float32: 2.0**-24, torch.float64: 2.0**-53}

FACTORS = {
    # Values after T steps. The bound is 2 K T u = 768 u, but roundings fall either way: its square root, 28,
    # is the size to expect, and twice that is allowed. The largest seen is 8.
    "forward": 64,
    # Gradients: the same way back again, and those of weights add T B <= 48 rows, whose errors grow as the
    # square root, 7: 28 * 7 is the size to expect in all. The largest seen is 19.
    "gradient": 256,
    # Gradients through layer normalisation, which divides by the deviation of a few numbers: where it is a
    # quarter of their size, so much more of the roundoff comes through. The largest seen is 740.
    "normalised": 2048,
    # Gradients of what a whole batch shares: N = B T S <= 4,320 terms of order 1 are added. The sum
    # of the first n is of size sqrt(n) and is rounded by 0.3 u of it on average: 0.3 N / sqrt(2) u = 920 u is
    # the size to expect of sums one after the other; blocks have less. The largest seen is 280.
    "shared": 1024,
    # One step, orthogonality, or a closed form: one product of K terms. The largest seen is 5.
    "step": 32,
}
"""Allowed difference in units of roundoff, relative and absolute alike since values are of order 1."""

FINITE_DIFFERENCES = dict(eps=1e-6, rtol=1e-6, atol=1e-8)
"""For gradcheck and gradgradcheck in float64: a central difference with step e errs by e^2 f''' / 6 = 1e-13
from truncation and by u f / e = 1e-10 from rounding; a hundred times that is allowed, for sums of outputs."""

HALF_PRECISION = 0.05
"""For float32 against bfloat16 inside autocast: u = 2^-9 = 0.002, some twenty roundings in a few steps."""

STANDARD_ERRORS = 5.0
"""For sample statistics: how many standard errors off is allowed; chance goes beyond it once in 2e6."""


def tolerance(kind: str, dtype: torch.dtype) -> Tolerance:
    """What `kind` of check allows in `dtype`: `assert_close(a, b, **tolerance("forward", a.dtype))`."""
    allowed = FACTORS[kind] * ROUNDOFF[dtype]
    return Tolerance(rtol=allowed, atol=allowed)
