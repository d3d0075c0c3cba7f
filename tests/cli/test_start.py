"""What the command line imports before it knows that it has work to do, and to translate."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from throughtime.seq2seq.config import ModelConfig
from throughtime.seq2seq.model_file import save_model
from throughtime.seq2seq.network.model import Translator
from throughtime.text.tokenizer import Tokenizer, Tokenizers, Words, train_subwords

LARGE = {"torch", "numpy", "datasets", "sentencepiece", "gensim", "sklearn", "lightning_fabric", "matplotlib"}
NOT_FOR_TRANSLATION = {
    *("torch._dynamo", "torch._inductor", "torch.onnx", "torch.distributed.tensor", "sympy", "triton"),
    *("datasets", "pyarrow", "pandas", "scipy", "sklearn", "gensim", "sacrebleu"),
    *("lightning_fabric", "matplotlib", "rich"),
}
"""torch's compiler, data, training, scores, pictures."""
LINES = ["a cat and a dog", "a dog and a hen", "a hen and a cat"]


def loaded_by(*arguments: str) -> tuple[int, set[str]]:
    """The exit status of a command line, and the modules that it loads."""
    command = [sys.executable, "-X", "importtime", "-m", "throughtime", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stderr.splitlines()
    loaded = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
    assert "throughtime.cli.main" in loaded
    return done.returncode, loaded


@pytest.mark.parametrize(
    "command",
    [
        "",
        "seq2seq",
        "seq2seq train",
        "seq2seq run",
        "words",
        "words classify",
        "words classify train",
        "words embed",
        "words embed train",
        "language train",
        "label train",
        "runs",
        "engine",
    ],
)
def test_help_needs_none_of_the_large_libraries(command: str) -> None:
    status, loaded = loaded_by(*command.split(), "--help")
    assert status == 0
    assert not LARGE & loaded


@pytest.mark.parametrize(
    "command",
    [
        "seq2seq train --hiden-size 3",
        "words classify train --method bag",
        "words embed train --widow 3",
        "trian",
        "seq2seq trian",
        "words trian",
        "words classify trian",
    ],
)
def test_nor_does_a_mistyped_option_or_command(command: str) -> None:
    status, loaded = loaded_by(*command.split())
    assert status != 0
    assert not LARGE & loaded


@pytest.mark.parametrize("kind", ["words", "subwords"])
def test_translating_needs_neither_the_compiler_of_torch_nor_anything_of_training(
    kind: str, tmp_path: Path
) -> None:
    tokenizer: Tokenizer = Words(["a", "cat", "dog"], "en")
    if kind == "subwords":
        tokenizer = train_subwords(LINES, 16, seed=0)
    size = tokenizer.vocab_size
    model = Translator(ModelConfig(embedding_size=8, encoder_size=8, decoder_size=8), size, size)
    path = tmp_path / "model.safetensors"
    save_model(path, model.config, model.state_dict(), Tokenizers(tokenizer, tokenizer), {})
    status, loaded = loaded_by("seq2seq", "run", str(path), "a cat")
    assert status == 0
    assert not NOT_FOR_TRANSLATION & loaded
    assert ("sacremoses" in loaded) == (kind == "words")
    training = {name for name in loaded if name.startswith("throughtime.training")}
    assert training <= {"throughtime.training", "throughtime.training.config"}
