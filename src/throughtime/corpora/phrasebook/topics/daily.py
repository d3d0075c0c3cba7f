"""The day: what people do without an object, together, and to one another."""

from __future__ import annotations

from throughtime.corpora.phrasebook import circumstances as when
from throughtime.corpora.phrasebook import clauses as c
from throughtime.corpora.phrasebook import people, verbs
from throughtime.corpora.phrasebook.clauses import Clause, Sentence
from throughtime.corpora.phrasebook.draw import Draw
from throughtime.corpora.phrasebook.noun_phrases import NOTHING, Words, words
from throughtime.corpora.phrasebook.verbs import Verb

_FORMS_IN_PROGRESS = (
    *(c.PROGRESSIVE, c.PROGRESSIVE, c.PAST, c.PAST, c.PAST),
    *(c.GOING_TO, c.GOING_TO, c.WANT, c.WANT, c.WOULD_LIKE),
)
_FORMS = (c.PRESENT, c.PRESENT, c.PRESENT, c.PRESENT, *_FORMS_IN_PROGRESS)
_FORMS_OF_MOVING = (c.PAST, c.PAST, c.PAST, c.FUTURE, c.FUTURE, c.GOING_TO, c.PROGRESSIVE, c.WANT)
_FORMS_OF_MEETING = {
    "see": (c.PRESENT, c.PAST, c.PAST, c.PERFECT, c.GOING_TO, c.CAN, c.WANT),
    "know": (c.PRESENT, c.PRESENT, c.STATE_PAST),
}
_MANNERS = {
    "work": ("a lot", "beaucoup"),
    "sleep": ("well", "bien"),
    "sing": ("well", "bien"),
    "dance": ("well", "bien"),
    "swim": ("fast", "vite"),
    "run": ("fast", "vite"),
    "walk": ("slowly", "lentement"),
    "study": ("a lot", "beaucoup"),
    "cook": ("well", "bien"),
}
_PLACES = {
    "work": when.AROUND,
    "sleep": when.AROUND,
    "sing": when.AROUND,
    "dance": when.AROUND,
    "run": when.OUTDOORS,
    "walk": when.OUTDOORS,
    "study": when.AROUND,
    "cook": when.INDOORS,
    "wait": when.AROUND,
}
_AT_A_TIME = (words("early", "tôt"), words("late", "tard"))


def lasting(draw: Draw) -> Sentence:
    """`My father works at home.`"""
    asked = draw.happens(0.22)
    verb, form = draw.choice(verbs.LASTING), draw.choice(_FORMS)
    subject = people.subject(draw, asked)
    negative = not asked and draw.happens(0.25)
    around = draw.choice(_PLACES.get(verb.en.base, (NOTHING,))) if draw.happens(0.6) else NOTHING
    circumstance = when.both(around, when.time_for(draw, form, 0.5))
    if form is c.PRESENT and draw.happens(0.4):
        circumstance = words(*_MANNERS.get(verb.en.base, ("every day", "tous les jours")))
    clause = Clause(subject, verb, form, NOTHING, circumstance, negative)
    return c.said_or_asked(draw, clause, (f"{subject.key}+{verb.en.base}",), asked)


def moving(draw: Draw) -> Sentence:
    """`Alice arrived yesterday.`, with `être` and its agreement in French: `Alice est arrivée hier.`"""
    return _coming_and_going(draw, draw.choice(verbs.MOVING))


def reflexive(draw: Draw) -> Sentence:
    """`I got up early this morning.`"""
    return _coming_and_going(draw, draw.choice(verbs.REFLEXIVE))


def _coming_and_going(draw: Draw, verb: Verb) -> Sentence:
    asked = draw.happens(0.22)
    form, subject = draw.choice(_FORMS_OF_MOVING), people.subject(draw, asked)
    hour = _hour(draw, verb, 0.6)
    time = when.time_beside(draw, hour, form, 0.6)
    negative = not asked and draw.happens(0.2)
    clause = Clause(subject, verb, form, NOTHING, when.both(hour, time), negative)
    return c.said_or_asked(draw, clause, (f"{subject.key}+{verb.en.base}",), asked)


def _hour(draw: Draw, verb: Verb, probability: float) -> Words:
    if verb.en.base in verbs.AT_NO_HOUR or not draw.happens(probability):
        return NOTHING
    return draw.choice(_AT_A_TIME) if draw.happens(0.5) else when.at_the_hour(draw)


def regularly(draw: Draw) -> Sentence:
    """`She always gets up at seven o'clock.`"""
    asked = draw.happens(0.2)
    verb = draw.choice(verbs.REGULAR)
    subject = people.subject(draw, asked)
    adverb = when.OFTEN if asked else draw.choice((*when.FREQUENCIES[:5], None, None))
    hour = _hour(draw, verb, 1.0)
    time = draw.choice(when.HABITS[:3]) if adverb is None else NOTHING
    clause = Clause(subject, verb, c.PRESENT, NOTHING, when.both(hour, time), adverb=adverb)
    return c.said_or_asked(draw, clause, (f"{subject.key}+{verb.en.base}",), asked)


def routine(draw: Draw) -> Sentence:
    """`Did you have breakfast this morning, Paul?`"""
    asked = draw.happens(0.22)
    routine = draw.choice(verbs.ROUTINES)
    form, subject = draw.choice(_FORMS), people.subject(draw, asked)
    negative = not asked and draw.happens(0.25)
    often = form is c.PRESENT and draw.happens(0.5)
    done = Words(routine.en, routine.fr, routine.en, routine.fr_negative)
    time = NOTHING if often else when.time_for(draw, form, 0.6 if form is not c.PRESENT else 1.0)
    if routine.en in verbs.MEALS and when.names_part_of_day(time):
        time = NOTHING
    adverb = when.OFTEN if asked or negative else draw.choice(when.FREQUENCIES)
    clause = Clause(subject, routine.verb, form, done, time, negative, adverb if often else None)
    return c.said_or_asked(draw, clause, (f"{subject.key}+{routine.en}",), asked)


def meeting(draw: Draw) -> Sentence:
    """`We didn't see her yesterday.`, with agreement in French: `Nous ne l'avons pas vue hier.`"""
    asked = draw.happens(0.2)
    verb = draw.choice(verbs.MEETING)
    forms = _FORMS_OF_MEETING.get(verb.en.base, _FORMS_IN_PROGRESS)
    form, subject = draw.choice(forms), people.subject(draw, asked)
    pronoun = people.object_pronoun(draw, subject)
    negative = not asked and draw.happens(0.25)
    time = NOTHING if form in (c.PRESENT, c.STATE_PAST) else when.time_for(draw, form, 0.3)
    clause = Clause(subject, verb, form, NOTHING, time, negative, pronoun=pronoun)
    combination = f"{subject.key}+{verb.en.base}+{pronoun.en}"
    return c.said_or_asked(draw, clause, (combination,), asked)


TEMPLATES = (
    (9, lasting),
    (4, moving),
    (4, reflexive),
    (4, regularly),
    (5, routine),
    (7, meeting),
)
