from __future__ import annotations

import platform
import sys
from collections import Counter
from importlib import metadata
from pathlib import Path

import pytest

from throughtime.corpora import documentation
from throughtime.corpora.documentation import (
    Entry,
    Sources,
    entries,
    find_sources,
    labelled,
    masked,
    sentences,
)
from throughtime.errors import InputError

FILES = {
    "__init__.py": '"""The first package of all."""',
    "b.py": '"""Second, by its name."""\ndef f(): """SECOND, by its   name."""',
    "a/__init__.py": "",
    "a/z.py": 'class C:\n    """Deeper: np.array of torch tensors, as numpy and Python have them."""',
    "tests/test_a.py": '"""Of a test."""',
    "test_b.py": '"""Of a test too."""',
    "conftest.py": '"""And of this."""',
    "old.py": "print 'Python 2'",
    "null.py": "\0",
    "data.txt": '"""No source."""',
}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of a few files, and one that is not installed."""
    for name, text in FILES.items():
        path = tmp_path / "small_package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(documentation, "PACKAGES", {"small": "small_package", "absent": "absent_package"})


@pytest.mark.usefixtures("small")
def test_files_in_order_without_tests_and_repetitions() -> None:
    sources = find_sources(["small"])
    assert list(entries(sources)) == [
        Entry("small", "module", "small_package", ["The first package of all."]),
        Entry(
            "small",
            "class",
            "small_package.a.z.C",
            ["Deeper: np.array of torch tensors, as numpy and Python have them."],
        ),
        Entry("small", "module", "small_package.b", ["Second, by its name."]),
    ]
    assert list(entries(sources)) == list(entries(sources))
    assert [line for entry in entries(sources) for line in entry.sentences] == list(sentences(sources))
    assert "small_package" not in sys.modules


@pytest.mark.usefixtures("small")
def test_what_is_missing_is_said() -> None:
    sources = find_sources(["small", "absent"])
    assert sources == Sources({"small": "unknown"}, ("absent",))
    assert sources.summary() == "small unknown (not installed: absent)"
    with pytest.raises(InputError, match=r"^none of absent is installed; expected at least one$"):
        find_sources(["absent"])
    with pytest.raises(InputError, match=r"^no package was given; expected some of small, absent$"):
        find_sources([])
    with pytest.raises(InputError, match=r"^package 'numpy' is not known; expected some of small, absent$"):
        find_sources(["numpy"])


@pytest.mark.usefixtures("small")
def test_labelled_texts_are_long_enough_and_do_not_name_packages(tmp_path: Path) -> None:
    told = "Nobody can tell what kind of thing this is."
    (tmp_path / "small_package" / "c.py").write_text(f"add_docstr(x, '{told}')")
    sources = find_sources(["small"])
    text = "Deeper: library.array of library tensors, as library and library have them."
    names = ("small_package.a.z.C", "small_package.c.x")
    assert list(labelled(sources, "package")) == [(text, "small", names[0]), (told, "small", names[1])]
    assert list(labelled(sources, "kind")) == [(text, "class", names[0])]
    assert next(labelled(sources, "kind", mask=False)).text.startswith("Deeper: np.array of torch")
    with pytest.raises(InputError, match=r"^label is name; expected package or kind$"):
        list(labelled(sources, "name"))  # type: ignore[arg-type]


def test_names_are_masked_as_whole_words_and_between_marks() -> None:
    assert masked("NumPy, scipy.sparse, scikit-learn's, __torch_function__, (PyTorch)") == (
        "library, library.sparse, library's, __library_function__, (library)"
    )
    assert masked("torchvision inputs, snp, pythonic") == "torchvision inputs, snp, pythonic"


def test_installed_packages_and_their_versions() -> None:
    sources = find_sources(["numpy", "python"])
    assert sources.versions == {"numpy": metadata.version("numpy"), "python": platform.python_version()}
    assert sources.summary().startswith("numpy ")


def test_numpy_says_what_it_is_known_to_say() -> None:
    found = list(entries(find_sources(["numpy"])))
    kinds = Counter(entry.kind for entry in found)
    assert all(kinds[kind] > 10 for kind in ("module", "class", "function", "method", "property", None))
    by_name = {entry.name: entry.sentences for entry in found}
    zeros = by_name["numpy._core._add_newdocs.zeros"]
    assert "Return a new array of given shape and type, filled with zeros." in zeros
    assert not any(">>>" in line for entry in found for line in entry.sentences)
