"""The curves of the cells' pages: responses, norms of gradients, what is left of a memory."""

from __future__ import annotations

import numpy as np
from drawing import FILLS
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

VANISHING, STEADY, EXPLODING = FILLS["o"][1], FILLS["i"][1], FILLS["f"][1]


def linear_responses() -> Figure:
    """The linear unit's response to a single 1, decaying and growing."""
    figure = Figure(figsize=(7, 2.9), facecolor="white", layout="constrained")
    for axes, w, colour in zip(figure.subplots(1, 2), (0.9, 1.1), (VANISHING, EXPLODING), strict=True):
        tau = np.arange(13)
        y = w * (w * w) ** tau
        axes.vlines(tau, 0, y, color=colour, linewidth=2)
        axes.plot(tau, y, "o", color=colour, markersize=5)
        axes.set_title(f"$w_1 = w_2 = {w}$:  $w_1 w_2 = {w * w:.2f}$", fontsize=11)
        axes.set_xlabel(r"steps since the input, $\tau$")
        axes.set_ylim(0, None)
    figure.axes[0].set_ylabel(r"response  $w_1 (w_1 w_2)^\tau$")
    return figure


def elman_gradient() -> Figure:
    """The norm of the gradient through tau steps, by spectral radius, with tanh and without."""
    figure = Figure(figsize=(7, 3.4), facecolor="white", layout="constrained")
    axes = figure.subplots()
    for radius, colour in ((0.8, VANISHING), (1.0, STEADY), (1.25, EXPLODING)):
        u = radius * _unit_radius(64)
        axes.semilogy(_jacobian_norms(u, squash=False), color=colour, linestyle=(0, (4, 3)), linewidth=1.4)
        norms = _jacobian_norms(u, squash=True)
        axes.semilogy(norms, color=colour, linewidth=2)
        axes.text(61, norms[-1], rf"$\rho(U) = {radius}$", color=colour, va="center", fontsize=11)
    axes.set(xlabel=r"steps back, $\tau$", xlim=(0, 60), ylim=(1e-8, 1e8))
    axes.set_ylabel(r"$\Vert\, \partial h(t) \,/\, \partial h(t-\tau)\, \Vert$")
    axes.legend(*_line_styles(axes), loc="upper left", frameon=False)
    return figure


def lstm_memory() -> Figure:
    """What is left of a gradient along the memory, by the forget gate's pre-activation."""
    figure = Figure(figsize=(7, 3.0), facecolor="white", layout="constrained")
    axes = figure.subplots()
    tau, colours = np.arange(101), (EXPLODING, FILLS["g"][1], STEADY, VANISHING, FILLS["r"][1])
    for a, colour in zip((0, 1, 2, 4, 6), colours, strict=True):
        f = 1 / (1 + np.exp(-a))
        axes.plot(tau, f**tau, color=colour, linewidth=2, label=f"$a_f = {a}$,  $f = {f:.4f}$")
    axes.set(
        xlabel=r"steps back, $\tau$",
        ylabel=r"left of the gradient, $f^{\,\tau}$",
        xlim=(0, 100),
        ylim=(0, 1.02),
    )
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figure


def _unit_radius(size: int) -> NDArray[np.float64]:
    """A random matrix whose largest eigenvalue has modulus 1."""
    u = np.random.default_rng(0).standard_normal((size, size))
    return u / np.abs(np.linalg.eigvals(u)).max()


def _jacobian_norms(u: NDArray[np.float64], squash: bool) -> NDArray[np.float64]:
    """Largest singular value of the product of 0 to 60 Jacobians D(t) U, from a run driven by noise."""
    draws, h, product = np.random.default_rng(1), np.zeros(len(u)), np.eye(len(u))
    norms = [1.0]
    for _ in range(60):
        h = np.tanh(u @ h + 0.1 * draws.standard_normal(len(u)))
        slope = 1 - h**2 if squash else np.ones(len(u))
        product = slope[:, None] * (u @ product)
        norms.append(float(np.linalg.norm(product, 2)))
    return np.array(norms)


def _line_styles(axes: Axes) -> tuple[list[Artist], list[str]]:
    dashed, solid = axes.lines[:2]
    return [solid, dashed], [r"tanh, driven by noise: $\prod D(t)\, U$", r"linear: $U^\tau$"]
