"""Talking: greetings, opinions, reasons, and questions with a question word."""

from __future__ import annotations

from throughtime.corpora.phrasebook import adjectives, french, people, verbs
from throughtime.corpora.phrasebook import circumstances as when
from throughtime.corpora.phrasebook import clauses as c
from throughtime.corpora.phrasebook.clauses import Clause, Sentence
from throughtime.corpora.phrasebook.draw import Draw
from throughtime.corpora.phrasebook.lexicon import Adjective, rows
from throughtime.corpora.phrasebook.noun_phrases import (
    NOTHING,
    Head,
    Words,
    agree,
    head_of,
    indefinite,
    known,
    own,
    words,
)
from throughtime.corpora.phrasebook.people import Addressee, Subject
from throughtime.corpora.phrasebook.phrases import PHRASES
from throughtime.corpora.phrasebook.topics.being import is_so
from throughtime.corpora.phrasebook.topics.doing import FORMS
from throughtime.corpora.phrasebook.verbs import Action

_AUDIENCES: dict[str, tuple[Addressee, ...]] = {
    "tu": people.FAMILIAR,
    "vous": people.POLITE,
    "all": people.FAMILIAR + people.POLITE,
}
_SAID_TO = tuple((phrase, _AUDIENCES[phrase.audience]) for phrase in PHRASES if phrase.audience)


def _states(names: str) -> tuple[Adjective, ...]:
    return tuple(state for state in adjectives.STATES if state.en in names.split())


def _happenings(names: str) -> tuple[Action, ...]:
    return tuple(action for action in verbs.HAPPENING if action.verb.en.base in names.split())


def addressed_phrase(draw: Draw) -> Sentence:
    """Say a fixed phrase to somebody: `Thank you very much, madam.`"""
    phrase, audience = draw.choice(_SAID_TO)
    whom, mark = draw.choice(audience), phrase.en[-1]
    en, fr = phrase.en[:-1], phrase.fr.rstrip(".?! ")
    return c.sentence(en, fr, (f"{phrase.en}&{whom.en}",), mark, whom)


def how_are(draw: Draw) -> Sentence:
    """`How is your sister, Paul?`, `Comment va ta sœur, Paul ?`"""
    if draw.happens(0.3):
        whom = draw.choice(people.ADDRESSEES)
        go = "vas-tu" if whom.person == people.TU else "allez-vous"
        return c.sentence("how are you", f"comment {go}", (f"how+{whom.en}",), "?", whom)
    subject = people.your_relative(draw) if draw.happens(0.8) else draw.choice(people.NAMED)
    be, go = ("are", "vont") if subject.plural else ("is", "va")
    key = (f"how+{subject.en}",)
    return c.sentence(f"how {be} {subject.en}", f"comment {go} {subject.fr}", key, "?", subject.addressee)


_OPINIONS = tuple(
    words(english_words, french_words)
    for english_words, french_words in rows("""
I think that         | je pense que
I know that          | je sais que
I am sure that       | je suis sûr que
he says that         | il dit que
she says that        | elle dit que
Marie thinks that    | Marie pense que
Paul thinks that     | Paul pense que
my mother says that  | ma mère dit que
we know that         | nous savons que
they think that      | ils pensent que
""")
)


def opinion(draw: Draw) -> Sentence:
    """`I think that Paul is tired.`"""
    opening, subject = draw.choice(_OPINIONS), people.somebody(draw)
    if subject.en in opening.en:
        return opinion(draw)
    quality = draw.choice((*adjectives.STATES, *adjectives.QUALITIES))
    gradual = quality in adjectives.GRADUAL_STATES or quality in adjectives.GRADUAL
    said = is_so(draw, subject, quality, gradual)
    form = draw.choice((c.PRESENT, c.PRESENT, c.FUTURE)) if quality in adjectives.STATES else c.PRESENT
    clause = Clause(subject, verbs.BEING, form, said, negative=draw.happens(0.2))
    en = c.spoken(draw, f"{opening.en} {c.say_english(clause)}")
    fr = f"{opening.fr} {c.say_french(clause)}"
    return c.sentence(en, fr, (f"{subject.key}+{quality.en}",), ".", subject.addressee)


def _some(_: Subject, head: Head) -> Words:
    return indefinite(head)


_MISFORTUNES = (_states("sad angry worried nervous"), _happenings("lose forget break"), own)
_FORTUNES = (_states("happy surprised"), _happenings("find receive"), _some)


def reason(draw: Draw) -> Sentence:
    """`Julie is sad because she has lost her key.`"""
    moods, actions, determine = draw.choice((_MISFORTUNES, _MISFORTUNES, _FORTUNES))
    subject, mood, action = people.somebody(draw), draw.choice(moods), draw.choice(actions)
    again = people.pronoun_for(subject)
    head = head_of(draw, draw.choice(action.objects), described=0.15, plural=0.15)
    cause = Clause(again, action.verb, draw.choice((c.PERFECT, c.PAST)), determine(again, head))
    keys = (f"{action.verb.en.base}+{head.noun.en}", *head.keys)
    return _because(draw, subject, mood, cause, keys)


def worry(draw: Draw) -> Sentence:
    """`My parents are worried because my brother is late.`"""
    subject, mood = people.somebody(draw), draw.choice(_MISFORTUNES[0])
    other, trouble = people.somebody_named(draw), draw.choice(_TROUBLES)
    if other.en in subject.en:
        return worry(draw)
    said = words(trouble.en, trouble.agree(other.feminine, other.plural))
    return _because(
        draw, subject, mood, Clause(other, verbs.BEING, c.PRESENT, said), (f"{other.key}+{trouble.en}",)
    )


_TROUBLES = _states("ill late alone lost tired sad angry")


def _because(draw: Draw, subject: Subject, mood: Adjective, cause: Clause, keys: tuple[str, ...]) -> Sentence:
    agreed = mood.agree(subject.feminine, subject.plural)
    feeling = Clause(subject, verbs.BEING, c.PRESENT, words(mood.en, agreed))
    en = c.spoken(draw, f"{c.say_english(feeling)} because {c.say_english(cause)}")
    fr = f"{c.say_french(feeling)} parce que {c.say_french(cause)}"
    return c.sentence(en, fr, (f"{subject.key}+{mood.en}", *keys), ".", subject.addressee)


def asking_what(draw: Draw) -> Sentence:
    """`What did you buy yesterday, Paul?`, `Qu'est-ce que tu as acheté hier, Paul ?`"""
    subject, verb, form = people.somebody_asked_about(draw), draw.choice(verbs.DOING).verb, draw.choice(FORMS)
    clause = Clause(subject, verb, form, NOTHING, when.time_for(draw, form, 0.4))
    return c.ask(clause, (f"what+{subject.key}+{verb.en.base}",), ("what", "que"))


def asking_who(draw: Draw) -> Sentence:
    """`Who broke this glass?`, `Qui a cassé ce verre ?`"""
    action = draw.choice((*verbs.DOING, *verbs.TREATING, *verbs.HAPPENING))
    head = head_of(draw, draw.choice(action.objects), described=0.2)
    willed = (c.PAST, c.PAST, c.PROGRESSIVE, c.GOING_TO, c.CAN, c.WANT)
    form = c.PAST if action in verbs.HAPPENING else draw.choice(willed)
    clause = Clause(people.WHO, action.verb, form, known(draw, people.WHO, head))
    return c.ask(clause, (f"{action.verb.en.base}+{head.noun.en}", *head.keys))


def asking_where(draw: Draw) -> Sentence:
    """`Where does your brother work, Paul?`"""
    subject = people.somebody_asked_about(draw)
    verb = draw.choice((verbs.LIVING, verbs.WORKING, *verbs.LASTING))
    form = draw.choice((c.PRESENT, c.PRESENT, c.PAST, c.WANT, c.GOING_TO, c.PROGRESSIVE))
    if verb is verbs.LIVING and form in (c.PAST, c.PROGRESSIVE):
        form = c.PRESENT
    clause = Clause(subject, verb, form)
    return c.ask(clause, (f"where+{subject.key}+{verb.en.base}",), ("where", "où"))


def asking_when(draw: Draw) -> Sentence:
    """`When are you going to leave, my friends?`"""
    subject, verb = people.somebody_asked_about(draw), draw.choice((*verbs.MOVING, *verbs.REFLEXIVE))
    form = draw.choice((c.PRESENT, c.PAST, c.FUTURE, c.GOING_TO, c.WANT))
    question = draw.choice((("when", "quand"), ("when", "quand"), ("what time", "à quelle heure")))
    return c.ask(Clause(subject, verb, form), (f"{question[0]}+{subject.key}+{verb.en.base}",), question)


def asking_why(draw: Draw) -> Sentence:
    """`Why are you sad, Marie?`"""
    subject, quality = people.somebody_asked_about(draw), draw.choice(adjectives.GRADUAL_STATES)
    said = is_so(draw, subject, quality, gradual=draw.happens(0.3))
    clause = Clause(subject, verbs.BEING, draw.choice((c.PRESENT, c.PRESENT, c.STATE_PAST)), said)
    return c.ask(clause, (f"{subject.key}+{quality.en}",), ("why", "pourquoi"))


def asking_which(draw: Draw) -> Sentence:
    """`Which dress do you prefer, Marie?`, `Quelle robe est-ce que tu préfères, Marie ?`"""
    subject, action = people.somebody_asked_about(draw), draw.choice(verbs.CHOSEN)
    head = head_of(draw, draw.choice(action.objects), described=0.2)
    form = c.PRESENT if action.verb is verbs.PREFERRING else draw.choice((c.WANT, c.GOING_TO))
    asked = (f"which {head.en}", agree(french.INTERROGATIVE, head))
    keys = (f"{action.verb.en.base}+{head.noun.en}", *head.keys)
    return c.ask(Clause(subject, action.verb, form), keys, asked)


def asking_how_many(draw: Draw) -> Sentence:
    """`How many books do you have, Paul?`, `Combien de livres est-ce que tu as, Paul ?`"""
    subject = people.somebody_asked_about(draw)
    action = draw.choice((verbs.HAVING, verbs.WANTING, *verbs.CHOSEN[1:]))
    head = Head(draw.choice(action.objects), None, True)
    if head.noun.mass:
        return asking_how_many(draw)
    form = c.PRESENT if action in (verbs.HAVING, verbs.WANTING) else draw.choice((c.WANT, c.GOING_TO))
    asked = (f"how many {head.en}", f"combien de {head.fr}")
    keys = (f"{action.verb.en.base}+{head.noun.en}",)
    return c.ask(Clause(subject, action.verb, form), keys, asked)


def asking_age(draw: Draw) -> Sentence:
    """`How old is your sister, Paul?`, `Quel âge a ta sœur, Paul ?`"""
    subject = people.your_relative(draw) if draw.happens(0.8) else draw.choice(people.NAMED)
    be, have = ("are", "ont") if subject.plural else ("is", "a")
    key = (f"age+{subject.en}",)
    return c.sentence(
        f"how old {be} {subject.en}", f"quel âge {have} {subject.fr}", key, "?", subject.addressee
    )


def naming(draw: Draw) -> Sentence:
    """`My brother's name is Lucas.`, `Mon frère s'appelle Lucas.`"""
    subject, name = people.one_person(draw, asked=False), draw.choice(people.NAMED)
    fits = name.feminine == subject.feminine and subject.key != "you" and subject not in people.NAMED
    if not fits and subject is not people.MYSELF:
        return naming(draw)
    calling = Clause(subject, _BEING_CALLED, c.PRESENT, words("", name.fr))
    en = f"{people.possessive(subject)} name is {name.en}"
    return c.sentence(en, c.say_french(calling), (f"{subject.key}+{name.en}",), ".", subject.addressee)


_BEING_CALLED = verbs.read_verb("call", "s'appeler")

TEMPLATES = (
    (3, addressed_phrase),
    (1, how_are),
    (4, opinion),
    (4, reason),
    (2, worry),
    (2, asking_what),
    (2, asking_who),
    (2, asking_where),
    (2, asking_when),
    (2, asking_why),
    (2, asking_which),
    (2, asking_how_many),
    (1, asking_age),
    (1, naming),
)
