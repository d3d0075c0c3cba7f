"""Claims: what language models reach on tinyshakespeare in 30 minutes of two cores, and how fast they are.

Every model learns from the first nine tenths of the text; the last tenth is predicted once, at the end, in
one pass with the state carried. Settings were chosen on the ninth tenth by models of the first eight. Rows
are written as they end, to language.jsonl, and a stopped command goes on where it was. Data are looked for in
the folder that THROUGHTIME_DATA names, or in ../shared/data.

    python benchmarks/language.py shakespeare     three seeds, 30 minutes each
    python benchmarks/language.py short           the same in 45 seconds and in 4 minutes
    python benchmarks/language.py cells           five other cells and two small GPTs, 30 minutes each
    python benchmarks/language.py speed           against the same model with nn.LSTM, and sampling
    python benchmarks/language.py memory          a text of 100 MB
"""

from __future__ import annotations

import json
import math
import re
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cyclopts import App
from data import tinyshakespeare
from process import estimate_in, throughtime
from rich.console import Console
from small_gpt import GPT, GPTConfig, nats
from small_gpt import train as train_gpt
from torch import nn

from throughtime import load, resume, train
from throughtime.cells import cell_named
from throughtime.language.config import TextConfig, TrainConfig, VectorsConfig
from throughtime.language.corpus import prepare
from throughtime.language.task import LanguageTask

MINUTES = 30
WORK = Path("runs/benchmark-language")
ROWS = Path("language.jsonl")
RECIPE: Mapping[str, Any] = {
    "hidden_size": 768,
    "num_layers": 1,
    "zoneout": 0.05,
    "zoneout_memory": 0.3,
    "weight_decay": 0.4,
    "validate_every": 3.0,
}
"""Settings beside the defaults."""

SHORT: Mapping[float, Mapping[str, Any]] = {
    0.75: {"hidden_size": 256, "dropout": 0.0, "learning_rate": 0.01, "steps": 50},
    4.0: {"hidden_size": 512, "dropout": 0.2, "learning_rate": 0.006, "weight_decay": 0.4},
}
"""Settings of the short runs, by their minutes: one layer in 16 rows."""

CELLS = ("elman", "gru", "layer_norm_lstm", "slstm", "mgu")
WITH_MEMORY = ("layer_norm_lstm",)
"""Cells of these with a memory that zoneout can keep."""

GPTS = {
    "small GPT (nanoGPT's for a CPU)": GPTConfig(),
    "small GPT of as many parameters": GPTConfig(blocks=4, heads=4, width=240, window=256, dropout=0.1),
}
ADAPTIVE: Mapping[str, Any] = {"window": 256, "dynamic": 20, "cache": 2000}

app = App(help=__doc__, help_format="plaintext")


def texts() -> tuple[Path, Path, Path]:
    """Write the first nine tenths, the ninth and the last tenth; return their files."""
    text = tinyshakespeare().read_text()
    at = [int(len(text) * share) for share in (0.8, 0.9)]
    parts = {"nine-tenths": text[: at[1]], "ninth": text[at[0] : at[1]], "last": text[at[1] :]}
    WORK.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        (WORK / f"{name}.txt").write_text(part)
    return WORK / "nine-tenths.txt", WORK / "ninth.txt", WORK / "last.txt"


def row(name: str, make: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the row of that name, which is made and written unless an earlier command did."""
    done = [json.loads(line) for line in ROWS.read_text().splitlines()] if ROWS.exists() else []
    for each in done:
        if each["name"] == name:
            return each
    made = {"name": name, "processor": processor(), **make()}
    with ROWS.open("a") as file:
        file.write(json.dumps(made) + "\n")
    print(json.dumps(made), flush=True)
    return made


def processor() -> str:
    """Return the processor's name."""
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else "unknown"


def trained(name: str, minutes: float, **settings: Any) -> Path:
    """Train a model, or go on where it was stopped; return its file."""
    learned, validated, _ = texts()
    folder, console = WORK / name, Console()
    if (folder / "checkpoint.safetensors").exists():
        result = resume(folder, console=console)
    else:
        result = train(
            "language",
            folder=folder,
            overwrite=True,
            console=console,
            corpus=(str(learned),),
            validation=(str(validated),),
            test_share=0.0,
            max_minutes=minutes,
            max_epochs=1000.0,
            **settings,
        )
    if result.model is None:
        raise SystemExit("stopped; the same command goes on")
    return folder / "last.safetensors"


def predicted(model: Path, **ways: Any) -> dict[str, Any]:
    """Return what a model, and counting, reach on the last tenth, and what the model is."""
    *_, last = texts()
    loaded = load(model)
    scores = loaded.evaluate(corpus=(str(last),), shown=0, **ways).to_dict()
    report = json.loads((model.parent / "report.json").read_text())
    parameters = sum(parameter.numel() for parameter in loaded.model.model.parameters())
    training = {name: report["training"][name] for name in ("minutes", "epochs", "step")}
    nats = {
        name: {how: round(value["nats_per_character"], 4) for how, value in row.items()}
        for name, row in scores.items()
        if isinstance(row, dict)
    }
    return {"parameters": parameters, **training, "nats": nats}


def result(name: str, minutes: float, ways: Mapping[str, Any], **settings: Any) -> dict[str, Any]:
    """Train a model, and return what it reaches in these ways of predicting."""
    return predicted(trained(name, minutes, **settings), **ways)


@app.command
def shakespeare(seeds: int = 3, minutes: float = MINUTES) -> None:
    """Train and predict."""
    for seed in range(1, seeds + 1):
        name = f"shakespeare-{minutes:g}-seed-{seed}"
        row(name, partial(result, name, minutes, ADAPTIVE, seed=seed, **RECIPE))


@app.command
def short() -> None:
    """Train for less than counting takes to be beaten, and until it is."""
    for minutes, settings in SHORT.items():
        name = f"short-{minutes:g}"
        given = {"num_layers": 1, "rows": 16, "validate_every": 1000.0, **settings}
        row(name, partial(result, name, minutes, {}, **given))


@app.command
def cells(minutes: float = MINUTES) -> None:
    """Train each cell with as many parameters as the LSTM of `shakespeare`, and the GPTs."""
    for cell in CELLS:
        name = f"cell-{cell}"
        size = as_wide_as_the_lstm(cell)
        given = {**RECIPE, "cell": cell, "hidden_size": size}
        if cell not in WITH_MEMORY:
            given["zoneout_memory"] = 0.0
        row(name, partial(result, name, minutes, {"window": 256}, **given))
    for name, config in GPTS.items():
        row(name, partial(gpt, config, minutes))


def as_wide_as_the_lstm(cell: str) -> int:
    """Return the hidden size, a multiple of 8, with the number of parameters nearest to the recipe's."""

    def parameters(name: str, size: int) -> int:
        return cell_named(name).parameter_count(TrainConfig().vectors.embedding_size, size)

    wanted = parameters("lstm", RECIPE["hidden_size"])
    return min(range(64, 4096, 8), key=lambda size: abs(parameters(cell, size) - wanted))


def gpt(config: GPTConfig, minutes: float) -> dict[str, Any]:
    """Train a GPT on the same text, and predict the last tenth."""
    learned, _, last = (path.read_text() for path in texts())
    numbers = {character: number for number, character in enumerate(sorted({*learned, *last}))}
    ids = {
        name: np.array([numbers[c] for c in text]) for name, text in (("learned", learned), ("last", last))
    }
    model: GPT = train_gpt(config, ids["learned"], len(numbers), minutes, 1)
    window = config.window
    found = {
        f"windows of {window}": nats(model, ids["last"], window),
        "once": nats(model, ids["last"], window // 8),
    }
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return {"parameters": parameters, "minutes": minutes, "nats": {"model": found}}


@app.command
def speed(steps: int = 30, length: int = 20_000) -> None:
    """Take training steps in turn with nn.LSTM, and draw a text."""
    config = TrainConfig(text=TextConfig(corpus=(str(texts()[0]),)))
    ours = LanguageTask(config, prepare(config, WORK / "speed", resumed=False))
    theirs = LanguageTask(config, ours.prepared)
    layer = config.recurrence
    plain: Any = Plain(config.vectors, layer.hidden_size, layer.num_layers, layer.dropout)
    theirs.model.recurrence = plain
    optimisers = {
        name: torch.optim.AdamW(task.module.parameters(), 1e-3, fused=True)
        for name, task in (("ours", ours), ("nn.LSTM", theirs))
    }
    seconds: dict[str, list[float]] = {name: [] for name in optimisers}
    tasks = {"ours": ours, "nn.LSTM": theirs}
    batches = ours.batches(0)
    for number in range(steps + 3):
        for name in sorted(tasks, reverse=bool(number % 2)):
            start = time.perf_counter()
            loss = tasks[name].loss(tasks[name].module, batches[number])
            (loss.total / loss.count).backward()
            optimisers[name].step()
            optimisers[name].zero_grad()
            seconds[name].append(time.perf_counter() - start)
    per_step = config.windows.rows * config.windows.steps
    medians = {name: statistics.median(times[3:]) for name, times in seconds.items()}
    ratio = statistics.median(b / a for a, b in zip(seconds["ours"][3:], seconds["nn.LSTM"][3:], strict=True))
    for name, median in medians.items():
        print(f"training, {name}: {per_step / median:,.0f} characters/s")
    print(f"ratio, median of {steps} pairs: {ratio:.2f} (goal 1.2)")
    model = next(iter(sorted(WORK.glob("shakespeare-30-*/last.safetensors"))), None) or trained(
        "speed-model", 0.5
    )
    loaded = load(model, length=length)
    start = time.perf_counter()
    text = loaded("ROMEO:").text
    print(f"sampling: {len(text) / (time.perf_counter() - start):,.0f} characters/s (goal 5,000)")


class Plain(nn.Module):
    """nn.LSTM with what a `Recurrent` is asked for."""

    def __init__(self, vectors: VectorsConfig, hidden_size: int, num_layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.LSTM(vectors.embedding_size, hidden_size, num_layers, dropout=dropout)
        self.output_size = hidden_size

    def forward(self, units: Any, state: Any, lengths: Any = None) -> Any:
        """Run all layers."""
        assert lengths is None
        return self.layers(units, state)


@app.command
def memory(megabytes: int = 100) -> None:
    """Train on a text of that size for a few steps, and on a tenth of it."""
    once = tinyshakespeare().read_text()
    for size in (megabytes // 10, megabytes):
        path = WORK / f"{size}-megabytes.txt"
        WORK.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            for part in islice(cycle([once]), math.ceil(size * 1e6 / len(once))):
                file.write(part)
        printed, peak = throughtime(
            [
                *(
                    "language",
                    "train",
                    "--corpus",
                    str(path),
                    "--folder",
                    str(WORK / "memory"),
                    "--overwrite",
                ),
                *("--max-minutes", "2", "--validate-every", "1000", "--test-share", "0"),
            ]
        )
        print(f"{size} MB: estimated {estimate_in(printed):.2f} GiB, held {peak / 2**30:.2f} GiB")


if __name__ == "__main__":
    app()
