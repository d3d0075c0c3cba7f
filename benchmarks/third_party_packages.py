"""Third-party packages, installed without what they depend on, and placeholders for what they import.

The models need torch and numpy. What else their modules import (audio files, downloads, training frameworks)
is replaced by modules whose every attribute is a placeholder, which can be called, subclassed or used as a
decorator, and does nothing.
"""

from __future__ import annotations

import subprocess
import sys
from abc import ABCMeta
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from third_party_compare import Model
from torch import nn


@dataclass(frozen=True)
class Package:
    """A package with recurrent models.

    models: imports it and lists them. also: packages that they need beside torch. absent: top-level packages
    that it imports and its models can do without.
    """

    name: str
    models: Callable[[], Sequence[Model]]
    also: Sequence[str] = ()
    absent: Collection[str] = ()

    def install(self, cache: Path) -> Path:
        """Install it without dependencies into a folder of its own, unless it is there; return the folder."""
        folder = cache / self.name
        if not folder.exists():
            pip = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--target", str(folder)]
            subprocess.run([*pip, self.name, *self.also], check=True)
        return folder

    def make_importable(self, folder: Path) -> None:
        """Put its folder on the path, and placeholders in place of what is absent."""
        sys.path.insert(0, str(folder))
        sys.meta_path.append(Absent([name for name in self.absent if find_spec(name) is None]))


class _PlaceholderType(ABCMeta):
    """The type of placeholder classes: every attribute is another placeholder."""

    def __getattr__(cls, name: str) -> Any:
        return _stand_in(name)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls.__bases__ == (Placeholder,):
            return _decorated(args, kwargs) or super().__call__()
        return super().__call__(*args, **kwargs)

    def __or__(cls, other: Any) -> Any:
        return Any

    def __ror__(cls, other: Any) -> Any:
        return Any

    def __getitem__(cls, key: Any) -> Any:
        return cls


class Placeholder(metaclass=_PlaceholderType):
    """Stands for a class, function or decorator that is not installed."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _decorated(args, kwargs) or self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Placeholder()


class LightningModule(nn.Module):
    """What a model needs of the class of that name in PyTorch Lightning: it is a module."""

    def save_hyperparameters(self, *args: Any, **kwargs: Any) -> None:
        """Save nothing."""


def _stand_in(name: str) -> type:
    """What stands for an attribute of a module or class that is not installed."""
    if name.startswith("__"):
        raise AttributeError(name)
    if name == "LightningModule":
        return LightningModule
    return UserWarning if name.endswith("Warning") else _PlaceholderType(name, (Placeholder,), {})


def _decorated(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The function or class that a decorator is applied to; None where it is no such call."""
    return args[0] if len(args) == 1 and callable(args[0]) and not kwargs else None


class _PlaceholderModule(ModuleType):
    __path__: Sequence[str] = ()
    __version__ = "0"

    def __getattr__(self, name: str) -> Any:
        return _stand_in(name)


class Absent(MetaPathFinder, Loader):
    """Finds placeholders for packages by their top-level names, submodules included."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """The specification of a placeholder; None for modules that are not asked for."""
        if fullname.partition(".")[0] in self._names:
            return ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty placeholder module."""
        return _PlaceholderModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""
