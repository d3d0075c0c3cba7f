"""The application that docs/adding-an-application.md builds, by its commands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import throughtime
from throughtime.applications import APPLICATIONS, Entry
from throughtime.errors import InputError

PAGE = Path(__file__).parents[1] / "docs" / "adding-an-application.md"
LINE = re.compile(r'^    "brackets": (Entry\(.*\)),$', re.MULTILINE)
PROGRAM = """
import sys
sys.path.insert(0, ".")
from throughtime.applications import APPLICATIONS, Entry
APPLICATIONS["brackets"] = {line}
from throughtime.cli.main import main
main()
"""


def command(folder: Path, *arguments: str) -> str:
    (line,) = LINE.findall(PAGE.read_text(encoding="utf-8"))
    program = [sys.executable, "-c", PROGRAM.format(line=line), *arguments]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the module of the page, and a model trained as the page says."""
    folder = tmp_path_factory.mktemp("brackets")
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (folder / "brackets.py").write_text("\n\n".join(blocks), encoding="utf-8")
    out = command(folder, "brackets", "train", "--max-epochs", "12", "--learning-rate", "0.01")
    assert 'throughtime brackets run runs/brackets/best.safetensors "(())"' in out
    return folder


def test_it_learns_to_count(place: Path) -> None:
    report = json.loads((place / "runs/brackets/report.json").read_text())
    assert report["test"]["accuracy"] > 95 and report["test"]["floor"] == 50
    assert (place / "runs/brackets/curves.png").exists()


def test_its_commands_are_there(place: Path) -> None:
    model = "runs/brackets/best.safetensors"
    rows = [
        command(place, "brackets", "run", model, text).split("\t")[0]
        for text in ("(()())()(())", "())(()()()()")
    ]
    assert rows == ["balanced", "not balanced"]
    judged = json.loads(command(place, "brackets", "evaluate", model, "--longer", "12", "--json"))
    assert judged["accuracy"] > 95 and judged["length"] == 12
    assert "brackets" in command(place, "runs")
    help_text = command(place, "brackets", "train", "--help")
    assert "number of brackets in a text" in help_text and "--cell gru --max-epochs 20" in help_text


def test_settings_of_a_run_are_taken_and_options_win(place: Path) -> None:
    given = ["--settings", "runs/brackets/settings.json", "--folder", "again", "--max-epochs", "1"]
    command(place, "brackets", "train", *given)
    settings = json.loads((place / "again/settings.json").read_text())
    assert settings["training"]["learning_rate"] == 0.01 and settings["training"]["max_epochs"] == 1


def test_the_python_api_is_the_same(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.setitem(APPLICATIONS, "brackets", Entry("", "brackets:APPLICATION"))
    monkeypatch.chdir(place)
    result = throughtime.train("brackets", folder="small", texts=100, max_epochs=1)
    assert result.report["settings"]["data"]["texts"] == 100
    model = throughtime.load("runs/brackets/best.safetensors")
    assert model("()()()()()()").to_json()["balanced"]
    assert [str(answer).split("\t")[0] for answer in model(["()(())()()()", ")()()()()()("])] == [
        "balanced",
        "not balanced",
    ]
    assert isinstance(model.model, torch.nn.Module)
    assert model.evaluate(longer=12).to_dict()["accuracy"] > 95
    with pytest.raises(InputError, match=r"^'\(a' is not a text of brackets; use \( and \) alone$"):
        model("(a")
    with pytest.raises(InputError, match="there is no setting 'text'; the settings are texts, length, cell"):
        throughtime.train("brackets", text=3)
