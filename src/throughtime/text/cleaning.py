"""From text to words: normalised, split and filtered; each step is optional, the order is fixed.

1. unicode: characters are normalised, so that what looks the same is the same in all later steps. 2. lower:
text is lower-cased before stop words and stems, whose rules are in lower case. 3. tokens: the text is split
before punctuation is dropped, since e-mail addresses are recognised by it. 4. punctuation: tokens without a
letter, a digit, a currency sign or a symbol such as an emoji are dropped. 5. numbers: tokens that are numbers
are dropped, or all become one, before short words go: 7 is a number too. 6. min_length: shorter words are
dropped, by their length as written, as a stem is shorter than its word. 7. stop_words: words of little
meaning are dropped while they are still spelled as in their list. 8. stem: words lose their endings by the
rules of Snowball. 9. accents: accents are stripped last, since the lists and rules contain them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import filterfalse
from threading import Lock
from typing import Any, Literal

import snowballstemmer
import stopwordsiso

from throughtime.errors import InputError
from throughtime.settings import require

NUMBER = "<number>"
"""Replacement of numbers when they are marked."""

ELISIONS: Mapping[str, Sequence[str]] = {
    "ca": ("d", "l", "m", "n", "s", "t"),
    "fr": ("c", "d", "j", "l", "m", "n", "s", "t", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu"),
    "it": ("c", "d", "l", "m", "s", "t", "v", "un", "all", "dall", "dell", "nell", "sull", "coll", "quell"),
}
"""By language, the words that lose a vowel before another word, joined to it by an apostrophe."""

_SNOWBALL = """
    ar:arabic ca:catalan cs:czech da:danish de:german el:greek en:english eo:esperanto es:spanish et:estonian
    eu:basque fa:persian fi:finnish fr:french ga:irish hi:hindi hu:hungarian hy:armenian id:indonesian
    it:italian lt:lithuanian ne:nepali nl:dutch no:norwegian pl:polish pt:portuguese ro:romanian ru:russian
    sr:serbian st:sesotho sv:swedish ta:tamil tr:turkish yi:yiddish
"""
STEMMERS: Mapping[str, str] = {code: name for code, _, name in (p.partition(":") for p in _SNOWBALL.split())}
"""By language, the algorithm of Snowball; an older snowballstemmer lacks some of them."""

_STEMS_KEPT = 1 << 17  # most recent ones; about 30 MB when full
_ACCENTS = re.compile("[\u0300-\u036f]+")  # of Latin, Greek and Cyrillic; other scripts' marks are letters
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_ADDRESS = re.compile(r"(?i:https?://|www\.)|.*@")
_PLAINLY = {"\u2019": "'", "\u02bc": "'", "\uff07": "'", "\u2010": "-", "\u2011": "-", "\u00ad": ""}


@dataclass(frozen=True)
class CleaningConfig:
    """How a text becomes words; see the module for the order of the steps and its reasons.

    Attributes:
        language: two-letter code (ISO 639-1) of the language of stop words, stems and apostrophes.
        unicode: NFC composes accents; NFKC also replaces ligatures, full-width letters and raised digits by
            plain ones; none leaves the characters as they are.
        lower: convert to lower case.
        accents: strip accents, so that é becomes e, or keep them.
        punctuation: drop the tokens of only punctuation, or keep them.
        numbers: keep numbers, drop them, or replace each by one and the same word, `<number>`.
        stop_words: drop words of little meaning, as listed by stopwordsiso. The lists are long: the English
            one has 1,298 words, interesting and important among them.
        stem: reduce words to their stems by the rules of Snowball.
        min_length: words of fewer characters are dropped.
    """

    language: str = "en"
    unicode: Literal["NFC", "NFKC", "none"] = "NFC"
    lower: bool = True
    accents: Literal["keep", "strip"] = "keep"
    punctuation: Literal["drop", "keep"] = "drop"
    numbers: Literal["keep", "drop", "mark"] = "keep"
    stop_words: bool = False
    stem: bool = False
    min_length: int = 1

    def __post_init__(self) -> None:
        """Raise InputError for a value that is not one of the allowed ones."""
        code = self.language
        require(self, "language", re.fullmatch("[a-z]{2}", code) is not None, "two letters such as en or fr")
        for name, values in _CHOICES.items():
            require(self, name, getattr(self, name) in values, " or ".join(values))
        require(self, "min_length", self.min_length >= 1, "at least 1")


_CHOICES = {
    "unicode": ("NFC", "NFKC", "none"),
    "accents": ("keep", "strip"),
    "punctuation": ("drop", "keep"),
    "numbers": ("keep", "drop", "mark"),
}


@dataclass(frozen=True)
class CleaningStep:
    """The result of one step: the text or its tokens after it, and what it dropped and changed."""

    name: str
    result: str | list[str]
    dropped: list[str] = field(default_factory=list[str])
    changed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


class Cleaner:
    """Splits texts into words; the same text always gives the same words. Copied and pickled by its config.

    One regular expression splits as follows: - white space separates tokens, and no token contains any; - a
    web or e-mail address is one token, without the full stop or bracket after it; - so is an abbreviation of
    single letters (U.S., e.g.) and a number with its points and commas (3.14); - apostrophes and hyphens
    inside a word belong to it (don't, aujourd'hui, well-known), but French, Catalan
      and Italian words that lost their vowel are tokens of their own (l'homme: l' and homme);
    - every other mark is a token, repeated points or dashes together, an emoji whole. Apostrophes and hyphens
    of any form are written as ' and -; soft hyphens are removed. Scripts without spaces between words
    (Chinese, Japanese, Thai) are not split: a run of their letters is one token.

    Raises InputError if there are no stop words or stemmer for the language, naming the languages there are.
    """

    def __init__(self, config: CleaningConfig | None = None) -> None:
        self.config = config or CleaningConfig()
        self._text_steps = list(_text_steps(self.config))
        self._divide = _divider(self.config.language)
        self._token_steps = list(_token_steps(self.config))

    def tokens(self, text: str) -> list[str]:
        """Return the words of a text, after all steps."""
        for step in self._text_steps:
            text = step(text)
        tokens = self._divide(text)
        for step in self._token_steps:
            tokens = step(tokens)
        return tokens

    def steps(self, text: str) -> Iterator[CleaningStep]:
        """Yield the result of each enabled step; the last one's is that of `tokens`."""
        for step in self._text_steps:
            after = step(text)
            yield CleaningStep(step.name, after, changed=[(text, after)] if after != text else [])
            text = after
        tokens = self._divide(text)
        yield CleaningStep("tokens", tokens)
        for step in self._token_steps:
            shown = step.shown(tokens)
            yield shown
            tokens = step(tokens)

    def __reduce__(self) -> tuple[type[Cleaner], tuple[CleaningConfig]]:
        return Cleaner, (self.config,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cleaner) and self.config == other.config

    def __hash__(self) -> int:
        return hash(self.config)

    def __repr__(self) -> str:
        return f"Cleaner({self.config})"


@dataclass(frozen=True)
class _OnText:
    name: str
    change: Callable[[str], str]

    def __call__(self, text: str) -> str:
        return self.change(text)


@dataclass(frozen=True)
class _Change:
    name: str
    change: Callable[[str], str]

    def __call__(self, tokens: list[str]) -> list[str]:
        return list(map(self.change, tokens))

    def shown(self, tokens: list[str]) -> CleaningStep:
        after = self(tokens)
        pairs = zip(tokens, after, strict=True)
        return CleaningStep(self.name, after, changed=[pair for pair in pairs if pair[0] != pair[1]])


@dataclass(frozen=True)
class _Drop:
    name: str
    unwanted: Callable[[str], Any]  # true or false, as Python sees it

    def __call__(self, tokens: list[str]) -> list[str]:
        return list(filterfalse(self.unwanted, tokens))

    def shown(self, tokens: list[str]) -> CleaningStep:
        return CleaningStep(self.name, self(tokens), dropped=list(filter(self.unwanted, tokens)))


def _text_steps(config: CleaningConfig) -> Iterator[_OnText]:
    form = config.unicode
    if form != "none":
        yield _OnText("unicode", lambda text: text if text.isascii() else unicodedata.normalize(form, text))
    if config.lower:
        yield _OnText("lower", str.lower)


def _token_steps(config: CleaningConfig) -> Iterator[_Change | _Drop]:
    if config.punctuation == "drop":
        yield _Drop("punctuation", _is_punctuation)
    if config.numbers == "drop":
        yield _Drop("numbers", _NUMBER.fullmatch)
    if config.numbers == "mark":
        yield _Change("numbers", lambda token: NUMBER if _NUMBER.fullmatch(token) else token)
    if config.min_length > 1:
        yield _Drop("min_length", lambda token: len(token) < config.min_length)
    if config.stop_words:
        words = _stop_words(config)
        yield _Drop("stop_words", lambda token: token in words or token.lower() in words)
    if config.stem:
        yield _Change("stem", _stemmer(config.language))
    if config.accents == "strip":
        yield _Change("accents", without_accents)


@lru_cache(maxsize=1 << 16)
def _is_punctuation(token: str) -> bool:
    return not any(letter.isalnum() or unicodedata.category(letter) in ("Sc", "So") for letter in token)


def without_accents(text: str) -> str:
    """Strip the accents of Latin, Greek and Cyrillic letters; ø and ł, which have none, stay."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))


def _stop_words(config: CleaningConfig) -> frozenset[str]:
    if not stopwordsiso.has_lang(config.language):
        raise _unknown("stop words", config.language, stopwordsiso.langs())
    words = stopwordsiso.stopwords(config.language)
    form = config.unicode
    spelled = words if form == "none" else {unicodedata.normalize(form, word) for word in words}
    return frozenset(spelled) | {f"{word}'" for word in ELISIONS.get(config.language, ())}


def _stemmer(language: str) -> Callable[[str], str]:
    """Return the function that stems a word; one thread at a time, as a stemmer holds its word."""
    known = {code: name for code, name in STEMMERS.items() if name in snowballstemmer.algorithms()}
    if language not in known:
        raise _unknown("stemmer", language, known)
    stemmer, lock = snowballstemmer.stemmer(known[language]), Lock()

    @lru_cache(maxsize=_STEMS_KEPT)
    def stem(word: str) -> str:
        if word == NUMBER or _ADDRESS.match(word):
            return word
        with lock:
            return stemmer.stemWord(word)

    return stem


def _unknown(what: str, language: str, known: Iterable[str]) -> InputError:
    there = ", ".join(sorted(known))
    return InputError(f"language is {language!r}, which has no {what}; expected one of {there}")


@cache
def _divider(language: str) -> Callable[[str], list[str]]:
    """Return the function that splits a text into tokens, without white space and lone surrogates."""
    find = re.compile("|".join(_alternatives(language))).findall

    def divide(text: str) -> list[str]:
        if not text.isascii():
            for form, plain in _PLAINLY.items():
                text = text.replace(form, plain)
        return find(text)

    return divide


def _alternatives(language: str) -> Iterator[str]:
    """Yield patterns of a token; the first that matches counts, and none scans a place repeatedly."""
    marks = f"[{_marks()}]"  # \w lacks combining marks: loose accents, Indic vowels
    letters = rf"\w++(?:{marks}++\w*+)*+"
    yield r"[^\W\d_]++(?=[\s,;!?()]|\Z)"  # a plain word, which the others would match too, but more slowly
    yield r"(?i:https?://|www\.)[^\s<>\"]*[\w/]"
    yield r"\w[\w.+-]{0,63}+@[\w-]++(?:\.[\w-]++)++"
    yield r"(?:[^\W\d_]\.){2,}"
    yield rf"\d++(?:[.,]\d++)*+(?!\w|{marks}|-[^\W\d])"
    if language in ELISIONS:
        yield rf"(?i:{'|'.join(ELISIONS[language])})'(?=\w)"
    yield rf"{letters}(?:['-]{letters})*+"
    yield r"\.{2,}|-{2,}"
    yield "[^\\w\\s\ud800-\udfff](?:[\ufe0f\u20e3\U0001f3fb-\U0001f3ff]|\u200d[^\\w\\s])*+"


@cache
def _marks() -> str:
    """Return combining marks and the joiners of letters, as ranges of a character class."""
    places = [0x200C, 0x200D]
    places += (place for place in range(0x300, 0x1F000) if unicodedata.category(chr(place))[0] == "M")
    known = set(places)
    starts = sorted(place for place in known if place - 1 not in known)
    ends = sorted(place for place in known if place + 1 not in known)
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True))
