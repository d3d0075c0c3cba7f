"""Whether torch.onnx.export is running, for which layers use operations that ONNX has."""

from __future__ import annotations

import sys

import torch


def exporting() -> bool:
    """Whether this is inside torch.onnx.export, which traces a graph in one way or the other."""
    tracing = torch.compiler.is_compiling() or torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage]
    return tracing and _is_in_onnx_export()


def _is_in_onnx_export() -> bool:
    """Return torch's answer, within microseconds and without importing torch.onnx."""
    onnx = sys.modules.get("torch.onnx")
    return onnx is not None and onnx.is_in_onnx_export()


# Evaluated while a graph is traced, like torch.compiler.assume_constant_result, whose import takes a second.
_is_in_onnx_export._dynamo_marked_constant = True  # pyright: ignore
