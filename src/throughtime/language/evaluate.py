"""A model beside counting on the same text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text as Coloured

from throughtime.application.folder import DATA
from throughtime.errors import InputError
from throughtime.insight.surprise import coloured, legend, write_html
from throughtime.language.config import EvaluateConfig, Options, TestConfig, TrainConfig
from throughtime.language.corpus import Prepared, divided, documents, prepared_in
from throughtime.language.model_file import Loaded, load_model
from throughtime.layers.special_ids import BOS_ID, UNK_ID
from throughtime.measure.counting import best_order, surprise
from throughtime.measure.prediction import cached_surprises, dynamic_surprises, surprises
from throughtime.text.unit_corpus import Text, pieces, read_text

COLUMNS = {"window": "in windows", "cache": "cache", "dynamic": "dynamic"}
"""Ways of predicting a text other than `once`, as it is; they are never compared in one column."""

TESTED = 1_000_000
"""Most units of the test that ends training, some two minutes; `evaluate` predicts all."""


@dataclass(frozen=True)
class Predicted:
    """How well a text is predicted, by a model and by counting.

    nats: by method and way of predicting, the sum of -log p over the text.
    """

    unit: str
    units: int
    characters: int
    unknown: int
    nats: Mapping[str, Mapping[str, float]]
    shown: Coloured | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the coloured text as values that JSON holds."""
        values = {name: getattr(self, name) for name in ("unit", "units", "characters", "unknown")}
        for name, row in self.nats.items():
            values[name] = {how: self._measures(total) for how, total in row.items()}
        return values

    def _measures(self, nats: float) -> dict[str, float]:
        return {
            "nats_per_character": nats / self.characters,
            "bits_per_character": nats / self.characters / math.log(2),
            "perplexity": math.exp(min(nats / self.units, 700)),
        }

    def show(self) -> Iterator[RenderableType]:
        """Yield the table, and the text coloured by surprise."""
        ways = [how for how in COLUMNS if any(how in row for row in self.nats.values())]
        of = "" if self.unit == "characters" else f" in {self.units:,} {self.unit}"
        title = f"{self.characters:,} characters{of}; nats a character unless it says otherwise"
        table = Table("", title=title, title_justify="left")
        for heading in ("nats", "bits", "perplexity", *map(COLUMNS.__getitem__, ways)):
            table.add_column(heading, justify="right")
        for name, row in self.nats.items():
            once = self._measures(row["once"]).values() if "once" in row else [None] * 3
            others = [row[how] / self.characters if how in row else None for how in ways]
            table.add_row(name, *("" if each is None else f"{each:.3f}" for each in (*once, *others)))
        yield table
        if self.unknown:
            yield f"{self.unknown:,} {self.unit} are unknown to the model; all of them count as the same one"
        if self.shown is not None:
            yield legend()
            yield self.shown


def evaluate(model: Path, options: Options, asked: EvaluateConfig) -> Predicted:
    """Predict the text that is asked for, or the one that was held out; raise InputError for none."""
    loaded, learned = load_model(model, options), prepared_in(model.parent / DATA)
    text = learned.test if learned else None
    if asked.test.corpus:
        text = read_text(divided(documents(asked.test.corpus, asked.reading)), loaded.tokenizer)
    if text is None:
        raise InputError("no text was held out for this model; name one with --corpus")
    return predict(loaded, text, learned, asked.test)


def test(config: TrainConfig, prepared: Prepared, folder: Path, model: Path) -> Predicted | None:
    """Predict the text that a run held out, if any, or the beginning of a long one."""
    if prepared.test is None:
        return None
    return predict(load_model(model, Options()), prepared.test.part(0, TESTED), prepared, TestConfig())


def predict(loaded: Loaded, text: Text, learned: Prepared | None, asked: TestConfig) -> Predicted:
    """Predict a text by a model, and by counts of what it learned from, where that is known."""
    ids, spans, model = text.ids, text.documents(), loaded.model
    if not spans:
        raise InputError("the text is empty; expected at least one character")
    once = surprises(model, ids, spans)
    row = {"once": once}
    if asked.window:
        starts = [(start, end) for first, end in spans for start in range(first, end, asked.window)]
        row["window"] = surprises(
            model, ids, [(start, min(start + asked.window, end)) for start, end in starts]
        )
    if asked.cache:
        row["cache"] = cached_surprises(
            model, ids, spans, asked.cache, asked.cache_weight, asked.cache_sharpness
        )
    if asked.dynamic:
        row["dynamic"] = dynamic_surprises(
            model, ids, spans, asked.dynamic, asked.dynamic_rate, asked.dynamic_decay
        )
    sums = {"model": {how: float(nats.sum()) for how, nats in row.items()}}
    read = ids[ids != BOS_ID]
    if asked.html is not None:
        write_html(asked.html, pieces(loaded.tokenizer, read), once, "Surprise")
    head = asked.shown
    return Predicted(
        loaded.unit,
        len(read),
        text.characters,
        int((read == UNK_ID).sum()),
        sums | _counting(text, learned, loaded),
        coloured(pieces(loaded.tokenizer, read[:head]), once[:head]) if head else None,
    )


def _counting(text: Text, learned: Prepared | None, loaded: Loaded) -> dict[str, dict[str, float]]:
    """Return the sums of counting, by contexts of the length that is best where the model learned.

    Where that text is not known, counting begins with nothing, and the length is best for the text itself.
    """
    train = learned.train.ids if learned else text.ids[:0]
    rows: dict[str, dict[str, float]] = {}
    for how in ("once", "dynamic") if learned else ("dynamic",):
        size, adaptive = loaded.tokenizer.vocab_size, how == "dynamic"
        order = best_order(train if learned else text.ids, size, adaptive=adaptive)
        nats = surprise(train, text.ids, size, order, adaptive=adaptive)
        rows.setdefault(f"counting, {order} before", {})[how] = float(nats[text.ids != BOS_ID].sum())
    return rows
