"""`throughtime info`: what would run here, and on what."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

import throughtime
from throughtime.artefact.report import as_json
from throughtime.cells import CELLS, Cell
from throughtime.cells.registry import smallest
from throughtime.cli.extras import EXTRAS
from throughtime.engine.native import native, threads
from throughtime.layers.backends import BACKENDS


def info(*, json: bool = False) -> None:
    """Print versions, devices, threads, and which back-end runs which cell.

    Parameters
    ----------
    json
        Print them as JSON instead.
    """
    found = _found()
    if json:
        print(as_json(found))
        return
    print(f"throughtime {found['throughtime']}, Python {found['python']}, {found['platform']}")
    print(f"torch {found['torch']}: {found['cpu']}, {found['threads']} threads")
    print(f"engine: {found['engine']}")
    print(f"devices: {', '.join(found['devices'])}")
    print("cells, and the back-ends that run them, the one of backend='auto' first:")
    for name, backends in found["cells"].items():
        print(f"  {name:<18}{', '.join(backends)}")
    for extra, packages in found["extras"].items():
        print(f"extra [{extra}]: {', '.join(packages)}")


def _found() -> dict[str, Any]:
    return {
        "throughtime": throughtime.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "torch": torch.__version__,
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "engine": _engine(),
        "devices": ["cpu", *_accelerators()],
        "cells": {name: _backends(cell) for name, cell in CELLS.items()},
        "extras": {extra: list(map(_installed, packages)) for extra, packages in EXTRAS.items()},
    }


def _engine() -> str:
    if native is None:
        return "not built, for want of a C++ compiler when throughtime was installed; pip install it again"
    return f"{native.instruction_set}, {threads()} threads, built by {native.compiler}"


def _accelerators() -> list[str]:
    return [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())]


def _backends(kind: type[Cell]) -> list[str]:
    cell, weight = smallest(kind), torch.empty(0)
    return [name for name, backend in BACKENDS.items() if backend.why_not(cell, 2, weight) is None]


def _installed(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} missing"
