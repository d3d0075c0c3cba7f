from __future__ import annotations

import errno
import json
import os
import stat
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from disk import full_disk
from throughtime.artefact import file as artefact_file
from throughtime.artefact.file import FORMAT_VERSION, Artefact, load, save, written_whole
from throughtime.artefact.sealed import REPAIR
from throughtime.errors import InputError

SHARED = torch.arange(12.0).reshape(3, 4)
MODEL = Artefact(
    kind="seq2seq",
    config={"cell": "lstm", "sizes": [3, 4], "dropout": 0.25, "note": "é\u202f\"'", "nested": {"none": None}},
    tensors={
        "embedding": SHARED,
        "output": SHARED,
        "transposed": SHARED.t(),
        "part": SHARED[1:],
        "flat": SHARED.view(-1),
        "scalar": torch.tensor(3, dtype=torch.int64),
        "nothing": torch.zeros(0, 3),
        "half": torch.tensor([1.5, float("inf")], dtype=torch.bfloat16),
        "mask": torch.tensor([True, False]),
        "parameter": torch.nn.Parameter(torch.tensor([float("nan"), -0.0])),
    },
    assets={"src.model": bytes(range(256)), "empty": b""},
)


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that error texts hold short file names."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("saved") / "model"
    save(MODEL, path)
    return path.read_bytes()


OTHER_CONTENT = f"m is damaged: its content does not match the digest stored with it; {REPAIR}"
OTHER_HEADER = f"m is damaged: its header cannot be read; {REPAIR}"


def error_of(data: bytes, kind: str | None = None) -> str:
    Path("m").write_bytes(data)
    with pytest.raises(InputError) as caught:
        load("m", kind)
    return str(caught.value)


def assert_same(found: Artefact, expected: Artefact) -> None:
    assert (found.kind, found.config, found.assets) == (expected.kind, expected.config, expected.assets)
    assert found.tensors.keys() == expected.tensors.keys()
    for name, tensor in expected.tensors.items():
        assert found.tensors[name].dtype == tensor.dtype
        torch.testing.assert_close(found.tensors[name], tensor.detach(), rtol=0, atol=0, equal_nan=True)


def load_after_save(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    save(Artefact("k", {}, tensors, {}), "m")
    return load("m").tensors


def test_everything_comes_back() -> None:
    save(MODEL, "m")
    assert_same(load("m"), MODEL)
    assert_same(load(Path("m"), "seq2seq"), MODEL)
    assert [path.name for path in Path().iterdir()] == ["m"]


def test_nothing_comes_back() -> None:
    save(Artefact("empty", {}, {}, {}), "m")
    assert_same(load("m"), Artefact("empty", {}, {}, {}))


def test_loaded_tensors_can_be_trained(saved: bytes) -> None:
    Path("m").write_bytes(saved)
    weight = load("m").tensors["part"]
    Path("m").write_bytes(b"\0" * len(saved))  # the weights are a copy, not a view of the file
    weight.mul_(2)
    assert torch.equal(weight, 2 * SHARED[1:])


def test_tied_tensors_are_stored_once_and_stay_tied() -> None:
    large = torch.zeros(10_000)
    save(Artefact("k", {}, {"a": large, "b": large, "c": large}, {}), "m")
    tensors = load("m").tensors
    assert Path("m").stat().st_size < 2 * large.nbytes
    assert tensors["a"] is tensors["b"] is tensors["c"]
    tied = load_after_save({"a": large, "part": large[:5000]})
    tied["a"].add_(1)
    assert (
        tied["part"].sum() == 0
    )  # parts of one memory are not tied: they would grow apart in a state_dict too


def test_file_is_a_safetensors_that_others_can_read(saved: bytes) -> None:
    tensors = safetensors.torch.load(saved)
    assert torch.equal(tensors["embedding"], SHARED)
    assert "output" not in tensors
    length = int.from_bytes(saved[:8], "little")
    fields = json.loads(saved[8 : 8 + length])["__metadata__"]
    assert (fields["format"], fields["version"], fields["kind"]) == (
        "throughtime",
        str(FORMAT_VERSION),
        "seq2seq",
    )
    assert json.loads(fields["config"]) == MODEL.config


def test_missing_directory_and_empty() -> None:
    with pytest.raises(InputError, match=r"^no\.model does not exist; expected a model file$"):
        load("no.model")
    Path("folder").mkdir()
    with pytest.raises(InputError, match=r"^folder is a directory; expected a model file$"):
        load("folder")
    assert error_of(b"") == f"m is empty; expected a model file; {REPAIR}"


def test_truncated(saved: bytes) -> None:
    header = 8 + int.from_bytes(saved[:8], "little")
    assert error_of(saved[:-1]) == (
        f"m is truncated: it has {len(saved) - 1:,} bytes and 1 or more are missing; {REPAIR}"
    )
    assert error_of(saved[: header + 5]).startswith(f"m is truncated: it has {header + 5:,} bytes and ")
    assert error_of(saved[:100]).startswith("m is truncated: it has 100 bytes and ")
    assert error_of(saved[:5]) == "m is not a model file that throughtime wrote"


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 a zip, as torch.save writes",
        b"How are you?",
        b'{"json": "file"}',
        safetensors.torch.save({"w": torch.zeros(2)}),
        safetensors.torch.save({"w": torch.zeros(2)}, {"format": "pt"}),
    ],
)
def test_foreign(data: bytes) -> None:
    assert error_of(data) == "m is not a model file that throughtime wrote"


def test_damaged(saved: bytes) -> None:
    flipped = bytearray(saved)
    flipped[-1] ^= 1  # one bit of one weight
    assert error_of(bytes(flipped)) == OTHER_CONTENT
    assert error_of(saved + b"\0") == f"m is damaged: its content cannot be read; {REPAIR}"
    assert error_of(saved[:8] + b"{" + b"x" * (len(saved) - 9)) == OTHER_HEADER
    assert error_of(b"\xff" * 8 + saved[8:]) == OTHER_HEADER
    changed = saved.replace(b'"lstm', b'"mstm').replace(b'\\"lstm', b'\\"mstm')
    assert changed != saved
    assert error_of(changed) == OTHER_CONTENT


def test_other_kind(saved: bytes) -> None:
    assert error_of(saved, "forecast") == "m holds a model of kind 'seq2seq'; expected 'forecast'"


def test_newer_version(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later:
        later.setattr(artefact_file, "FORMAT_VERSION", FORMAT_VERSION + 1)
        later.setattr(artefact_file, "_library_version", lambda: "9.9")
        save(MODEL, "m")
    with pytest.raises(InputError) as caught:
        load("m")
    assert str(caught.value) == (
        "m has format 3, written by throughtime 9.9; this version reads format 2: install a newer throughtime"
    )


def test_older_version(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(artefact_file, "FORMAT_VERSION", FORMAT_VERSION - 1)
        earlier.setattr(artefact_file, "_library_version", lambda: "0.0.9")
        save(MODEL, "m")
    with pytest.raises(InputError) as caught:
        load("m")
    assert str(caught.value) == (
        "m has format 1, written by throughtime 0.0.9; this version reads format 2: train the model again"
    )


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_changed_bytes_are_refused_or_harmless(
    saved: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    changed = bytearray(saved)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(saved) - 1))] = data.draw(st.integers(0, 255))
    del changed[data.draw(st.one_of(st.just(len(saved)), st.integers(0, len(saved)))) :]
    path = tmp_path_factory.mktemp("changed") / "m"
    path.write_bytes(changed)
    try:
        found = load(path)
    except InputError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)
    else:
        assert_same(found, MODEL)


@given(st.binary(max_size=300), st.booleans())
@settings(deadline=None)
def test_any_bytes_are_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, with_header: bool
) -> None:
    path = tmp_path_factory.mktemp("any") / "m"
    path.write_bytes(len(data).to_bytes(8, "little") + b"{" + data if with_header else data)
    with pytest.raises(InputError):
        load(path)


HEADERS = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["__metadata__", "w", "dtype", "shape", "data_offsets", "format", "version"]),
            inner,
            max_size=4,
        )
    ),
)


@given(HEADERS, st.booleans())
@settings(deadline=None)
def test_any_header_is_refused(tmp_path_factory: pytest.TempPathFactory, content: object, ours: bool) -> None:
    fields = {"format": "throughtime", "version": str(FORMAT_VERSION), "config": content}
    header = json.dumps({"__metadata__": fields if ours else content, "w": content}).encode()
    path = tmp_path_factory.mktemp("header") / "m"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(InputError):
        load(path)


@pytest.mark.skipif(sys.platform == "win32", reason="limits file size as Unix does")
def test_disk_full_while_saving_keeps_the_old_file() -> None:
    save(Artefact("old", {}, {}, {}), "m")
    large = Artefact("new", {}, {"w": torch.zeros(100_000)}, {})
    with full_disk(50_000), pytest.raises(InputError) as caught:
        save(large, "m")
    assert str(caught.value).startswith("m cannot be written: File too large; ")
    assert str(caught.value).endswith(" MiB are free there, and nothing half-written was kept")
    assert load("m").kind == "old"
    assert [path.name for path in Path().iterdir()] == ["m"]
    save(large, "m")
    assert load("m").kind == "new"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_disk_full_names_the_free_space(number: int) -> None:
    with pytest.raises(InputError) as caught, written_whole("m") as temporary:
        temporary.write_bytes(b"half")
        raise OSError(number, os.strerror(number))
    assert str(caught.value).startswith(f"m cannot be written: {os.strerror(number)}; ")
    assert " MiB are free there" in str(caught.value)
    assert list(Path().iterdir()) == []


def test_written_whole_is_all_or_nothing() -> None:
    Path("m").write_text("old")
    with pytest.raises(ZeroDivisionError), written_whole("m") as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert Path("m").read_text() == "old"
    with pytest.raises(KeyboardInterrupt), written_whole("m") as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert [path.name for path in Path().iterdir()] == ["m"]
    with written_whole(Path("m")) as temporary:
        temporary.write_text("new")
        assert temporary.parent == Path.cwd()
        assert Path("m").read_text() == "old"
    assert Path("m").read_text() == "new"
    assert [path.name for path in Path().iterdir()] == ["m"]


def test_the_file_is_on_the_disk_before_it_has_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []

    def fsync(handle: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"
        events.append(f"{kind}, named: {Path('m').exists()}")

    monkeypatch.setattr(os, "fsync", fsync)
    with written_whole("m") as temporary:
        temporary.write_text("new")
    assert events == ["file, named: False", "folder, named: True"]


def test_permissions_are_those_of_any_new_file() -> None:
    Path("plain").write_text("")
    save(MODEL, "m")
    assert stat.S_IMODE(Path("m").stat().st_mode) == stat.S_IMODE(Path("plain").stat().st_mode)


def test_a_link_is_followed() -> None:
    Path("elsewhere").mkdir()
    Path("m").symlink_to("elsewhere/real")
    save(MODEL, "m")
    assert Path("m").is_symlink()
    assert_same(load("elsewhere/real"), MODEL)


def test_places_that_cannot_be_written() -> None:
    Path("folder").mkdir()
    with pytest.raises(InputError, match=r"^folder is a directory; expected the name of a file to write$"):
        save(MODEL, "folder")
    with pytest.raises(InputError, match=r"^no/m cannot be written: No such file or directory$"):
        save(MODEL, "no/m")
    Path("file").write_text("")
    with pytest.raises(InputError, match=r"^file/m cannot be written: Not a directory$"):
        save(MODEL, "file/m")


def test_long_names() -> None:
    name = "é" * 120  # 240 bytes of the 255 that a name may have
    save(MODEL, name)
    assert_same(load(name), MODEL)
