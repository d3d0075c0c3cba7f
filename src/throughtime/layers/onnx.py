"""Whether torch.onnx.export is at work, for which layers are computed by operations that ONNX has."""

from __future__ import annotations

import sys


def exporting() -> bool:
    """True inside torch.onnx.export; its module is not imported for the question."""
    onnx = sys.modules.get("torch.onnx")
    return onnx is not None and onnx.is_in_onnx_export()


# Computed while a graph is traced, as by torch.compiler.assume_constant_result, whose import takes a second.
exporting._dynamo_marked_constant = True  # pyright: ignore
