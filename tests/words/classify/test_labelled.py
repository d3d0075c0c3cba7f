"""Texts with labels, and how they are parted."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from throughtime.errors import InputError
from throughtime.files.documents import Document
from throughtime.words.classify.labelled import Labelled, folds, held_out, labelled

SOME = [Document(f"text {k}", "ham" if k % 3 else "spam") for k in range(30)]


def test_labels_are_sorted_and_counted() -> None:
    data = labelled(SOME)
    assert (data.names, len(data), data.counts) == (("ham", "spam"), 30, {"ham": 20, "spam": 10})
    assert data[np.array([0, 4])].texts == ["text 0", "text 4"]
    assert labelled(SOME[1:3], names=("spam", "ham")).labels.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("documents", "names", "told"),
    [
        ([Document("a", None)], None, "the text 'a' has no label; expected one for every text"),
        (SOME[1:3], None, "all 2 texts have the label ham; expected two labels or more"),
        (SOME, ("ham", "eggs"), "the label 'spam' is none of the model's; expected one of ham, eggs"),
    ],
)
def test_what_cannot_be_learned_from(documents: list[Document], names: tuple[str, ...], told: str) -> None:
    with pytest.raises(InputError, match=told):
        labelled(documents, names)


def test_folds_hold_every_text_once_and_labels_in_equal_shares() -> None:
    data = labelled(SOME)
    tested = []
    for train, test in folds(data, 5, seed=1):
        assert not set(train) & set(test) and len(train) + len(test) == 30
        assert data[test].counts == {"ham": 4, "spam": 2}
        tested += test.tolist()
    assert sorted(tested) == list(range(30))
    with pytest.raises(InputError, match=r"^different texts with label 'spam': 10; expected 11 or more$"):
        next(folds(data, 11, 1))


@pytest.mark.parametrize("share", [0.1, 0.3, 0.4])
def test_a_share_of_each_label_is_held_out(share: float) -> None:
    data = labelled(SOME)
    rest, out = held_out(data, share, 1)
    assert sorted([*rest, *out]) == list(range(30))
    assert data[out].counts == {"ham": 20 * share, "spam": 10 * share}


def test_equal_texts_stay_together() -> None:
    twins = labelled([*SOME, *(Document(f"  {one.text} ", one.label) for one in SOME)])
    for rest, out in (held_out(twins, 0.3, 1), *folds(twins, 5, 1)):
        assert sorted(k % 30 for k in out) == sorted([*np.unique(out % 30)] * 2)
        assert not set(rest % 30) & set(out % 30)


def test_a_label_of_one_text_cannot_be_parted() -> None:
    data = labelled([*SOME, Document("once", "rare"), Document("once ", "rare")])
    with pytest.raises(InputError, match=r"^different texts with label 'rare': 1; expected 2 or more$"):
        held_out(data, 0.1, 1)


def test_a_long_text_takes_no_room_for_the_others() -> None:
    data = Labelled(
        [*(f"text {k}" for k in range(1000)), "long " * 200_000], np.zeros(1001, np.int64), ("a",)
    )
    tracemalloc.start()
    try:
        assert len(set(data.groups.tolist())) == 1001
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
