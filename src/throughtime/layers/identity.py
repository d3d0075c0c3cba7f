"""How a layer answers `isinstance` as its namesake in torch.nn without inheriting from it (decision 0016).

`layer.__class__` is a class that inherits from both, the *double* of the layer's own class, its *origin*. A
double has no instances: calling it creates a layer of the origin. Classes derived from it, as torch's
parametrisations derive them, are ordinary classes, and inherit from torch's too.
"""

from __future__ import annotations

from types import FrameType
from typing import Any, TypeVar

Made = TypeVar("Made")

REFUSES = "torch._dynamo.variables.builder"
"""The module of torch's compiler that refuses torch.nn's recurrent layers by type; it compiles ours."""


class Double(type):
    """The type of doubles and of classes derived from them."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return origin(cls)(*args, **kwargs) if is_double(cls) else type.__call__(cls, *args, **kwargs)

    def __setattr__(cls, name: str, value: Any) -> None:
        if is_double(cls):
            setattr(origin(cls), name, value)
        else:
            type.__setattr__(cls, name, value)


def class_seen_by(kind: type[Any], torchs: type[Any], frame: FrameType) -> type[Any]:
    """Return the class that a layer of class `kind` reports to code in this frame."""
    if issubclass(kind, torchs) or frame.f_globals.get("__name__") == REFUSES:
        return kind
    return double(kind, torchs)


def double(kind: type[Any], torchs: type[Any]) -> type[Any]:
    """Return the class below both; always the same."""
    if "_double" not in vars(kind):
        names = {name: getattr(kind, name) for name in ("__module__", "__qualname__", "__doc__")}
        kind._double = Double(kind.__name__, (kind, torchs), {**names, "_origin": kind})
    return kind._double


def is_double(kind: type[Any]) -> bool:
    """Whether a class is the double of another."""
    return "_origin" in vars(kind)


def origin(kind: type[Any]) -> type[Any]:
    """Return the class whose double this is, or the class itself."""
    return vars(kind).get("_origin", kind)


def assign_class(layer: object, kind: type[Any]) -> None:
    """Make `layer` an object of another class, as `layer.__class__ = kind` does for other objects."""
    vars(object)["__class__"].__set__(layer, origin(kind))


def new(kind: type[Made]) -> Made:
    """Create an object without attributes, for copies and pickles to fill."""
    return kind.__new__(kind)
