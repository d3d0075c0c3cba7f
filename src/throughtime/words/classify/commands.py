"""Commands of classification beyond the verbs of every application."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from throughtime.errors import InputError


def codewords(model: Annotated[Path, Parameter(help="A model file.")], *, count: int = 6) -> None:
    """Show what each codeword of a codebook means, by its nearest words, and which label it speaks for.

    Parameters
    ----------
    count
        Words that are shown of each codeword.
    """
    from rich.console import Console

    from throughtime.words.classify.linear import LinearClassifier
    from throughtime.words.classify.methods import load_classifier
    from throughtime.words.classify.show import codewords_table
    from throughtime.words.features.codebook import CodebookHistogram

    classifier = load_classifier(model)
    if not (isinstance(classifier, LinearClassifier) and isinstance(classifier.features, CodebookHistogram)):
        raise InputError(f"{model} has no codebook; expected a model of the method codebook")
    Console().print(codewords_table(classifier.features, classifier.weights, classifier.labels, count))
