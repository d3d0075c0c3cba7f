from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from chosen import length_rule
from throughtime.artefact.file import Artefact, load, save
from throughtime.cells.user_modules import import_cells
from throughtime.errors import InputError
from throughtime.seq2seq.config import ModelConfig
from throughtime.seq2seq.model_file import KIND, load_model, save_model
from throughtime.seq2seq.network.model import Translator
from throughtime.seq2seq.network.stepper import stepper
from throughtime.seq2seq.pipeline import Pipeline
from throughtime.text.tokenizer import Tokenizers, Words, train_subwords
from user_modules import MY_MODULE, WriteModule

LINES = ["a b c", "h g f e d", "a", "b a d c a b", "zebra a"]
SENTENCES = [
    f"the {animal} eats the {food}" for animal in ("cat", "dog", "hen") for food in ("bread", "fish")
]


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that error texts hold short file names."""
    monkeypatch.chdir(tmp_path)


def translations(model: Translator, tokenizers: Tokenizers) -> list[str]:
    return list(Pipeline(stepper(model), tokenizers, length_rule(min_length=3)).texts(LINES))


@pytest.mark.parametrize("attention", ["none", "dot", "general", "mlp"])
@pytest.mark.parametrize("tie", ["none", "output", "all"])
def test_a_model_that_was_saved_translates_as_before(
    letter_model: Callable[..., Translator], letters: Tokenizers, attention: str, tie: str
) -> None:
    more = dict(coverage=attention != "none", copying=attention != "none")
    model = letter_model(attention=attention, tie_embeddings=tie, reverse_source=True, **more)
    save_model(Path("m.safetensors"), model.config, model.state_dict(), letters, {"epochs": 3})
    loaded = load_model(Path("m.safetensors"))
    assert loaded.model.config == model.config
    assert not loaded.model.training
    assert loaded.training == {"epochs": 3}
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], value), name
    before = translations(model, letters)
    assert all(before)
    assert translations(loaded.model, loaded.tokenizers) == before
    assert (loaded.model.output.weight is loaded.model.tgt_embedding.weight) == (tie != "none")


@pytest.mark.parametrize("initialiser", ["torch", "orthogonal", "sutskever2014"])
def test_loading_takes_no_random_numbers(saved_letters: Callable[..., Path], initialiser: str) -> None:
    path = saved_letters(Path("m.safetensors"), initialiser=initialiser)
    state = torch.get_rng_state()
    loaded = load_model(path)
    assert torch.equal(torch.get_rng_state(), state)
    assert loaded.model.config.initialiser == initialiser


def test_one_vocabulary_is_stored_once_and_comes_back_as_one(
    letter_model: Callable[..., Translator], letters: Tokenizers
) -> None:
    model = letter_model()
    save_model(Path("m.safetensors"), model.config, model.state_dict(), letters, {})
    assert set(load(Path("m.safetensors")).assets) == {"tgt"}
    loaded = load_model(Path("m.safetensors")).tokenizers
    assert loaded.src is loaded.tgt


def test_two_vocabularies_come_back_as_two(tiny_config: Callable[..., ModelConfig]) -> None:
    src, tgt = train_subwords(SENTENCES, 23, seed=0), Words(["le", "chat"], "fr")
    model = Translator(tiny_config(), src.vocab_size, tgt.vocab_size)
    save_model(Path("m.safetensors"), model.config, model.state_dict(), Tokenizers(src, tgt), {})
    loaded = load_model(Path("m.safetensors")).tokenizers
    assert (loaded.src.kind, loaded.tgt.kind) == ("subwords", "words")
    assert [loaded.src.encode(line) for line in SENTENCES] == [src.encode(line) for line in SENTENCES]
    assert loaded.tgt.encode("le chat dort") == tgt.encode("le chat dort") == [4, 5, 1]


def test_loading_imports_no_users_cell(
    letter_model: Callable[..., Translator], letters: Tokenizers, user_module: WriteModule
) -> None:
    user_module(f"open('imported', 'w').close()\n{MY_MODULE}")
    model = letter_model(cell="my_module:MyCell", recurrent_dropout=0.1)
    save_model(Path("m.safetensors"), model.config, model.state_dict(), letters, {})
    assert load(Path("m.safetensors")).config["model"]["cell"] == "my_module:MyCell"
    before = translations(model, letters)
    del sys.modules["my_module"]
    Path("imported").unlink()
    assert error_of("m.safetensors") == (
        "m.safetensors: the model uses the cell my_module:MyCell; import my_module first "
        "(on the command line: --import my_module)"
    )
    assert not Path("imported").exists() and "my_module" not in sys.modules
    import_cells(["my_module"])
    loaded = load_model(Path("m.safetensors"))
    assert loaded.model.config.cell == "my_module:MyCell"
    assert any(before) and translations(loaded.model, letters) == before


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("json:MyCell", "the module json has no cell MyCell; json has none"),
        ("sys:exit", "sys:exit is not a subclass of throughtime.Cell; sys has none"),
    ],
)
def test_an_imported_module_without_the_cell(
    saved_letters: Callable[..., Path], cell: str, reason: str
) -> None:
    save(changed(load(saved_letters(Path("m.safetensors"))), cell=cell), Path("odd.safetensors"))
    assert f"do not fit together ({reason})" in error_of("odd.safetensors")


def error_of(path: str) -> str:
    with pytest.raises(InputError) as caught:
        load_model(Path(path))
    told = str(caught.value)
    assert "\n" not in told
    assert told.startswith(path)
    return told


def test_refuses_what_is_no_file(saved_letters: Callable[..., Path]) -> None:
    Path("folder").mkdir()
    Path("empty.safetensors").touch()
    assert error_of("missing.safetensors") == "missing.safetensors does not exist; expected a model file"
    assert error_of("folder") == "folder is a directory; expected a model file"
    assert error_of("empty.safetensors") == (
        "empty.safetensors is empty; expected a model file; restore it from a copy or train again"
    )


def test_refuses_foreign_files(letter_model: Callable[..., Translator]) -> None:
    plain = {name: value.clone() for name, value in letter_model().state_dict().items()}
    safetensors.torch.save_file(plain, "foreign.safetensors")
    Path("text.safetensors").write_text("How are you?\n" * 50)
    for name in ("foreign.safetensors", "text.safetensors"):
        assert error_of(name) == f"{name} is not a model file that throughtime wrote"


def test_refuses_a_file_cut_short_anywhere(saved_letters: Callable[..., Path]) -> None:
    data = saved_letters(Path("m.safetensors")).read_bytes()
    for part in (0.3, 0.9, 0.999):
        Path("cut.safetensors").write_bytes(data[: int(len(data) * part)])
        assert error_of("cut.safetensors").startswith("cut.safetensors is truncated: it has ")


def test_refuses_a_file_with_one_bit_turned(saved_letters: Callable[..., Path]) -> None:
    data = bytearray(saved_letters(Path("m.safetensors")).read_bytes())
    for place in (len(data) // 2, len(data) - 1):
        changed = data.copy()
        changed[place] ^= 4
        Path("bad.safetensors").write_bytes(changed)
        assert error_of("bad.safetensors").startswith("bad.safetensors is damaged: ")


def test_refuses_models_of_another_kind_or_a_newer_version(saved_letters: Callable[..., Path]) -> None:
    artefact = load(saved_letters(Path("m.safetensors")))
    save(replace(artefact, kind="forecast"), Path("forecast.safetensors"))
    assert error_of("forecast.safetensors") == (
        "forecast.safetensors holds a model of kind 'forecast'; expected 'seq2seq'"
    )
    data = Path("m.safetensors").read_bytes()
    assert data.count(b'"version":"2"') == 1
    Path("new.safetensors").write_bytes(data.replace(b'"version":"2"', b'"version":"7"'))
    assert "new.safetensors has format 7, written by throughtime" in error_of("new.safetensors")


def changed(artefact: Artefact, **model: object) -> Artefact:
    config = json.loads(json.dumps(artefact.config))
    return replace(artefact, config={**config, "model": {**config["model"], **model}})


def without(artefact: Artefact, name: str) -> Artefact:
    config = json.loads(json.dumps(artefact.config))
    del config["model"][name]
    return replace(artefact, config=config)


def test_refuses_parts_that_do_not_fit_together(saved_letters: Callable[..., Path]) -> None:
    whole = load(saved_letters(Path("m.safetensors")))
    assert whole.kind == KIND
    missing = {name: value for name, value in whole.tensors.items() if name != "output.bias"}
    odd = {
        "wider": changed(whole, decoder_size=7),
        "older": without(whole, "scale_embeddings"),
        "unknown setting": changed(whole, colour="red"),
        "unknown cell": changed(whole, cell="abacus"),
        "out of range": changed(whole, embedding_size=0),
        "no settings": replace(whole, config={"training": {}}),
        "no history": replace(whole, config={"model": whole.config["model"]}),
        "no tokenizer": replace(whole, assets={}),
        "bad tokenizer": replace(whole, assets={"tgt": b"rubbish"}),
        "fewer weights": replace(whole, tensors=missing),
    }
    reasons = {}
    for name, artefact in odd.items():
        save(artefact, Path("odd.safetensors"))
        told = error_of("odd.safetensors")
        prefix = "odd.safetensors: settings, tokenizers and weights do not fit together ("
        assert told.startswith(prefix)
        reasons[name] = told.removeprefix(prefix).removesuffix(")")
    assert reasons["unknown cell"].startswith("there is no cell named 'abacus'; the cells are elman")
    assert reasons["older"] == "it was written before there was scale_embeddings; train it again"
    assert reasons["out of range"] == "embedding_size is 0; expected at least 1"
    assert "unexpected keyword argument 'colour'" in reasons["unknown setting"]
    assert reasons["bad tokenizer"] == "the tokenizer is damaged: its bytes are not a sentencepiece model"


def test_a_disk_without_room_leaves_the_old_file(
    saved_letters: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    saved_letters(Path("m.safetensors"), seed=1)
    before = Path("m.safetensors").read_bytes()

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(
        InputError, match=r"^m\.safetensors cannot be written: No space left on device; [\d,]+ MiB"
    ):
        saved_letters(Path("m.safetensors"), seed=2)
    assert Path("m.safetensors").read_bytes() == before
    assert [path.name for path in Path().iterdir()] == ["m.safetensors"]
