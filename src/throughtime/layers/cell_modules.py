"""Cells as modules that take one differentiable step per call, among them those of torch.nn."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from throughtime import cells
from throughtime.cells import Cell, Rows
from throughtime.cells.initialise import Initialiser
from throughtime.errors import TensorError
from throughtime.layers.arguments import as_cell, as_initialiser, check_input, check_sizes, check_state
from throughtime.layers.single_step import as_state, step

State = Tensor | tuple[Tensor, ...]
"""A cell's state, (B, width): a tensor, or a tuple for cells with more than one state."""


class RecurrentCell(nn.Module):
    """One step of a recurrence, for your own loops.

    cell: a `Cell`, its class, or its name: a built-in one's, or "my_module:MyCell", which imports my_module.
    input_size, hidden_size, bias: as in torch.nn.LSTMCell.
    initialiser: one of `throughtime.cells.initialise` or its name.

    The parameters are those of one layer, named without a suffix: `weight_ih`, `weight_hh`, `bias_ih`,
    `bias_hh` and the cell's own. Steps of cells that torch has run by its kernels, others by their equations,
    on any device, in any dtype, and twice differentiable. For whole sequences `Recurrent` is faster.
    """

    def __init__(
        self,
        cell: Cell | type[Cell] | str,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        initialiser: Initialiser | str = "torch",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        self.cell, self.initialiser = as_cell(cell), as_initialiser(initialiser)
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        shapes = self.cell.weight_shapes(input_size, hidden_size, bias)
        for name, shape in shapes.items():
            parameter = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
            self.register_parameter(name, parameter)
        for name in () if bias else ("bias_ih", "bias_hh"):
            self.register_parameter(name, None)  # as torch.nn has it
        self._names = tuple(shapes)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise all weights again."""
        with torch.no_grad():
            self.initialiser(self.cell, self.hidden_size, self.weights())

    def weights(self) -> dict[str, Tensor]:
        """Return the parameters by name."""
        return {name: getattr(self, name) for name in self._names}

    def forward(self, input: Tensor, hx: State | None = None) -> State:
        """Take one step.

        input: (B, input_size), or (input_size) unbatched.
        hx: the previous state, (B, width) each, without B if unbatched; by default the cell's initial state.

        Returns the new state, a tensor, or a tuple for cells with more than one state, whose first part is
        the output. During training a noisy cell draws new noise at each call.

        Raises TensorError for an input or state of the wrong shape or dtype.
        """
        self._check(input, hx)
        x = input if input.dim() == 2 else input[None]
        new = step(self.cell, self.weights(), x, self._state(x, hx), self.training)
        return as_state([new[name] if input.dim() == 2 else new[name][0] for name in self.cell.state])

    def extra_repr(self) -> str:
        own = [str(self.cell)] if type(self) is RecurrentCell else []
        changed = [] if self.bias else ["bias=False"]
        return ", ".join([*own, f"{self.input_size}, {self.hidden_size}", *changed])

    def _state(self, x: Tensor, hx: State | None) -> Rows:
        sizes = self.cell.state_sizes(self.hidden_size)
        if hx is None:
            return {n: self.cell.initial_state(n, x.new_empty(len(x), size)) for n, size in sizes.items()}
        parts = (hx,) if isinstance(hx, Tensor) else hx
        return {
            name: part if part.dim() == 2 else part[None] for name, part in zip(sizes, parts, strict=True)
        }

    def _check(self, input: Tensor, hx: State | None) -> None:
        if input.is_nested or input.dim() not in (1, 2):
            got = "a nested tensor" if input.is_nested else f"shape {tuple(input.shape)}"
            raise TensorError(f"input must have 1 dimension (unbatched) or 2; got {got}")
        weight = self.weights()["weight_ih"]
        check_input(input, self.input_size, weight)
        if hx is not None:
            parts = (hx,) if isinstance(hx, Tensor) else hx
            check_state(parts, self.cell, self.hidden_size, input.shape[:-1], weight)


class LSTMCell(RecurrentCell):
    """Drop-in torch.nn.LSTMCell: `h, c = cell(x, (h, c))`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(cells.LSTM(), input_size, hidden_size, bias, device=device, dtype=dtype)


class GRUCell(RecurrentCell):
    """Drop-in torch.nn.GRUCell: `h = cell(x, h)`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(cells.GRU(), input_size, hidden_size, bias, device=device, dtype=dtype)


class RNNCell(RecurrentCell):
    """Drop-in torch.nn.RNNCell: `h = cell(x, h)`.

    nonlinearity: `tanh` or `relu`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        kinds = {"tanh": cells.Elman, "relu": cells.ElmanReLU}
        if nonlinearity not in kinds:
            raise ValueError(f"nonlinearity must be tanh or relu; got {nonlinearity!r}")
        super().__init__(kinds[nonlinearity](), input_size, hidden_size, bias, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity

    def extra_repr(self) -> str:
        changed = "" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}"
        return super().extra_repr() + changed
