"""Any cell as a layer: stacked, bidirectional, ragged, with the conventions of torch.nn."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Real
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.fx import Proxy
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence

from throughtime.cells import Cell, Rows, cell_named
from throughtime.cells.initialise import INITIALISERS, Initialiser
from throughtime.cells.registry import without_constants
from throughtime.engine.step import NativeStep
from throughtime.errors import TensorError
from throughtime.layers.autocast import casts, in_dtypes, result_dtypes
from throughtime.layers.backends import BACKENDS, choose
from throughtime.layers.direction import directions_of
from throughtime.layers.inference import Inference, nothing_watches
from throughtime.layers.onnx import exporting
from throughtime.layers.ragged import Ragged, pack_like, ragged, unpack
from throughtime.layers.stream import ReferenceStep, Stream
from throughtime.layers.tracing import call_as_leaf, refuse_jit_trace

State = Tensor | tuple[Tensor, ...]
"""All layers' state, (num_layers * D, B, width): a tensor, or a tuple for cells with more states than one."""

NOT_SHOWN = dict(
    num_layers=1,
    bias=True,
    batch_first=False,
    dropout=0.0,
    bidirectional=False,
    proj_size=0,
    nonlinearity="tanh",
)
"""The values of arguments that `repr` leaves out."""


class Recurrent(nn.Module):
    """A recurrence over time, in one or more layers, in one direction or in both.

    cell: a `Cell`, its class, or the name of a built-in one.
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional: as in torch.nn.LSTM.
    backend: `auto`, `compiled`, `torch` or `reference`; asking for one that cannot run the cell raises
    ValueError.
    initialiser: how the weights begin, one of `throughtime.cells.initialise` or its name.

    The parameters are named as in torch.nn: `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, ..., `_reverse`.
    """

    def __init__(
        self,
        cell: Cell | type[Cell] | str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        backend: str = "auto",
        initialiser: Initialiser | str = "torch",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        _check_flags(bias=bias, batch_first=batch_first)
        check_sizes(input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        if isinstance(dropout, bool) or not isinstance(dropout, Real) or not 0 <= dropout <= 1:
            raise ValueError(f"dropout must be a probability from 0 to 1; got {dropout}")
        if dropout and num_layers == 1:
            warnings.warn(
                f"dropout {dropout} does nothing: it stands between layers, and there is one", stacklevel=2
            )
        self.cell = _as_cell(cell)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional = bidirectional
        self.initialiser = _as_initialiser(initialiser)
        self._names = tuple(self.cell.weight_shapes(input_size, hidden_size, bias))
        for k in range(num_layers):
            for suffix in self._suffixes(k):
                shapes = self.cell.weight_shapes(self._layer_input(k), hidden_size, bias)
                for name, shape in shapes.items():
                    parameter = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
                    self.register_parameter(name + suffix, parameter)
        self.backend = backend
        self._inference = Inference()
        self.reset_parameters()

    def __prepare_scriptable__(self) -> nn.Module:
        """Refuse torch.jit.script, which asks this first."""
        raise RuntimeError(
            f"torch.jit.script cannot compile throughtime.{type(self).__name__}: use torch.compile, "
            "torch.export, or for LSTM, GRU and RNN torch.jit.trace"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Without what is kept for inference: a copy packs weights of its own."""
        return self.__dict__ | {"_inference": Inference()}

    @property
    def backend(self) -> str:
        """Who runs this layer where its weights are now; setting one that cannot raises ValueError."""
        weight = self._a_weight()
        if self._place != (weight.device, weight.dtype):
            self.backend = self._asked
        return self._backend

    @backend.setter
    def backend(self, name: str) -> None:
        weight = self._a_weight()
        self._backend = choose(name, self.cell, self.hidden_size, weight)
        self._asked, self._place = name, (weight.device, weight.dtype)

    @property
    def num_directions(self) -> int:
        """2 if bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def output_size(self) -> int:
        """Width of the output at each step, both directions together."""
        return self.num_directions * self.cell.output_size(self.hidden_size)

    def reset_parameters(self) -> None:
        """Begins all weights anew with the layer's initialiser."""
        with torch.no_grad():
            for k in range(self.num_layers):
                for weights in self.weights(k):
                    self.initialiser(self.cell, self.hidden_size, weights)

    def flatten_parameters(self) -> None:
        """Does nothing; it is here because code written for torch.nn calls it."""

    def weights(self, k: int) -> list[dict[str, Tensor]]:
        """The parameters of layer k by their plain names, one dictionary a direction."""
        return [{name: getattr(self, name + suffix) for name in self._names} for suffix in self._suffixes(k)]

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: State | None = None,
        lengths: Tensor | list[int] | None = None,
    ) -> tuple[Tensor | PackedSequence, State]:
        """Runs all layers.

        input: (T, B, input_size), (B, T, input_size) if batch_first, (T, input_size) unbatched, or packed.
        hx: the first state, (num_layers * D, B, width) each, without B if unbatched; zeros if not given.
        lengths: (B,) steps of each sequence of a padded input; what lies behind is not read, the output 0.
        Returns the output, formed as the input with D * width features, and the state after the last steps.
        """
        if isinstance(input, Proxy):
            return call_as_leaf(self, input, hx, lengths)
        output, state, _ = self._formed(input, hx, lengths, ())
        return output, state

    def observe(
        self,
        input: Tensor | PackedSequence,
        hx: State | None = None,
        lengths: Tensor | list[int] | None = None,
    ) -> tuple[Tensor | PackedSequence, State, list[dict[str, Tensor | PackedSequence]]]:
        """Runs as `forward`, and gives also what the cell lets be seen, such as its gates, at every step.

        Returns output, state and for each layer and direction, in the order of the state's first dimension,
        a dictionary by the names in `cell.observed`, each formed as the output. No gradient comes back
        through them. Torch's kernels show nothing: raises ValueError where `backend` is `torch`.
        """
        return self._formed(input, hx, lengths, self.cell.observed)

    def _formed(
        self,
        input: Tensor | PackedSequence,
        hx: State | None,
        lengths: Tensor | list[int] | None,
        observed: tuple[str, ...],
    ) -> tuple[Any, State, list[dict[str, Any]]]:
        """Runs all layers on input of any form, and gives results the same form."""
        refuse_jit_trace(self)
        if isinstance(input, PackedSequence):
            if lengths is not None:
                raise ValueError("a PackedSequence brings its own lengths; leave out `lengths`")
            output, state, seen = self._run(unpack(input), hx, observed)
            return pack_like(output, input), state, _in_form(seen, lambda one: pack_like(one, input))
        if input.dim() == 2:
            self._check_state(hx)
            batched = None if hx is None else _each(hx, lambda s: s[:, None])
            output, state, seen = self._run(ragged(input[:, None], lengths), batched, observed)
            alone = _in_form(seen, lambda one: one.data[:, 0])
            return output.data[:, 0], _each(state, lambda s: s[:, 0]), alone
        if input.dim() != 3:
            raise TensorError(
                f"input must have 2 dimensions (unbatched) or 3; got shape {tuple(input.shape)}"
            )
        turn = self.batch_first
        if lengths is None and self._only_infers(input):
            output, state, shown = self._inferred(input.transpose(0, 1) if turn else input, hx, observed)
            if turn:
                output = output.transpose(0, 1)
                shown = [{name: one.transpose(0, 1) for name, one in each.items()} for each in shown]
            return output, state, shown
        sequences = ragged(input.transpose(0, 1) if turn else input, lengths)
        output, state, seen = self._run(sequences, hx, observed)
        padded = _in_form(seen, lambda one: one.data.transpose(0, 1) if turn else one.data)
        return (output.data.transpose(0, 1) if turn else output.data), state, padded

    def stream(self, batch_size: int = 1) -> Stream:
        """A state that takes one step at a time, `stream.step(x)`, with this layer's weights.

        Raises ValueError for a bidirectional layer, whose backward half needs the end of the sequence first.
        """
        if self.bidirectional:
            raise ValueError("a bidirectional layer cannot stream: its backward half begins at the last step")
        check_sizes(batch_size=batch_size)
        first = self._states(batch_size, self._a_weight().detach())
        kind = NativeStep if self.backend == "compiled" else ReferenceStep
        layers = [kind(self.cell, self.weights(k)[0], first) for k in range(self.num_layers)]
        return Stream(layers, self.input_size, first)

    def extra_repr(self) -> str:
        own = [str(self.cell)] if type(self) is Recurrent else []  # a namesake is called as its cell
        given = {name: getattr(self, name, default) for name, default in NOT_SHOWN.items()}
        changed = [f"{name}={value}" for name, value in given.items() if value != NOT_SHOWN[name]]
        return ", ".join(
            [*own, f"{self.input_size}, {self.hidden_size}", *changed, f"backend={self.backend}"]
        )

    def _only_infers(self, input: Tensor) -> bool:
        """Whether a call on padded input is plain arithmetic on the engine, without gradients or chance."""
        if self.training or not nothing_watches(input):
            return False
        return self.backend == "compiled" and 0 not in input.shape[:2]

    def _inferred(
        self, data: Tensor, hx: State | None, observed: tuple[str, ...]
    ) -> tuple[Tensor, State, list[Rows]]:
        """Time-major input through all layers without gradients."""
        self._check_input(data)
        self._check_state(hx, data.shape[1])
        count = self.num_layers * self.num_directions
        if hx is None:
            one = self._states(data.shape[1], data)
            stacked = [
                value.expand(count, -1, -1).clone(memory_format=torch.contiguous_format)
                for value in one.values()
            ]
        else:
            stacked = [value.clone(memory_format=torch.contiguous_format) for value in _parts(hx)]
        states = [dict(zip(self.cell.state, parts, strict=True)) for parts in zip(*stacked, strict=True)]
        weights = [self.weights(k) for k in range(self.num_layers)]
        output, seen = self._inference.run(self.cell, weights, data, states, observed)
        return output, stacked[0] if len(stacked) == 1 else tuple(stacked), seen

    def _run(
        self, sequences: Ragged, hx: State | None, observed: tuple[str, ...]
    ) -> tuple[Ragged, State, list[dict[str, Ragged]]]:
        """Time-major input through all layers."""
        self._check_input(sequences.values)
        if not sequences.steps:
            raise TensorError("input must have at least one step; got none")
        self._check_state(hx, sequences.batch)
        first = self._first_states(hx, sequences)
        dtypes = result_dtypes(self.cell, sequences, first[0])
        last: list[Rows] = []
        seen: list[dict[str, Ragged]] = []
        for k in range(self.num_layers):
            if k and self.dropout:
                sequences = sequences.map(lambda x: functional.dropout(x, self.dropout, self.training))
            masks = self.cell.input_noise(self._layer_input(k)) if self.training else None
            if masks is not None:
                sequences = sequences.scaled(masks.draw(self._a_weight(), sequences.batch))
            states = first[k * self.num_directions : (k + 1) * self.num_directions]
            directions = directions_of(
                self.cell, self.hidden_size, sequences, states, self.weights(k), self.training
            )
            done = BACKENDS["reference" if exporting() else self.backend].run(
                self.cell, sequences, directions, observed
            )
            done = in_dtypes(done, dtypes, self.cell.state[0])
            sequences = done.output
            last += done.state
            seen += done.observed
        stacked = tuple(_stacked([state[name] for state in last]) for name in self.cell.state)
        return sequences, stacked[0] if len(self.cell.state) == 1 else stacked, seen

    def _first_states(self, hx: State | None, sequences: Ragged) -> list[Rows]:
        """The state that each layer and direction begins with, (B, width) by name."""
        if hx is None:
            return [self._states(sequences.batch, sequences.values)] * (self.num_layers * self.num_directions)
        parts = zip(*_parts(hx), strict=True)
        return [dict(zip(self.cell.state, part, strict=True)) for part in parts]

    def _states(self, batch_size: int, like: Tensor) -> Rows:
        """One layer's state before the first step, in the dtype and on the device of `like`."""
        sizes = self.cell.state_sizes(self.hidden_size)
        return {
            name: self.cell.initial_state(name, like.new_empty(batch_size, size))
            for name, size in sizes.items()
        }

    def _check_input(self, data: Tensor) -> None:
        if data.shape[-1] != self.input_size:
            raise TensorError(
                f"input must have {self.input_size} features, the input_size; got {data.shape[-1]}"
            )
        self._check_kind("input", data)

    def _check_state(self, hx: State | None, *batch: int) -> None:
        if hx is None:
            return
        given, sizes = _parts(hx), self.cell.state_sizes(self.hidden_size)
        if len(given) != len(sizes):
            raise TensorError(f"hx must be {', '.join(sizes)} of {self.cell.name}; got {len(given)} tensors")
        for (name, size), state in zip(sizes.items(), given, strict=True):
            expected = (self.num_layers * self.num_directions, *batch, size)
            if state.shape != expected:
                raise TensorError(f"{name} of hx must have shape {expected}; got {tuple(state.shape)}")
            self._check_kind(f"{name} of hx", state)

    def _check_kind(self, what: str, data: Tensor) -> None:
        weight = self._a_weight()
        if data.device != weight.device:
            raise TensorError(
                f"{what} must be on the device of the weights, {weight.device}; got {data.device}"
            )
        if data.dtype != weight.dtype and not casts(data, weight):
            raise TensorError(f"{what} must have the dtype of the weights, {weight.dtype}; got {data.dtype}")

    def _a_weight(self) -> Tensor:
        """For its device and dtype."""
        return cast(Tensor, self.weight_ih_l0)

    def _layer_input(self, k: int) -> int:
        return self.output_size if k else self.input_size

    def _suffixes(self, k: int) -> tuple[str, ...]:
        return (f"_l{k}", f"_l{k}_reverse")[: self.num_directions]


def _as_cell(cell: object) -> Cell:
    if isinstance(cell, str):
        return cell_named(cell)
    if isinstance(cell, type) and issubclass(cell, Cell):
        return without_constants(cell)
    if not isinstance(cell, Cell):
        raise ValueError(f"cell must be a Cell, its class or the name of a built-in one; got {cell!r}")
    return cell


def _as_initialiser(initialiser: Initialiser | str) -> Initialiser:
    if not isinstance(initialiser, str):
        return initialiser
    if initialiser not in INITIALISERS:
        raise ValueError(
            f"initialiser must be a function or {' or '.join(INITIALISERS)}; got {initialiser!r}"
        )
    return INITIALISERS[initialiser]


def _check_flags(**flags: object) -> None:
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            raise TypeError(f"{name} should be of type bool, got: {type(flag).__name__}")


def check_sizes(**sizes: object) -> None:
    """Raise TypeError for a size that is not an int, ValueError for one below 1."""
    for name, size in sizes.items():
        if not isinstance(size, int):
            raise TypeError(f"{name} should be of type int, got: {type(size).__name__}")
        if size < 1:
            raise ValueError(f"{name} must be greater than zero; got {size}")


def _parts(hx: State) -> tuple[Tensor, ...]:
    return (hx,) if isinstance(hx, Tensor) else tuple(hx)


def _stacked(states: list[Tensor]) -> Tensor:
    return torch.stack(states) if len(states) > 1 else states[0].unsqueeze(0)


def _in_form(
    seen: list[dict[str, Ragged]], form: Callable[[Ragged], Tensor | PackedSequence]
) -> list[dict[str, Tensor | PackedSequence]]:
    return [{name: form(one) for name, one in values.items()} for values in seen]


def _each(state: State, change: Callable[[Tensor], Tensor]) -> State:
    return change(state) if isinstance(state, Tensor) else tuple(change(part) for part in state)
