"""Applications by name, and by the kind that a model file states."""

from __future__ import annotations

from pathlib import Path

from throughtime.application.application import AnyApplication, attribute_at
from throughtime.applications import APPLICATIONS
from throughtime.errors import InputError


def application_named(name: str) -> AnyApplication | None:
    """Return the application of that name; None where there is none."""
    entry = APPLICATIONS.get(name)
    return None if entry is None else attribute_at(entry.description)


def require_application(name: str) -> AnyApplication:
    """Return the application of that name; raise InputError, naming all, where there is none."""
    application = application_named(name)
    if application is None:
        raise InputError(f"there is no application {name!r}; the applications are {', '.join(APPLICATIONS)}")
    return application


def application_for_model(path: Path) -> AnyApplication:
    """Return the application that a model file belongs to; raise InputError where it belongs to none."""
    from throughtime.artefact.file import kind_of

    kind = kind_of(path)
    application = application_named(kind)
    if application is None:
        raise InputError(
            f"{path} holds a model of kind {kind!r}; this throughtime has {', '.join(APPLICATIONS)}"
        )
    return application
