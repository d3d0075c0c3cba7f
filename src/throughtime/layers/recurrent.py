"""Any cell as a layer: stacked, bidirectional, ragged, with the conventions of torch.nn."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.fx import Proxy
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence

from throughtime.cells import Cell, Rows
from throughtime.cells.initialise import Initialiser
from throughtime.engine.cell_text import text_of
from throughtime.engine.step import NativeStep
from throughtime.errors import TensorError
from throughtime.layers.arguments import (
    as_cell,
    as_initialiser,
    check_flags,
    check_input,
    check_sizes,
    check_state,
)
from throughtime.layers.autocast import in_dtypes, result_dtypes
from throughtime.layers.backends import BACKENDS, choose
from throughtime.layers.direction import directions_of
from throughtime.layers.forms import State, check_form, each, run_in_form
from throughtime.layers.inference import Inference, nothing_watches
from throughtime.layers.onnx import exporting
from throughtime.layers.ragged import Ragged
from throughtime.layers.reading import Reading
from throughtime.layers.single_step import step, step_by_equations, step_layers
from throughtime.layers.stream import ReferenceStep, Stream
from throughtime.layers.tracing import call_as_leaf, refuse_jit_trace

NOT_SHOWN = dict(
    num_layers=1,
    bias=True,
    batch_first=False,
    dropout=0.0,
    bidirectional=False,
    reverse=False,
    proj_size=0,
    nonlinearity="tanh",
)
"""The values of arguments that `repr` leaves out."""


class Recurrent(nn.Module):
    """A recurrence over time, in one or more layers, in one direction or both.

    cell: a `Cell`, its class, or its name; "my_module:MyCell" imports my_module.
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional: as in torch.nn.LSTM.
    reverse: read every sequence from its last step to its first. The output stays in the order of the input,
    and the state is that after the first step. The parameters have no suffix. Excludes `bidirectional`.
    backend: `auto`, `compiled`, `torch` or `reference`; one that cannot run the cell raises ValueError.
    initialiser: one of `throughtime.cells.initialise` or its name.

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
        reverse: bool = False,
        backend: str = "auto",
        initialiser: Initialiser | str = "torch",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        check_flags(bias=bias, batch_first=batch_first)
        check_sizes(input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        if isinstance(dropout, bool) or not isinstance(dropout, Real) or not 0 <= dropout <= 1:
            raise ValueError(f"dropout must be a probability from 0 to 1; got {dropout}")
        if dropout and num_layers == 1:
            warnings.warn(
                f"dropout {dropout} has no effect: it applies between layers, and there is only one",
                stacklevel=2,
            )
        if reverse and bidirectional:
            raise ValueError("a bidirectional layer reads both ways; leave out `reverse` or `bidirectional`")
        self.cell = as_cell(cell)
        self._text = text_of(self.cell)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.reverse = bidirectional, reverse
        self.initialiser = as_initialiser(initialiser)
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
        """Refuse torch.jit.script, which calls this first."""
        raise RuntimeError(
            f"torch.jit.script cannot compile throughtime.{type(self).__name__}: use torch.compile, "
            "torch.export, or for LSTM, GRU and RNN torch.jit.trace"
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._text = text_of(self.cell)  # registered in this process

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the inference cache: a copy packs its own weights."""
        return self.__dict__ | {"_inference": Inference()}

    @property
    def backend(self) -> str:
        """The back-end that runs this layer; setting one that cannot run it raises ValueError."""
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
        """Initialise all weights again."""
        with torch.no_grad():
            for k in range(self.num_layers):
                for weights in self.weights(k):
                    self.initialiser(self.cell, self.hidden_size, weights)

    def flatten_parameters(self) -> None:
        """Do nothing; code written for torch.nn calls it."""

    def weights(self, k: int) -> list[dict[str, Tensor]]:
        """Return the parameters of layer k by their plain names, one dictionary per direction."""
        return [{name: getattr(self, name + suffix) for name in self._names} for suffix in self._suffixes(k)]

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: State | None = None,
        lengths: Tensor | list[int] | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, State]:
        """Run all layers.

        input: (T, B, input_size), (B, T, input_size) if batch_first, (T, input_size) unbatched, or packed.
        hx: the initial state, (num_layers * D, B, width) each, without B if unbatched; by default the cell's
        own.
        lengths: (B,) steps of each sequence of a padded input, from 0; later steps are not read, and their
        output is 0. The final state of a sequence without steps is its initial state.
        mask: (T, B), (B, T) if batch_first, (T,) unbatched, True where a step is valid; instead of lengths,
        for masked steps at the start or in between: not read, with output 0, the state unchanged.

        Returns the output, in the form of the input with D * width features, and the final state.
        """
        if isinstance(input, Proxy):
            return call_as_leaf(self, input, hx, lengths, mask)
        output, state, _ = self._formed(input, hx, lengths, mask, ())
        return output, state

    def observe(
        self,
        input: Tensor | PackedSequence,
        hx: State | None = None,
        lengths: Tensor | list[int] | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, State, list[dict[str, Tensor | PackedSequence]]]:
        """Run as `forward`, and also return what the cell observes at every step, such as its gates.

        Returns output, state, and for each layer and direction, in the order of the state's first dimension,
        a dictionary by the names in `cell.observed`, each in the form of the output. They can be part of a
        loss: gradients flow through them. Detach those you only inspect.
        Raises ValueError if `backend` is `torch`, whose kernels do not expose them.
        """
        return self._formed(input, hx, lengths, mask, self.cell.observed)

    def _formed(
        self,
        input: Tensor | PackedSequence,
        hx: State | None,
        lengths: Tensor | list[int] | None,
        mask: Tensor | None,
        observed: tuple[str, ...],
    ) -> tuple[Any, State, list[dict[str, Any]]]:
        """Run all layers on input of any form and return the results in the same form."""
        refuse_jit_trace(self)
        check_form(input, lengths, mask)
        if lengths is None and mask is None and not self.reverse and self._only_infers(input):
            return self._inferred_in_form(cast(Tensor, input), hx, observed)

        def run(steps: Reading, states: State | None) -> tuple[Ragged, State, list[dict[str, Ragged]]]:
            return self._read(steps, states, observed)

        if isinstance(input, Tensor) and input.dim() == 2:
            self._check_state(hx)
        return run_in_form(run, input, hx, lengths, mask, self.batch_first, self.reverse)

    def step(self, input: Tensor, hx: State | None = None) -> tuple[Tensor, State]:
        """Take one step of all layers, with gradients; `stream` is faster without.

        input: (B, input_size), or (input_size) unbatched. hx: as in `forward`.

        Returns the output of the top layer, (B, width), and the state, in the form of hx. During training,
        noise and dropout are drawn anew at each call.

        Raises ValueError for a layer that reads backwards, which needs the end of the sequence first.
        """
        self._refuse_backwards("take single steps")
        if input.dim() not in (1, 2):
            raise TensorError(f"input must have 1 dimension (unbatched) or 2; got shape {tuple(input.shape)}")
        self._check_state(hx, *input.shape[:-1])
        if input.dim() == 1:
            output, state = self.step(input[None], None if hx is None else each(hx, lambda s: s[:, None]))
            return output[0], each(state, lambda s: s[:, 0])
        self._check_input(input)
        states = self._first_states(hx, Ragged(input[None], None, 1))
        weights = [self.weights(k)[0] for k in range(self.num_layers)]
        take = step_by_equations if self.backend == "reference" else step
        output, last = step_layers(take, self.cell, weights, input, states, self.dropout, self.training)
        return output, self._as_state(last)

    def stream(self, batch_size: int = 1) -> Stream:
        """Return a stream that takes one step at a time, `stream.step(x)`, with this layer's weights.

        Raises ValueError for a layer that reads backwards, which needs the end of the sequence first.
        """
        self._refuse_backwards("stream")
        check_sizes(batch_size=batch_size)
        first = self._states(batch_size, self._a_weight().detach())
        kind = NativeStep if self.backend == "compiled" else ReferenceStep
        layers = [kind(self.cell, self.weights(k)[0], first) for k in range(self.num_layers)]
        return Stream(layers, self.input_size, first)

    def extra_repr(self) -> str:
        own = [str(self.cell)] if type(self) is Recurrent else []  # a namesake is called as its cell
        values = {name: getattr(self, name, default) for name, default in NOT_SHOWN.items()}
        changed = [f"{name}={value}" for name, value in values.items() if value != NOT_SHOWN[name]]
        return ", ".join(
            [*own, f"{self.input_size}, {self.hidden_size}", *changed, f"backend={self.backend}"]
        )

    def _only_infers(self, input: Tensor | PackedSequence) -> bool:
        """Whether a call is on a padded batch and plain arithmetic, without gradients or randomness."""
        if self.training or not isinstance(input, Tensor) or input.dim() != 3 or not nothing_watches(input):
            return False
        return self.backend == "compiled" and 0 not in input.shape[:2]

    def _inferred_in_form(
        self, input: Tensor, hx: State | None, observed: tuple[str, ...]
    ) -> tuple[Tensor, State, list[Rows]]:
        """Run `_inferred`, batch first if the layer is."""
        if not self.batch_first:
            return self._inferred(input, hx, observed)
        output, state, seen = self._inferred(input.transpose(0, 1), hx, observed)
        turned = [{name: values.transpose(0, 1) for name, values in each.items()} for each in seen]
        return output.transpose(0, 1), state, turned

    def _inferred(
        self, data: Tensor, hx: State | None, observed: tuple[str, ...]
    ) -> tuple[Tensor, State, list[Rows]]:
        """Run time-major input through all layers without gradients."""
        self._check_input(data)
        self._check_state(hx, data.shape[1])
        count = self.num_layers * self.num_directions
        if hx is None:
            initial = self._states(data.shape[1], data)
            parts = tuple(value.expand(count, -1, -1) for value in initial.values())
        else:
            parts = _parts(hx)
        stacked = [part.clone(memory_format=torch.contiguous_format) for part in parts]
        split = zip(*(part.unbind() for part in stacked), strict=True)
        states = [dict(zip(self.cell.state, parts, strict=True)) for parts in split]
        weights = [self.weights(k) for k in range(self.num_layers)]
        output, seen = self._inference.run(self.cell, weights, data, states, observed)
        return output, stacked[0] if len(stacked) == 1 else tuple(stacked), seen

    def _read(
        self, steps: Reading, hx: State | None, observed: tuple[str, ...]
    ) -> tuple[Ragged, State, list[dict[str, Ragged]]]:
        """Run all layers over steps in reading order; the results are in the order of the input."""
        output, state, seen = self._run(steps.sequences, hx, observed)
        return (
            steps.restored(output),
            state,
            [{name: steps.restored(values) for name, values in each.items()} for each in seen],
        )

    def _run(
        self, sequences: Ragged, hx: State | None, observed: tuple[str, ...]
    ) -> tuple[Ragged, State, list[dict[str, Ragged]]]:
        """Run time-major input through all layers."""
        self._check_input(sequences.values)
        if sequences.steps == 0:
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
                self.cell, sequences, directions, observed, self._text
            )
            done = in_dtypes(done, dtypes, self.cell.state[0])
            sequences = done.output
            last += done.state
            seen += done.observed
        return sequences, self._as_state(last), seen

    def _as_state(self, states: list[Rows]) -> State:
        """Stack the states of all layers and directions, as they are returned."""
        parts = tuple(_stacked([state[name] for state in states]) for name in self.cell.state)
        return parts[0] if len(parts) == 1 else parts

    def _refuse_backwards(self, what: str) -> None:
        if self.bidirectional:
            raise ValueError(
                f"a bidirectional layer cannot {what}: its backward half begins at the last step"
            )
        if self.reverse:
            raise ValueError(f"a layer with reverse=True cannot {what}: it begins at the last step")

    def _first_states(self, hx: State | None, sequences: Ragged) -> list[Rows]:
        """Return the initial state of each layer and direction, (B, width) by name."""
        if hx is None:
            first = self._states(sequences.batch, sequences.values)
            return [first for _ in range(self.num_layers * self.num_directions)]
        parts = zip(*_parts(hx), strict=True)
        return [dict(zip(self.cell.state, part, strict=True)) for part in parts]

    def _states(self, batch_size: int, like: Tensor) -> Rows:
        """Return one layer's state before the first step, with the dtype and device of `like`."""
        sizes = self.cell.state_sizes(self.hidden_size)
        return {
            name: self.cell.initial_state(name, like.new_empty(batch_size, size))
            for name, size in sizes.items()
        }

    def _check_input(self, data: Tensor) -> None:
        check_input(data, self.input_size, self._a_weight())

    def _check_state(self, hx: State | None, *batch: int) -> None:
        if hx is not None:
            leading = (self.num_layers * self.num_directions, *batch)
            check_state(_parts(hx), self.cell, self.hidden_size, leading, self._a_weight())

    def _a_weight(self) -> Tensor:
        """A weight, for its device and dtype."""
        return cast(Tensor, self.weight_ih_l0)

    def _layer_input(self, k: int) -> int:
        return self.output_size if k else self.input_size

    def _suffixes(self, k: int) -> tuple[str, ...]:
        return (f"_l{k}", f"_l{k}_reverse")[: self.num_directions]


def _stacked(states: list[Tensor]) -> Tensor:
    return torch.stack(states) if len(states) > 1 else states[0].unsqueeze(0)


def _parts(hx: State) -> tuple[Tensor, ...]:
    return (hx,) if isinstance(hx, Tensor) else tuple(hx)
