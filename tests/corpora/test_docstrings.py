from __future__ import annotations

import pytest

from throughtime.corpora.docstrings import Docstring, docstrings_of, sentences_of

SOURCE = b'''
"""A module."""
import functools

def plain():
    """A function."""
    def inner():
        """A function inside."""

async def waiting(): "Waits."

class Thing(Base):
    """A class.

    More of it.
    """
    if True:
        def method(self):
            "A method, behind a condition."
    @property
    def size(self): """A property."""
    @functools.cached_property
    def kept(self): """A cached property."""
    @size.setter
    def size(self, value): """A setter is a method."""
    class Inner:
        def deep(self): """Deep."""
    def without(self): pass

try:
    pass
except ImportError:
    def other(): """Behind an exception."""

x = """No documentation."""
print("neither", "this")
'''


def test_each_kind_with_its_dotted_name() -> None:
    assert list(docstrings_of(SOURCE)) == [
        Docstring("module", "", "A module."),
        Docstring("function", "plain", "A function."),
        Docstring("function", "plain.inner", "A function inside."),
        Docstring("function", "waiting", "Waits."),
        Docstring("class", "Thing", "A class.\n\nMore of it."),
        Docstring("method", "Thing.method", "A method, behind a condition."),
        Docstring("property", "Thing.size", "A property."),
        Docstring("property", "Thing.kept", "A cached property."),
        Docstring("method", "Thing.size", "A setter is a method."),
        Docstring("method", "Thing.Inner.deep", "Deep."),
        Docstring("function", "other", "Behind an exception."),
    ]


ATTACHED = b'''
add_newdoc("numpy", "array", """
    Makes an array.
    """)
add_newdoc("numpy", "ndarray", ("T", "The transpose."))
add_newdoc("numpy", "ndarray", [("flat", "An iterator."), ("size", "How many.")])
add_docstr(torch.abs, r"""
abs(input) -> Tensor

Of {input}, in {{braces}}, {0}.
""".format(**common))
add_docstr_all("add_", "add_(other)" + """ -> Tensor""")
conv1d = _add_docstr(torch.conv1d, "A convolution.")
add_newdoc_for_scalar_type("int8", ["byte"], f"Of {8} bits.".replace("a", "b"))
add_docstr(torch.none, text)
add_docstr(one)
other.add_more(torch.abs, "No documentation.")
'''


def test_strings_that_are_attached_to_what_is_written_in_c() -> None:
    assert list(docstrings_of(ATTACHED)) == [
        Docstring(None, "array", "Makes an array."),
        Docstring(None, "ndarray.T", "The transpose."),
        Docstring(None, "ndarray.flat", "An iterator."),
        Docstring(None, "ndarray.size", "How many."),
        Docstring(None, "torch.abs", "abs(input) -> Tensor\n\nOf , in {braces}, ."),
        Docstring(None, "add_", "add_(other) -> Tensor"),
        Docstring(None, "torch.conv1d", "A convolution."),
        Docstring(None, "['byte']", "Of  bits."),
    ]


def test_what_is_no_source() -> None:
    for source in (b"def f(:", b"print 'two'"):
        with pytest.raises(SyntaxError):
            list(docstrings_of(source))


def test_odd_escapes_do_not_warn() -> None:
    assert list(docstrings_of(b'"""A \\d."""')) == [Docstring("module", "", "A \\d.")]


NUMPYDOC = """
clip(a, a_min, a_max)
--

Clip the values, e.g. those of `a`.  Given an interval,
values outside go. "So it is."

.. versionadded:: 1.17
.. versionchanged:: 2.0 Takes :class:`~numpy.ndarray` or :func:`those <that>`.

.. math::

    x^2 + y^2

where :math:`x` is **large** and ${LIKE} %(name)s small::

    code = here

Parameters
----------
a, b : array_like
    Array to clip. Not
    ``None``.
out : ndarray, optional
    - first thing
    * second thing, which
      goes on
    1. third

Examples
--------
>>> import numpy as np
>>> np.clip(1, 2)
1

After it.

====  =====
A     B
====  =====

.. note::

    Take care.
"""


def test_sentences_of_a_numpydoc_string() -> None:
    assert list(sentences_of(NUMPYDOC)) == [
        "clip(a, a_min, a_max)",
        "Clip the values, e.g. those of a .",
        "Given an interval, values outside go.",
        '"So it is."',
        "2.0 Takes numpy.ndarray or those .",
        "where is large and small::",
        "Parameters",
        "a, b : array_like Array to clip.",
        "Not None .",
        "out : ndarray, optional",
        "first thing",
        "second thing, which goes on",
        "third",
        "Examples",
        "After it.",
        "A B",
        "Take care.",
    ]


def test_arguments_of_other_styles_part_sentences() -> None:
    text = "Sums.\nArgs:\n    input (Tensor): the input\n    dim (int): along it\n"
    assert list(sentences_of(text + ":param x: a number\n:type x: int")) == [
        "Sums.",
        "Args:",
        "input (Tensor): the input",
        "dim (int): along it",
        ":param x: a number",
        ":type x: int",
    ]


def test_no_sentence() -> None:
    assert list(sentences_of("")) == list(sentences_of(">>> 1\n1\n\n----")) == []
