"""`throughtime words classify`: commands made from the configurations."""

from __future__ import annotations

import shlex
from itertools import chain
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from throughtime.application.folder import run_folder
from throughtime.errors import InputError
from throughtime.files.documents import ReadingConfig
from throughtime.files.lines import given_lines, require_one
from throughtime.text.cleaning import CleaningConfig
from throughtime.words.classify.config import (
    METHODS,
    REPORT,
    TEST,
    ClassifyConfig,
    FeaturesConfig,
    LearningConfig,
    NetworkConfig,
    TextsConfig,
)

app = App(name="classify", default_parameter=Parameter(consume_multiple=True, negative_iterable=()))
Reading = Annotated[ReadingConfig, Parameter(name="*", group="Reading")]
Model = Annotated[Path, Parameter(help="A model file that `train` wrote.")]


@app.command
def train(
    *,
    methods: tuple[str, ...] = METHODS,
    folder: Path | None = None,
    overwrite: bool = False,
    vectors: Path | None = None,
    texts: Annotated[TextsConfig, Parameter(name="*", group="Texts")] = TextsConfig(),  # noqa: B008
    reading: Reading = ReadingConfig(),  # noqa: B008
    cleaning: Annotated[CleaningConfig, Parameter(name="*", group="Cleaning")] = CleaningConfig(),  # noqa: B008
    features: Annotated[FeaturesConfig, Parameter(name="*", group="Features")] = FeaturesConfig(),  # noqa: B008
    network: Annotated[NetworkConfig, Parameter(name="*", group="Network")] = NetworkConfig(),  # noqa: B008
    training: Annotated[LearningConfig, Parameter(name="*", group="Training")] = LearningConfig(),  # noqa: B008
) -> None:
    """Learn to classify texts by several methods, and say in one table how good each is and what it took.

    Parameters
    ----------
    methods
        bag and tfidf, words and runs of words; codebook and vectors, histograms over clusters of word vectors
        and their means: logistic regression over each of these; or a recurrence, by the name of any cell.
    folder
        Where model files, pictures and report are written; by default runs/, the corpus's name and -classify.
    overwrite
        Begin anew in a folder that holds a comparison.
    vectors
        File of word vectors, of any kind that `throughtime words embed` reads: codebook and vectors use them,
        and a recurrence begins with them. Without it each learns vectors from the texts first.
    """
    from rich.console import Console

    from throughtime.words.classify.compare import in_order
    from throughtime.words.classify.methods import Surroundings
    from throughtime.words.classify.train import train_all
    from throughtime.words.embed.exchange import read_vectors

    place = folder or Path(f"{run_folder(texts.corpus, 'docstrings')}-classify")
    if (place / REPORT).exists() and not overwrite:
        raise InputError(
            f"{place} holds a comparison already; --overwrite begins anew, --folder takes another place"
        )
    known = read_vectors(vectors) if vectors is not None else None
    around = Surroundings(place, Console(), known)
    found = train_all(methods, texts, reading, ClassifyConfig(cleaning, features, network, training), around)
    done = [one for one in in_order(found) if not one.shortfall]
    print(f"\nThe models are in {place}, the report is {place / REPORT}. Next:")
    for one in found:
        if one.shortfall:
            budget = one.trainings[-1]["larger_budget"]
            print(f"  train again with {budget} --methods {one.method}, as it is not done")
    if not done:
        return
    best = shlex.quote(str(place / f"{done[0].method}.safetensors"))
    print(f'  throughtime words classify run {best} "what to classify" --explain')
    if (place / TEST).exists():
        print(f"  throughtime words classify evaluate {best} --corpus {shlex.quote(str(place / TEST))}")


@app.command
def evaluate(
    model: Model,
    *,
    corpus: tuple[str, ...],
    reading: Reading = ReadingConfig(),  # noqa: B008
    picture: Path | None = None,
    report: Path | None = None,
) -> None:
    """Say how well a model classifies labelled texts: accuracy with its interval, and each label by itself.

    Parameters
    ----------
    corpus
        Labelled texts, in the forms that `train` reads.
    picture
        Where to draw which labels were taken for which, without ending: a .png and an .svg are written.
    report
        File for the figures as JSON.
    """
    from rich.console import Console

    from throughtime.artefact.report import write_report
    from throughtime.insight.charts import confusion
    from throughtime.words.classify.measure import judge
    from throughtime.words.classify.methods import load_classifier
    from throughtime.words.classify.show import judgement_lines, labels_table
    from throughtime.words.classify.train import read

    classifier = load_classifier(model)
    found = read(corpus, reading, classifier.labels)
    judged = judge(classifier.probabilities(found.texts.texts), found.texts.labels, classifier.labels)
    for line in (*found.notes, *judgement_lines(judged)):
        print(line)
    Console().print(labels_table(judged))
    if picture is not None:
        print(*confusion(picture, judged.confusion, classifier.labels))
    if report is not None:
        write_report(report, {"model": str(model), "corpus": corpus, **judged.to_dict()})


@app.command
def run(
    model: Model,
    text: str | None = None,
    *,
    file: Path | None = None,
    whole: bool = False,
    explain: bool = False,
) -> None:
    """Classify a text, a file, or standard input: for each line label, probability and the line, by tabs.

    Parameters
    ----------
    text
        What to classify; without it and without --file standard input is read.
    file
        A text file with a text on each line, .gz allowed.
    whole
        All lines together are one text.
    explain
        Show which words spoke for the label, green, and against it, red, and by how much its probability
        falls without each of the strongest.
    """
    from rich.console import Console

    from throughtime.words.classify.explain import word_weights
    from throughtime.words.classify.methods import load_classifier
    from throughtime.words.classify.show import explained

    require_one(text, file, "classified")
    classifier, given = load_classifier(model), given_lines(text, file)
    for texts in [["\n".join(chain.from_iterable(given))]] if whole else given:
        for one, chances in zip(texts, classifier.probabilities(texts), strict=True):
            label = int(chances.argmax())
            shown = " ".join(one.splitlines())
            print(classifier.labels[label], f"{chances[label]:.3f}", shown, sep="\t", flush=True)
            if explain:
                Console().print(explained(word_weights(one, label, classifier.probabilities)))


@app.command
def codewords(model: Model, *, count: int = 6) -> None:
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
