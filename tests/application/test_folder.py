from __future__ import annotations

from pathlib import Path

import pytest

from throughtime.application.folder import no_false_start
from throughtime.errors import InputError


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_folder_is_made_and_stays() -> None:
    for _ in range(2):
        with no_false_start(Path("a/b")):
            assert Path("a/b").is_dir()
    assert Path("a/b").is_dir()


def test_what_is_made_goes_where_nothing_comes_of_it() -> None:
    Path("mine").mkdir()
    for folder in ("a/b/c", "mine/d"):
        with pytest.raises(KeyboardInterrupt), no_false_start(Path(folder)):
            raise KeyboardInterrupt
    assert [path.name for path in Path().rglob("*")] == ["mine"]
    with pytest.raises(KeyError), no_false_start(Path("a")):
        Path("a/mine.txt").write_text("mine")
        raise KeyError
    assert Path("a/mine.txt").read_text() == "mine"


def test_a_file_is_no_folder() -> None:
    Path("a").write_text("mine")
    told = r"^a/b cannot hold the vectors: Not a directory; expected a folder$"
    with pytest.raises(InputError, match=told), no_false_start(Path("a/b"), "the vectors"):
        pass
