"""The native scan: its library, found beside this file, and how a call is laid out for it."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from throughtime.engine.instruction import CONSTANTS, Code, Key, Kind

LIBRARY = Path(__file__).with_name("native") / "libthroughtime.so"

NAMES = {torch.float32: "float", torch.float64: "double"}


class _Buffer(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("width", ctypes.c_int64),
        ("start", ctypes.c_int64),
        ("kind", ctypes.c_int32),
        ("unused", ctypes.c_int32),
    ]


class _Matrix(ctypes.Structure):
    _fields_ = [("packed", ctypes.c_void_p), ("rows", ctypes.c_int64), ("columns", ctypes.c_int64)]


class _Scan(ctypes.Structure):
    _fields_ = [
        ("steps", ctypes.c_int64),
        ("sizes", ctypes.c_void_p),
        ("offsets", ctypes.c_void_p),
        ("instructions", ctypes.c_void_p),
        ("groups", ctypes.c_void_p),
        ("buffers", ctypes.c_void_p),
        ("matrices", ctypes.c_void_p),
        ("group_count", ctypes.c_int32),
        ("buffer_count", ctypes.c_int32),
        ("backwards", ctypes.c_int32),
        ("tile_rows", ctypes.c_int32),
        ("tiles", ctypes.c_void_p),
        ("tile_size", ctypes.c_int64),
        ("shared_products", ctypes.c_int32),
        ("unused", ctypes.c_int32),
    ]


class Native:
    """The library's functions for the best instruction set that this machine has."""

    def __init__(self, path: Path) -> None:
        self.library = ctypes.CDLL(str(path))
        self.library.throughtime_instruction_set.restype = ctypes.c_char_p
        self.instruction_set: str = self.library.throughtime_instruction_set().decode()
        self.packed_size = self._function("packed_size")
        self.packed_size.restype = ctypes.c_int64
        self.packed_size.argtypes = [ctypes.c_int64, ctypes.c_int64, ctypes.c_int]
        self.scan = {dtype: self._function(f"scan_{name}") for dtype, name in NAMES.items()}
        self.pack = {dtype: self._function(f"pack_{name}") for dtype, name in NAMES.items()}
        for scan in self.scan.values():
            scan.restype, scan.argtypes = None, [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
        for pack in self.pack.values():
            pack.restype = None
            pack.argtypes = [ctypes.c_void_p, *[ctypes.c_int64] * 4, ctypes.c_void_p, ctypes.c_int]

    def _function(self, name: str) -> ctypes._NamedFuncPointer:  # pyright: ignore[reportPrivateUsage]
        return getattr(self.library, f"throughtime_{name}_{self.instruction_set}")


native = Native(LIBRARY) if LIBRARY.exists() else None


class Linked:
    """Code in the form that the library takes."""

    def __init__(self, code: Code) -> None:
        self.code = code
        flat = [number for group in code.groups for one in group for number in one.numbers()]
        ends, end = [], 0
        for group in code.groups:
            end += len(group)
            ends.append(end)
        self.instructions = (ctypes.c_int32 * len(flat))(*flat)
        self.groups = (ctypes.c_int32 * len(ends))(*ends)
        self.fixed = [one.key[1] for one in code.buffers if one.key[0] == "fixed"]
        self.constants: dict[torch.dtype, Tensor] = {
            dtype: torch.tensor(code.constants, dtype=dtype) for dtype in NAMES
        }


@dataclass(frozen=True)
class Steps:
    """The shape of a batch: rows of each step and where they begin, int64; longest sequences first."""

    sizes: Tensor
    offsets: Tensor

    @cached_property
    def batch(self) -> int:
        """Sequences."""
        return int(self.sizes[0]) if len(self.sizes) else 0

    @cached_property
    def rows(self) -> int:
        """Rows of all steps."""
        return int(self.sizes.sum())


def steps_of(sizes: Tensor) -> Steps:
    """The steps with so many rows each."""
    return Steps(sizes, sizes.cumsum(0) - sizes)


def pack(matrix: Tensor) -> Tensor:
    """The matrix as products from the left read it."""
    assert native is not None
    rows, columns = matrix.shape
    packed = matrix.new_empty(native.packed_size(rows, columns, matrix.element_size()))
    threads = torch.get_num_threads() if packed.numel() > WORTH_SHARING else 1
    native.pack[matrix.dtype](matrix.data_ptr(), *matrix.stride(), rows, columns, packed.data_ptr(), threads)
    return packed


WORTH_SHARING = 1 << 16
"""Numbers of a matrix below which one thread packs it as fast as all."""

SHARED_BYTES = 1 << 20
"""Matrices larger than this do not stay in the second-level cache: threads share their columns."""


@dataclass
class Pass:
    """One direction of one layer over time: the code, what is there by key, packed matrices."""

    linked: Linked
    tensors: dict[Key, Tensor]
    matrices: Sequence[tuple[Tensor, int, int]]
    backwards: bool

    def __getitem__(self, key: Key) -> Tensor:
        """What lies under a key, or under the key that it is another name of."""
        return self.tensors[self.linked.code.aliases.get(key, key)]


def run(passes: Sequence[Pass], steps: Steps, like: Tensor) -> None:
    """Runs passes of the same steps side by side; buffers that are not there yet are made and put in place."""
    assert native is not None
    dtype = like.dtype
    threads = torch.get_num_threads()
    scans = (_Scan * len(passes))()
    alive = []
    for scan, one in zip(scans, passes, strict=True):
        code = one.linked.code
        team = max(1, threads // len(passes))
        buffers = (_Buffer * len(code.buffers))()
        for laid, buffer in zip(buffers, code.buffers, strict=True):
            laid.width, laid.start, laid.kind = buffer.width, buffer.start, buffer.kind
            if buffer.kind is Kind.TILE:
                continue
            tensor = one.tensors.get(buffer.key)
            if tensor is None:
                if buffer.key == CONSTANTS:
                    tensor = one.linked.constants[dtype]
                else:
                    rows = steps.rows if buffer.kind is Kind.SEQUENCE else steps.batch
                    tensor = like.new_empty(rows, buffer.width)
                one.tensors[buffer.key] = tensor
            laid.data = tensor.data_ptr()
        matrices = (_Matrix * max(1, len(one.matrices)))()
        size = 0
        for laid, (packed, rows, columns) in zip(matrices, one.matrices, strict=False):
            laid.packed, laid.rows, laid.columns = packed.data_ptr(), rows, columns
            size += rows * columns
        tile_size = -(-code.tile_width * code.tile_rows // 32) * 32 + 32
        tiles = like.new_empty(team * tile_size)
        few = steps.batch < 4 * team
        shared = team > 1 and (few or size * like.element_size() > SHARED_BYTES)
        scan.steps = len(steps.sizes)
        scan.sizes, scan.offsets = steps.sizes.data_ptr(), steps.offsets.data_ptr()
        scan.instructions = ctypes.addressof(one.linked.instructions)
        scan.groups = ctypes.addressof(one.linked.groups)
        scan.buffers, scan.matrices = ctypes.addressof(buffers), ctypes.addressof(matrices)
        scan.group_count, scan.buffer_count = len(one.linked.groups), len(code.buffers)
        scan.backwards, scan.tile_rows = one.backwards, code.tile_rows
        scan.tiles, scan.tile_size, scan.shared_products = tiles.data_ptr(), tile_size, shared
        alive.append((buffers, matrices, tiles))
    native.scan[dtype](ctypes.addressof(scans), len(passes), threads)
