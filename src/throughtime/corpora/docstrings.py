"""Documentation strings in Python source files, which are read but never run, and the prose in them."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from inspect import cleandoc
from typing import NamedTuple

_ATTACHES = re.compile(r"_?add_(?:docstr|newdoc)\w*")
_PLACEHOLDER = re.compile(r"(?<!\{)\{\w*\}(?!\})")
_PROPERTIES = ("property", "cached_property", "classproperty")

_SESSION = re.compile(r"\s*(?:>>>|In \[\d+\]:)")
_DIRECTIVE = re.compile(r"\s*\.\.\s+([\w-]+)::")
_UNSAID = (
    *("code", "code-block", "doctest", "ipython", "math", "plot", "prompt", "sourcecode", "testcode"),
    *("autoclass", "autofunction", "autosummary", "currentmodule", "function", "index", "module", "toctree"),
    "versionadded",
)
"""Directives whose content is not prose."""

_UNDERLINE = re.compile(r"\s*([-=~^*#+.])\1+\s*")
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d+[.)]|\.\. \[\w+\])\s+")
_TABLE = re.compile(r"\s*[+|].*[+|]\s*|\s*={2,}(?:\s+={2,})+\s*")
_FIELD = re.compile(r"[\w*,. `]{1,60} : \S.*|\w[\w*, `]{0,60}\([^()]*\): .*|:\w+(?: [\w*.]+)*:.*")
_FORMULA = re.compile(r":math:`[^`]*`|\$[^$\n]+\$")
_ROLE = re.compile(r":(?:[a-z]+:)+`~?([^`<]*)[^`]*`")
_MARKUP = re.compile(r"[`|]|\*\*|\$\{\w+\}|%\(\w+\)s")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!etc\.)(?<!cf\.)(?<!vs\.)\s+(?=[A-Z`\"'(])")


class Docstring(NamedTuple):
    """A documentation string, the kind of its object, and its dotted name in the file.

    `kind` is module, class, function, method or property, and None if the source does not show it: for
    objects written in C whose string is attached by a call of add_docstr or add_newdoc.
    """

    kind: str | None
    name: str
    text: str


def docstrings_of(source: bytes) -> Iterator[Docstring]:
    """Stream the documentation strings of a source file, in order; raises SyntaxError for invalid source."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about escapes in other people's strings
        tree = ast.parse(source)
    yield from _own(tree, "module", "")
    yield from _inside(tree, "function", "")


def _inside(parent: ast.AST, function: str, path: str) -> Iterator[Docstring]:
    """Yield those of the statements in `parent`, where a def defines a `function` or a method."""
    for node in ast.iter_child_nodes(parent):
        match node:
            case ast.ClassDef(name=name):
                yield from _own(node, "class", path + name)
                yield from _inside(node, "method", f"{path}{name}.")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield from _own(node, _kind(node, function), path + name)
                yield from _inside(node, "function", f"{path}{name}.")
            case ast.Expr(value=ast.Call() as call) | ast.Assign(value=ast.Call() as call):
                yield from _attached(call)
            case ast.stmt() | ast.excepthandler():
                yield from _inside(node, function, path)
            case _:
                pass


def _own(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, kind: str, name: str
) -> Iterator[Docstring]:
    if text := ast.get_docstring(node):
        yield Docstring(kind, name, text)


def _kind(node: ast.FunctionDef | ast.AsyncFunctionDef, function: str) -> str:
    names = [ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list]
    return "property" if function == "method" and any(name in _PROPERTIES for name in names) else function


def _attached(call: ast.Call) -> Iterator[Docstring]:
    """Yield the strings that add_docstr(object, text) or add_newdoc(place, name, text or pair) attaches."""
    if len(call.args) < 2 or not _ATTACHES.fullmatch(ast.unparse(call.func).rpartition(".")[2]):
        return
    *place, last = call.args
    name = _written(place[-1]) or ast.unparse(place[-1])
    for attribute, node in _parts(last):
        if text := _written(node):
            yield Docstring(None, f"{name}.{attribute}" if attribute else name, cleandoc(text))


def _parts(last: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match last:
        case ast.Tuple(elts=[ast.Constant(value=str(attribute)), text]):
            yield attribute, text
        case ast.List(elts=parts):
            for part in parts:
                yield from _parts(part)
        case _:
            yield "", last


def _written(node: ast.expr) -> str:
    """Return the text of an expression of strings, without the parts known only when it runs."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.BinOp(left=left, right=right):
            return _written(left) + _written(right)
        case ast.Call(func=ast.Attribute(value=value, attr="format")):
            return _PLACEHOLDER.sub("", _written(value)).replace("{{", "{").replace("}}", "}")
        case ast.Call(func=ast.Attribute(value=value)):
            return _written(value)
        case ast.JoinedStr(values=values):
            return "".join(map(_written, values))
        case _:
            return ""


def sentences_of(text: str) -> Iterator[str]:
    """Stream the sentences of a documentation string: its prose, without code, formulas, tables and markup.

    A sentence ends at a full stop, a blank line, a heading, an item of a list and a described parameter.
    """
    for paragraph in _paragraphs(_prose_lines(text.splitlines())):
        plain = _MARKUP.sub(" ", _ROLE.sub(r"\1", _FORMULA.sub(" ", paragraph)))
        yield from filter(None, (" ".join(part.split()) for part in _SENTENCE_END.split(plain)))


def _prose_lines(lines: list[str]) -> Iterator[str]:
    """Yield lines without sessions (>>> up to a blank line), literal blocks (indented after ::), tables."""
    session, literal = False, -1  # literal: the indentation that a block of code or mathematics goes beyond
    for line in lines:
        bare, indentation = line.strip(), len(line) - len(line.lstrip())
        if literal >= 0 and (not bare or indentation > literal):
            yield ""
            continue
        session = bool(bare) and (session or _SESSION.match(line) is not None)
        literal = indentation if not session and _opens_literal(line) else -1
        if session or _TABLE.fullmatch(line):
            yield ""
        elif directive := _DIRECTIVE.match(line):
            yield "" if literal >= 0 else line[directive.end() :]
        else:
            yield line


def _opens_literal(line: str) -> bool:
    if directive := _DIRECTIVE.match(line):
        return directive[1] in _UNSAID
    return line.rstrip().endswith("::")


def _paragraphs(lines: Iterator[str]) -> Iterator[str]:
    """Join lines up to where a new paragraph begins."""
    held: list[str] = []
    for line in lines:
        heading = _UNDERLINE.fullmatch(line) is not None
        if heading or not line.strip() or _ITEM.match(line) or _FIELD.fullmatch(line.strip()):
            yield " ".join(held)
            held = []
        if not heading:
            held.append(_ITEM.sub("", line, count=1))
    yield " ".join(held)
