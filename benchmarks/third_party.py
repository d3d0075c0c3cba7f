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
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from cyclopts import App
from third_party_audio import PACKAGES as AUDIO
from third_party_compare import Model, compare
from third_party_packages import Package
from third_party_text import PACKAGES as TEXT

PACKAGES = {package.name: package for package in (*AUDIO, *TEXT)}
CACHE = Path(tempfile.gettempdir()) / "throughtime-third-party"
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}

app = App(help=__doc__, help_format="plaintext")


@app.command
def names(package: str, folder: Path, *, only: str = "") -> None:
    """Print the names of a package's models as JSON."""
    print(json.dumps([model.name for model in _models(package, folder, only)]))


@app.command
def each(package: str, folder: Path, first: int, *, only: str = "") -> None:
    """Compare a package's models in this process, from the `first` on, and print each result as JSON."""
    for model in _models(package, folder, only)[first:]:
        print(json.dumps({"model": model.name, **compare(model).to_dict()}), flush=True)


def _models(package: str, folder: Path, only: str) -> list[Model]:
    PACKAGES[package].make_importable(folder)
    return [model for model in PACKAGES[package].models() if only in package or only in model.name]


def _results(*arguments: str) -> Iterator[Any]:
    """What a command of this program prints as JSON, as it comes; then its last complaint where it fails."""
    command = [sys.executable, __file__, *arguments]
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=complaints, text=True, env=ONE_THREAD
        ) as process,
    ):
        assert process.stdout is not None
        yield from (json.loads(line) for line in process.stdout if line.startswith(("{", "[")))
        if process.wait():
            complaints.seek(0)
            yield (complaints.read().strip().splitlines() or [f"exit code {process.returncode}"])[-1]


def _rows(package: str, folder: Path, only: str) -> Iterator[dict[str, Any]]:
    """The result of each of a package's models; what follows one that fails goes on in another process."""
    (listed,) = _results("names", package, str(folder), "--only", only)
    if isinstance(listed, str):
        yield {"model": "import", "error": listed}
        return
    done = 0
    while done < len(listed):
        for result in _results("each", package, str(folder), str(done), "--only", only):
            yield result if isinstance(result, dict) else {"model": listed[done], "error": result}
            done += 1


def _version(package: Package, folder: Path) -> str:
    here = {one.name.lower().replace("_", "-"): one.version for one in distributions(path=[str(folder)])}
    return here[package.name.lower().replace("_", "-")]


def _line(row: dict[str, Any]) -> str:
    """A model's line of the table."""
    name = row["model"]
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
        version = _version(package, folder)
        print(f"{package.name} {version}", flush=True)
        for row in _rows(package.name, folder, only):
            rows.append({"package": package.name, "version": version, **row})
            print(_line(row), *row.get("differences", []), sep="\n      ", flush=True)
            report.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    if any("error" in row or row["differences"] for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    app()
