"""Mixed precision on the CPU: under torch.autocast layers take and return the dtypes of torch.nn's."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from throughtime.cells import GRU, LSTM, Cell, ProjectedLSTM, Rows
from throughtime.layers.ragged import LayerResult, Ragged

Dtypes = Mapping[str, torch.dtype]


def casts(data: Tensor, weight: Tensor) -> bool:
    """Whether autocast converts data of this dtype for the weights; it leaves float64 and integers alone."""
    if not torch.is_autocast_enabled(data.device.type):
        return False
    return data.is_floating_point() and torch.float64 not in (data.dtype, weight.dtype)


def in_dtypes(run: LayerResult, dtypes: Dtypes | None, output: str) -> LayerResult:
    """Convert states to these dtypes by name, and the output to that of `output`; None changes nothing."""
    if dtypes is None:
        return run
    return LayerResult(
        run.output.map(lambda x: x.to(dtypes[output])),
        [{name: value.to(dtypes[name]) for name, value in state.items()} for state in run.state],
        run.observed,
    )


def result_dtypes(cell: Cell, sequences: Ragged, first: Rows) -> Dtypes | None:
    """Return the dtype of each final state under CPU autocast, else None; the output has that of the first.

    Products have autocast's dtype. A state that a step carries over by addition, such as the LSTM's c, is
    promoted with its initial dtype. Cells that torch.nn lacks return autocast's dtype.
    """
    if not torch.is_autocast_enabled("cpu") or sequences.values.device.type != "cpu":
        return None
    half = torch.get_autocast_dtype("cpu")
    if sequences.values.dtype == torch.float64:
        return dict.fromkeys(first, torch.float64)
    carried = {name: torch.promote_types(half, value.dtype) for name, value in first.items()}
    if type(cell) is GRU or (type(cell) is LSTM and not _by_onednn(sequences)):
        return carried
    if type(cell) is ProjectedLSTM:
        return carried | {"h": half}
    return dict.fromkeys(first, half)


def _by_onednn(sequences: Ragged) -> bool:
    """Whether torch.nn.LSTM would use oneDNN, as for equal lengths: its results have autocast's dtype."""
    if sequences.lengths is not None:
        return False
    return _onednn_takes(sequences.values.dtype, torch.is_grad_enabled())


def _onednn_takes(dtype: torch.dtype, gradients: bool) -> bool:
    if not (torch.backends.mkldnn.is_available() and torch._C._get_mkldnn_enabled()):  # pyright: ignore
        return False
    if dtype == torch.bfloat16:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return dtype == torch.float32 or (not gradients and torch.ops.mkldnn._is_mkldnn_fp16_supported())


# Evaluated while a graph is traced, like torch.compiler.assume_constant_result, whose import takes a second.
_onednn_takes._dynamo_marked_constant = True  # pyright: ignore
