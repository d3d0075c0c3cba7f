"""A small GPT to compare with: the configuration that nanoGPT gives for a CPU, written from its description.

Four blocks of causal self-attention (4 heads) and a feed-forward layer, 128 wide, in front of each a layer
norm; learned positions; tied vectors; no dropout. Trained as nanoGPT does on random windows: 12 x 64
characters, AdamW (betas 0.9 and 0.99, weight decay 0.1), warm-up over 100 steps to 1e-3, cosine to 1e-4.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, scaled_dot_product_attention


@dataclass(frozen=True)
class GPTConfig:
    """nanoGPT's for a CPU."""

    blocks: int = 4
    heads: int = 4
    width: int = 128
    window: int = 64
    rows: int = 12
    dropout: float = 0.0


class Block(nn.Module):
    """x + attention(norm(x)), then x + feed_forward(norm(x))."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config, width = config, config.width
        self.norms = nn.ModuleList(nn.LayerNorm(width, bias=False) for _ in range(2))
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return x (B, T, width) with both added."""
        b, t, width = x.shape
        parts = self.qkv(self.norms[0](x)).view(b, t, 3, self.config.heads, -1).permute(2, 0, 3, 1, 4)
        dropout = self.config.dropout if self.training else 0.0
        seen = scaled_dot_product_attention(*parts, dropout_p=dropout, is_causal=True)  # (B, heads, T, w)
        x = x + self.dropout(self.out(seen.transpose(1, 2).reshape(b, t, width)))
        return x + self.dropout(self.down(nn.functional.gelu(self.up(self.norms[1](x)))))


class GPT(nn.Module):
    """Scores of the next character at each place of a window."""

    def __init__(self, config: GPTConfig, vocab_size: int) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(vocab_size, config.width)
        self.positions = nn.Embedding(config.window, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.Sequential(*(Block(config) for _ in range(config.blocks)))
        self.norm = nn.LayerNorm(config.width, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1:
                last = name.endswith(("out.weight", "down.weight"))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * config.blocks) if last else 0.02)

    def forward(self, ids: Tensor) -> Tensor:
        """Return scores (B, T, V) of ids (B, T)."""
        x = self.embedding(ids) + self.positions.weight[: ids.shape[1]]
        return self.norm(self.blocks(self.dropout(x))) @ self.embedding.weight.T


def train(config: GPTConfig, ids: NDArray[np.int64], vocab_size: int, minutes: float, seed: int) -> GPT:
    """Train on random windows for that long."""
    torch.manual_seed(seed)
    draw, text = np.random.default_rng(seed), torch.from_numpy(ids)
    model = GPT(config, vocab_size)
    matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.99), fused=True)
    start, step = time.monotonic(), 0
    while (done := (time.monotonic() - start) / 60 / minutes) < 1:
        step += 1
        for group in optimiser.param_groups:
            cosine = 1e-4 + 0.5 * (1e-3 - 1e-4) * (1 + math.cos(math.pi * done))
            group["lr"] = min(step / 100, 1) * cosine
        places = draw.integers(0, len(ids) - config.window - 1, config.rows)
        windows = torch.stack([text[place : place + config.window + 1] for place in places])
        scores = model(windows[:, :-1])
        cross_entropy(scores.flatten(0, 1), windows[:, 1:].flatten()).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
    return model.eval()


@torch.no_grad()
def nats(model: GPT, ids: NDArray[np.int64], stride: int) -> float:
    """Return the mean of -log p over a text, whose windows begin `stride` apart.

    Of a window only what the window before did not hold is counted: with a stride of the window's length all
    of it, as nanoGPT does, and with less every character is predicted from at least window - stride others.
    """
    total, window = 0.0, model.config.window
    for start in range(0, len(ids) - 1, stride):
        piece = torch.from_numpy(ids[start : start + window + 1])
        own = 0 if start == 0 else window - stride
        losses = cross_entropy(model(piece[None, :-1])[0], piece[1:], reduction="none")
        total += float(losses[own:].sum())
        if start + window + 1 >= len(ids):
            break
    return total / (len(ids) - 1)
