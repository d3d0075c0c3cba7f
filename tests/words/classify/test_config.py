"""Methods by name, and the files that are named for them."""

from __future__ import annotations

import pytest

from throughtime.errors import InputError
from throughtime.words.classify.config import METHODS, check_methods, file_stem
from user_modules import WriteModule


@pytest.mark.parametrize(
    ("method", "stem"),
    [
        *((method, method) for method in METHODS),
        ("gru_reset_before", "gru_reset_before"),
        ("my_module:MyCell", "my_module-MyCell"),
        ("package.cells:MyCell", "package-cells-MyCell"),
    ],
)
def test_file_stem(method: str, stem: str) -> None:
    assert file_stem(method) == stem


def test_a_users_cell_is_a_method(user_module: WriteModule) -> None:
    user_module()
    check_methods(["bag", "my_module:MyCell"])


@pytest.mark.parametrize(
    ("methods", "told"),
    [
        ([], "no method is given; expected one or more"),
        (["bag", "bag"], "method bag is given twice; expected different methods"),
        (
            ["my_module:Other"],
            "method 'my_module:Other' is none of bag, tfidf, codebook, vectors, nor a recurrence: "
            "the module my_module has no cell Other; the cells in my_module are MyCell",
        ),
    ],
)
def test_methods_that_cannot_be(user_module: WriteModule, methods: list[str], told: str) -> None:
    user_module()
    with pytest.raises(InputError) as caught:
        check_methods(methods)
    assert str(caught.value) == told
