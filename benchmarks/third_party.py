"""Models of other packages with their recurrent layers converted to ours: the same outputs and gradients?

Each package is installed from PyPI, without its dependencies, into a folder of its own under --cache. Its
models are built at small sizes with random weights; a copy goes through `throughtime.convert`, and both run
on the same inputs, in training, after a step of gradient descent, in inference, and after their weights were
written to through `.data`, in float64 and float32. Exits with 1 where any result differs.

    python benchmarks/third_party.py                     all models; writes third_party.json
    python benchmarks/third_party.py --only speechbrain  models whose package or name contains this
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from cyclopts import App
from third_party_audio import PACKAGES as AUDIO
from third_party_compare import compare
from third_party_packages import Package
from third_party_text import PACKAGES as TEXT

PACKAGES = {package.name: package for package in (*AUDIO, *TEXT)}
CACHE = Path(tempfile.gettempdir()) / "throughtime-third-party"
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}

app = App(help=__doc__, help_format="plaintext")


@app.command
def names(package: str, folder: Path) -> None:
    """Print the names of a package's models as JSON."""
    print(json.dumps([model.name for model in _models(package, folder)]))


@app.command
def one(package: str, folder: Path, name: str) -> None:
    """Compare one model in this process, and print the result as JSON."""
    model = next(model for model in _models(package, folder) if model.name == name)
    print(json.dumps(compare(model).to_dict()))


def _models(package: str, folder: Path) -> Any:
    PACKAGES[package].make_importable(folder)
    return PACKAGES[package].models()


def _in_a_process(*arguments: str) -> Any:
    """What a command of this program prints last, as JSON; the last line of its complaint where it fails."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=ONE_THREAD)
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return json.loads(done.stdout.strip().splitlines()[-1])


def _version(package: Package, folder: Path) -> str:
    here = {one.name.lower().replace("_", "-"): one.version for one in distributions(path=[str(folder)])}
    return here[package.name.lower().replace("_", "-")]


def _line(name: str, row: dict[str, Any]) -> str:
    """A model's line of the table."""
    if "error" in row:
        return f"  {name:<36} {row['error']}"
    layers = ", ".join(f"{count} {kind}" for kind, count in row["layers"].items())
    layers += f", {row['left']} left" if row["left"] else ""
    figures = f"{row['outputs']:.0e}  {row['gradients']:.0e}  {row['speed']:5.2f}"
    return f"  {name:<36} {layers:<16} {figures}  {'DIFFERS' if row['differences'] else 'equal'}"


@app.default
def main(*, only: str = "", cache: Path = CACHE, report: Path = Path("third_party.json")) -> None:
    """Compare every model and print a table.

    Parameters
    ----------
    only
        Compare models whose package or name contains this.
    cache
        Folder for the packages.
    report
        File for the rows as JSON.
    """
    rows: list[dict[str, Any]] = []
    print("  model, layers replaced, relative differences of outputs and gradients, torch's time / ours")
    for package in PACKAGES.values():
        folder = package.install(cache)
        listed = _in_a_process("names", package.name, str(folder))
        version = _version(package, folder)
        print(f"{package.name} {version}{'' if isinstance(listed, list) else ': ' + listed}", flush=True)
        if not isinstance(listed, list):
            rows.append({"package": package.name, "version": version, "error": listed})
            continue
        for name in listed:
            if only not in package.name and only not in name:
                continue
            found = _in_a_process("one", package.name, str(folder), name)
            row = found if isinstance(found, dict) else {"error": found}
            rows.append({"package": package.name, "version": version, "model": name, **row})
            print(_line(name, row), *row.get("differences", []), sep="\n      ", flush=True)
            report.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    if any("error" in row or row["differences"] for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    app()
