"""The kinds of words that the phrasebook knows, and how one line of a table is read into each of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Noun(NamedTuple):
    """A noun in both languages; `mass` marks what is not counted (bread), `theme` its kind of thing."""

    en: str
    en_plural: str
    fr: str
    fr_plural: str
    feminine: bool
    mass: bool
    theme: str


class Adjective(NamedTuple):
    """An adjective; `agreed` holds its French masculine, feminine, and the plurals of both, in that order."""

    en: str
    comparative: str
    agreed: tuple[str, str, str, str]
    before_vowel: str
    precedes: bool

    def agree(self, feminine: bool, plural: bool) -> str:
        """Return the French form for a gender and a number."""
        return self.agreed[2 * plural + feminine]


class EnglishVerb(NamedTuple):
    """The five forms of an English verb, each with its particle ("looks for")."""

    base: str
    third: str
    past: str
    participle: str
    gerund: str


def rows(table: str) -> Iterator[list[str]]:
    """Split a table into rows, one a line, and its rows into columns at the bars."""
    for line in table.strip().splitlines():
        yield [column.strip() for column in line.split("|")]


def nouns(theme: str, table: str) -> tuple[Noun, ...]:
    """Read lines of `english[/plural] | french[/plural] m|f [mass]`; plurals left out are regular."""
    return tuple(_noun(theme, english, french) for english, french in rows(table))


def _noun(theme: str, english: str, french: str) -> Noun:
    mass = french.endswith(" mass")
    french, gender = french.removesuffix(" mass").rsplit(" ", 1)
    en, _, en_plural = english.partition("/")
    fr, _, fr_plural = french.partition("/")
    en_plural, fr_plural = en_plural or english_plural(en), fr_plural or french_plural(fr)
    return Noun(en, en_plural, fr, fr_plural, gender == "f", mass, theme)


def english_plural(singular: str) -> str:
    """Return the regular English plural."""
    if singular.endswith(("s", "sh", "ch", "x")):
        return singular + "es"
    if singular.endswith("y") and singular[-2] not in "aeiou":
        return singular[:-1] + "ies"
    return singular + "s"


def french_plural(singular: str) -> str:
    """Return the regular French plural of a noun or an adjective."""
    if singular.endswith(("s", "x", "z")):
        return singular
    if singular.endswith("al"):
        return singular[:-1] + "ux"
    return singular + ("x" if singular.endswith(("au", "eu")) and singular != "bleu" else "s")


def adjective(english: str, french: str, place: str) -> Adjective:
    """Read `english[/comparative]`, `masculine [feminine [before vowel]]`, and the place `before` or `after`.

    One French form alone, after an equals sign, never changes.
    """
    en, _, comparative = english.partition("/")
    if french.startswith("="):
        masculine, *others = (french[1:],)
        agreed = (masculine, masculine, masculine, masculine)
    else:
        masculine, *others = french.split()
        feminine = others[0] if others else masculine if masculine.endswith("e") else masculine + "e"
        agreed = (masculine, feminine, french_plural(masculine), feminine + "s")
    before_vowel = others[1] if len(others) > 1 else masculine
    return Adjective(en, comparative or f"more {en}", agreed, before_vowel, place == "before")


def english_verb(text: str) -> EnglishVerb:
    """Read `base [past participle gerund] [+particle]`; a base alone is regular."""
    forms, _, particle = text.partition(" +")
    base, *irregular = forms.split()
    past, participle, gerund = irregular or (_past(base), _past(base), _gerund(base))
    third = "has" if base == "have" else base + "es" if base.endswith("o") else english_plural(base)
    words = (base, third, past, participle, gerund)
    return EnglishVerb(*(f"{word} {particle}".rstrip() for word in words))


def _past(base: str) -> str:
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ied"
    return base.removesuffix("e") + "ed"


def _gerund(base: str) -> str:
    return (base if base.endswith("ee") else base.removesuffix("e")) + "ing"
