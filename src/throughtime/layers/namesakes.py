"""LSTM, GRU and RNN as in torch.nn: the same arguments, shapes, parameter names and results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from throughtime import cells
from throughtime.layers.arguments import check_sizes
from throughtime.layers.rnn_base import RNNBase


class LSTM(RNNBase):
    """Drop-in torch.nn.LSTM. Arguments: `Recurrent`.

    proj_size: width of the output of the projected LSTM of Sak et al. (2014); 0: no projection.
    """

    torchs = nn.LSTM
    mode = "LSTM"
    get_expected_cell_size = nn.LSTM.get_expected_cell_size
    check_forward_args = nn.LSTM.check_forward_args
    permute_hidden = nn.LSTM.permute_hidden

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
        check_sizes(hidden_size=hidden_size)
        if not 0 <= proj_size < hidden_size:
            raise ValueError(
                f"proj_size must be at least 0 (no projection) and below hidden_size {hidden_size}; "
                f"got {proj_size}"
            )
        cell = cells.ProjectedLSTM(proj_size) if proj_size else cells.LSTM()
        shape = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__(cell, *shape, device=device, dtype=dtype, **options)
        self.proj_size = proj_size


class GRU(RNNBase):
    """Drop-in torch.nn.GRU, with the reset gate after the recurrent product. Arguments: `Recurrent`."""

    torchs = nn.GRU
    mode = "GRU"

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
        _refuse_projection(options)
        shape = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__(cells.GRU(), *shape, device=device, dtype=dtype, **options)


class RNN(RNNBase):
    """Drop-in torch.nn.RNN, the simple recurrent network of Elman (1990). Arguments: `Recurrent`.

    nonlinearity: `tanh` or `relu`.
    """

    torchs = nn.RNN

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
        _refuse_projection(options)
        kinds = {"tanh": cells.Elman, "relu": cells.ElmanReLU}
        if nonlinearity not in kinds:
            raise ValueError(f"Unknown nonlinearity {nonlinearity!r}: nonlinearity must be 'tanh' or 'relu'")
        shape = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__(kinds[nonlinearity](), *shape, device=device, dtype=dtype, **options)
        self.nonlinearity = nonlinearity
        self.mode = f"RNN_{nonlinearity.upper()}"


def _refuse_projection(options: Mapping[str, Any]) -> None:
    if "proj_size" in options:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
