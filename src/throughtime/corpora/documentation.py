"""A corpus that is on the user's machine already: the documentation strings of installed packages.

Source files are parsed, never imported, in the order of their names; folders and files of tests are passed
over. What was read before, word for word, is not read again. The same versions give the same corpus.

Sentences for word vectors are the prose alone: sessions (>>>), code blocks, formulas and tables are left out,
as their symbols would be neighbours of everything. A text for classification is that prose too. Where a
package names itself in its text, the name would tell it: all such names are one word, `library`, unless asked
for.
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
"""What every package's name becomes in a text that is to be classified."""

_NAMES = re.compile(
    r"(?i)(?<![a-z])(?:numpy|np|scipy|sp|scikit-learn|scikits?|sklearn|pytorch|torch|c?python)(?![a-z])"
)
_PASSED_OVER = {"test", "tests", "testing", "idle_test", "site-packages", "dist-packages", "__pycache__"}
_TEST_FILE = re.compile(r"test_.*|.*_test\.py|conftest\.py")
_FEWEST_WORDS = 8  # of a text to be classified: fewer say too little


@dataclass(frozen=True)
class Sources:
    """The packages that a corpus is made of, with their versions, and those that are not installed."""

    versions: Mapping[str, str]
    missing: tuple[str, ...] = ()

    def summary(self) -> str:
        """Return packages and versions as one line."""
        found = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"{found} (not installed: {', '.join(self.missing)})" if self.missing else found


class Entry(NamedTuple):
    """One documentation string: whose, of what kind, by its dotted name, and its sentences.

    `kind` is module, class, function, method or property; None where the source does not tell.
    """

    package: str
    kind: str | None
    name: str
    sentences: list[str]


def find_sources(packages: Sequence[str] = tuple(PACKAGES)) -> Sources:
    """Tell which of the packages are installed, and in which version.

    Raises InputError for no name, for one that is none of PACKAGES, and where none is installed.
    """
    if not packages:
        raise InputError(f"no package was given; expected some of {', '.join(PACKAGES)}")
    for name in packages:
        if name not in PACKAGES:
            raise InputError(f"package {name!r} is not known; expected some of {', '.join(PACKAGES)}")
    found = [name for name in packages if _folder(name) is not None]
    if not found:
        raise InputError(f"none of {', '.join(packages)} is installed; expected at least one")
    missing = tuple(name for name in packages if name not in found)
    return Sources({name: _version(name) for name in found}, missing)


def entries(sources: Sources) -> Iterator[Entry]:
    """Stream the documentation strings, package by package, without those that say what one before said."""
    seen: set[bytes] = set()
    for package in sources.versions:
        for docstring in _docstrings(package):
            sentences = list(sentences_of(docstring.text))
            digest = blake2b(" ".join(sentences).lower().encode("utf-8", "replace"), digest_size=8).digest()
            if sentences and digest not in seen:
                seen.add(digest)
                yield Entry(package, docstring.kind, docstring.name, sentences)


def sentences(sources: Sources) -> Iterator[str]:
    """Stream the corpus for word vectors, a sentence at a time."""
    for entry in entries(sources):
        yield from entry.sentences


def labelled(sources: Sources, label: Literal["package", "kind"], mask: bool = True) -> Iterator[Document]:
    """Stream the texts of 8 words and more, labelled by their package or by the kind of their object.

    Objects written in C have no kind in any source file; by kind they are left out. `mask` writes `library`
    for each name of a package. Raises InputError for another label.
    """
    if label not in ("package", "kind"):
        raise InputError(f"label is {label}; expected package or kind")
    for entry in entries(sources):
        told = entry.package if label == "package" else entry.kind
        text = " ".join(entry.sentences)
        if told is not None and text.count(" ") >= _FEWEST_WORDS - 1:
            yield Document(masked(text) if mask else text, told, entry.name)


def masked(text: str) -> str:
    """The text with `library` for the names of packages, whole words or parts between marks alike."""
    return _NAMES.sub(MASK, text)


def _docstrings(package: str) -> Iterator[Docstring]:
    folder = _folder(package)
    assert folder is not None, "sources hold what is installed"
    for path in sorted(folder.rglob("*.py"), key=lambda path: path.relative_to(folder).parts):
        inside = path.relative_to(folder)
        if _PASSED_OVER.isdisjoint(inside.parts) and not _TEST_FILE.fullmatch(path.name):
            module = ".".join([PACKAGES[package], *inside.with_suffix("").parts]).strip(".")
            yield from _named(path, module.removesuffix(".__init__"))


def _named(path: Path, module: str) -> Iterator[Docstring]:
    try:
        with _uncollected():
            found = list(docstrings_of(path.read_bytes()))
    except (SyntaxError, ValueError):
        return  # templates, and files for other Pythons
    for kind, name, text in found:
        yield Docstring(kind, f"{module}.{name}" if name else module, text)


@contextmanager
def _uncollected() -> Generator[None]:
    """Without the search for cycles, of which a syntax tree has none, but which took half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _folder(package: str) -> Path | None:
    """Where the source files of a package are; None where it is not installed. Nothing is imported."""
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
        return "unknown"  # its files are there, but no installer knows of them
