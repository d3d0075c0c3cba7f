"""Every setting of language models with its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Literal

from throughtime.application.recurrence import RecurrenceConfig
from throughtime.errors import InputError
from throughtime.files.documents import ReadingConfig
from throughtime.settings import group, require
from throughtime.training.config import (  # the command line looks up the types of inherited fields here
    SEEDS,
    Better,
    Optimiser,
    Precision,  # noqa: F401  # pyright: ignore[reportUnusedImport]
    ScheduleName,
    TrainingConfig,
)

METRICS: Mapping[str, Better] = {"loss": "min", "bits_per_character": "min", "perplexity": "min"}
"""What a validation measures; the loss in nats a unit, and perplexity its exponential."""


@dataclass(frozen=True)
class TextConfig:
    """The texts, and the units that are predicted.

    Attributes:
        corpus: text files and folders of them, each file a document; .csv, .tsv, .jsonl, each row a document;
            all also as .gz; or hf:OWNER/NAME. The documentation strings of the installed packages where none
            is given.
        validation: the same for validation; without it the end of the corpus is held out.
        test: the same for the test that ends training.
        validation_share: share of the corpus held out for validation; 0 validates on the end of what is
            learned from, for a last model that learns from everything.
        test_share: share of the corpus, its very end, held out for the test.
        unit: what is predicted, one after the other; words are what white space divides.
        vocab_size: most distinct units; all others are unknown. Bytes are always 256.
    """

    corpus: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    validation_share: float = 0.05
    test_share: float = 0.05
    unit: Literal["characters", "bytes", "subwords", "words"] = "characters"
    vocab_size: int = 10_000

    def __post_init__(self) -> None:
        """Raise InputError for a value out of range."""
        for name in ("validation_share", "test_share"):
            require(self, name, 0 <= getattr(self, name) < 1, "0 or more and below 1")
        require(self, "vocab_size", self.vocab_size >= 5, "at least 5")
        if self.validation_share + self.test_share >= 1:
            raise InputError("validation_share and test_share leave nothing to learn from; lower one of them")

    @property
    def shares(self) -> tuple[float, float]:
        """The shares of the corpus at which validation and test begin."""
        test = 1.0 if self.test else 1 - self.test_share
        return test if self.validation else test - self.validation_share, test


@dataclass(frozen=True)
class VectorsConfig:
    """The vectors of the units, and the output.

    Attributes:
        embedding_size: width of a unit's vector.
        tie: the output layer has these vectors too, behind a projection where the recurrence is not as wide
            (Press and Wolf 2017).
    """

    embedding_size: int = 128
    tie: bool = False

    def __post_init__(self) -> None:
        """Raise InputError for a value out of range."""
        require(self, "embedding_size", self.embedding_size >= 1, "at least 1")


@dataclass(frozen=True)
class WindowConfig:
    """Truncated back-propagation through time.

    Attributes:
        rows: places of the data that are read side by side.
        steps: steps of time between two of the optimiser, through which gradients pass; states pass on.
    """

    rows: int = 32
    steps: int = 100

    def __post_init__(self) -> None:
        """Raise InputError for a value out of range."""
        for name in ("rows", "steps"):
            require(self, name, getattr(self, name) >= 1, "at least 1")


@dataclass(frozen=True)
class LearningConfig(TrainingConfig):
    __doc__ = TrainingConfig.__doc__

    optimiser: Optimiser = "adamw"
    learning_rate: float = 0.004
    weight_decay: float = 0.01
    schedule: ScheduleName = "linear"
    warmup_steps: int = 100
    max_epochs: float = 15.0


@dataclass(frozen=True)
class TrainConfig:
    """One run."""

    text: TextConfig = group("Text", TextConfig)
    reading: ReadingConfig = group("Reading", ReadingConfig)
    recurrence: RecurrenceConfig = group("Recurrence", RecurrenceConfig)
    vectors: VectorsConfig = group("Vectors", VectorsConfig)
    windows: WindowConfig = group("Windows", WindowConfig)
    training: LearningConfig = group("Training", LearningConfig)

    def __post_init__(self) -> None:
        """Raise InputError for a metric that there is none of."""
        require(self.training, "best_by", self.training.best_by in METRICS, f"one of {', '.join(METRICS)}")


@dataclass(frozen=True)
class SampleConfig:
    """How texts are drawn.

    Attributes:
        length: units of a text, unless its document ends before.
        temperature: below 1 sharpens the distribution that is drawn from, above 1 flattens it.
        top_k: draw from this many most probable units; 0 for all.
        top_p: draw from the most probable units that together hold this probability (nucleus sampling).
        seed: seed of what is drawn.
    """

    length: int = 500
    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 1

    def __post_init__(self) -> None:
        """Raise InputError for a value out of range."""
        require(self, "length", 1 <= self.length <= 10_000_000, "from 1 to 10,000,000")
        require(self, "temperature", 0 < self.temperature < inf, "above 0")
        require(self, "top_k", self.top_k >= 0, "0 or more")
        require(self, "top_p", 0 < self.top_p <= 1, "above 0 and at most 1")
        require(self, "seed", 0 <= self.seed < SEEDS, "0 or more and below 2**63")


@dataclass(frozen=True)
class Options:
    """What a model is loaded with."""

    sampling: SampleConfig = group("Sampling", SampleConfig)


@dataclass(frozen=True)
class PromptConfig:
    """What `run` begins with.

    Attributes:
        prompt: text to be continued, line breaks and all; instead of TEXT, whose lines are continued each.
    """

    prompt: str | None = None


@dataclass(frozen=True)
class RunConfig:
    """All that `run` needs beside the model and the texts."""

    prompt: PromptConfig = group("Prompt", PromptConfig)


@dataclass(frozen=True)
class TestConfig:
    """The text that is predicted, and how.

    Attributes:
        corpus: in the forms that `train` reads; what the run held out where none is given.
        window: also predict windows of this many units, each by what stands in it alone, as models with a
            limited context are measured; 0 does not.
        dynamic: also by a model that learns from the text as it passes, in steps of this many units (dynamic
            evaluation; Krause et al. 2018); 0 does not.
        dynamic_rate: its learning rate.
        dynamic_decay: how far each step draws the weights back to what they were.
        cache: also by the model mixed with what followed the most similar of this many last states
            (continuous cache; Grave, Joulin and Usunier 2017); 0 does not.
        cache_weight: share of the probability that the cache gives.
        cache_sharpness: factor of the similarity.
        html: file for the text, each unit coloured by its surprise.
        shown: characters of it that are shown in the terminal.
    """

    corpus: tuple[str, ...] = ()
    window: int = 0
    dynamic: int = 0
    dynamic_rate: float = 0.0002
    dynamic_decay: float = 0.0003
    cache: int = 0
    cache_weight: float = 0.2
    cache_sharpness: float = 0.3
    html: Path | None = None
    shown: int = 800

    def __post_init__(self) -> None:
        """Raise InputError for a value out of range."""
        for name in ("window", "dynamic", "cache", "shown", "dynamic_decay"):
            require(self, name, getattr(self, name) >= 0, "0 or more")
        require(self, "dynamic_rate", self.dynamic_rate > 0, "above 0")
        require(self, "cache_weight", 0 < self.cache_weight < 1, "above 0 and below 1")


@dataclass(frozen=True)
class EvaluateConfig:
    """All that `evaluate` needs beside the model."""

    test: TestConfig = group("Test", TestConfig)
    reading: ReadingConfig = group("Reading", ReadingConfig)
