"""A recurrence with the regularisers of its cell, from settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from throughtime.errors import InputError
from throughtime.settings import require

if TYPE_CHECKING:
    from throughtime.layers import Recurrent


@dataclass(frozen=True)
class RecurrenceConfig:
    """The recurrence.

    Attributes:
        cell: by its name in `throughtime.cells`; my_module:MyCell for a cell of your own.
        hidden_size: width of each layer.
        num_layers: number of layers.
        dropout: probability of dropping a value between layers, and before and after them.
        variational_dropout: the same of a layer's input and last output, with one mask for all steps of a
            window (Gal and Ghahramani 2016).
        zoneout: probability with which a unit of the output stays as it was (Krueger et al. 2017).
        zoneout_memory: the same for a unit of the memory.
        weight_drop: probability of dropping a recurrent weight (Merity, Keskar and Socher 2018).
    """

    cell: str = "lstm"
    hidden_size: int = 512
    num_layers: int = 2
    dropout: float = 0.3
    variational_dropout: float = 0.0
    zoneout: float = 0.0
    zoneout_memory: float = 0.0
    weight_drop: float = 0.0

    def __post_init__(self) -> None:
        """Raise InputError for a value out of range."""
        for name in ("hidden_size", "num_layers"):
            require(self, name, getattr(self, name) >= 1, "at least 1")
        for name in ("dropout", "variational_dropout", "zoneout", "zoneout_memory", "weight_drop"):
            require(self, name, 0 <= getattr(self, name) < 1, "0 or more and below 1")

    def build(self, input_size: int, *, bidirectional: bool = False) -> Recurrent:
        """Return the layers, time first; raise InputError where the cell does not take a regulariser."""
        from throughtime.cells import cell_named
        from throughtime.cells.modifiers import VariationalDropout, WeightDrop, Zoneout
        from throughtime.layers import Recurrent

        dropout = self.dropout if self.num_layers > 1 else 0.0
        sizes = input_size, self.hidden_size, self.num_layers
        try:
            cell = cell_named(self.cell)
            if self.weight_drop:
                cell = WeightDrop(cell, self.weight_drop)
            if self.variational_dropout:
                cell = VariationalDropout(cell, self.variational_dropout, self.variational_dropout)
            if self.zoneout or self.zoneout_memory:
                cell = Zoneout(cell, self.zoneout, self.zoneout_memory)
            return Recurrent(
                cell, *sizes, dropout=dropout, bidirectional=bidirectional, initialiser="orthogonal"
            )
        except ValueError as error:
            raise InputError(str(error)) from error
