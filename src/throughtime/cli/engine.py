"""`throughtime engine`: what the compiler makes of a cell."""

from __future__ import annotations

from cyclopts import App

from throughtime.errors import InputError

app = App(name="engine")


@app.command
def show(cell: str = "lstm", *, hidden_size: int = 64, bias: bool = True) -> None:
    """Print a cell's forward and gradient program, and what training keeps between them.

    Parameters
    ----------
    cell
        One of the built-in cells, by its name in `throughtime info`.
    hidden_size
        Hidden size of the layer, for the bytes.
    bias
        Whether the layer has biases.
    """
    import torch

    from throughtime.cells import cell_named
    from throughtime.engine.show import report

    if hidden_size < 1:
        raise InputError(f"hidden_size is {hidden_size}; expected at least 1")
    try:
        found = cell_named(cell)
    except ValueError as error:
        raise InputError(str(error)) from error
    shapes = found.weight_shapes(1, hidden_size, bias)
    for line in report(found, hidden_size, {name: torch.empty(shape) for name, shape in shapes.items()}):
        print(line)


@app.command
def operations() -> None:
    """Print the operations of torch that the engine compiles, as the table of docs/operations.md."""
    from throughtime.engine.catalogue import table

    for line in table():
        print(line)
