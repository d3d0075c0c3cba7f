"""The applications: what --help says of each, and where its description is imported from."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One application."""

    summary: str
    description: str  # "module:attribute" of its `Application`


APPLICATIONS = {
    "seq2seq": Entry(
        "Sequence to sequence: translation, question answering, conversation.",
        "throughtime.seq2seq.application:APPLICATION",
    ),
    "language": Entry(
        "Language models: predict a text unit by unit, continue it, colour it by surprise.",
        "throughtime.language.application:APPLICATION",
    ),
    "label": Entry(
        "Sequence labelling: a label or a number at every step.",
        "throughtime.language.label.application:APPLICATION",
    ),
    "words classify": Entry(
        "Classify texts: linear models and recurrent networks, compared.",
        "throughtime.words.classify.application:APPLICATION",
    ),
    "words embed": Entry(
        "Word vectors: learn, evaluate, query, draw them.",
        "throughtime.words.embed.application:APPLICATION",
    ),
}
"""By name, which is the command and the kind in a model file."""

GROUPS = {"words": "Words: cleaning, vectors, classification of texts."}
"""Commands that only hold others, with what --help says of them."""
