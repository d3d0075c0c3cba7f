"""Code run over time, as an operator of torch, opaque to its compiler and exporter."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from throughtime.engine.compiled import linked
from throughtime.engine.instruction import Buffer, Kind
from throughtime.engine.native import Linked, Pass, Prepared, in_rows, steps_over
from throughtime.engine.packing import pack, packed_for_good

library = torch.library.Library("throughtime", "FRAGMENT")
library.define(
    "scan(str code, SymInt rows, SymInt batch, Tensor[] inputs, Tensor[] matrices, Tensor? sizes) -> Tensor[]"
)


def execute(
    code: Linked,
    rows: int,
    batch: int,
    inputs: Sequence[Tensor],
    matrices: Sequence[Tensor],
    sizes: Tensor | None,
) -> list[Tensor]:
    """Run code for one direction, or for two side by side, the second in the opposite direction of time.

    rows: of all steps; batch: those of the first. inputs: what the code reads, in the order of `Code.reads`;
    matrices: what it multiplies by; both concatenated over the directions. sizes: rows of each step, or None
    if all have `batch`. Returns the results in the order of `Code.gives`.
    """
    if not plain(inputs[0]):
        return torch.ops.throughtime.scan(code.text, rows, batch, list(inputs), list(matrices), sizes)
    return _execute(code, rows, batch, inputs, matrices, sizes)


def plain(tensor: Tensor) -> bool:
    """Whether operations on the tensor are not intercepted, as by torch's compiler."""
    watched = torch._C._len_torch_dispatch_stack()  # pyright: ignore
    return not watched and type(tensor) in (Tensor, torch.nn.Parameter)


def _execute(
    code: Linked,
    rows: int,
    batch: int,
    inputs: Sequence[Tensor],
    matrices: Sequence[Tensor],
    sizes: Tensor | None,
) -> list[Tensor]:
    reads = len(code.changed)
    steps = steps_over(rows, batch, sizes)
    count = len(inputs) // reads
    prepare = packed_for_good if code.lasting else pack
    packed = [prepare(matrix) for matrix in matrices]
    own = len(packed) // count
    passes: list[Pass] = []
    for k in range(count):
        there = [
            tensor.clone(memory_format=torch.contiguous_format) if changed else in_rows(tensor)
            for tensor, changed in zip(inputs[k * reads : (k + 1) * reads], code.changed, strict=True)
        ]
        turned = bool(k) != code.backwards
        passes.append(Pass(code, there, packed[k * own : (k + 1) * own], rows, turned, steps, inputs[0]))
    Prepared(passes, steps, inputs[0]).run()
    return [scan.tensors[place] for scan in passes for place in code.gives]  # pyright: ignore[reportReturnType]


def _by_text(
    code: str,
    rows: int,
    batch: int,
    inputs: Sequence[Tensor],
    matrices: Sequence[Tensor],
    sizes: Tensor | None,
) -> list[Tensor]:
    return _execute(linked(code), rows, batch, inputs, matrices, sizes)


def _shapes(
    code: str,
    rows: int,
    batch: int,
    inputs: Sequence[Tensor],
    matrices: Sequence[Tensor],
    sizes: Tensor | None,
) -> list[Tensor]:
    program = linked(code).code
    count = len(inputs) // len(program.reads)

    def empty(buffer: Buffer) -> Tensor:
        return inputs[0].new_empty(rows if buffer.kind is Kind.SEQUENCE else batch, buffer.width)

    return [empty(buffer) for _ in range(count) for buffer in program.gives]


library.impl("scan", _by_text, "CPU")
torch.library.register_fake("throughtime::scan", _shapes, lib=library)
