"""From text to words: normalised, divided and thinned out; each step a switch, all in one order.

1. unicode: characters are normalised, so that what looks the same is the same to all that follows.
2. lower: capitals become small before stop words and stems, whose rules are written small.
3. tokens: the text is divided, before any mark goes, since an e-mail address is known by its marks.
4. punctuation: tokens without a letter, a digit, a currency sign or a symbol such as an emoji are dropped.
5. numbers: tokens that are numbers are dropped, or all become one, before short words go: 7 is a number too.
6. min_length: shorter words are dropped, by their length as written, as a stem is shorter than its word.
7. stop_words: words that say little are dropped, while they are still spelled as in their list.
8. stem: words lose their endings by the rules of Snowball.
9. accents: letters lose theirs last, since list and rules are written with them.
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
"""What every number becomes where numbers are marked."""

ELISIONS: Mapping[str, Sequence[str]] = {
    "ca": ("d", "l", "m", "n", "s", "t"),
    "fr": ("c", "d", "j", "l", "m", "n", "s", "t", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu"),
    "it": ("c", "d", "l", "m", "s", "t", "v", "un", "all", "dall", "dell", "nell", "sull", "coll", "quell"),
}
"""By language, the words that lose a vowel before another word, to which an apostrophe joins them."""

_SNOWBALL = """
    ar:arabic ca:catalan cs:czech da:danish de:german el:greek en:english eo:esperanto es:spanish et:estonian
    eu:basque fa:persian fi:finnish fr:french ga:irish hi:hindi hu:hungarian hy:armenian id:indonesian
    it:italian lt:lithuanian ne:nepali nl:dutch no:norwegian pl:polish pt:portuguese ro:romanian ru:russian
    sr:serbian st:sesotho sv:swedish ta:tamil tr:turkish yi:yiddish
"""
STEMMERS: Mapping[str, str] = {code: name for code, _, name in (p.partition(":") for p in _SNOWBALL.split())}
"""By language, the algorithm of Snowball; an older snowballstemmer lacks some of them."""

_STEMS_KEPT = 1 << 17  # the latest; some 30 MB when all places are taken
_ACCENTS = re.compile("[\u0300-\u036f]+")  # of Latin, Greek and Cyrillic; other scripts' marks are letters
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_ADDRESS = re.compile(r"(?i:https?://|www\.)|.*@")
_PLAINLY = {"\u2019": "'", "\u02bc": "'", "\uff07": "'", "\u2010": "-", "\u2011": "-", "\u00ad": ""}


@dataclass(frozen=True)
class CleaningConfig:
    """How a text becomes words; the module tells the order of the steps and why.

    Attributes:
        language: two-letter code (ISO 639-1) of the language that stop words, stems and apostrophes are of.
        unicode: NFC composes accents; NFKC also writes ligatures, full-width letters and raised digits
            plainly; none leaves the characters as they are.
        lower: write capitals small.
        accents: strip accents, so that é is e, or keep them.
        punctuation: drop the tokens of nothing but punctuation, or keep them.
        numbers: keep numbers, drop them, or mark each by one and the same word, `<number>`.
        stop_words: drop the words that say little, as stopwordsiso lists them. The lists are long: English
            has 1,298 words there, interesting and important among them.
        stem: cut words down to their stems by the rules of Snowball.
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
        """Raises InputError where a value is none of those that there are."""
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
    """What one step made of a text: the text or its tokens after it, and what it dropped and changed."""

    name: str
    result: str | list[str]
    dropped: list[str] = field(default_factory=list[str])
    changed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


class Cleaner:
    """Makes words of texts; the same text gives the same words always. Copies and pickles by its config.

    What is divided where, by one regular expression:
    - white space parts tokens, and no token holds any;
    - a web or e-mail address is one token, without the full stop or bracket after it;
    - so is an abbreviation of single letters (U.S., e.g.) and a number with its points and commas (3.14);
    - apostrophes and hyphens inside a word belong to it (don't, aujourd'hui, well-known), but French, Catalan
      and Italian words that lost their vowel stand alone (l'homme: l' and homme);
    - every other mark is a token, repeated points or dashes together, an emoji whole.
    Apostrophes and hyphens of any form are written as ' and -; soft hyphens vanish. Scripts without spaces
    between words (Chinese, Japanese, Thai) are not divided: a run of their letters is one token.

    Raises InputError where there are no stop words or stemmer of the language; it names those that there are.
    """

    def __init__(self, config: CleaningConfig | None = None) -> None:
        self.config = config or CleaningConfig()
        self._text_steps = list(_text_steps(self.config))
        self._divide = _divider(self.config.language)
        self._token_steps = list(_token_steps(self.config))

    def tokens(self, text: str) -> list[str]:
        """The words of a text, after all steps."""
        for step in self._text_steps:
            text = step(text)
        tokens = self._divide(text)
        for step in self._token_steps:
            tokens = step(tokens)
        return tokens

    def steps(self, text: str) -> Iterator[CleaningStep]:
        """What each step that is switched on makes of a text; the last one's result is that of `tokens`."""
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
    """The text without the accents of Latin, Greek and Cyrillic letters; ø and ł, which have none, stay."""
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
    """The function that stems a word; one thread at a time, as a stemmer holds the word it works on."""
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
    """The function that cuts a text into tokens; all but white space and halves of surrogates is in one."""
    find = re.compile("|".join(_alternatives(language))).findall

    def divide(text: str) -> list[str]:
        if not text.isascii():
            for form, plain in _PLAINLY.items():
                text = text.replace(form, plain)
        return find(text)

    return divide


def _alternatives(language: str) -> Iterator[str]:
    """Patterns of a token, the first that fits counts; none looks at a place again and again."""
    marks = f"[{_marks()}]"  # \w lacks combining marks: loose accents, Indic vowels
    letters = rf"\w++(?:{marks}++\w*+)*+"
    yield r"[^\W\d_]++(?=[\s,;!?()]|\Z)"  # a plain word, which the others would find too, but later
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
    """Combining marks and the joiners of letters, as ranges of a character class."""
    places = [0x200C, 0x200D]
    places += (place for place in range(0x300, 0x1F000) if unicodedata.category(chr(place))[0] == "M")
    known = set(places)
    starts = sorted(place for place in known if place - 1 not in known)
    ends = sorted(place for place in known if place + 1 not in known)
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True))
