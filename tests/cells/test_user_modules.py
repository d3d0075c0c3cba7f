"""Cells of users' modules by name: where modules are found, when they are imported, and errors."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from throughtime import Cell
from throughtime.cells import cell_named
from throughtime.cells.user_modules import (
    NotImportedError,
    import_cells,
    import_option,
    require_imported,
)
from throughtime.errors import InputError
from user_modules import WriteModule

MODULE = """
from dataclasses import dataclass
from throughtime import Cell
from throughtime.cells import MinimalGatedUnit


class MyCell(MinimalGatedUnit):
    pass


@dataclass(frozen=True)
class Leaky(MyCell):
    rate: float = 0.5


@dataclass(frozen=True)
class Clipped(MyCell):
    low: float
    high: float


class Base(Cell):
    pass


class Empty(Cell):
    def step(self, wx, u, s, p):
        return {}, {}


def helper():
    pass


class Other:
    pass
"""
CELLS_OF_IT = "the cells in my_module are Clipped, Leaky, MinimalGatedUnit, MyCell"


def error_of(name: str) -> str:
    with pytest.raises(InputError) as caught:
        cell_named(name)
    return str(caught.value)


def test_a_cell_of_a_module_in_the_current_directory(user_module: WriteModule) -> None:
    user_module(MODULE)
    path = list(sys.path)
    cell = cell_named("my_module:Leaky")
    assert sys.path == path
    module = sys.modules["my_module"]
    assert type(cell) is module.Leaky and cell.rate == 0.5
    assert cell_named("my_module:MyCell") == module.MyCell()


def test_a_cell_of_a_module_in_a_package(user_module: WriteModule) -> None:
    Path("package").mkdir()
    user_module("", "package/__init__")
    user_module(name="package/cells")
    assert type(cell_named("package.cells:MyCell")).__module__ == "package.cells"


def test_the_current_directory_comes_first_and_only_once(user_module: WriteModule) -> None:
    """As by `python -m`; what the module itself adds to the path stays."""
    user_module("import sys; first = sys.path[0]; sys.path.append('/added')")
    path = list(sys.path)
    try:
        import_cells(["my_module"])
        assert sys.modules["my_module"].first == str(Path.cwd())
        assert sys.path == [*path, "/added"]
    finally:
        sys.path[:] = path


def test_a_module_that_takes_its_folder_off_the_path(user_module: WriteModule) -> None:
    user_module("import sys; del sys.path[0]")
    path = list(sys.path)
    import_cells(["my_module"])
    assert sys.path == path


def test_a_module_is_imported_once(user_module: WriteModule) -> None:
    user_module()
    import_cells(["my_module"])
    first = sys.modules["my_module"]
    import_cells(["my_module"])
    assert type(cell_named("my_module:MyCell")) is first.MyCell


def test_a_cell_of_the_running_script(monkeypatch: pytest.MonkeyPatch) -> None:
    class MyCell(Cell):
        gates = ("h",)

        def step(self, wx, u, s, p):
            return dict(h=(wx + u(s.h)).h), {}

    with pytest.raises(InputError, match=r"^the module __main__ has no cell MyCell; "):
        cell_named("__main__:MyCell")
    monkeypatch.setattr(sys.modules["__main__"], "MyCell", MyCell, raising=False)
    assert cell_named("__main__:MyCell") == MyCell()
    require_imported("__main__:MyCell")


def test_a_module_that_is_not_there(user_module: WriteModule) -> None:
    what_to_do = "change to the folder that holds it, or add that folder to PYTHONPATH"
    told = f"in {Path.cwd()} or among the installed packages; {what_to_do}"
    assert error_of("my_module:MyCell") == f"there is no module my_module {told}"
    assert error_of("my_module.cells:MyCell") == f"there is no module my_module.cells {told}"
    user_module()
    assert error_of("my_module.cells:MyCell") == f"there is no module my_module.cells {told}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\nlimit = none", " in line 2, NameError: name 'none' is not defined"),
        ("class MyCell(:", ", SyntaxError: invalid syntax (my_module.py, line 1)"),
        ("import not_installed", " in line 1, ModuleNotFoundError: No module named 'not_installed'"),
        ("\n\nraise ValueError('first\\nsecond')", " in line 3, ValueError: first"),
        ("import sys\nsys.exit()", " in line 2, SystemExit"),
        ("assert False", " in line 1, AssertionError"),
    ],
)
def test_a_module_that_fails(user_module: WriteModule, text: str, reason: str) -> None:
    user_module(text)
    assert error_of("my_module:MyCell") == f"importing my_module failed{reason}; correct the module"
    assert "my_module" not in sys.modules
    user_module()
    assert isinstance(cell_named("my_module:MyCell"), Cell)  # corrected, it is imported


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("MyCel", f"the module my_module has no cell MyCel; {CELLS_OF_IT}"),
        ("helper", f"my_module:helper is not a subclass of throughtime.Cell; {CELLS_OF_IT}"),
        ("Other", f"my_module:Other is not a subclass of throughtime.Cell; {CELLS_OF_IT}"),
        ("Cell", f"my_module:Cell is not a subclass of throughtime.Cell; {CELLS_OF_IT}"),
        ("Base", "the cell my_module:Base has no step and no gates; define them in the class"),
        ("Empty", "the cell my_module:Empty has no gates; define them in the class"),
        (
            "Clipped",
            "the cell my_module:Clipped needs low, high, which a name does not give; "
            "write a default in the class",
        ),
    ],
)
def test_classes_that_are_not_cells_by_name(user_module: WriteModule, name: str, told: str) -> None:
    user_module(MODULE)
    assert error_of(f"my_module:{name}") == told


def test_a_module_without_cells(user_module: WriteModule) -> None:
    user_module("")
    told = "the module my_module has no cell MyCell; my_module has none"
    assert error_of("my_module:MyCell") == told


@pytest.mark.parametrize(
    "name",
    ["my_module:", ":MyCell", "my_module.py:MyCell", "cells/mine:MyCell", ".mine:MyCell", "a:B:C", "a:B.C"],
)
def test_names_of_another_form(name: str) -> None:
    assert error_of(name) == (
        f"{name!r} does not name a cell; write my_module:MyCell, the module as in an import statement"
    )


@pytest.mark.parametrize("name", ["my_module:MyCell", ".mine", "cells/mine", ""])
def test_modules_of_another_form(name: str) -> None:
    with pytest.raises(InputError) as caught:
        import_cells([name])
    assert str(caught.value) == (
        f"{name!r} does not name a module; write my_module, as in an import statement"
    )


def test_the_option_that_imports_the_module_of_a_cell() -> None:
    assert import_option("lstm") == ""
    assert import_option("package.cells:MyCell") == " --import package.cells"


def test_what_is_not_imported_stays_so(user_module: WriteModule) -> None:
    user_module()
    require_imported("lstm")
    text = (
        "the model uses the cell my_module:MyCell; import my_module first "
        "(on the command line: --import my_module)"
    )
    with pytest.raises(NotImportedError, match=f"^{re.escape(text)}$"):
        require_imported("my_module:MyCell")
    assert "my_module" not in sys.modules
    import_cells(["my_module"])
    require_imported("my_module:MyCell")
    told = "the module my_module has no cell Other; the cells in my_module are MyCell"
    with pytest.raises(InputError, match=f"^{told}$"):
        require_imported("my_module:Other")


def test_nothing_of_a_module_runs_for_a_cell_that_it_lacks(user_module: WriteModule) -> None:
    user_module("def __getattr__(name): raise AssertionError(name)")
    import_cells(["my_module"])
    with pytest.raises(InputError, match=r"^the module my_module has no cell MyCell; "):
        require_imported("my_module:MyCell")


def test_a_cell_of_another_script() -> None:
    text = (
        "the model uses the cell __main__:Theirs, defined in the script or notebook that trained it; "
        "define Theirs before you load the model, or train with the cell in a module"
    )
    with pytest.raises(NotImportedError, match=f"^{re.escape(text)}$"):
        require_imported("__main__:Theirs")
