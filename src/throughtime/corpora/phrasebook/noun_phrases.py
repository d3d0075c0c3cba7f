"""Determiner, adjective and noun, agreed in both languages."""

from __future__ import annotations

from typing import NamedTuple

from throughtime.corpora.phrasebook import adjectives, english, french, people
from throughtime.corpora.phrasebook.draw import Draw
from throughtime.corpora.phrasebook.french import starts_with_vowel
from throughtime.corpora.phrasebook.lexicon import Adjective, Noun
from throughtime.corpora.phrasebook.numbers import english_number, french_number
from throughtime.corpora.phrasebook.people import Subject


class Words(NamedTuple):
    """The same words in both languages, in a statement and under a negation."""

    en: str
    fr: str
    en_negative: str
    fr_negative: str


NOTHING = Words("", "", "", "")


def words(en: str, fr: str) -> Words:
    """Return words that negation leaves as they are."""
    return Words(en, fr, en, fr)


class Head(NamedTuple):
    """A noun with its adjective, before its determiner is chosen."""

    noun: Noun
    adjective: Adjective | None
    plural: bool

    @property
    def en(self) -> str:
        """The English words: `red apples`."""
        noun = self.noun.en_plural if self.plural else self.noun.en
        return f"{self.adjective.en} {noun}" if self.adjective else noun

    @property
    def fr(self) -> str:
        """The French words, the adjective on its side of the noun: `bel appartement`, `pommes rouges`."""
        noun = self.noun.fr_plural if self.plural else self.noun.fr
        if self.adjective is None:
            return noun
        agreed = self.adjective.agree(self.noun.feminine, self.plural)
        if not self.adjective.precedes:
            return f"{noun} {agreed}"
        alone = self.plural or self.noun.feminine or not starts_with_vowel(noun)
        return f"{agreed if alone else self.adjective.before_vowel} {noun}"

    @property
    def keys(self) -> tuple[str, ...]:
        """The combination of adjective and noun, if there is one."""
        return (f"{self.adjective.en}+{self.noun.en}",) if self.adjective else ()


def agree(determiner: french.Determiner, head: Head) -> str:
    """Return the French head with its determiner."""
    fr = head.fr
    return f"{determiner.agree(fr, head.noun.feminine, head.plural)} {fr}"


def the(head: Head) -> Words:
    """`the apple`, `la pomme`."""
    return words(f"the {head.en}", agree(french.DEFINITE, head))


def this(head: Head) -> Words:
    """`this apple`, `cette pomme`."""
    return words(f"{'these' if head.plural else 'this'} {head.en}", agree(french.DEMONSTRATIVE, head))


def that(head: Head) -> Words:
    """`that apple`, which French says as it says `this apple`."""
    return words(f"{'those' if head.plural else 'that'} {head.en}", agree(french.DEMONSTRATIVE, head))


def owned(owner: str, person: int, head: Head) -> Words:
    """`my apple`, `ma pomme`."""
    return words(f"{owner} {head.en}", agree(french.POSSESSIVES[person], head))


def own(subject: Subject, head: Head) -> Words:
    """Return the head as owned by the subject: `his key`, `sa clé`."""
    return owned(subject.owner, subject.person, head)


def indefinite(head: Head) -> Words:
    """`an apple`, `some apples`, `some bread`: `une pomme`, `des pommes`, `du pain`; with `pas`, `de`."""
    en, fr = head.en, head.fr
    if not head.plural and not head.noun.mass:
        en = f"{english.article(en)} {en}"
        return Words(en, agree(french.INDEFINITE, head), en, f"de {fr}")
    return Words(f"some {en}", _some(head), f"any {en}", f"de {fr}")


def bare(head: Head) -> Words:
    """`apples`, `bread`, in habitual statements: `des pommes`, `du pain`; negated, `pas de pommes`."""
    return Words(head.en, _some(head), head.en, f"de {head.fr}")


def _some(head: Head) -> str:
    """Return the partitive; before a plural adjective it is `de` (de belles fleurs)."""
    if head.plural and head.adjective and head.adjective.precedes:
        return f"de {head.fr}"
    return agree(french.PARTITIVE, head)


def many(head: Head) -> Words:
    """`a lot of apples`, `beaucoup de pommes`."""
    return words(f"a lot of {head.en}", f"beaucoup de {head.fr}")


def counted(number: int, head: Head) -> Words:
    """`two apples`, `deux pommes`."""
    return words(
        f"{english_number(number)} {head.en}", f"{french_number(number, head.noun.feminine)} {head.fr}"
    )


def in_general(noun: Noun) -> Words:
    """`apples`, `bread`, said of the kind: `les pommes`, `le pain`."""
    head = Head(noun, None, not noun.mass)
    return words(head.en, agree(french.DEFINITE, head))


_SINGLE = ("place", "room", "transport")


def head_of(draw: Draw, noun: Noun, described: float = 0.3, plural: float = 0.25) -> Head:
    """Choose the number and perhaps an adjective for a noun; shoes come in pairs, places one by one."""
    plural = 0.85 if noun.theme == "pair" else 0.0 if noun.theme in _SINGLE else plural
    choices = adjectives.BY_THEME.get(noun.theme, ())
    adjective = draw.choice(choices) if choices and draw.happens(described) else None
    return Head(noun, adjective, not noun.mass and draw.happens(plural))


def known(draw: Draw, subject: Subject, head: Head) -> Words:
    """Choose a determiner for what is known to both speakers: the, this, that, or the subject's own."""
    chosen = draw.between(1, 10)
    if chosen <= 4:
        return the(head)
    if chosen <= 6:
        return this(head)
    if chosen == 7:
        return that(head)
    return own(subject, head) if subject.owner and head.noun.theme != "place" else the(head)


def any_object(draw: Draw, subject: Subject, head: Head) -> Words:
    """Choose any determiner for the object of a verb."""
    if draw.happens(0.4):
        return known(draw, subject, head)
    if head.plural and draw.happens(0.4):
        return counted(draw.between(2, 10), head)
    if (head.plural or head.noun.mass) and draw.happens(0.2):
        return many(head)
    return indefinite(head)


def as_subject(head: Head, phrase: Words) -> Subject:
    """Make a thing the subject of a sentence."""
    person = people.ILS if head.plural else people.IL
    return Subject(phrase.en, phrase.fr, person, head.noun.feminine, head.plural, "", head.noun.en)
