"""`throughtime info`: what would run here, and on what."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import torch

import throughtime
from throughtime.cells import CELLS, Cell
from throughtime.cells.registry import smallest
from throughtime.cli.extras import EXTRAS
from throughtime.engine.native import native, threads
from throughtime.layers.backends import BACKENDS


def info() -> None:
    """Print versions, devices, threads, and which back-end runs which cell."""
    print(f"throughtime {throughtime.__version__}, Python {platform.python_version()}, {platform.platform()}")
    print(
        f"torch {torch.__version__}: {torch.backends.cpu.get_cpu_capability()}, "
        f"{torch.get_num_threads()} threads"
    )
    print(f"engine: {_engine()}")
    print(f"devices: {', '.join(['cpu', *_accelerators()])}")
    print("cells, and the back-ends that run them, the one of backend='auto' first:")
    for name, cell in CELLS.items():
        print(f"  {name:<18}{', '.join(_backends(cell))}")
    for extra, packages in EXTRAS.items():
        found = [_installed(package) for package in packages]
        print(f"extra [{extra}]: {', '.join(found)}")


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
