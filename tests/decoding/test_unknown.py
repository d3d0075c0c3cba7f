"""Unknown words: what stands in their place, and where the model looked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from chosen import beam_settings, length_rule
from hashed_model import AttendingHashedModel, HashedModel, forced, sources
from throughtime.decoding.beam import beam
from throughtime.decoding.demands import Demands
from throughtime.decoding.stepping import Hypothesis, greedy
from throughtime.decoding.unknown import UnknownWords, read_dictionary
from throughtime.errors import InputError
from throughtime.layers.special_ids import EOS_ID, UNK_ID
from throughtime.seq2seq.config import SearchConfig
from throughtime.seq2seq.network.model import Translator
from throughtime.seq2seq.network.stepper import stepper
from throughtime.seq2seq.pipeline import Pipeline, unknown_words
from throughtime.text.tokenizer import Tokenizers, Words, train_subwords

A, B = 4, 5


@pytest.mark.parametrize("seed", range(3))
def test_hypotheses_tell_where_the_model_looked(seed: int) -> None:
    src, lengths = sources()
    model = AttendingHashedModel(seed)
    searched = beam(model, src, lengths, beam_settings(4, n_best=3))
    written = [[one] for one in greedy(model, src, lengths, length_rule())]
    for row, found in [*enumerate(searched), *enumerate(written)]:
        for one in found:
            _, looks = forced(model, src[row], lengths[row], [*one.tokens, EOS_ID])
            assert one.looked == looks.argmax(1).tolist()[:-1]


def test_without_attention_nobody_knows_where() -> None:
    src, lengths = sources()
    model = HashedModel(0)
    found = [one for ranks in beam(model, src, lengths, beam_settings(3)) for one in ranks]
    assert not any(one.looked for one in [*found, *greedy(model, src, lengths, length_rule())])


def test_words_are_looked_up_and_else_copied() -> None:
    hypothesis = Hypothesis([A, UNK_ID, UNK_ID, UNK_ID, UNK_ID], 0, 0, looked=[0, 3, 1, 2, 4])
    source = ["the", "Zebra", "xylophone", "Paris"]
    unknown = UnknownWords({"zebra": "zèbre", "Paris": "Paname", "the": "le"})
    assert unknown.filled(hypothesis, source) == {1: "Paname", 2: "zèbre", 3: "xylophone"}
    assert UnknownWords().filled(Hypothesis([UNK_ID], 0, 0), source) == {}


def test_whole_words_are_filled_in_before_they_are_joined() -> None:
    words = Words(["l'", "est", ".", "là"], "fr")
    ids = [4, UNK_ID, 5, 7, UNK_ID, 6, EOS_ID, UNK_ID]
    assert words.decode(ids, {1: "arbre", 4: "(haut)", 7: "never"}) == "l'arbre est là (haut)."
    assert words.decode(ids, {1: "arbre"}) == "l'arbre est là <unk>."
    assert words.decode(ids).count("<unk>") == 2


def test_subwords_are_filled_in_at_their_places() -> None:
    tokenizer = train_subwords(["a cat eats a rat", "the rat eats the cat"] * 3, 15, seed=0)
    text = "the 猫 eats a 鼠"
    ids = tokenizer.encode(text)
    places = [k for k, number in enumerate(ids) if number == UNK_ID]
    surfaces = tokenizer.surfaces(text)
    assert len(surfaces) == len(ids) and [surfaces[k] for k in places] == ["猫", "鼠"]
    filled = tokenizer.decode(ids, dict(zip(places, ["dog", "mouse"], strict=True)))
    assert filled.split() == ["the", "dog", "eats", "a", "mouse"]
    assert tokenizer.decode(ids, {places[1]: "mouse"}).split() == ["the", "⁇", "eats", "a", "mouse"]


@pytest.mark.parametrize("reverse_source", [False, True])
def test_a_pipeline_copies_what_it_looked_at(
    letters: Tokenizers, letter_model: Callable[..., Translator], reverse_source: bool
) -> None:
    """A model made to write nothing but unknown words copies the words that it looks at, in any order."""
    model = letter_model(1, reverse_source=reverse_source)
    with torch.no_grad():
        model.output.bias[UNK_ID] += 1e4
    rule = length_rule(1.0, 0)
    copying = Pipeline(stepper(model), letters, rule, unknown=UnknownWords({"b": "B!"}))
    keeping = Pipeline(stepper(model), letters, rule)
    lines = ["a b c d", "h xylophone g", " ".join(["a zebra"] * 300)]
    for line, kept, copied in zip(lines, keeping.texts(lines), copying.texts(lines), strict=True):
        assert set(kept.split()) == {"<unk>"}
        shown = set(copied.split()) - {"<unk>"}  # where it looked at the end of the sentence
        assert shown <= {word.replace("b", "B!") for word in line.split()} | {"zebra", "B"} | {"B!", "!"}


def test_what_must_never_be_written_is_not_copied_either(
    letters: Tokenizers, letter_model: Callable[..., Translator]
) -> None:
    model = letter_model(1)
    with torch.no_grad():
        model.output.bias[UNK_ID] += 1e4
    never = Demands(never=(tuple(letters.tgt.encode("b")),))
    free, bound = (
        Pipeline(stepper(model), letters, length_rule(1.0, 0), unknown=UnknownWords(), demands=demands)
        for demands in (Demands(), never)
    )
    for line in ("b b b", "b c"):
        (before,), (after,) = free.texts([line]), bound.texts([line])
        assert "b" in before.split()
        assert after == before.replace("b", "<unk>")


def test_dictionaries(tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    path.write_text("cat\tchat\n dog \t chien \ncat\tmatou\nice cream\tglace\n", encoding="utf-8")
    assert read_dictionary(path) == {"cat": "chat", "dog": "chien", "ice cream": "glace"}
    found = unknown_words(SearchConfig(dictionary=path))
    assert found is not None and found.dictionary["dog"] == "chien"
    assert unknown_words(SearchConfig(unknown="keep")) is None


@pytest.mark.parametrize("line", ["cat", "\tchat", "cat\t", "cat\tchat\tmatou", ""])
def test_what_is_no_dictionary(tmp_path: Path, line: str) -> None:
    path = tmp_path / "words.tsv"
    path.write_text(f"dog\tchien\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"words\.tsv, line 2: expected a word, a tab and its translation"):
        read_dictionary(path)


def test_a_dictionary_that_nothing_would_look_into(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a dictionary is given, but unknown is keep; expected copy"):
        SearchConfig(unknown="keep", dictionary=tmp_path / "words.tsv")
