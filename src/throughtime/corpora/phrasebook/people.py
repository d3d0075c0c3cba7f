"""Who does it, and who is spoken to: subjects, vocatives and the pronouns that stand for them."""

from __future__ import annotations

from typing import NamedTuple

from throughtime.corpora.phrasebook import nouns
from throughtime.corpora.phrasebook.draw import Draw
from throughtime.corpora.phrasebook.french import DEFINITE, POSSESSIVES
from throughtime.corpora.phrasebook.lexicon import Noun, rows

JE, TU, IL, NOUS, VOUS, ILS = range(6)


class Addressee(NamedTuple):
    """Who is spoken to; English has one `you`, so that the vocative alone tells `tu` from `vous`."""

    en: str
    fr: str
    person: int
    feminine: bool
    plural: bool


class Subject(NamedTuple):
    """The subject of a sentence; `owner` is its English possessive, `key` its name among combinations."""

    en: str
    fr: str
    person: int
    feminine: bool
    plural: bool
    owner: str
    key: str
    addressee: Addressee | None = None


class Pronoun(NamedTuple):
    """A pronoun as object; a direct one makes the French participle agree."""

    en: str
    fr: str
    feminine: bool
    plural: bool
    direct: bool
    addressee: Addressee | None = None


_NAMES = tuple(
    (name, gender == "f")
    for name, gender in rows("""
Paul    | m
Thomas  | m
Lucas   | m
Antoine | m
Marie   | f
Julie   | f
Alice   | f
Emma    | f
""")
)
FAMILIAR = (
    *(Addressee(name, name, TU, feminine, False) for name, feminine in _NAMES),
    Addressee("Mum", "maman", TU, True, False),
    Addressee("Dad", "papa", TU, False, False),
    Addressee("my friend", "mon ami", TU, False, False),
)
POLITE = (
    Addressee("sir", "monsieur", VOUS, False, False),
    Addressee("madam", "madame", VOUS, True, False),
    Addressee("Mr Martin", "monsieur Martin", VOUS, False, False),
    Addressee("Mrs Martin", "madame Martin", VOUS, True, False),
    Addressee("doctor", "docteur", VOUS, False, False),
)
_SEVERAL = (
    Addressee("children", "les enfants", VOUS, False, True),
    Addressee("my friends", "mes amis", VOUS, False, True),
    Addressee("ladies", "mesdames", VOUS, True, True),
)
_OWNERS_OF_RELATIVES = (*FAMILIAR[: len(_NAMES)], *POLITE)
ADDRESSEES = (*FAMILIAR, *POLITE, *POLITE, *_SEVERAL)

PRONOUNS = (
    Subject("I", "je", JE, False, False, "my", "I"),
    Subject("he", "il", IL, False, False, "his", "he"),
    Subject("she", "elle", IL, True, False, "her", "she"),
    Subject("we", "nous", NOUS, False, True, "our", "we"),
    Subject("they", "ils", ILS, False, True, "their", "they"),
)
_PRONOUN_KEYS = frozenset((*(pronoun.key for pronoun in PRONOUNS), "you"))
MYSELF, OURSELVES = PRONOUNS[0], PRONOUNS[3]
NAMED = tuple(
    Subject(name, name, IL, feminine, False, "her" if feminine else "his", name) for name, feminine in _NAMES
)
OWNERS = (("my", JE), ("his", IL), ("her", IL), ("our", NOUS), ("their", ILS))
WHO = Subject("who", "qui", IL, False, False, "", "who")
YOU_ORDERED = {
    TU: Subject("you", "tu", TU, False, False, "your", "you"),
    VOUS: Subject("you", "vous", VOUS, False, False, "your", "you"),
}
IT = Subject("it", "il", IL, False, False, "", "it")


def _subject(noun: Noun, english: str, french: str, plural: bool = False) -> Subject:
    owner = "their" if plural else "her" if noun.feminine else "his"
    return Subject(english, french, ILS if plural else IL, noun.feminine, plural, owner, noun.en)


def relative_of(owner: str, person: int, noun: Noun) -> Subject:
    """Build `my sister`, `ma sœur`."""
    plural = noun.en == noun.en_plural
    determiner = POSSESSIVES[person].agree(noun.fr, noun.feminine, plural)
    return _subject(noun, f"{owner} {noun.en}", f"{determiner} {noun.fr}", plural)


_FAMILY = tuple(
    relative_of(owner, person, noun) for noun in nouns.RELATIVE + nouns.RELATIVES for owner, person in OWNERS
)
_OTHERS = (
    *(
        _subject(noun, f"the {noun.en}", f"{'la' if noun.feminine else 'le'} {noun.fr}")
        for noun in nouns.PEOPLE
    ),
    *(_subject(noun, f"the {noun.en_plural}", f"les {noun.fr_plural}", True) for noun in nouns.PEOPLE),
)
_COUPLES = tuple(
    Subject(
        f"{a.en} and {b.en}",
        f"{a.fr} et {b.fr}",
        ILS,
        a.feminine and b.feminine,
        True,
        "their",
        f"{a.key} {b.key}",
    )
    for a in NAMED
    for b in NAMED
    if a.en < b.en
)


def possessive(subject: Subject) -> str:
    """Return `my`, `Paul's` or `my parents'`."""
    if subject.key in _PRONOUN_KEYS:
        return subject.owner
    return f"{subject.en}'" if subject.plural and subject.en.endswith("s") else f"{subject.en}'s"


def french_possession(subject: Subject, noun: str) -> str:
    """Return a masculine noun as owned by somebody: `mon anniversaire`, `l'anniversaire de Paul`."""
    if subject.key in _PRONOUN_KEYS:
        return f"{POSSESSIVES[subject.person].agree(noun, False, False)} {noun}"
    return f"{DEFINITE.agree(noun, False, False)} {noun} de {subject.fr}"


def you(draw: Draw) -> Subject:
    """Choose `you`, with the vocative that makes it `tu` or `vous`."""
    whom = draw.choice(ADDRESSEES)
    return Subject(
        "you",
        "tu" if whom.person == TU else "vous",
        whom.person,
        whom.feminine,
        whom.plural,
        "your",
        "you",
        whom,
    )


def your_relative(draw: Draw) -> Subject:
    """Choose `your sister`, with the vocative that makes it `ta sœur` or `votre sœur`."""
    whom = draw.choice(_OWNERS_OF_RELATIVES)
    noun = draw.choice(nouns.RELATIVE + nouns.RELATIVES)
    return relative_of("your", whom.person, noun)._replace(addressee=whom)


def somebody(draw: Draw) -> Subject:
    """Choose the subject of a statement."""
    return _somebody(draw, pronoun=0.46, addressed=0.08)


def somebody_asked_about(draw: Draw) -> Subject:
    """Choose the subject of a question: mostly `you`, never `I` or `we`."""
    subject = _somebody(draw, pronoun=0.15, addressed=0.5)
    return you(draw) if subject.person in (JE, NOUS) else subject


def subject(draw: Draw, asked: bool) -> Subject:
    """Choose the subject of a question or of a statement."""
    return somebody_asked_about(draw) if asked else somebody(draw)


def somebody_named(draw: Draw) -> Subject:
    """Choose a third person by name or kinship."""
    return draw.choice(NAMED) if draw.happens(0.4) else draw.choice(_FAMILY)


def one_person(draw: Draw, asked: bool) -> Subject:
    """Choose a subject who is one person."""
    person = subject(draw, asked)
    return person if not person.plural else one_person(draw, asked)


def _somebody(draw: Draw, pronoun: float, addressed: float) -> Subject:
    if draw.happens(addressed):
        return you(draw) if draw.happens(0.75) else your_relative(draw)
    if draw.happens(pronoun):
        return draw.choice((PRONOUNS[0], *PRONOUNS))
    kinds = (NAMED, NAMED, _FAMILY, _FAMILY, _OTHERS, _COUPLES)
    return draw.choice(draw.choice(kinds))


def pronoun_for(subject: Subject) -> Subject:
    """Return the pronoun that takes up a subject: `he` for Paul, `elles` said of two women being `they`."""
    if subject.person != IL and subject.person != ILS:
        return subject._replace(addressee=None)
    if subject.plural:
        return PRONOUNS[4]._replace(fr="elles" if subject.feminine else "ils", feminine=subject.feminine)
    return PRONOUNS[2] if subject.feminine else PRONOUNS[1]


DIRECT = (
    Pronoun("me", "me", False, False, True),
    Pronoun("him", "le", False, False, True),
    Pronoun("her", "la", True, False, True),
    Pronoun("us", "nous", False, True, True),
    Pronoun("them", "les", False, True, True),
)
_INDIRECT_FORMS = {"him": "lui", "her": "lui", "them": "leur"}


def object_pronoun(draw: Draw, subject: Subject) -> Pronoun:
    """Choose a direct object pronoun; nobody does it to himself."""
    if subject.addressee is None and draw.happens(0.15):
        return _addressed_pronoun(draw.choice(FAMILIAR + POLITE))
    pronoun = draw.choice(DIRECT)
    itself = subject.person in (JE, NOUS) and pronoun.en in ("me", "us")
    return object_pronoun(draw, subject) if itself else pronoun


def indirect(pronoun: Pronoun) -> Pronoun:
    """Return the indirect form: `lui` for `le` and `la`, `leur` for `les`."""
    return pronoun._replace(fr=_INDIRECT_FORMS.get(pronoun.en, pronoun.fr), direct=False)


def _addressed_pronoun(whom: Addressee) -> Pronoun:
    return Pronoun("you", "te" if whom.person == TU else "vous", whom.feminine, whom.plural, True, whom)
