"""A corpus that is already on the user's machine: the documentation strings of installed packages.

Source files are parsed, never imported, in the order of their names; folders and files of tests are skipped,
and so are exact repetitions. The same versions give the same corpus.

Sentences for word vectors are only the prose: sessions (>>>), code blocks, formulas and tables are left out,
as their symbols would be neighbours of everything. A text for classification is that prose too. A package's
name in its text would reveal the label: by default all such names are replaced by one word, `library`.
"""

from __future__ import annotations

import gc
import platform
import re
import sysconfig
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from importlib import metadata, util
from pathlib import Path
from typing import Literal, NamedTuple

from throughtime.corpora.docstrings import Docstring, docstrings_of, sentences_of
from throughtime.errors import InputError
from throughtime.files.documents import Document

PACKAGES: Mapping[str, str] = {
    "numpy": "numpy",
    "scipy": "scipy",
    "scikit-learn": "sklearn",
    "torch": "torch",
    "python": "",
}
"""The packages, as they are installed, and their modules; python is its standard library."""

MASK = "library"
"""The replacement of every package's name in a text to classify."""

_NAMES = re.compile(
    r"(?i)(?<![a-z])(?:numpy|np|scipy|sp|scikit-learn|scikits?|sklearn|pytorch|torch|c?python)(?![a-z])"
)
_SKIPPED = {"test", "tests", "testing", "idle_test", "site-packages", "dist-packages", "__pycache__"}
_TEST_FILE = re.compile(r"test_.*|.*_test\.py|conftest\.py")
_FEWEST_WORDS = 8  # of a text to classify: shorter ones are uninformative


@dataclass(frozen=True)
class Sources:
    """The packages of a corpus, with their versions, and those that are not installed."""

    versions: Mapping[str, str]
    missing: tuple[str, ...] = ()

    def summary(self) -> str:
        """Return packages and versions as one line."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"{versions} (not installed: {', '.join(self.missing)})" if self.missing else versions


class Entry(NamedTuple):
    """One documentation string: its package, kind, dotted name and sentences.

    `kind` is module, class, function, method or property; None if the source does not show it.
    """

    package: str
    kind: str | None
    name: str
    sentences: list[str]


def find_sources(packages: Sequence[str] = tuple(PACKAGES)) -> Sources:
    """Return which of the packages are installed, with their versions.

    Raises InputError for no name, for a name not in PACKAGES, and if none is installed.
    """
    if not packages:
        raise InputError(f"no package was given; expected some of {', '.join(PACKAGES)}")
    for name in packages:
        if name not in PACKAGES:
            raise InputError(f"package {name!r} is not known; expected some of {', '.join(PACKAGES)}")
    installed = [name for name in packages if _folder(name) is not None]
    if not installed:
        raise InputError(f"none of {', '.join(packages)} is installed; expected at least one")
    missing = tuple(name for name in packages if name not in installed)
    return Sources({name: _version(name) for name in installed}, missing)


def entries(sources: Sources) -> Iterator[Entry]:
    """Stream the documentation strings, package by package, without repetitions of earlier ones."""
    seen: set[bytes] = set()
    for package in sources.versions:
        for docstring in _docstrings(package):
            sentences = list(sentences_of(docstring.text))
            digest = blake2b(" ".join(sentences).lower().encode("utf-8", "replace"), digest_size=8).digest()
            if sentences and digest not in seen:
                seen.add(digest)
                yield Entry(package, docstring.kind, docstring.name, sentences)


def sentences(sources: Sources) -> Iterator[str]:
    """Stream the corpus for word vectors, sentence by sentence."""
    for entry in entries(sources):
        yield from entry.sentences


def labelled(sources: Sources, label: Literal["package", "kind"], mask: bool = True) -> Iterator[Document]:
    """Stream the texts of at least 8 words, labelled by package or by the kind of their object.

    Objects written in C have no kind in any source file; by kind they are left out. mask: whether names of
    packages become `library`.

    Raises InputError for another label.
    """
    if label not in ("package", "kind"):
        raise InputError(f"label is {label}; expected package or kind")
    for entry in entries(sources):
        text_label = entry.package if label == "package" else entry.kind
        text = " ".join(entry.sentences)
        if text_label is not None and text.count(" ") >= _FEWEST_WORDS - 1:
            yield Document(masked(text) if mask else text, text_label, entry.name)


def masked(text: str) -> str:
    """Replace the names of packages, whole words or parts between marks, by `library`."""
    return _NAMES.sub(MASK, text)


def _docstrings(package: str) -> Iterator[Docstring]:
    folder = _folder(package)
    assert folder is not None, "sources contain only what is installed"
    for path in sorted(folder.rglob("*.py"), key=lambda path: path.relative_to(folder).parts):
        inside = path.relative_to(folder)
        if _SKIPPED.isdisjoint(inside.parts) and not _TEST_FILE.fullmatch(path.name):
            module = ".".join([PACKAGES[package], *inside.with_suffix("").parts]).strip(".")
            yield from _named(path, module.removesuffix(".__init__"))


def _named(path: Path, module: str) -> Iterator[Docstring]:
    try:
        with _uncollected():
            docstrings = list(docstrings_of(path.read_bytes()))
    except (SyntaxError, ValueError):
        return  # templates, and files for other Pythons
    for kind, name, text in docstrings:
        yield Docstring(kind, f"{module}.{name}" if name else module, text)


@contextmanager
def _uncollected() -> Generator[None]:
    """Suspend the collection of cycles: a syntax tree has none, and the search took half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _folder(package: str) -> Path | None:
    """Return the folder of a package's source files, None if not installed; nothing is imported."""
    if not PACKAGES[package]:
        return Path(sysconfig.get_path("stdlib"))
    spec = util.find_spec(PACKAGES[package])
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def _version(package: str) -> str:
    if not PACKAGES[package]:
        return platform.python_version()
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"  # files without an installer's metadata
