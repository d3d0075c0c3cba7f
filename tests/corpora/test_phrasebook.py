"""The built-in phrasebook as a corpus: its sizes, its split, and the spelling of every pair."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from itertools import islice

import pytest

from throughtime.corpora import phrasebook
from throughtime.corpora.phrasebook import adjectives, corpus, french, nouns
from throughtime.corpora.phrasebook.clauses import Sentence
from throughtime.corpora.phrasebook.phrases import PHRASES
from throughtime.errors import InputError
from throughtime.files.pairs import Pair

SMALL = corpus.SMALLEST_SIZE


@pytest.fixture(scope="module")
def book() -> phrasebook.Phrasebook:
    return phrasebook.build()


@pytest.fixture(scope="module")
def small() -> phrasebook.Phrasebook:
    return phrasebook.build(5, SMALL)


@pytest.fixture(scope="module")
def pairs(book: phrasebook.Phrasebook) -> list[Pair]:
    return book.train + book.validation + book.test


@pytest.fixture(scope="module")
def drawn() -> list[Sentence]:
    """Return sentences as the grammar draws them, of every part, before any are left out."""
    return list(islice(corpus.sentences(0), 20_000))


def words_of(pairs: list[Pair], side: int) -> set[str]:
    return {word for pair in pairs for word in re.findall(r"\w+", pair[side].lower())}


def digest(book: phrasebook.Phrasebook) -> str:
    text = repr([book.train, book.validation, book.test])
    return hashlib.sha256(text.encode()).hexdigest()


# The corpus


def test_sizes(book: phrasebook.Phrasebook) -> None:
    assert (len(book.train), len(book.validation), len(book.test)) == (50_000, 500, 1_000)


def test_every_pair_is_distinct_and_in_one_part(pairs: list[Pair]) -> None:
    assert len({pair.src for pair in pairs}) == len(pairs)


def test_another_seed_gives_other_pairs_and_the_same_phrases(
    book: phrasebook.Phrasebook, small: phrasebook.Phrasebook
) -> None:
    phrases, drawn = slice(len(PHRASES)), slice(len(PHRASES), SMALL)
    assert book.train[phrases] == small.train[phrases]
    assert book.train[drawn] != small.train[drawn]


def test_another_process_with_other_hashes_gives_the_same_phrasebook(small: phrasebook.Phrasebook) -> None:
    program = (
        "import hashlib; from throughtime.corpora import phrasebook; "
        f"book = phrasebook.build(5, {SMALL}); text = repr([book.train, book.validation, book.test]); "
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "12345",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    answer = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == digest(small)


@pytest.mark.parametrize("size", [0, SMALL - 1, corpus.LARGEST_SIZE + 1])
def test_a_size_out_of_range_is_refused(size: int) -> None:
    with pytest.raises(InputError, match=f"size is {size}, but must be from 5000 to 1000000"):
        phrasebook.build(size=size)


def test_a_smaller_phrasebook_has_as_much_held_out(small: phrasebook.Phrasebook) -> None:
    assert (len(small.train), len(small.validation), len(small.test)) == (SMALL, 500, 1_000)


def test_one_english_has_one_french(pairs: list[Pair], drawn: list[Sentence]) -> None:
    translation = dict(pairs)
    translation.update({phrase.en: phrase.fr for phrase in PHRASES})
    differing = [(s.en, s.fr, translation[s.en]) for s in drawn if translation.setdefault(s.en, s.fr) != s.fr]
    assert differing == []


@pytest.mark.parametrize("part", ["validation", "test"])
def test_held_out_pairs_hold_a_combination_that_training_lacks(
    book: phrasebook.Phrasebook, drawn: list[Sentence], part: str
) -> None:
    combinations = {sentence.en: set(sentence.combinations) for sentence in drawn}
    seen = set().union(*(combinations[pair.src] for pair in book.train if pair.src in combinations))
    held_out = [combinations[pair.src] for pair in getattr(book, part) if pair.src in combinations]
    assert len(held_out) > 150
    assert all(combination - seen for combination in held_out)
    assert all(part in map(corpus.part_of_combination, combination) for combination in held_out)


def test_a_held_out_adjective_and_noun_never_meet_in_training(book: phrasebook.Phrasebook) -> None:
    text = "\n".join(pair.src for pair in book.train)
    met = 0
    for noun in (*nouns.CLOTHES, *nouns.VEHICLE, *nouns.THINGS):
        for adjective in adjectives.BY_THEME[noun.theme]:
            together = re.search(rf"\b{adjective.en} ({noun.en}|{noun.en_plural})\b", text)
            held_out = corpus.part_of_combination(f"{adjective.en}+{noun.en}") != "train"
            assert not (held_out and together), f"{adjective.en} {noun.en}"
            met += together is not None
    assert met > 250


@pytest.mark.parametrize("side", [0, 1])
def test_every_held_out_word_occurs_in_training(book: phrasebook.Phrasebook, side: int) -> None:
    assert words_of(book.validation + book.test, side) <= words_of(book.train, side)


def test_the_grammar_and_the_phrases_are_large_enough(book: phrasebook.Phrasebook) -> None:
    assert len(words_of(book.test, 0)) > 400
    assert len(words_of(book.train, 0)) > 1_000
    assert len(PHRASES) >= 300
    assert len({phrase.en for phrase in PHRASES}) == len(PHRASES)


def test_every_fixed_phrase_is_trained_on(book: phrasebook.Phrasebook) -> None:
    assert {Pair(phrase.en, phrase.fr) for phrase in PHRASES} <= set(book.train)
    assert Pair("How are you?", "Comment allez-vous ?") in book.train


def test_no_fixed_phrase_is_a_combination_of_the_grammar(drawn: list[Sentence]) -> None:
    phrases = {phrase.en for phrase in PHRASES}
    assert [s.en for s in drawn if s.en in phrases and corpus.part_of(s) != "train"] == []


def test_sentences_are_of_everyday_length(book: phrasebook.Phrasebook) -> None:
    lengths = [len(pair.src.split()) for pair in book.train]
    assert max(lengths) <= 16
    assert 5.5 < sum(lengths) / len(lengths) < 8


@pytest.mark.parametrize("pronoun", ["tu", "vous", "nous", "elles", "qu'elle", "j'ai"])
def test_every_person_is_spoken_of(book: phrasebook.Phrasebook, pronoun: str) -> None:
    pattern = re.compile(rf"\b{pronoun}\b", re.IGNORECASE)
    assert sum(pattern.search(pair.tgt) is not None for pair in book.train) > 20


# The spelling of every pair

NOT_FRENCH = {
    "no elision": r"(?<![\w-])([jmtsdnlc]e|la|que) (?!onz|oui)([aeiouâàéèêîôœ]|h(?!amburger|uit)|y\b)",
    "no contraction": r"\b(de|à) les? (?!\w+(er|ir|re)\b)",
    "si il": r"\bsi ils?\b",
    "masculine possessive lost before a vowel": r"\b(ma|ta|sa) ([aeiouâàéèêîôœ]|h(?!amburger|uit))",
    "cet before a consonant": r"\bcet (?![aeiouâàéèêîôœh])",
    "two negations": r"\bpas jamais\b",
    "article after pas": r"\bn'(ai|as|a|avons|avez|ont) pas (un|une|des|du)\b",
    "two spaces": r"  ",
    "no space before the mark": r"[^ ][?!]",
    "space before a comma or full stop": r" [,.]",
    "no capital": r"^[a-zéàêç]",
    "no mark at the end": r"[^.?!]$",
}
NOT_ENGLISH = {
    "a before a vowel": r"\b[Aa] [aeio]",
    "an before a consonant": r"\b[Aa]n [^aeiouh]",
    "third person without s": r"^(He|She|Paul|Marie) (eat|drink|want|need|like|have|do|are|were)\b",
    "third person s after I": r"^(I|We|They) (eats|drinks|wants|needs|likes|has|is)\b",
    "some after a negation": r"n't \w+ some\b",
    "two spaces": r"  ",
    "space before a mark": r" [?!,.]",
    "no capital": r"^[a-z]",
    "no mark at the end": r"[^.?!]$",
}


@pytest.mark.parametrize("fault", NOT_FRENCH)
def test_no_french_sentence_has_the_fault(pairs: list[Pair], fault: str) -> None:
    pattern = re.compile(NOT_FRENCH[fault])
    assert [pair.tgt for pair in pairs if pattern.search(pair.tgt)][:5] == []


@pytest.mark.parametrize("fault", NOT_ENGLISH)
def test_no_english_sentence_has_the_fault(pairs: list[Pair], fault: str) -> None:
    pattern = re.compile(NOT_ENGLISH[fault])
    assert [pair.src for pair in pairs if pattern.search(pair.src)][:5] == []


@pytest.mark.parametrize("word", ["huit", "hamburger", "onze"])
def test_no_elision_before_an_aspirated_h(pairs: list[Pair], word: str) -> None:
    assert any(re.search(rf"\b{word}", pair.tgt) for pair in pairs)
    assert not any(re.search(rf"'{word}", pair.tgt) for pair in pairs)


def test_a_fixed_phrase_is_spelled_already() -> None:
    assert [phrase.fr for phrase in PHRASES if french.spell(phrase.fr) != phrase.fr] == []
