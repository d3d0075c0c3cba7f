"""Cells of the user's own, named by module and class: "my_module:MyCell"."""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module, invalidate_caches
from pathlib import Path
from traceback import walk_tb
from types import ModuleType
from typing import TypeGuard

from throughtime.cells.cell import Cell
from throughtime.errors import InputError


class NotImportedError(InputError):
    """A model uses a cell of a module that is not imported; loading a model never imports it."""


def import_cells(modules: Sequence[str]) -> None:
    """Import the modules of a user's cells, so that models with these cells can be loaded.

    Modules in the current directory are found too, as by `python -m`; `sys.path` is left as it was. Raises
    InputError for a module that does not exist or fails on import.
    """
    for module in modules:
        if not _is_dotted_name(module):
            raise InputError(f"{module!r} does not name a module; write my_module, as in an import statement")
        _imported(module)


def class_named(name: str) -> type[Cell]:
    """Return the class of a user's cell, "my_module:MyCell"; import its module as `import_cells` does.

    Raises InputError for a name of another form, a module that does not exist or fails on import, and where
    the module has no such class or the class is not a complete cell.
    """
    module, _ = _parts(name)
    return _class_in(_imported(module), name)


def require_imported(name: str) -> None:
    """Check that a cell can be made from its name without importing anything; built-in cells always can.

    Raises NotImportedError where the module of a user's cell is not imported, and InputError where it has no
    such cell.
    """
    if ":" not in name:
        return
    module, kind = _parts(name)
    imported = sys.modules.get(module)
    if imported is None:
        raise NotImportedError(
            f"the model uses the cell {name}; import {module} first (on the command line: --import {module})"
        )
    if module == "__main__" and kind not in vars(imported):
        raise NotImportedError(
            f"the model uses the cell {name}, defined in the script or notebook that trained it; "
            f"define {kind} before you load the model, or train with the cell in a module"
        )
    _class_in(imported, name)


def import_option(name: str) -> str:
    """Return the option that loading a model of that cell needs, " --import my_module"; "" if built in."""
    return f" --import {_parts(name)[0]}" if ":" in name else ""


def _parts(name: str) -> tuple[str, str]:
    """Module and class of a name."""
    module, _, kind = name.partition(":")
    if not _is_dotted_name(module) or module.endswith(".py") or not kind.isidentifier():
        raise InputError(
            f"{name!r} does not name a cell; write my_module:MyCell, the module as in an import statement"
        )
    return module, kind


def _is_dotted_name(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _imported(name: str) -> ModuleType:
    if (known := sys.modules.get(name)) is not None:
        return known
    try:
        with _current_directory_importable():
            return import_module(name)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
            raise InputError(
                f"there is no module {name} in {Path.cwd()} or among the installed packages; "
                "change to the folder that holds it, or add that folder to PYTHONPATH"
            ) from error
        raise InputError(
            f"importing {name} failed{_line(error, name)}, {_first_line(error)}; correct the module"
        ) from error


@contextmanager
def _current_directory_importable() -> Generator[None]:
    """Put the current directory first in `sys.path`, as `python -m` does; a console script lacks it."""
    directory = str(Path.cwd())
    sys.path.insert(0, directory)
    invalidate_caches()  # a notebook may have written the module a moment ago
    try:
        yield
    finally:
        with suppress(ValueError):  # the module may have removed it
            sys.path.remove(directory)


def _line(error: BaseException, module: str) -> str:
    """The line of the module that failed; "" for a syntax error, which names it itself."""
    frames = walk_tb(error.__traceback__)
    lines = [line for frame, line in frames if frame.f_globals.get("__name__") == module]
    return f" in line {lines[-1]}" if lines else ""


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".strip().splitlines()[0].rstrip(": ")


def _class_in(module: ModuleType, name: str) -> type[Cell]:
    module_name, kind_name = _parts(name)
    kind = vars(module).get(kind_name)  # not getattr, which may run the module's __getattr__
    if kind is None:
        raise InputError(f"the module {module_name} has no cell {kind_name}; {_cells_of(module)}")
    if not _is_cell(kind):
        raise InputError(f"{name} is not a subclass of throughtime.Cell; {_cells_of(module)}")
    if lacking := _lacking(kind):
        raise InputError(f"the cell {name} has no {' and no '.join(lacking)}; define them in the class")
    return kind


def _is_cell(value: object) -> TypeGuard[type[Cell]]:
    return isinstance(value, type) and issubclass(value, Cell) and value is not Cell


def _lacking(kind: type[Cell]) -> list[str]:
    """What the class must define and does not."""
    return sorted(kind.__abstractmethods__) + ([] if hasattr(kind, "gates") else ["gates"])


def _cells_of(module: ModuleType) -> str:
    members = vars(module).items()
    names = sorted(name for name, value in members if _is_cell(value) and not _lacking(value))
    if not names:
        return f"{module.__name__} has none"
    return f"the cells in {module.__name__} are {', '.join(names)}"
