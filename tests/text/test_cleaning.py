from __future__ import annotations

import copy
import pickle
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from time import perf_counter

import pytest
import snowballstemmer
import stopwordsiso
from hypothesis import given
from hypothesis import strategies as st

from throughtime.errors import InputError
from throughtime.text.cleaning import (
    NUMBER,
    STEMMERS,
    Cleaner,
    CleaningConfig,
    CleaningStep,
    without_accents,
)

ALL = CleaningConfig(
    unicode="NFKC", accents="strip", numbers="mark", stop_words=True, stem=True, min_length=2
)


def divided(text: str, language: str = "en") -> list[str]:
    """The tokens of a text, unchanged."""
    config = CleaningConfig(language=language, unicode="none", lower=False, punctuation="keep")
    return Cleaner(config).tokens(text)


def words(text: str, **settings: object) -> list[str]:
    return Cleaner(CleaningConfig(**settings)).tokens(text)  # pyright: ignore


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I don't, can't; O'Neil's", "I don't , can't ; O'Neil's"),
        ("don\u2019t 'quoted' dogs'", "don't ' quoted ' dogs '"),
        ("a well-known e-mail, 18-year-old", "a well-known e-mail , 18-year-old"),
        ("re\u2010enter re\u2011enter re\u00adenter", "re-enter re-enter reenter"),
        ("wait -- what... no -", "wait -- what ... no -"),
        ("3.14 and 1,000, 1.5.", "3.14 and 1,000 , 1.5 ."),
        ("5% of £20, 2004-05-06 3d 1990s", "5 % of £ 20 , 2004 - 05 - 06 3d 1990s"),
        ("U.S. and e.g. this.", "U.S. and e.g. this ."),
        ("mail me@here.co.uk, or x.y+z@a-b.org.", "mail me@here.co.uk , or x.y+z@a-b.org ."),
        ("see (http://a.org/b?c=d&e). www.a.org/", "see ( http://a.org/b?c=d&e ) . www.a.org/"),
        ("HTTPS://A.org! http://", "HTTPS://A.org ! http : / /"),
        ("__init__ n_samples _", "__init__ n_samples _"),
        ("yes!? (no)", "yes ! ? ( no )"),
        ("हिन्दी नमस्ते", "हिन्दी नमस्ते"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("cafe\u0301", "cafe\u0301"),
        ("so \U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd \u2764\ufe0f",) * 2,
        ("我喜欢猫。", "我喜欢猫 。"),
        (" \t\n\u00a0\u2003", ""),
    ],
)
def test_english_and_what_has_no_language(text: str, tokens: str) -> None:
    assert divided(text) == tokens.split()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("l'homme d\u2019aujourd\u2019hui", "l' homme d' aujourd'hui"),
        ("L'Étranger qu'il lit jusqu'à l'aube", "L' Étranger qu' il lit jusqu' à l' aube"),
        ("quelqu'un, presqu'île, puisqu'elle", "quelqu'un , presqu'île , puisqu' elle"),
        ("n'est-ce pas? va-t-il", "n' est-ce pas ? va-t-il"),
        ("c'est 3,5 € à l'adresse a@b.fr", "c' est 3,5 € à l' adresse a@b.fr"),
        ("il l' a dit\u00a0!", "il l ' a dit !"),
    ],
)
def test_french(text: str, tokens: str) -> None:
    assert divided(text, "fr") == tokens.split()


def test_apostrophes_of_other_languages() -> None:
    assert divided("l'uomo dell'arte", "it") == ["l'", "uomo", "dell'", "arte"]
    assert divided("l'home d'avui", "ca") == ["l'", "home", "d'", "avui"]
    assert divided("l'homme d'or", "en") == ["l'homme", "d'or"]


@given(st.text(), st.sampled_from(["en", "fr"]))
def test_every_character_but_white_space_is_in_a_token(text: str, language: str) -> None:
    plain = text.translate({0x2019: "'", 0x2BC: "'", 0xFF07: "'", 0x2010: "-", 0x2011: "-", 0xAD: None})
    assert "".join(divided(text, language)) == "".join(plain.split())


@given(st.text(st.characters()))
def test_any_text_and_all_steps(text: str) -> None:
    for config in (ALL, CleaningConfig(language="fr", stem=True, stop_words=True, unicode="none")):
        cleaner = Cleaner(config)
        tokens = cleaner.tokens(text)
        assert all(len(token) >= config.min_length or config.stem for token in tokens)
        assert not any(character.isspace() for token in tokens for character in token)
        assert [step.result for step in cleaner.steps(text)][-1] == tokens


@pytest.mark.parametrize(
    "text", ["a." * 50_000, "-" * 100_000, "a@" * 50_000, "www." * 25_000, "1," * 50_000]
)
def test_time_grows_with_length_alone(text: str) -> None:
    def seconds(length: int) -> float:
        start = perf_counter()
        divided(text[:length])
        return perf_counter() - start

    seconds(1000)
    assert seconds(100_000) < 100 * min(seconds(10_000) for _ in range(3)) + 0.1


def test_defaults_normalise_lower_and_drop_punctuation() -> None:
    assert words("Cafe\u0301, I DON'T - know 3 (of) them!") == [
        "café",
        "i",
        "don't",
        "know",
        "3",
        "of",
        "them",
    ]
    assert words("...!?") == []
    assert words("£5 ❤ _ __ • + = ©") == ["£", "5", "❤", "©"]


def test_each_switch() -> None:
    assert words("ﬁve m²", unicode="NFKC") == ["five", "m2"]
    assert words("ﬁve m²", unicode="none") == ["ﬁve", "m²"]
    assert words("Big", lower=False) == ["Big"]
    assert words("Été œuvre", accents="strip") == ["ete", "œuvre"]
    assert words("no, yes!", punctuation="keep") == ["no", ",", "yes", "!"]
    assert words("3 of 1,000.5 or 3d", numbers="drop") == ["of", "or", "3d"]
    assert words("3 of 1,000.5 or 3d", numbers="mark") == [NUMBER, "of", NUMBER, "or", "3d"]
    assert words("a an the word", min_length=3) == ["the", "word"]
    assert words("the cat isn't on a mat", stop_words=True) == ["cat", "mat"]
    assert words("running cats http://a.org/cats", stem=True) == ["run", "cat", "http://a.org/cats"]


def test_stop_words_come_before_stems_and_accents() -> None:
    french = dict(language="fr", stop_words=True, stem=True, accents="strip")
    assert words("l'été où même les chevaux étaient mangés", **french) == ["cheval", "mang"]
    assert words("The THE the", lower=False, stop_words=True) == []


def test_stop_words_are_those_of_the_list_whatever_the_form() -> None:
    decomposed = unicodedata.normalize("NFD", "été très")
    assert words(decomposed, language="fr", stop_words=True) == []


@pytest.mark.parametrize("language", sorted(STEMMERS))
def test_stems_are_those_of_snowball(language: str) -> None:
    stemmer = snowballstemmer.stemmer(STEMMERS[language])
    some = sorted(word for word in stopwordsiso.stopwords("en") if word.isalpha())[:50]
    assert words(" ".join(some), language=language, stem=True) == stemmer.stemWords(some)


def test_marked_numbers_keep_their_mark_through_all_steps() -> None:
    for language in STEMMERS:
        assert words("7", language=language, numbers="mark", stem=True, accents="strip") == [NUMBER]


def test_accents_of_three_scripts_alone() -> None:
    assert without_accents("Ça, où, naïve; ά, ё") == "Ca, ou, naive; α, е"
    assert without_accents("ø ł हिन्दी 한국 が") == "ø ł हिन्दी 한국 が".replace("が", "が")
    assert without_accents("plain") == "plain"


def test_steps_show_what_each_did() -> None:
    config = CleaningConfig(numbers="mark", min_length=2, stop_words=True, stem=True, accents="strip")
    text = "The  Cafe\u0301s sold 7 x cakes!"
    assert list(Cleaner(config).steps(text)) == [
        CleaningStep("unicode", "The  Cafés sold 7 x cakes!", [], [(text, "The  Cafés sold 7 x cakes!")]),
        CleaningStep(
            "lower",
            "the  cafés sold 7 x cakes!",
            [],
            [("The  Cafés sold 7 x cakes!", "the  cafés sold 7 x cakes!")],
        ),
        CleaningStep("tokens", ["the", "cafés", "sold", "7", "x", "cakes", "!"]),
        CleaningStep("punctuation", ["the", "cafés", "sold", "7", "x", "cakes"], ["!"]),
        CleaningStep("numbers", ["the", "cafés", "sold", NUMBER, "x", "cakes"], [], [("7", NUMBER)]),
        CleaningStep("min_length", ["the", "cafés", "sold", NUMBER, "cakes"], ["x"]),
        CleaningStep("stop_words", ["cafés", "sold", NUMBER, "cakes"], ["the"]),
        CleaningStep("stem", ["café", "sold", NUMBER, "cake"], [], [("cafés", "café"), ("cakes", "cake")]),
        CleaningStep("accents", ["cafe", "sold", NUMBER, "cake"], [], [("café", "cafe")]),
    ]


def test_steps_that_are_off_do_not_show() -> None:
    config = CleaningConfig(unicode="none", lower=False, punctuation="keep")
    assert [step.name for step in Cleaner(config).steps("A b.")] == ["tokens"]
    dropped = list(Cleaner(CleaningConfig(numbers="drop")).steps("a 1"))[-1]
    assert dropped == CleaningStep("numbers", ["a"], ["1"])


def test_copies_clean_alike() -> None:
    cleaner = Cleaner(ALL)
    text = "The 3 running cats of Zoë"
    expected = cleaner.tokens(text)
    for other in (pickle.loads(pickle.dumps(cleaner)), copy.deepcopy(cleaner), copy.copy(cleaner)):
        assert other == cleaner
        assert hash(other) == hash(cleaner)
        assert other.tokens(text) == expected
    assert Cleaner() != cleaner
    assert repr(Cleaner()) == f"Cleaner({CleaningConfig()})"


def test_threads_may_share_a_cleaner() -> None:
    some = ["".join(letters) + "ing" for letters in product("abcdefgh", repeat=4)]
    alone = [Cleaner(CleaningConfig(stem=True)).tokens(word) for word in some]
    shared = Cleaner(CleaningConfig(stem=True))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(shared.tokens, some)) == alone


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(language="english"), "language is english; expected two letters such as en or fr"),
        (dict(language="EN"), "language is EN; expected two letters such as en or fr"),
        (dict(unicode="NFX"), "unicode is NFX; expected NFC or NFKC or none"),
        (dict(accents="drop"), "accents is drop; expected keep or strip"),
        (dict(punctuation="strip"), "punctuation is strip; expected drop or keep"),
        (dict(numbers="no"), "numbers is no; expected keep or drop or mark"),
        (dict(min_length=0), "min_length is 0; expected at least 1"),
    ],
)
def test_settings_that_there_are_not(settings: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        CleaningConfig(**settings)  # pyright: ignore
    assert str(caught.value) == message


def test_languages_without_stop_words_or_stemmer_are_told_which_there_are() -> None:
    assert Cleaner(CleaningConfig(language="xx")).tokens("a b") == ["a", "b"]
    with pytest.raises(InputError) as caught:
        Cleaner(CleaningConfig(language="xx", stop_words=True))
    assert str(caught.value).startswith(
        "language is 'xx', which has no stop words; expected one of af, ar, bg"
    )
    with pytest.raises(InputError) as caught:
        Cleaner(CleaningConfig(language="zh", stem=True))
    assert str(caught.value).startswith("language is 'zh', which has no stemmer; expected one of ar, ca, cs")
