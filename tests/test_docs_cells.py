"""The pages of the cells: what they print runs, what they count is counted, what they show is there."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
import torch

from throughtime import cells
from throughtime.cells import CELLS, Cell
from throughtime.cells.registry import smallest
from throughtime.layers.backends import BACKENDS

DOCS = Path(__file__).parents[1] / "docs"
FOLDER = DOCS / "cells"
INDEX = FOLDER / "README.md"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path not in (INDEX, FOLDER / "modifiers.md"))
TEXTS = {
    path.relative_to(DOCS).as_posix(): path.read_text("utf-8")
    for path in [*FOLDER.glob("*.md"), DOCS / "symbols.md"]
}
SECTIONS = ["Equations", "Gradient through time", "Parameters", "Initialisation", "Use", "Sources"]

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")
COUNT = re.compile(
    r"\| \$(?P<formula>[^$]+)\$ \| <!-- (?P<cells>.+?) input_size=(?P<I>\d+) hidden_size=(?P<H>\d+) "
    r"bias=(?P<bias>True|False) --> (?P<number>[\d,]+) \|"
)


def _blocks() -> list[object]:
    found: list[object] = []
    for page, text in TEXTS.items():
        for block in BLOCK.finditer(text):
            line = text.count("\n", 0, block.start(1))
            found.append(pytest.param(page, line, block[1], id=f"{page}:{line + 1}"))
    return found


def _without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", BLOCK.sub("", text))


def _cell(call: str) -> Cell:
    return eval(call, dict(vars(cells)))


def _anchors(path: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize(("page", "line", "code"), _blocks())
def test_code_of_a_page_runs(page: str, line: int, code: str) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        exec(compile("\n" * line + code, str(DOCS / page), "exec", dont_inherit=True), {"__name__": "page"})


def test_index_names_every_cell_and_its_page() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| `(\w+)` \| \[.+?\]\((\w+\.md)\) \|", INDEX.read_text("utf-8"), re.MULTILINE
    )
    assert {name: kind for name, kind, _ in rows} == {name: kind.__name__ for name, kind in CELLS.items()}
    assert {FOLDER / page for *_, page in rows} == set(PAGES)
    for name, kind, page in rows:
        text = (FOLDER / page).read_text("utf-8")
        assert f"`{name}` is `throughtime.cells.{kind}" in text


def test_index_states_what_each_cell_names_and_whether_torch_has_it() -> None:
    row = r"^\| `(\w+)` \| `\w+` \| \[.+?\]\(.+?\) \| (.*?) ?\| (.*?) ?\| (yes|no) \|$"
    stated = {name: rest for name, *rest in re.findall(row, INDEX.read_text("utf-8"), re.MULTILINE)}
    torch_has = {
        kind: BACKENDS["torch"].why_not(smallest(kind), 2, torch.empty(0)) is None for kind in CELLS.values()
    }
    assert stated == {
        name: [", ".join(kind.state), ", ".join(kind.observed), "yes" if torch_has[kind] else "no"]
        for name, kind in CELLS.items()
    }


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_page_has_its_sections_and_figure(path: Path) -> None:
    text = path.read_text("utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert re.search(rf"!\[.+\]\(figures/{path.stem}\.svg\)", text)
    sources = text.partition("## Sources")[2].split("\n- ")[1:]
    assert sources and all(re.search(r"\b(19|20)\d\d\b|TensorFlow", source) for source in sources)


@pytest.mark.parametrize("page", TEXTS)
def test_links_of_a_page_lead_somewhere(page: str) -> None:
    here = DOCS / page
    for target, anchor in LINK.findall(_without_code(TEXTS[page])):
        path = (here.parent / target).resolve() if target else here
        assert path.is_file(), f"{page} links to {target}, which is not there"
        assert not anchor or anchor in _anchors(path), (
            f"{page} links to {target}#{anchor}; there is no such heading"
        )


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_printed_numbers_of_parameters_are_those_of_the_cells(path: Path) -> None:
    counts = list(COUNT.finditer(path.read_text("utf-8")))
    assert [count["bias"] for count in counts] == ["True", "False"]
    for count in counts:
        sizes = {"I": int(count["I"]), "H": int(count["H"])}
        number = int(count["number"].replace(",", ""))
        for call in count["cells"].split():
            cell = _cell(call)
            assert cell.parameter_count(sizes["I"], sizes["H"], count["bias"] == "True") == number
            formula = re.sub(r"(?<=[\w)])(?=[A-Z(])", "*", count["formula"].replace(" ", ""))
            assert eval(formula, {**sizes, "P": getattr(cell, "proj_size", None)}) == number


def test_numbers_of_parameters_are_printed_for_every_cell() -> None:
    calls = {
        call for text in TEXTS.values() for count in COUNT.finditer(text) for call in count["cells"].split()
    }
    assert {type(_cell(call)) for call in calls} == set(CELLS.values())


@pytest.mark.parametrize("page", TEXTS)
def test_mathematics_is_written_as_github_reads_it(page: str) -> None:
    """GitHub reads Markdown first: blank lines and lists end a formula, signs lose their backslashes."""
    text = _without_code(TEXTS[page])
    assert text.count("$$") % 2 == 0
    for formula in text.split("$$")[1::2]:
        lines = formula.strip("\n").split("\n")
        assert formula.startswith("\n") and formula.endswith("\n")
        assert all(line.strip() and not re.match(r"\s*([-+*#>=]|\d+\.)", line) for line in lines)
        assert not re.search(r"\\\\(?!$)|\\[^\w\\\n]|[<>*]", formula, re.MULTILINE)
        assert formula.count("{") == formula.count("}")
    inline = re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL)
    for paragraph in inline.split("\n"):
        assert paragraph.count("$") % 2 == 0, f"a formula is broken over two lines: {paragraph}"
        for formula in paragraph.split("$")[1::2]:
            assert formula == formula.strip() and not re.search(r"\\[^\w]|[<>*|]", formula)


@pytest.fixture(scope="module")
def figures() -> Iterator[ModuleType]:
    """The script that draws."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield importlib.import_module("figures")


def _labels(path: Path) -> list[str]:
    """The texts of a figure, which matplotlib notes beside their outlines."""
    return re.findall(r"<!-- (.*?) -->", path.read_text("utf-8"))


def test_figures_are_those_that_the_script_draws(figures: ModuleType, tmp_path: Path) -> None:
    drawn = figures.draw_all(tmp_path)
    kept = sorted((FOLDER / "figures").iterdir())
    assert sorted(path.name for path in drawn) == [path.name for path in kept]
    assert {path.name: _labels(path) for path in drawn} == {path.name: _labels(path) for path in kept}


def test_a_figure_drawn_again_is_the_same_to_the_byte(figures: ModuleType, tmp_path: Path) -> None:
    first = figures.draw("linear", tmp_path).read_bytes()
    assert figures.draw("linear", tmp_path).read_bytes() == first


@pytest.mark.parametrize("path", sorted((FOLDER / "figures").iterdir()), ids=lambda path: path.stem)
def test_a_figure_is_used_whole_and_without_a_date(path: Path) -> None:
    assert any(f"](figures/{path.name})" in text for text in TEXTS.values())
    root = ElementTree.parse(path).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("width") == "504pt"
    assert "dc:date" not in path.read_text("utf-8")
