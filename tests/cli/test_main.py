from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from throughtime.cli import main as main_module
from throughtime.cli.main import main
from throughtime.errors import InputError

WITHOUT = """
import sys
sys.modules.update(dict.fromkeys({packages!r}))  # None stands for what cannot be imported
from throughtime.cli.main import main
main()
"""


def test_alone_it_prints_its_commands(run: Callable[..., Any]) -> None:
    done = run()
    assert done.code == 0
    assert all(word in done.out for word in ("Usage: throughtime COMMAND", "info", "seq2seq", "--version"))


def test_an_unknown_command_is_named(run: Callable[..., Any]) -> None:
    done = run("trian")
    assert done.code != 0
    assert 'Unknown command "trian"' in done.err
    assert "Traceback" not in done.err


def test_debug_shows_the_traceback(run: Callable[..., Any], refused: Callable[..., str]) -> None:
    assert refused("seq2seq", "run", "none.safetensors", "a") == (
        "none.safetensors does not exist; expected a model file"
    )
    for place in (0, 2, 4):
        arguments = ["seq2seq", "run", "none.safetensors", "a"]
        arguments.insert(place, "--debug")
        with pytest.raises(InputError, match=r"^none\.safetensors does not exist"):
            main(arguments)


def raising(error: BaseException) -> Callable[[Any], None]:
    def run(arguments: Any) -> None:
        raise error

    return run


def test_system_errors_are_a_sentence(refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_module, "_run", raising(PermissionError(13, "Permission denied", "/secret")))
    assert refused("info") == "[Errno 13] Permission denied: '/secret'"


def test_ctrl_c_has_its_own_code(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_module, "_run", raising(KeyboardInterrupt()))
    assert run("info") == (130, "", "throughtime: stopped\n")


def test_defects_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_module, "_run", raising(ZeroDivisionError("division by zero")))
    with pytest.raises(ZeroDivisionError):
        main(["info"])


@pytest.mark.parametrize(
    ("package", "extra", "arguments"),
    [
        ("cyclopts", "seq2seq", ["info"]),
        ("datasets", "seq2seq", ["seq2seq", "evaluate", "m.safetensors"]),
        ("sentencepiece", "seq2seq", ["seq2seq", "run", "m.safetensors", "a"]),
        ("fastapi", "studio", ["seq2seq", "serve"]),
    ],
)
def test_a_missing_extra_is_one_line(
    start: Callable[..., Any], package: str, extra: str, arguments: list[str]
) -> None:
    program = [sys.executable, "-c", WITHOUT.format(packages=[package])]
    process = start(*arguments, program=program)
    out, err = process.communicate(timeout=300)
    assert err.decode() == (
        f"throughtime: {package} is not installed; `pip install 'throughtime[{extra}]'` brings it\n"
    )
    assert (process.returncode, out) == (1, b"")


def test_a_missing_module_of_our_own_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "throughtime.cli.app")
    monkeypatch.setitem(sys.modules, "throughtime.cli.info", None)
    with pytest.raises(ImportError, match=r"throughtime\.cli\.info"):
        main(["info"])


def test_nobody_need_read_to_the_end(start: Callable[..., Any], trained: Path, tmp_path: Path) -> None:
    """As in `throughtime seq2seq run MODEL --file lines.txt | head -1`."""
    (tmp_path / "lines.txt").write_text("a b c\n" * 30_000)  # more than a pipe holds
    arguments = ["seq2seq", "run", trained / "best.safetensors", "--file", "lines.txt", "--search", "greedy"]
    with start(*arguments) as process:
        assert process.stdout.readline().endswith(b"\n")
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_a_reader_that_left_at_once_goes_unmentioned(start: Callable[..., Any]) -> None:
    """What is printed last is still in the buffer when the command ends."""
    with start("info") as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_finds_no_room_is_an_error(start: Callable[..., Any]) -> None:
    with Path("/dev/full").open("wb") as full:
        process = start("info", stdout=full)
        _, err = process.communicate(timeout=300)
    assert process.returncode != 0
    assert b"No space left on device" in err
    assert b"Traceback" not in err
