"""The table of commands."""

from __future__ import annotations

from cyclopts import App

import throughtime

app = App(
    name="throughtime",
    help="Recurrent neural networks: train them, translate with them, look into them.\n\n"
    "--debug anywhere shows the traceback of an error instead of its sentence.",
    version=throughtime.__version__,
)
app.command(
    "throughtime.cli.info:info",
    name="info",
    help="Print versions, devices, threads, and which back-end runs which cell.",
)
app.command("throughtime.cli.seq2seq:app", name="seq2seq", help="Sequence to sequence: translation.")
app.command(
    "throughtime.cli.words:app", name="words", help="Words: cleaning, vectors, classification of texts."
)
app.command(
    "throughtime.cli.runs:runs", name="runs", help="List runs of training, and how to go on with them."
)
app.command("throughtime.cli.engine:app", name="engine", help="The compiler: a cell's equations as programs.")
