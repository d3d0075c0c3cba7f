"""About town and abroad: going, living, asking the way, shopping, and eating out."""

from __future__ import annotations

from typing import NamedTuple

from throughtime.corpora.phrasebook import circumstances as when
from throughtime.corpora.phrasebook import clauses as c
from throughtime.corpora.phrasebook import nouns as n
from throughtime.corpora.phrasebook import people, verbs
from throughtime.corpora.phrasebook.clauses import Clause, Form, Sentence
from throughtime.corpora.phrasebook.draw import Draw
from throughtime.corpora.phrasebook.lexicon import Noun, rows
from throughtime.corpora.phrasebook.noun_phrases import (
    Head,
    Words,
    as_subject,
    counted,
    head_of,
    indefinite,
    that,
    the,
    this,
    words,
)
from throughtime.corpora.phrasebook.numbers import english_number, french_number


class Town(NamedTuple):
    """A place with a name of its own: how one says that one is in it, and that one comes from it."""

    en: str
    french_in: str
    french_from: str


CITIES = tuple(
    Town(english, f"à {french}", f"de {french}")
    for english, french in rows("""
Paris    | Paris
London   | Londres
Rome     | Rome
Madrid   | Madrid
Berlin   | Berlin
Lyon     | Lyon
Brussels | Bruxelles
Athens   | Athènes
""")
)
COUNTRIES = tuple(
    Town(*row)
    for row in rows("""
France   | en France         | de France
Spain    | en Espagne        | de Espagne
Italy    | en Italie         | de Italie
Germany  | en Allemagne      | de Allemagne
England  | en Angleterre     | de Angleterre
Belgium  | en Belgique       | de Belgique
Canada   | à le Canada       | de le Canada
Japan    | à le Japon        | de le Japon
Portugal | à le Portugal     | de le Portugal
the United States | à les États-Unis | de les États-Unis
""")
)
_TOWNS = (*CITIES, *COUNTRIES)
_LANGUAGES = tuple(
    words(english, french)
    for english, french in rows("""
French   | français
English  | anglais
Spanish  | espagnol
Italian  | italien
German   | allemand
Japanese | japonais
""")
)
_FORMS_OF_GOING = (
    *(c.PROGRESSIVE, c.PROGRESSIVE, c.PAST, c.PAST, c.PAST, c.FUTURE, c.FUTURE),
    *(c.WANT, c.WANT, c.CAN, c.WOULD_LIKE, c.PRESENT, c.PRESENT),
)
_STILL_DOING = Form(c.PERFECT.english, c.PRESENT.french)


def _the(noun: Noun) -> Words:
    """Name a place of the town; one goes to school without an article."""
    return words("school", "la école") if noun.en == "school" else the(Head(noun, None, False))


def going(draw: Draw) -> Sentence:
    """`My mother is going to the market tomorrow.`"""
    asked = draw.happens(0.22)
    form, subject, place = draw.choice(_FORMS_OF_GOING), people.subject(draw, asked), draw.choice(n.PLACE)
    to = words(f"to {_the(place).en}", f"à {_the(place).fr}")
    return _travelling(draw, asked, Clause(subject, verbs.GOING, form, to), place.en, when.time_for)


def going_abroad(draw: Draw) -> Sentence:
    """`We went to Spain last year.`"""
    asked = draw.happens(0.22)
    form, town = draw.choice(_FORMS_OF_GOING[:-2]), draw.choice(_TOWNS)
    to = words(f"to {town.en}", town.french_in)
    clause = Clause(people.subject(draw, asked), verbs.GOING, form, to)
    return _travelling(draw, asked, clause, town.en, when.long_time_for)


def returning(draw: Draw) -> Sentence:
    """`Alice came back from the cinema.`, `Alice est revenue du cinéma.`"""
    asked = draw.happens(0.22)
    form, subject = draw.choice(_FORMS_OF_RETURNING), people.subject(draw, asked)
    if draw.happens(0.5):
        place = draw.choice(n.PLACE)
        whence, key = words(f"from {_the(place).en}", f"de {_the(place).fr}"), place.en
    else:
        town = draw.choice(_TOWNS)
        whence, key = words(f"from {town.en}", town.french_from), town.en
    return _travelling(draw, asked, Clause(subject, verbs.RETURNING, form, whence), key, when.time_for)


_FORMS_OF_RETURNING = (c.PROGRESSIVE, c.PAST, c.PAST, c.PERFECT, c.FUTURE, c.GOING_TO)


def _travelling(draw: Draw, asked: bool, clause: Clause, key: str, time: when.TimeChoice) -> Sentence:
    """Say where somebody goes, when."""
    form = clause.form
    if form is c.PROGRESSIVE and draw.happens(0.5):
        at = draw.choice(when.AFTER)
    else:
        at = time(draw, form, 1.0 if form is c.PRESENT else 0.6)
    clause = clause._replace(circumstance=at, negative=not asked and draw.happens(0.2))
    return c.said_or_asked(draw, clause, (f"{clause.subject.key}>{key}",), asked)


def living(draw: Draw) -> Sentence:
    """`My cousin lives in Japan.`"""
    asked = draw.happens(0.22)
    subject, town = people.subject(draw, asked), draw.choice(_TOWNS)
    verb = draw.choice((verbs.LIVING, verbs.LIVING, verbs.WORKING))
    where = words(f"in {town.en}", town.french_in)
    form = draw.choice((c.PRESENT, c.PRESENT, c.FUTURE, c.WANT, c.WOULD_LIKE))
    clause = Clause(subject, verb, form, where, negative=not asked and draw.happens(0.25))
    return c.said_or_asked(draw, clause, (f"{subject.key}>{town.en}",), asked)


def living_since(draw: Draw) -> Sentence:
    """`I have lived in Paris for three years.`, present in French: `J'habite à Paris depuis trois ans.`"""
    subject, town, years = people.somebody(draw), draw.choice(_TOWNS), draw.between(2, 20)
    verb = draw.choice((verbs.LIVING, verbs.WORKING))
    where = words(f"in {town.en}", town.french_in)
    since = words(f"for {english_number(years)} years", f"depuis {french_number(years)} ans")
    return c.state(draw, Clause(subject, verb, _STILL_DOING, where, since), (f"{subject.key}>{town.en}",))


def speaking(draw: Draw) -> Sentence:
    """`Do you speak English, madam?`"""
    asked = draw.happens(0.3)
    subject, language = people.subject(draw, asked), draw.choice(_LANGUAGES)
    form = draw.choice((c.PRESENT, c.PRESENT, c.PRESENT, c.STATE_PAST))
    if form is c.PRESENT and draw.happens(0.3):
        spoken = words(f"{language.en} very well", f"très bien {language.fr}")
    else:
        spoken = language
    clause = Clause(subject, verbs.SPEAKING, form, spoken, negative=not asked and draw.happens(0.3))
    return c.said_or_asked(draw, clause, (f"{subject.key}>speak {language.en}",), asked)


_BESIDE = tuple(
    (english, french)
    for english, french in rows("""
next to     | à côté de
near        | près de
behind      | derrière
in front of | devant
far from    | loin de
""")
)


def beside(draw: Draw) -> Sentence:
    """`Is the bank far from the station?`"""
    place, landmark = _two_places(draw)
    english, french_word = draw.choice(_BESIDE)
    subject = as_subject(Head(place, None, False), the(Head(place, None, False)))
    other = the(Head(landmark, None, False))
    spot = words(f"{english} {other.en}", f"{french_word} {other.fr}")
    asked = draw.happens(0.3)
    clause = Clause(subject, verbs.BEING, c.PRESENT, spot, negative=not asked and draw.happens(0.25))
    return c.said_or_asked(draw, clause, (f"{place.en}@{landmark.en}",), asked)


def _two_places(draw: Draw) -> tuple[Noun, Noun]:
    place, landmark = draw.choice(n.PLACE), draw.choice(n.PLACE)
    return _two_places(draw) if place is landmark else (place, landmark)


_WAYS = tuple(
    (english, french)
    for english, french in rows("""
turn left after {}                      | tournez à gauche après {}
turn right after {}                     | tournez à droite après {}
turn left in front of {}                | tournez à gauche devant {}
turn right in front of {}               | tournez à droite devant {}
go straight ahead to {}                 | allez tout droit jusqu'à {}
take the first street after {}          | prenez la première rue après {}
take the second street after {}         | prenez la deuxième rue après {}
take the second street on the left after {} | prenez la deuxième rue à gauche après {}
take the bus to {}                      | prenez le bus jusqu'à {}
wait for me in front of {}              | attendez-moi devant {}
""")
)
_QUESTIONS_OF_WAY = tuple(
    (english, french)
    for english, french in rows("""
where is {}                        | où est {}
excuse me, where is {}             | excusez-moi, où est {}
excuse me, I am looking for {}     | excusez-moi, je cherche {}
how do I get to {}                 | comment est-ce qu'on va à {}
is {} far from here                | est-ce que {} est loin de ici
is {} open                         | est-ce que {} est {open}
is {} closed today                 | est-ce que {} est {closed} aujourd'hui
is there a bus to {}               | est-ce qu'il y a un bus pour aller à {}
""")
)


def way(draw: Draw) -> Sentence:
    """`Turn left after the church.`"""
    english, french_words = draw.choice(_WAYS)
    noun = draw.choice(n.PLACE)
    place = the(Head(noun, None, False))
    second = draw.happens(0.3)
    start, start_fr = ("then ", "ensuite, ") if second else ("", "")
    en, fr = start + english.format(place.en), start_fr + french_words.format(place.fr)
    return c.sentence(en, fr, (f"{english}{noun.en}",))


def asking_the_way(draw: Draw) -> Sentence:
    """`Excuse me, where is the bank, please?`"""
    english, french_words = draw.choice(_QUESTIONS_OF_WAY)
    noun = draw.choice(n.PLACE)
    place = the(Head(noun, None, False))
    agreed = {
        "open": "ouverte" if noun.feminine else "ouvert",
        "closed": "fermée" if noun.feminine else "fermé",
    }
    en, fr = english.format(place.en), french_words.format(place.fr, **agreed)
    if "where" in english and draw.happens(0.5):
        en, fr = f"{en}, please", f"{fr}, s'il vous plaît"
    mark = "." if "looking" in english else "?"
    return c.sentence(en, fr, (f"{english}{noun.en}",), mark)


_SOLD = (*n.CLOTHES, *n.PAIRED_CLOTHES, *n.TEXT[:3], *n.THINGS, *n.DISHWARE, *n.VEHICLE, *n.FURNITURE)


def price(draw: Draw) -> Sentence:
    """`This red dress costs forty-five euros.`"""
    head = head_of(draw, draw.choice(_SOLD))
    subject = as_subject(head, draw.choice((the, this, this, that))(head))
    dear = head.noun.theme in ("vehicle", "furniture")
    euros = 50 * draw.between(3, 18) if dear else draw.between(2, 100)
    amount = words(f"{english_number(euros)} euros", f"{french_number(euros)} euros")
    clause = Clause(subject, verbs.COSTING, draw.choice((c.PRESENT, c.PRESENT, c.FUTURE)), amount)
    return c.state(draw, clause, (f"{head.noun.en}+{euros}", *head.keys))


def asking_the_price(draw: Draw) -> Sentence:
    """`How much is this dress?`, `Combien coûte cette robe ?`"""
    head = head_of(draw, draw.choice(_SOLD))
    thing = draw.choice((the, this, that))(head)
    if draw.happens(0.5):
        en = f"how much {'are' if head.plural else 'is'} {thing.en}"
    else:
        en = f"how much {'do' if head.plural else 'does'} {thing.en} cost"
    fr = f"combien {'coûtent' if head.plural else 'coûte'} {thing.fr}"
    return c.sentence(en, fr, (f"price+{head.noun.en}", *head.keys), "?")


_SERVED = (*n.DISH, *n.DRINK, *n.FRUIT[:5])
_COUNTED_DRINKS = n.named(n.DRINK, "coffee,tea,beer")
_CONTAINERS = tuple(
    (english, french, n.named(n.DRINK, drinks))
    for english, french, drinks in rows("""
a bottle of | une bouteille de | water,wine,milk,beer,orange juice
a glass of  | un verre de      | water,wine,milk,beer,orange juice
a cup of    | une tasse de     | coffee,tea
""")
)


def _serving(draw: Draw) -> tuple[Words, str]:
    """Choose what one orders: `a salad`, `some bread`, `two coffees`, `a glass of wine`."""
    if draw.happens(0.3):
        english, french_words, drinks = draw.choice(_CONTAINERS)
        drink = draw.choice(drinks)
        return words(f"{english} {drink.en}", f"{french_words} {drink.fr}"), drink.en
    noun = draw.choice(_SERVED)
    if noun in _COUNTED_DRINKS and draw.happens(0.6):
        return counted(draw.between(2, 6), Head(noun, None, True)), noun.en
    head = Head(noun, None, not noun.mass and draw.happens(0.2))
    return (counted(draw.between(2, 6), head) if head.plural else indefinite(head)), noun.en


_ORDERS = tuple(
    (english, french)
    for english, french in rows("""
I would like {}, please     | je voudrais {}, s'il vous plaît
I'd like {}, please         | je voudrais {}, s'il vous plaît
we would like {}, please    | nous voudrions {}, s'il vous plaît
can I have {}, please?      | est-ce que je peux avoir {}, s'il vous plaît ?
could I have {}, please?    | est-ce que je pourrais avoir {}, s'il vous plaît ?
{}, please                  | {}, s'il vous plaît
for me, {}, please          | pour moi, {}, s'il vous plaît
""")
)


def eating_out(draw: Draw) -> Sentence:
    """`I would like a salad and a glass of wine, please.`"""
    (first, key), (second, other_key) = _serving(draw), _serving(draw)
    if key == other_key:
        return eating_out(draw)
    both = words(f"{first.en} and {second.en}", f"{first.fr} et {second.fr}")
    ordered, combination = (both, f"{min(key, other_key)}&{max(key, other_key)}")
    english, french_words = draw.choice(_ORDERS)
    if draw.happens(0.25):
        ordered, combination = first, f"{english}{key}"
    en, fr = english.format(ordered.en), french_words.format(ordered.fr)
    mark = "?" if en.endswith("?") else "."
    return c.sentence(en.rstrip("?"), fr.rstrip("? "), (combination,), mark)


def offering(draw: Draw) -> Sentence:
    """`Would you like some more bread, madam?`"""
    whom, noun = draw.choice(people.ADDRESSEES), draw.choice((*n.DISH, *n.DRINK))
    wanted = "tu veux" if whom.person == people.TU else "vous voulez"
    some = indefinite(Head(noun, None, False))
    if noun.mass and draw.happens(0.4):
        en, fr = f"would you like some more {noun.en}", f"est-ce que {wanted} encore {some.fr}"
    else:
        en, fr = f"would you like {some.en}", f"est-ce que {wanted} {some.fr}"
    return c.sentence(en, fr, (f"offer+{noun.en}+{whom.en}",), "?", whom)


TEMPLATES = (
    (5, going),
    (4, going_abroad),
    (3, returning),
    (3, living),
    (2, living_since),
    (2, speaking),
    (3, beside),
    (1, way),
    (1, asking_the_way),
    (4, price),
    (2, asking_the_price),
    (5, eating_out),
    (1, offering),
)
