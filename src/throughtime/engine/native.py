"""The native scan: its library, found beside this file, and how a call is laid out for it."""

from __future__ import annotations

import ctypes
import os
from array import array
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, chain
from pathlib import Path
from threading import Event
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from throughtime import engine
from throughtime.engine.instruction import CONSTANTS, Code, Key, Kind
from throughtime.engine.memory import pool

LIBRARIES = ("libthroughtime.so", "libthroughtime.dylib", "libthroughtime.dll")

NAMES = {torch.float32: "float", torch.float64: "double"}


POINTER, INT, INT64 = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64

Function = Callable[..., None]


class Native:
    """The library's functions for the best instruction set of this machine, by dtype if there are two.

    A signal that arrives during a call, such as Ctrl-C, has its handler run within a tenth of a second. If
    the handler raises, the work is aborted, its results are invalid, and the call raises the handler's
    exception.
    """

    def __init__(self, path: Path) -> None:
        self.library = ctypes.CDLL(str(path))
        self.library.throughtime_instruction_set.restype = ctypes.c_char_p
        self.instruction_set: str = self.library.throughtime_instruction_set().decode()
        self.library.throughtime_compiler.restype = ctypes.c_char_p
        self.compiler: str = self.library.throughtime_compiler().decode()
        self._raised = self.library.throughtime_raised
        self._raised.restype, self._raised.argtypes = None, [POINTER]
        self._use_python()
        self.packed_size = self._function("packed_size", INT64, INT64, INT64, INT)
        self.digest = self._function("digest", ctypes.c_uint64, POINTER, POINTER, INT64, INT)
        self.scan = self._by_dtype("scan", POINTER, INT, INT)
        self.outer = self._by_dtype("outer", POINTER, INT, INT)
        self.column_sums = self._by_dtype("column_sums", POINTER, INT64, INT64, POINTER, INT)
        self.pack = self._by_dtype("pack", POINTER, INT64, INT64, INT64, INT64, POINTER, INT)
        self.softmax_loss = self._by_dtype("softmax_loss", POINTER, INT)
        self.best_words = self._by_dtype("best_words", POINTER, INT)
        self.best_of_sums = self._by_dtype("best_of_sums", POINTER, POINTER, INT)
        self.rows_product = self._by_dtype("rows_product", POINTER, INT)
        self.additive_scores = self._by_dtype("additive_scores", POINTER, INT)
        self.additive_gradients = self._by_dtype("additive_gradients", POINTER, INT)

    def _use_python(self) -> None:
        """Pass the library what it needs to run Python's signal handlers during a call."""
        use = self.library.throughtime_use_python
        use.restype, use.argtypes = None, [POINTER] * 4
        python = ctypes.pythonapi
        names = ("PyGILState_Ensure", "PyGILState_Release", "PyErr_CheckSignals", "PyErr_Fetch")
        use(*(ctypes.cast(getattr(python, name), POINTER) for name in names))

    def _function(self, name: str, result: Any, *arguments: Any) -> Callable[..., int]:
        function = getattr(self.library, f"throughtime_{name}_{self.instruction_set}")
        function.restype, function.argtypes = result, arguments
        return function

    def _by_dtype(self, name: str, *arguments: Any) -> dict[torch.dtype, Function]:
        return {
            dtype: self._raising(self._function(f"{name}_{number}", INT, *arguments))
            for dtype, number in NAMES.items()
        }

    def _raising(self, function: Callable[..., int]) -> Function:
        """Return the function, raising what a signal handler raised in it."""

        def call(*arguments: Any) -> None:
            if function(*arguments):
                self._raise_again()

        return call

    def _raise_again(self) -> None:
        raised = (POINTER * 3)()
        self._raised(raised)
        restore = ctypes.pythonapi.PyErr_Restore
        restore.restype, restore.argtypes = None, [POINTER] * 3
        restore(*raised)  # ctypes raises the exception when a Python API function returns


def _found() -> Native | None:
    """Load the library that was built when the package was installed, if it was."""
    places = (Path(folder) / name for folder in engine.__path__ for name in LIBRARIES)
    return next((Native(path) for path in places if path.exists()), None)


def threads() -> int:
    """Return how many threads a call may use: torch's, but 1 in a forked process, which lacks the pool."""
    return 1 if _forked.is_set() else torch.get_num_threads()


_forked = Event()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked.set)

native = _found()
"""None if there was no compiler when throughtime was installed."""


def computes(*tensors: Tensor) -> bool:
    """Whether the native part exists and supports these: on the CPU, of one of its dtypes, not dual."""
    dtype = tensors[0].dtype
    like = all(tensor.device.type == "cpu" and tensor.dtype == dtype for tensor in tensors)
    return native is not None and like and dtype in NAMES and not forward_mode()


def forward_mode() -> bool:
    """Whether forward-mode derivatives are being computed: the library does not support dual numbers."""
    return forward_ad._current_level >= 0  # pyright: ignore[reportPrivateUsage]


def in_rows(tensor: Tensor) -> Tensor:
    """Return the tensor with its numbers row by row in memory: itself, or a copy of a strided view."""
    return tensor.resolve_neg().contiguous()


def address(tensor: Tensor) -> int:
    """Return the address of a tensor's numbers, row by row, for the library to read or write.

    Every address passed to the library comes from here, except of tensors that the engine has just created
    and of matrices that are still to be packed.

    Raises ValueError for a tensor on another device or laid out otherwise; `in_rows` returns one laid out so.
    """
    if tensor.is_contiguous() and not tensor.is_neg() and tensor.is_cpu:
        return tensor.data_ptr()
    require_cpu(tensor)
    raise ValueError(
        f"the engine reads contiguous rows; got strides {tensor.stride()} of shape {tuple(tensor.shape)}"
    )


def require_cpu(*tensors: Tensor) -> None:
    """Raise ValueError for a tensor on another device, which the library cannot read."""
    for tensor in tensors:
        if not tensor.is_cpu:
            raise ValueError(f"the engine computes on the CPU only; got a tensor on {tensor.device}")


def address_or_null(tensor: Tensor | None) -> int | None:
    """Return `address`, or None for None."""
    return None if tensor is None else address(tensor)


class Linked:
    """Code in the form that the library takes.

    text: the key of `engine.compiled.linked`. shapes: rows and columns of its matrices. backwards: it runs
    from the last step to the first. lasting: its matrices stay packed until they change. inside: kinds of
    keys whose buffers only the engine sees.
    """

    def __init__(
        self,
        text: str,
        code: Code,
        shapes: Sequence[tuple[int, int]],
        backwards: bool = False,
        lasting: bool = False,
        inside: Collection[str] = (),
    ) -> None:
        self.text, self.code, self.backwards, self.lasting = text, code, backwards, lasting
        self.changed = [buffer in code.gives for buffer in code.reads]
        reads = {buffer.key: k for k, buffer in enumerate(code.reads)}
        self.sources = [
            (buffer, reads.get(buffer.key, -1), buffer.key[0] in inside) for buffer in code.buffers
        ]
        self.gives = [code.buffers.index(buffer) for buffer in code.gives]
        self.keys = [buffer.key for buffer in code.reads]
        names = [buffer.key for buffer in code.buffers]
        self.output = names.index(self.key(("output", None))) if not backwards else -1
        flat = [number for group in code.groups for instruction in group for number in instruction.numbers()]
        ends = list(accumulate(len(group) for group in code.groups))
        laid = [number for buffer in code.buffers for number in (buffer.width, buffer.start, buffer.kind)]
        self.instructions = (ctypes.c_int32 * len(flat))(*flat)
        self.groups = (ctypes.c_int32 * len(ends))(*ends)
        self.buffers = (ctypes.c_int64 * len(laid))(*laid)
        self.matrix_shapes = (ctypes.c_int64 * (2 * len(shapes)))(*chain.from_iterable(shapes))
        in_steps = code.groups[code.ahead : len(code.groups) - code.behind]
        used = {instruction.matrix for group in in_steps for instruction in group if instruction.matrix >= 0}
        self.numbers = sum(shapes[k][0] * shapes[k][1] for k in used)
        self.tables = tuple(
            map(ctypes.addressof, (self.instructions, self.groups, self.buffers, self.matrix_shapes))
        )
        self.sizes = (len(ends), code.ahead, code.behind, code.tile_rows, code.tile_width)
        self._constants: dict[torch.dtype, Tensor] = {}

    def key(self, key: Key) -> Key:
        """Return the key under which a value is stored: its own, or that of which it is an alias."""
        return self.code.aliases.get(key, key)

    def matrices_of(self, prelude: Mapping[int, Tensor]) -> list[Tensor]:
        """Return the matrices that the code reads, still to be packed."""
        return [prelude[place].T if turned else prelude[place] for place, turned in self.code.matrices]

    def constants(self, dtype: torch.dtype) -> Tensor:
        """Return the constants of the equations."""
        if dtype not in self._constants:
            self._constants[dtype] = torch.tensor(self.code.constants, dtype=dtype)
        return self._constants[dtype]


@dataclass(frozen=True)
class Steps:
    """The shape of a batch: rows of each step and their offsets, int64; longest sequences first."""

    sizes: Tensor
    offsets: Tensor

    @cached_property
    def places(self) -> tuple[int, int, int]:
        """Their number, and the addresses of sizes and offsets."""
        return len(self.sizes), address(self.sizes), address(self.offsets)

    @cached_property
    def batch(self) -> int:
        """Number of sequences."""
        return int(self.sizes[0]) if len(self.sizes) else 0

    @cached_property
    def rows(self) -> int:
        """Number of rows of all steps."""
        return int(self.sizes.sum())


def steps_of(sizes: Tensor) -> Steps:
    """Return the steps with these numbers of rows."""
    sizes = in_rows(sizes)
    return Steps(sizes, sizes.cumsum(0) - sizes)


@lru_cache(maxsize=64)
def equal_steps(steps: int, batch: int) -> Steps:
    """Return the steps of a batch of sequences of equal length."""
    return steps_of(torch.full((steps,), batch))


def steps_over(rows: int, batch: int, sizes: Tensor | None) -> Steps:
    """Return the steps of `rows` rows in all, with `sizes` rows each or, if that is None, `batch`."""
    if sizes is not None:
        return steps_of(sizes)
    return equal_steps(rows // batch if batch else 0, batch)


WORTH_THREADS = 1 << 17
"""Multiplications of a step from which several threads are faster than one."""

ROWS_EACH = 4
"""Rows of a step per thread from which threads share rows rather than columns."""

NEAR_BYTES = 1 << 20
"""Matrices larger than this do not stay in the second-level cache."""

ROWS_AT_ONCE = 12
"""Rows that a thread processes together: their products are still cached when row operations read them."""

ROWS_OF_FAR_MATRICES = 48
"""The same for matrices beyond the second-level cache, where each read has to serve more rows."""


class Pass:
    """One direction of one layer over time: code with its tensors and packed matrices.

    inputs: what the code reads, in the order of `Code.reads`; the other buffers are allocated, in `tensors`
    in the order of `Code.buffers`. rows: of each sequence buffer, at least those of all steps; those of no
    step are 0. data, packed_data: addresses of the buffers and of the packed matrices.

    Raises ValueError for tensors of another dtype than `like`, and as `address` does.
    """

    def __init__(
        self,
        linked: Linked,
        inputs: Sequence[Tensor],
        packed: Sequence[Tensor],
        rows: int,
        backwards: bool,
        steps: Steps,
        like: Tensor,
    ) -> None:
        self.linked, self.packed, self.backwards = linked, packed, backwards
        dtype = like.dtype
        self.tensors: list[Tensor | None] = []
        self.data, self.packed_data = (
            array("q"),
            array("q", [_address_of(matrix, dtype) for matrix in packed]),
        )
        for buffer, source, inside in linked.sources:
            tensor, place = None, 0
            if source >= 0:
                tensor = inputs[source]
                place = _address_of(tensor, dtype)
            elif buffer.key == CONSTANTS:
                tensor = linked.constants(dtype)
                place = tensor.data_ptr()
            elif buffer.kind is not Kind.TILE:
                count = rows if buffer.kind is Kind.SEQUENCE else steps.batch
                tensor = (pool.empty if inside else Tensor.new_empty)(like, count, buffer.width)
                if rows != steps.rows:
                    tensor.zero_()
                place = tensor.data_ptr()
            self.tensors.append(tensor)
            self.data.append(place)


class Prepared:
    """Passes over the same steps laid out for the library, to run side by side any number of times.

    data: for each pass the addresses of its buffers.
    """

    def __init__(self, passes: Sequence[Pass], steps: Steps, like: Tensor) -> None:
        assert native is not None
        self._run, self._count = native.scan[like.dtype], len(passes)
        self._passes, self._steps = passes, steps
        first = passes[0].linked
        work = first.numbers * steps.batch * len(passes)
        self._threads = threads() if work >= WORTH_THREADS else 1
        team = max(1, self._threads // len(passes))
        shared = team > 1 and steps.batch < ROWS_EACH * team
        near = first.numbers * like.element_size() <= NEAR_BYTES
        rows_at_once = ROWS_AT_ONCE if near else ROWS_OF_FAR_MATRICES
        self.data = [scan.data for scan in passes]
        laid: list[int] = []
        for scan in passes:
            laid += steps.places
            laid += scan.linked.tables
            laid += (scan.data.buffer_info()[0], scan.packed_data.buffer_info()[0])
            laid += scan.linked.sizes
            laid += (scan.backwards, shared, rows_at_once)
        self._scans = array("q", laid)
        self._address = self._scans.buffer_info()[0]

    def run(self) -> None:
        """Run them."""
        self._run(self._address, self._count, self._threads)


def _address_of(tensor: Tensor, dtype: torch.dtype) -> int:
    if tensor.dtype != dtype:
        raise ValueError(f"a scan takes tensors of one dtype; got {dtype} and {tensor.dtype}")
    return address(tensor)
