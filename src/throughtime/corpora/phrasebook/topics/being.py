"""Being: how people are and feel, their work, their age, and whom they resemble."""

from __future__ import annotations

from throughtime.corpora.phrasebook import adjectives, french, people, verbs
from throughtime.corpora.phrasebook import circumstances as when
from throughtime.corpora.phrasebook import clauses as c
from throughtime.corpora.phrasebook import nouns as n
from throughtime.corpora.phrasebook.clauses import Clause, Sentence
from throughtime.corpora.phrasebook.draw import Draw
from throughtime.corpora.phrasebook.english import article
from throughtime.corpora.phrasebook.lexicon import Adjective, Noun, rows
from throughtime.corpora.phrasebook.noun_phrases import NOTHING, Words, words
from throughtime.corpora.phrasebook.numbers import english_number, french_number
from throughtime.corpora.phrasebook.people import Subject
from throughtime.corpora.phrasebook.verbs import Verb, read_verb

_FORMS = (c.PRESENT, c.PRESENT, c.PRESENT, c.PRESENT, c.STATE_PAST, c.STATE_PAST, c.FUTURE)
_DEGREES = (("very ", "très "), ("really ", "vraiment "), ("too ", "trop "), ("", ""), ("", ""), ("", ""))
_FEELINGS = (
    Words("hungry", "faim", "hungry", "faim"),
    Words("thirsty", "soif", "thirsty", "soif"),
    Words("cold", "froid", "cold", "froid"),
    Words("hot", "chaud", "hot", "chaud"),
    Words("sleepy", "sommeil", "sleepy", "sommeil"),
    Words("afraid", "peur", "afraid", "peur"),
    Words("right", "raison", "right", "raison"),
    Words("wrong", "tort", "wrong", "tort"),
    Words("lucky", "de la chance", "lucky", "de chance"),
)
_FEARED = n.named(n.ANIMAL, "dog,cat,horse,bird,mouse,cow")


def degree(draw: Draw, gradual: bool) -> tuple[str, str]:
    """Choose a degree of an adjective, or none."""
    return draw.choice(_DEGREES) if gradual else ("", "")


def is_so(draw: Draw, subject: Subject, quality: Adjective, gradual: bool) -> Words:
    """Say an adjective of a subject, with a degree and with agreement."""
    en, fr = degree(draw, gradual)
    return words(f"{en}{quality.en}", f"{fr}{quality.agree(subject.feminine, subject.plural)}")


def state(draw: Draw) -> Sentence:
    """`Marie is tired.`, `Marie est fatiguée.`"""
    asked = draw.happens(0.25)
    subject, quality, form = people.subject(draw, asked), draw.choice(adjectives.STATES), draw.choice(_FORMS)
    gradual = quality in adjectives.GRADUAL_STATES
    adverb = draw.choice(when.FREQUENCIES) if form is c.PRESENT and gradual and draw.happens(0.2) else None
    negative = not asked and adverb is None and draw.happens(0.25)
    if asked and adverb:
        adverb = when.OFTEN
    said = is_so(draw, subject, quality, gradual and adverb is None)
    time = when.time_for(draw, form, 0.4) if form is not c.PRESENT else NOTHING
    clause = Clause(subject, verbs.BEING, form, said, time, negative, adverb)
    return c.said_or_asked(draw, clause, (f"{subject.key}+{quality.en}",), asked)


def quality(draw: Draw) -> Sentence:
    """`Your brother is very tall, Paul.`"""
    asked = draw.happens(0.2)
    subject, quality = people.subject(draw, asked), draw.choice(adjectives.QUALITIES)
    said = is_so(draw, subject, quality, quality in adjectives.GRADUAL)
    form = draw.choice((c.PRESENT, c.PRESENT, c.PRESENT, c.STATE_PAST))
    clause = Clause(subject, verbs.BEING, form, said, negative=not asked and draw.happens(0.25))
    return c.said_or_asked(draw, clause, (f"{subject.key}+{quality.en}",), asked)


def feeling(draw: Draw) -> Sentence:
    """`Are you hungry, children?`, which French has: `Est-ce que vous avez faim, les enfants ?`"""
    asked = draw.happens(0.25)
    subject, felt, form = people.subject(draw, asked), draw.choice(_FEELINGS), draw.choice(_FORMS)
    negative = not asked and draw.happens(0.25)
    bodily = felt in _FEELINGS[:5]
    very = bodily and draw.happens(0.3)
    phrase = words(f"very {felt.en}", f"très {felt.fr}") if very else felt
    time = when.time_for(draw, form, 0.3) if bodily and form is not c.PRESENT else NOTHING
    clause = Clause(subject, verbs.BEING_IN_NEED, form, phrase, time, negative)
    return c.said_or_asked(draw, clause, (f"{subject.key}+{felt.en}",), asked)


def fear(draw: Draw) -> Sentence:
    """`My aunt is afraid of dogs.`"""
    asked = draw.happens(0.2)
    subject, feared = people.subject(draw, asked), draw.choice(_FEARED)
    phrase = words(f"afraid of {feared.en_plural}", f"peur de les {feared.fr_plural}")
    form = draw.choice((c.PRESENT, c.PRESENT, c.STATE_PAST))
    clause = Clause(subject, verbs.BEING_IN_NEED, form, phrase, negative=not asked and draw.happens(0.25))
    return c.said_or_asked(draw, clause, (f"{subject.key}+afraid+{feared.en}",), asked)


_PROFESSIONS = tuple(
    (english, *french_forms.split())
    for english, french_forms in rows("""
doctor     | médecin médecin
teacher    | professeur professeur
nurse      | infirmier infirmière
baker      | boulanger boulangère
lawyer     | avocat avocate
farmer     | agriculteur agricultrice
singer     | chanteur chanteuse
student    | étudiant étudiante
actor      | acteur actrice
journalist | journaliste journaliste
dentist    | dentiste dentiste
musician   | musicien musicienne
engineer   | ingénieur ingénieure
""")
)
_BECOMING = read_verb("become became become becoming", "devenir")


def profession(draw: Draw) -> Sentence:
    """`My uncle is a doctor.`, without an article in French."""
    asked = draw.happens(0.2)
    subject, becoming = people.one_person(draw, asked), draw.happens(0.3)
    english, masculine, feminine = draw.choice(_PROFESSIONS)
    phrase = words(f"{article(english)} {english}", feminine if subject.feminine else masculine)
    form = draw.choice((c.WANT, c.WANT, c.WOULD_LIKE) if becoming else (c.PRESENT, c.PRESENT, c.STATE_PAST))
    verb = _BECOMING if becoming else verbs.BEING
    clause = Clause(subject, verb, form, phrase, negative=not asked and draw.happens(0.2))
    return c.said_or_asked(draw, clause, (f"{subject.key}+{english}",), asked)


def age(draw: Draw) -> Sentence:
    """`My sister is twelve years old.`, `Ma sœur a douze ans.`"""
    subject, years = people.one_person(draw, asked=False), draw.between(5, 99)
    form = draw.choice((c.PRESENT, c.PRESENT, c.FUTURE))
    phrase = words(f"{english_number(years)} years old", f"{french_number(years)} ans")
    clause = Clause(subject, verbs.BEING_IN_NEED, form, phrase)
    return c.state(draw, clause, (f"{subject.key}+{years}",))


def _limb(english_owner: str, part: Noun) -> tuple[str, str, bool]:
    """Name what hurts: `my feet`, `aux pieds`; eyes, ears, legs and the like hurt in pairs."""
    paired = part.en in ("foot", "eye", "ear", "leg", "tooth", "knee")
    english = f"{english_owner} {part.en_plural if paired else part.en}"
    determiner = french.DEFINITE.agree(part.fr, part.feminine, paired)
    return english, f"à {determiner} {part.fr_plural if paired else part.fr}", paired


def pain(draw: Draw) -> Sentence:
    """`My head hurts.`, `J'ai mal à la tête.`"""
    asked = draw.happens(0.25)
    subject, part = people.one_person(draw, asked), draw.choice(n.BODY)
    english, french_part, plural = _limb(people.possessive(subject), part)
    form = draw.choice((c.PRESENT, c.PRESENT, c.WAS_DOING))
    negative = not asked and draw.happens(0.2)
    hurting = subject._replace(en=english, person=people.ILS if plural else people.IL)
    suffering = Clause(subject, verbs.BEING_IN_NEED, form, words("", f"mal {french_part}"), negative=negative)
    spoken = Clause(hurting, _HURTING, form, negative=negative)
    en = c.say_english(spoken, asked) if asked else c.spoken(draw, c.say_english(spoken))
    fr = ("est-ce que " if asked else "") + c.say_french(suffering)
    return c.sentence(en, fr, (f"{subject.key}+{part.en}",), "?" if asked else ".", subject.addressee)


_HURTING: Verb = read_verb("hurt hurt hurt hurting", "avoir")


def comparing(draw: Draw) -> Sentence:
    """`Thomas is taller than his brother.`"""
    subject, quality = people.somebody(draw), draw.choice(adjectives.COMPARED_QUALITIES)
    en, fr = draw.choice(
        ((f"{quality.comparative} than", "plus {} que"), (f"as {quality.en} as", "aussi {} que"))
    )
    than = _than(draw, subject)
    agreed = quality.agree(subject.feminine, subject.plural)
    phrase = words(f"{en} {than.en}", f"{fr.format(agreed)} {than.fr}")
    clause = Clause(subject, verbs.BEING, c.PRESENT, phrase, negative=draw.happens(0.2))
    return c.state(draw, clause, (f"{subject.key}+{quality.en}",))


def _than(draw: Draw, subject: Subject) -> Words:
    if draw.happens(0.4):
        return draw.choice(_THAN_ME[subject.person in (people.JE, people.NOUS) :])
    if draw.happens(0.4):
        other = people.somebody_named(draw)
        return _than(draw, subject) if other.en in subject.en else words(other.en, other.fr)
    relative = people.relative_of(subject.owner, subject.person, draw.choice(n.RELATIVE))
    return _than(draw, subject) if relative.key == subject.key else words(relative.en, relative.fr)


_THAN_ME = (words("me", "moi"), words("him", "lui"), words("her", "elle"), words("them", "eux"))

TEMPLATES = (
    (8, state),
    (4, quality),
    (4, feeling),
    (1, fear),
    (3, profession),
    (2, age),
    (3, pain),
    (3, comparing),
)
