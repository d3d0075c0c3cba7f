"""When, where and how often: the words around a clause."""

from __future__ import annotations

import re
from collections.abc import Callable

from throughtime.corpora.phrasebook import clauses as c
from throughtime.corpora.phrasebook.clauses import Adverb, Form
from throughtime.corpora.phrasebook.draw import Draw
from throughtime.corpora.phrasebook.lexicon import rows
from throughtime.corpora.phrasebook.noun_phrases import NOTHING, Words, words
from throughtime.corpora.phrasebook.numbers import DAYS, clock_time, english_number, french_number


def _table(text: str) -> tuple[Words, ...]:
    return tuple(words(english, french) for english, french in rows(text))


_ON_DAYS = tuple(words(f"on {english}", french) for english, french in DAYS)
_DAYS_AGO = tuple(
    words(f"{english_number(n)} days ago", f"il y a {french_number(n)} jours") for n in range(2, 7)
)
_IN_DAYS = tuple(words(f"in {english_number(n)} days", f"dans {french_number(n)} jours") for n in range(2, 7))
HABITS = _table("""
every day     | tous les jours
every morning | tous les matins
every evening | tous les soirs
every week    | toutes les semaines
in the morning | le matin
in the evening | le soir
on Saturdays  | le samedi
on Sundays    | le dimanche
""")
NOW = _table("""
now           | maintenant
today         | aujourd'hui
at the moment | en ce moment
""")
_BEFORE = _table("""
yesterday         | hier
yesterday         | hier
yesterday morning | hier matin
last night        | hier soir
last week         | la semaine dernière
this morning      | ce matin
""")
BEFORE = (*_BEFORE, *_BEFORE, *_ON_DAYS, *_DAYS_AGO[:3])
_AFTER = _table("""
tomorrow         | demain
tomorrow         | demain
tomorrow morning | demain matin
tonight          | ce soir
next week        | la semaine prochaine
this afternoon   | cet après-midi
""")
AFTER = (*_AFTER, *_AFTER, *_ON_DAYS, *_IN_DAYS[:3])
LONG_BEFORE = (*_table("last year | l'année dernière\nlast month | le mois dernier"), *_BEFORE, *_DAYS_AGO)
LONG_AFTER = (*_table("next year | l'année prochaine\nnext month | le mois prochain"), *_AFTER, *_IN_DAYS)

ALWAYS, OFTEN = Adverb("always", "toujours"), Adverb("often", "souvent")
FREQUENCIES = (
    ALWAYS,
    OFTEN,
    OFTEN,
    Adverb("sometimes", "parfois"),
    Adverb("never", "jamais", negative=True),
    Adverb("no longer", "plus", negative=True),
)

AROUND = _table("""
in the kitchen   | dans la cuisine
in the garden    | dans le jardin
in the park      | dans le parc
at home          | à la maison
at school        | à l'école
at the office    | à le bureau
at the restaurant | à le restaurant
on the beach     | sur la plage
""")
INDOORS = (AROUND[0], AROUND[4], AROUND[6])
OUTDOORS = (AROUND[1], AROUND[2], AROUND[7])
_TIMES: dict[Form, tuple[Words, ...]] = {
    c.PRESENT: HABITS,
    c.PROGRESSIVE: NOW,
    c.PAST: BEFORE,
    c.STATE_PAST: _BEFORE[:4],
    c.WAS_DOING: _BEFORE[:4],
    c.PERFECT: (NOTHING,),
    c.FUTURE: AFTER,
    c.GOING_TO: AFTER,
    c.CAN: _AFTER,
    c.MUST: _AFTER,
    c.WANT: _AFTER,
    c.WOULD_LIKE: _AFTER,
}


_PART_OF_DAY = re.compile("morning|afternoon|evening|night")
_NO_DAY = re.compile(r"week|month|year|\bdays\b|now|moment")


def time_for(draw: Draw, form: Form, probability: float = 0.35) -> Words:
    """Choose a time that goes with a tense, or none."""
    return draw.choice(_TIMES[form]) if draw.happens(probability) else NOTHING


TimeChoice = Callable[[Draw, Form, float], Words]


def long_time_for(draw: Draw, form: Form, probability: float = 0.35) -> Words:
    """Choose a time that goes with a tense, months and years among them."""
    times = LONG_BEFORE if form is c.PAST else LONG_AFTER if form is c.FUTURE else _TIMES[form]
    return draw.choice(times) if draw.happens(probability) else NOTHING


def names_part_of_day(time: Words) -> bool:
    """Whether a time names the morning, the afternoon, the evening or the night."""
    return _PART_OF_DAY.search(time.en) is not None


def time_beside(draw: Draw, hour: Words, form: Form, probability: float) -> Words:
    """Choose a time that may stand beside an hour: a day or a part of it, neither a week nor now."""
    time = time_for(draw, form, probability)
    return NOTHING if hour is not NOTHING and _NO_DAY.search(time.en) else time


def at_the_hour(draw: Draw) -> Words:
    """Choose a time of day: `at half past six`, `à six heures et demie`."""
    english, french = clock_time(draw.between(1, 11), 5 * draw.between(0, 11))
    return words(f"at {english}", f"à {french}")


def both(first: Words, second: Words) -> Words:
    """Put one circumstance after another."""
    return words(f"{first.en} {second.en}".strip(), f"{first.fr} {second.fr}".strip())
