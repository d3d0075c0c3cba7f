"""Rows of Hugging Face data sets, from the hub or from its cache."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from throughtime.errors import InputError

HUB_PREFIX = "hf:"


def hub_rows(name: str) -> Iterator[Mapping[str, Any]]:
    """Stream the rows of a Hugging Face data set.

    Args:
        name: hf:owner/name, hf:owner/name:split or hf:owner/name:configuration:split; the split is "train"
            unless given.

    Returns:
        Each row as a mapping from column names to values. A class label is given by its name, None where a
        row has none.

    Raises:
        InputError: the name has another form (at once), or a row cannot be read.
    """
    parts = name.removeprefix(HUB_PREFIX).split(":")
    if len(parts) > 3 or not all(parts):
        raise InputError(
            f"{name} is not of the form hf:owner/name, hf:owner/name:split or hf:owner/name:config:split"
        )
    split = parts[-1] if len(parts) > 1 else "train"
    return _rows(name, parts[0], parts[1] if len(parts) == 3 else None, split)


def _rows(name: str, dataset: str, configuration: str | None, split: str) -> Iterator[Mapping[str, Any]]:
    import datasets  # of an extra, which only data sets of the hub need

    try:
        rows = datasets.load_dataset(dataset, configuration, split=split, streaming=True)
        features = cast("Mapping[str, Any]", rows.features or {})
        labels = {key: kind.names for key, kind in features.items() if isinstance(kind, datasets.ClassLabel)}
        for row in cast("Iterator[Mapping[str, Any]]", rows):
            yield {**row, **{key: _class_name(row[key], names) for key, names in labels.items()}}
    except Exception as error:  # datasets, its file systems and its HTTP client each raise types of their own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise InputError(f"{name} cannot be read from the Hugging Face hub: {reason}") from error


def _class_name(number: int | None, names: Sequence[str]) -> str | None:
    return names[number] if number is not None and number >= 0 else None
