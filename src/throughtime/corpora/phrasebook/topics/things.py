"""Things: what they are like, where they are, whose they are, and how many there are."""

from __future__ import annotations

from functools import cache

from throughtime.corpora.phrasebook import adjectives, french, people, verbs
from throughtime.corpora.phrasebook import clauses as c
from throughtime.corpora.phrasebook import nouns as n
from throughtime.corpora.phrasebook.clauses import Clause, Sentence
from throughtime.corpora.phrasebook.draw import Draw
from throughtime.corpora.phrasebook.english import article
from throughtime.corpora.phrasebook.lexicon import Adjective, Noun, rows
from throughtime.corpora.phrasebook.noun_phrases import (
    Head,
    Words,
    agree,
    as_subject,
    counted,
    head_of,
    indefinite,
    many,
    owned,
    that,
    the,
    this,
    words,
)
from throughtime.corpora.phrasebook.people import Pronoun, Subject
from throughtime.corpora.phrasebook.topics.being import is_so
from throughtime.corpora.phrasebook.verbs import Verb

_OWNED = (*n.CLOTHES, *n.PAIRED_CLOTHES, *n.TEXT, *n.THINGS, *n.VEHICLE, *n.ANIMAL[:3], *n.HOME)
_DESCRIBED = (
    *(*_OWNED, *n.FOOD, *n.DRINK, *n.DISHWARE, *n.FLOWER, *n.TRANSPORT, *n.ANIMAL),
    *(*n.FURNITURE, *n.OPENING, *n.ROOM, *n.PLACE, *n.PLACE, *n.PEOPLE),
)
_THEMES_OF_NO_OWNER = ("place", "person", "dish", "drink", "fruit")


def _plain(draw: Draw, noun: Noun, plural: float = 0.3) -> Head:
    return head_of(draw, noun, described=0.0, plural=plural)


def _thing(draw: Draw, head: Head) -> Subject:
    """Choose a determiner for a thing that a sentence is about; `your` brings its addressee."""
    if head.noun.theme in _THEMES_OF_NO_OWNER or draw.happens(0.4):
        return as_subject(head, draw.choice((the, the, this, that))(head))
    return somebodys(draw, head)


def somebodys(draw: Draw, head: Head) -> Subject:
    """Choose the owner of a thing: `my car`, `your car`, `Paul's car`."""
    chosen = draw.between(1, 10)
    if chosen <= 3:
        whom = draw.choice(people.ADDRESSEES)
        return as_subject(head, owned("your", whom.person, head))._replace(addressee=whom)
    if chosen <= 6:
        return as_subject(head, of_somebody(head, people.somebody_named(draw)))
    return as_subject(head, owned(*draw.choice(people.OWNERS), head))


def of_somebody(head: Head, owner: Subject) -> Words:
    """`Paul's red car`, `la voiture rouge de Paul`."""
    return words(f"{people.possessive(owner)} {head.en}", f"{agree(french.DEFINITE, head)} de {owner.fr}")


def described(draw: Draw) -> Sentence:
    """`This house is too small.`"""
    noun = draw.choice(_DESCRIBED)
    adjective = draw.choice([a for a in adjectives.BY_THEME[noun.theme] if a.en != "new"])
    subject, asked = _thing(draw, _plain(draw, noun)), draw.happens(0.2)
    said = is_so(draw, subject, adjective, adjective in adjectives.GRADUAL)
    form = draw.choice((c.PRESENT, c.PRESENT, c.PRESENT, c.STATE_PAST))
    clause = Clause(subject, verbs.BEING, form, said, negative=not asked and draw.happens(0.25))
    return c.said_or_asked(draw, clause, (f"{adjective.en}+{noun.en}",), asked)


def compared(draw: Draw) -> Sentence:
    """`The red car is faster than the blue car.`"""
    adjective = draw.choice(adjectives.COMPARED)
    noun = draw.choice(_bearers(adjective))
    first, other = _two_alike(draw, noun)
    subject = as_subject(first, the(first))
    agreed = adjective.agree(subject.feminine, subject.plural)
    second = the(other)
    said = words(f"{adjective.comparative} than {second.en}", f"plus {agreed} que {second.fr}")
    asked = draw.happens(0.25)
    clause = Clause(subject, verbs.BEING, c.PRESENT, said, negative=not asked and draw.happens(0.2))
    return c.said_or_asked(draw, clause, (f"{adjective.en}+{noun.en}", *first.keys, *other.keys), asked)


@cache
def _bearers(adjective: Adjective) -> list[Noun]:
    """List the nouns that an adjective may be said of, if there is another of their kind."""
    return [noun for noun in _DESCRIBED if adjective in adjectives.BY_THEME[noun.theme] and _kindred(noun)]


@cache
def _kindred(noun: Noun) -> list[Noun]:
    """List the other nouns of the same theme."""
    return [other for other in _DESCRIBED if other.theme == noun.theme and other != noun]


def _two_alike(draw: Draw, noun: Noun) -> tuple[Head, Head]:
    """Choose two things to compare: of two colours, or of two kinds."""
    colours = [a for a in adjectives.BY_THEME[noun.theme] if a in adjectives.COLOURS]
    plural = _plain(draw, noun).plural
    if len(colours) > 3 and draw.happens(0.6):
        middle = len(colours) // 2
        return Head(noun, draw.choice(colours[:middle]), plural), Head(
            noun, draw.choice(colours[middle:]), plural
        )
    other = draw.choice(_kindred(noun))
    return Head(noun, None, plural), Head(other, None, plural and not other.mass)


_PLACED = (
    *n.POCKET,
    *n.CLOTHES,
    *n.PAIRED_CLOTHES,
    *n.TEXT,
    *n.DISHWARE,
    *n.named(n.BAGGAGE, "umbrella,toy,present"),
)
_AROUND = tuple(
    (english, french)
    for english, french in rows("""
on          | sur
under       | sous
behind      | derrière
next to     | à côté de
in front of | devant
near        | près de
""")
)
_INSIDE = (*n.ROOM, *n.named(n.BAGGAGE, "bag,suitcase,box"), *n.named(n.VEHICLE, "car"))
_LARDERS = (n.ROOM[0], n.ROOM[0], *n.named(n.BAGGAGE, "bag,box"))


def _spot(draw: Draw, noun: Noun) -> tuple[Words, str]:
    """Choose where something is: `under the table`, `in my bag`; food lies where one would put it."""
    edible = noun.theme in ("fruit", "dish", "drink")
    if noun.theme == "furniture":
        english, french_word, place = "in", "dans", draw.choice(n.ROOM)
    elif draw.happens(0.45):
        english, french_word, place = "in", "dans", draw.choice(_LARDERS if edible else _INSIDE)
    else:
        english, french_word = _AROUND[0] if edible else draw.choice(_AROUND)
        place = n.FURNITURE[0] if edible else draw.choice(n.FURNITURE)
    head = Head(place, None, False)
    there = the(head) if draw.happens(0.6) else owned(*draw.choice(people.OWNERS), head)
    return words(f"{english} {there.en}", f"{french_word} {there.fr}"), place.en


def located(draw: Draw) -> Sentence:
    """`My keys are on the table.`"""
    noun = draw.choice((*_PLACED, *_PLACED, *n.ANIMAL[:2]))
    spot, where = _spot(draw, noun)
    subject, asked = _thing(draw, _plain(draw, noun, 0.35)), draw.happens(0.25)
    form = draw.choice((c.PRESENT, c.PRESENT, c.PRESENT, c.STATE_PAST))
    clause = Clause(subject, verbs.BEING, form, spot, negative=not asked and draw.happens(0.2))
    return c.said_or_asked(draw, clause, (f"{noun.en}@{where}",), asked)


_THERE_BEING = Verb(verbs.BEING.en, french.verb("avoir"))
_Y = Pronoun("", "y", False, False, direct=False)


def there_is(draw: Draw) -> Sentence:
    """`There are three chairs in the kitchen.`, `Il y a trois chaises dans la cuisine.`"""
    noun = draw.choice((*_PLACED, *n.FURNITURE[:3], *n.FOOD, *n.DRINK, *n.ANIMAL[:2]))
    head = head_of(draw, noun, described=0.2, plural=0.5)
    spot, where = _spot(draw, noun)
    counts = head.plural and draw.happens(0.5)
    what = counted(draw.between(2, 20), head) if counts else indefinite(head)
    if not counts and (head.plural or noun.mass) and draw.happens(0.3):
        what = many(head)
    asked = draw.happens(0.2)
    negative = not asked and not counts and draw.happens(0.25)
    if asked:
        what = what._replace(en=what.en_negative)
    form = draw.choice((c.PRESENT, c.PRESENT, c.PRESENT, c.STATE_PAST, c.FUTURE))
    there = Subject("there", "il", people.ILS if head.plural else people.IL, False, False, "", "there")
    english = Clause(there, _THERE_BEING, form, what, spot, negative)
    said = Clause(people.IT, _THERE_BEING, form, what, spot, negative, pronoun=_Y)
    en = c.spoken(draw, c.say_english(english, asked))
    fr = ("est-ce que " if asked else "") + c.say_french(said)
    return c.sentence(en, fr, (f"{noun.en}@{where}", *head.keys), "?" if asked else ".")


def how_many(draw: Draw) -> Sentence:
    """`How many chairs are there in the kitchen?`"""
    noun = draw.choice((*_PLACED, *n.FURNITURE[:3], *n.FRUIT))
    spot, where = _spot(draw, noun)
    en = f"how many {noun.en_plural} are there {spot.en}"
    fr = f"combien de {noun.fr_plural} y a-t-il {spot.fr}"
    return c.sentence(en, fr, (f"{noun.en}@{where}",), "?")


def where_is(draw: Draw) -> Sentence:
    """`Where are Paul's shoes?`"""
    noun = draw.choice((*_PLACED, *_OWNED))
    head = head_of(draw, noun, plural=0.35)
    subject = somebodys(draw, head)
    plural = subject.plural
    en, fr = (
        f"where {'are' if plural else 'is'} {subject.en}",
        f"où {'sont' if plural else 'est'} {subject.fr}",
    )
    return c.sentence(en, fr, (f"where+{noun.en}", *head.keys), "?", subject.addressee)


def what_colour(draw: Draw) -> Sentence:
    """`What colour is your car, madam?`"""
    noun = draw.choice((*n.CLOTHES, *n.PAIRED_CLOTHES, *n.VEHICLE, *n.BAGGAGE, *n.ANIMAL[:3]))
    subject = somebodys(draw, _plain(draw, noun))
    en = f"what colour {'are' if subject.plural else 'is'} {subject.en}"
    fr = f"de quelle couleur {'sont' if subject.plural else 'est'} {subject.fr}"
    return c.sentence(en, fr, (f"colour+{noun.en}",), "?", subject.addressee)


def whose(draw: Draw) -> Sentence:
    """`Whose key is this?`"""
    head = head_of(draw, draw.choice(_OWNED))
    plural = head.plural
    en = f"whose {head.en} {'are these' if plural else 'is this'}"
    fr = f"à qui {'sont' if plural else 'est'} {this(head).fr}"
    return c.sentence(en, fr, (f"whose+{head.noun.en}", *head.keys), "?")


def belonging(draw: Draw) -> Sentence:
    """`This is my brother's car.`, `C'est la voiture de mon frère.`"""
    head = head_of(draw, draw.choice(_OWNED), plural=0.35)
    thing, asked = somebodys(draw, head), draw.happens(0.25)
    demonstrative = Subject("these" if head.plural else "this", "ce", thing.person, False, False, "", "this")
    clause = Clause(
        demonstrative._replace(addressee=thing.addressee),
        verbs.BEING,
        c.PRESENT,
        words(thing.en, thing.fr),
        negative=not asked and draw.happens(0.2),
    )
    return c.said_or_asked(draw, clause, (f"this+{head.noun.en}", *head.keys), asked)


def exclaiming(draw: Draw) -> Sentence:
    """`What a beautiful house!`, `Quelle belle maison !`"""
    noun = draw.choice((*_DESCRIBED, *n.FLOWER))
    adjective = draw.choice([a for a in adjectives.BY_THEME[noun.theme] if a in adjectives.GRADUAL])
    head = Head(noun, adjective, _plain(draw, noun, 0.35).plural)
    en = f"what {head.en}" if head.plural or noun.mass else f"what {article(head.en)} {head.en}"
    return c.sentence(en, agree(french.INTERROGATIVE, head), head.keys, "!")


TEMPLATES = (
    (9, described),
    (4, compared),
    (6, located),
    (5, there_is),
    (1, how_many),
    (2, where_is),
    (1, what_colour),
    (1, whose),
    (3, belonging),
    (2, exclaiming),
)
