"""Cells of the user's own on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from throughtime.cells.user_modules import import_cells
from throughtime.seq2seq.model_file import load_model
from user_modules import MY_MODULE, WriteModule

CONSOLE_SCRIPT = [sys.executable, "-P", "-c", "from throughtime.cli.main import main; main()"]
"""Without the current directory in sys.path, as the installed command has it."""


def test_a_cell_in_the_current_directory(
    user_module: WriteModule,
    start: Callable[..., subprocess.Popen[bytes]],
    refused: Callable[..., str],
    run: Callable[..., Any],
    letters: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user_module()
    train = ["seq2seq", "train", *letters(max_epochs=0.2), "--cell", "my_module:MyCell", "--folder", "r"]
    process = start(*train, program=CONSOLE_SCRIPT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, b"")
    assert b"The model is r/best.safetensors" in out or b"Training is not done" in out
    assert json.loads(Path("r/settings.json").read_text())["model"]["cell"] == "my_module:MyCell"
    model = Path("r/best.safetensors").resolve()

    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert refused("seq2seq", "run", model, "a b c") == (
        f"{model}: the model uses the cell my_module:MyCell; import my_module first "
        "(on the command line: --import my_module)"
    )
    assert refused("seq2seq", "resume", "../r").startswith(
        f"there is no module my_module in {Path.cwd()} or "
    )

    monkeypatch.chdir("..")
    assert refused("seq2seq", "run", model, "a b c").startswith(f"{model}: the model uses the cell ")
    import_cells(["my_module"])
    assert load_model(model).model.config.cell == "my_module:MyCell"
    assert run("seq2seq", "run", model, "a b c").code == 0


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("my_module:Other", "the module my_module has no cell Other; the cells in my_module are MyCell"),
        ("my_module.py:MyCell", "'my_module.py:MyCell' does not name a cell; write my_module:MyCell, "),
        ("broken:MyCell", "importing broken failed in line 1, ZeroDivisionError: division by zero; correct "),
        ("absent:MyCell", "there is no module absent in "),
    ],
)
def test_cells_that_cannot_be_trained(
    user_module: WriteModule,
    refused: Callable[..., str],
    letters: Callable[..., list[str]],
    cell: str,
    told: str,
) -> None:
    user_module()
    user_module("1 / 0", "broken")
    assert refused("seq2seq", "train", *letters(), "--cell", cell, "--folder", "r").startswith(told)
    assert not Path("r").exists()


def test_the_programs_of_a_users_cell_are_shown(user_module: WriteModule, run: Callable[..., Any]) -> None:
    user_module()
    done = run("engine", "show", "my_module:MyCell")
    assert done.code == 0 and "its gradient, one step back" in done.out


def test_texts_are_classified_by_a_users_cell(user_module: WriteModule, run: Callable[..., Any]) -> None:
    user_module(MY_MODULE)
    lines = (f"{('bad', 'good')[k % 2]}\t{('awful', 'lovely')[k % 2]} film n{k}\n" for k in range(40))
    Path("t.tsv").write_text("".join(lines))
    small = ["--embedding-size", "4", "--hidden-size", "4", "--max-epochs", "1", "--first-vectors", "chance"]
    methods = ["--methods", "bag", "my_module:MyCell"]
    done = run("words", "classify", "train", "--corpus", "t.tsv", *methods, *small, "--folder", "c")
    assert done.code == 0
    assert {path.name for path in Path("c").iterdir() if path.is_dir()} == {"bag", "data", "my_module-MyCell"}
    report = json.loads(Path("c/report.json").read_text())
    assert sorted(method["method"] for method in report["methods"]) == ["bag", "my_module:MyCell"]
    assert run("words", "classify", "run", "c/my_module-MyCell/best.safetensors", "a lovely film").code == 0
