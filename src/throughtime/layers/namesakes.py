"""LSTM, GRU and RNN as torch.nn has them: the same arguments, shapes, parameter names and numbers."""

from __future__ import annotations

from typing import Any

import torch

from throughtime import cells
from throughtime.layers.recurrent import Recurrent


class LSTM(Recurrent):
    """Drop-in torch.nn.LSTM. Arguments: `Recurrent`.

    proj_size: width of the output of the projected LSTM of Sak et al. (2014); 0, no projection.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ) -> None:
        if not 0 <= proj_size < max(hidden_size, 1):
            raise ValueError(
                f"proj_size must be from 0, none, to below hidden_size {hidden_size}; got {proj_size}"
            )
        cell = cells.ProjectedLSTM(proj_size) if proj_size else cells.LSTM()
        shape = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__(cell, *shape, device=device, dtype=dtype, **options)
        self.proj_size = proj_size


class GRU(Recurrent):
    """Drop-in torch.nn.GRU, with the reset gate after the recurrent product. Arguments: `Recurrent`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ) -> None:
        shape = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__(cells.GRU(), *shape, device=device, dtype=dtype, **options)


class RNN(Recurrent):
    """Drop-in torch.nn.RNN, the simple recurrent network of Elman (1990). Arguments: `Recurrent`.

    nonlinearity: `tanh` or `relu`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ) -> None:
        kinds = {"tanh": cells.Elman, "relu": cells.ElmanReLU}
        if nonlinearity not in kinds:
            raise ValueError(f"nonlinearity must be tanh or relu; got {nonlinearity!r}")
        shape = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__(kinds[nonlinearity](), *shape, device=device, dtype=dtype, **options)
        self.nonlinearity = nonlinearity
