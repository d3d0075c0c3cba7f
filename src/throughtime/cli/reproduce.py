"""`throughtime seq2seq reproduce`, with the pictures that the other commands do without."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console

from throughtime.seq2seq.config import DataConfig, ModelConfig, TrainConfig, TrainingConfig
from throughtime.seq2seq.presets import PresetName
from throughtime.seq2seq.reproduce import sutskever2014

PAPERS = {"sutskever2014": sutskever2014.reproduce}


def reproduce(
    paper: Literal["sutskever2014"] = "sutskever2014",
    *,
    folder: Path = Path("runs/sutskever2014"),
    preset: PresetName | None = None,
    n_best: Path | None = None,
    data: Annotated[DataConfig, Parameter(name="*", group="Corpus")] = DataConfig(),  # noqa: B008
    model: Annotated[ModelConfig, Parameter(name="*", group="Network")] = ModelConfig(),  # noqa: B008
    training: Annotated[TrainingConfig, Parameter(name="*", group="Training")] = TrainingConfig(),  # noqa: B008
) -> None:
    """Do a paper again: train its models, and print its tables beside what they show.

    One model that reads forwards and five that read backwards are trained, one after the other, and each is
    left alone once it is done: the same command goes on where it was stopped.

    Parameters
    ----------
    paper
        sutskever2014: Sequence to sequence learning with neural networks (Sutskever, Vinyals and Le 2014).
    folder
        Where the models, the pictures and the report go.
    preset
        Settings that stand in place of the defaults shown below: multi30k for a small corpus, taken where one
        is given; paper for the size and the rules of 2014; phrasebook for the built-in corpus.
    n_best
        A list of translations of the test, as Moses writes it, to be rescored; else the forward model's own.
    """
    run_again = shlex.join(["throughtime", *sys.argv[1:]])
    PAPERS[paper](TrainConfig(data, model, training), folder, n_best, run_again, Console())
