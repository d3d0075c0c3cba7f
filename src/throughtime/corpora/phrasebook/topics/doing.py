"""Doing things: actions on objects, giving, liking, having, and orders."""

from __future__ import annotations

from collections.abc import Callable

from throughtime.corpora.phrasebook import circumstances as when
from throughtime.corpora.phrasebook import clauses as c
from throughtime.corpora.phrasebook import nouns, people, verbs
from throughtime.corpora.phrasebook.clauses import Clause, Form, Sentence
from throughtime.corpora.phrasebook.draw import Draw
from throughtime.corpora.phrasebook.lexicon import Noun
from throughtime.corpora.phrasebook.noun_phrases import (
    NOTHING,
    Head,
    Words,
    any_object,
    bare,
    counted,
    head_of,
    in_general,
    indefinite,
    known,
    many,
    own,
    words,
)
from throughtime.corpora.phrasebook.people import Subject
from throughtime.corpora.phrasebook.verbs import Action, Verb

Determine = Callable[[Draw, Subject, Head], Words]

FORMS = (
    *(c.PROGRESSIVE, c.PROGRESSIVE, c.PROGRESSIVE, c.PAST, c.PAST, c.PAST, c.PAST, c.PERFECT),
    *(c.GOING_TO, c.GOING_TO, c.GOING_TO, c.WANT, c.WANT, c.WOULD_LIKE, c.CAN),
)
_FORMS_OF_ACCIDENTS = (c.PAST, c.PAST, c.PAST, c.PERFECT, c.GOING_TO)
_FORMS_OF_HAVING = (c.PRESENT, c.PRESENT, c.PRESENT, c.STATE_PAST, c.FUTURE)
_FORMS_OF_WISHES = (c.PRESENT, c.PRESENT, c.PRESENT, c.STATE_PAST)
_LOSSES = ("lose", "forget")


def who_does(draw: Draw, form: Form, asked: bool) -> Subject:
    """Choose a subject; only with `can` does one ask about oneself."""
    if asked and form is c.CAN and draw.happens(0.5):
        return draw.choice((people.MYSELF, people.OURSELVES))
    return people.subject(draw, asked)


def keys(verb: Verb, head: Head) -> tuple[str, ...]:
    """Name the combinations of a verb, its object and the adjective of that."""
    return (f"{verb.en.base}+{head.noun.en}", *head.keys)


def _timed(draw: Draw, verb: Verb, form: Form) -> Words:
    """Choose a time; a past that looks like its present (read) always gets one."""
    return when.time_for(draw, form, 1.0 if verb.en.past == verb.en.base and form is c.PAST else 0.4)


def _object(draw: Draw, action: Action, subject: Subject) -> Noun:
    """Choose an object; dresses and skirts are for women."""
    noun = draw.choice(action.objects)
    unfit = noun.en in ("dress", "skirt") and not subject.feminine
    return _object(draw, action, subject) if unfit else noun


def _act(draw: Draw, action: Action, forms: tuple[Form, ...], determine: Determine) -> Sentence:
    asked = draw.happens(0.22)
    form = draw.choice(forms)
    subject = who_does(draw, form, asked)
    head = head_of(draw, _object(draw, action, subject))
    chosen = determine(draw, subject, head)
    negative = not asked and draw.happens(0.22)
    clause = Clause(subject, action.verb, form, chosen, _timed(draw, action.verb, form), negative)
    return c.said_or_asked(draw, clause, keys(action.verb, head), asked)


def doing(draw: Draw) -> Sentence:
    """`Marie is buying a red dress.`"""
    return _act(draw, draw.choice(verbs.DOING), FORMS, any_object)


def treating(draw: Draw) -> Sentence:
    """`My father didn't clean the kitchen.`"""
    return _act(draw, draw.choice(verbs.TREATING), FORMS, known)


def future(draw: Draw) -> Sentence:
    """`I will bring a cake tomorrow.`"""
    return _act(draw, draw.choice(verbs.PLANNED), (c.FUTURE,), any_object)


def background(draw: Draw) -> Sentence:
    """`She was reading a magazine last night.`"""
    return _act(draw, draw.choice(verbs.GOING_ON), (c.WAS_DOING,), any_object)


def having_to(draw: Draw) -> Sentence:
    """`You must not open that box, Paul.`"""
    action = draw.choice(verbs.DOING + verbs.TREATING)
    subject = people.somebody(draw)
    head = head_of(draw, _object(draw, action, subject))
    time = when.time_for(draw, c.MUST)
    clause = Clause(subject, action.verb, c.MUST, known(draw, subject, head), time, draw.happens(0.3))
    return c.state(draw, clause, keys(action.verb, head))


def happening(draw: Draw) -> Sentence:
    """`Julie has lost her umbrella.`"""
    action = draw.choice(verbs.HAPPENING)
    determine = known if action.verb.en.base in _LOSSES else any_object
    return _act(draw, action, _FORMS_OF_ACCIDENTS, determine)


def habit(draw: Draw) -> Sentence:
    """`We never eat meat.`"""
    action = draw.choice(verbs.HABITUAL)
    asked = draw.happens(0.22)
    subject = who_does(draw, c.PRESENT, asked)
    head = head_of(draw, _object(draw, action, subject), described=0.15, plural=1.0)
    negative = not asked and draw.happens(0.25)
    adverb = when.OFTEN if asked or negative else draw.choice(when.FREQUENCIES)
    by_adverb = draw.happens(0.6)
    time = NOTHING if by_adverb else draw.choice(when.HABITS)
    clause = Clause(
        subject, action.verb, c.PRESENT, bare(head), time, negative, adverb if by_adverb else None
    )
    return c.said_or_asked(draw, clause, keys(action.verb, head), asked)


def _state_of(draw: Draw, action: Action, forms: tuple[Form, ...], chosen: Words, head: Head) -> Sentence:
    asked = draw.happens(0.25)
    subject = people.subject(draw, asked)
    if asked:
        chosen = chosen._replace(en=chosen.en_negative)
    clause = Clause(
        subject, action.verb, draw.choice(forms), chosen, negative=not asked and draw.happens(0.3)
    )
    return c.said_or_asked(draw, clause, keys(action.verb, head), asked)


def having(draw: Draw) -> Sentence:
    """`I don't have a car.`"""
    action = verbs.HAVING
    head = head_of(draw, draw.choice(action.objects), plural=0.4)
    chosen = indefinite(head)
    if head.plural and draw.happens(0.6):
        chosen = counted(draw.between(2, 12), head) if draw.happens(0.7) else many(head)
    return _state_of(draw, action, _FORMS_OF_HAVING, chosen, head)


def wanting(draw: Draw) -> Sentence:
    """`Do you want some coffee, Paul?`"""
    action = verbs.WANTING
    head = head_of(draw, draw.choice(action.objects))
    chosen = counted(draw.between(2, 6), head) if head.plural and draw.happens(0.5) else indefinite(head)
    return _state_of(draw, action, _FORMS_OF_WISHES, chosen, head)


def needing(draw: Draw) -> Sentence:
    """`He needs a pen.`, which takes `de` in French: `Il a besoin d'un stylo.`"""
    action = verbs.NEEDING
    head = head_of(draw, draw.choice(action.objects))
    chosen = indefinite(head)
    french = chosen.fr_negative if head.plural or head.noun.mass else f"de {chosen.fr}"
    needed = Words(chosen.en, f"besoin {french}", chosen.en_negative, f"besoin {french}")
    return _state_of(draw, action, _FORMS_OF_HAVING, needed, head)


_LIKED = (*nouns.FOOD, *nouns.DRINK, *nouns.ANIMAL, *nouns.FLOWER)


def liking(draw: Draw) -> Sentence:
    """`My sister hates cheese.`"""
    noun = draw.choice(_LIKED)
    return _liking(draw, in_general(noun), noun.en)


def liking_to_do(draw: Draw) -> Sentence:
    """`Thomas likes swimming.`"""
    if draw.happens(0.5):
        verb = draw.choice(verbs.PASTIMES)
        return _liking(draw, words(verb.en.gerund, verb.fr.infinitive), verb.en.base)
    routine = draw.choice(verbs.GAMES)
    english = f"{routine.verb.en.gerund} {routine.en}"
    return _liking(draw, words(english, f"{routine.verb.fr.infinitive} {routine.fr}"), routine.en)


def _liking(draw: Draw, liked: Words, key: str) -> Sentence:
    asked = draw.happens(0.25)
    subject = people.subject(draw, asked)
    negative = not asked and draw.happens(0.25)
    verb = verbs.LIKING[0] if negative else draw.choice(verbs.LIKING)
    clause = Clause(subject, verb, draw.choice(_FORMS_OF_WISHES), liked, negative=negative)
    return c.said_or_asked(draw, clause, (f"{verb.en.base}+{key}",), asked)


def giving(draw: Draw) -> Sentence:
    """`Lucas gave a book to his sister.`"""
    asked = draw.happens(0.15)
    form = draw.choice(FORMS)
    subject, action = who_does(draw, form, asked), draw.choice(verbs.GIVING)
    recipient = _recipient(draw, subject)
    head = head_of(draw, draw.choice(action.objects), described=0.2, plural=0.15)
    gift = own(subject, head) if draw.happens(0.4) else indefinite(head)
    to = words(f"to {recipient.en}", f"à {recipient.fr}")
    clause = Clause(subject, action.verb, form, gift, to, negative=not asked and draw.happens(0.15))
    return c.said_or_asked(draw, clause, (*keys(action.verb, head), f"to+{recipient.key}"), asked)


def _recipient(draw: Draw, subject: Subject) -> Subject:
    """Choose who receives: a relative of the subject's own, or somebody of another name."""
    if draw.happens(0.6):
        return people.relative_of(
            subject.owner, subject.person, draw.choice(nouns.RELATIVE + nouns.RELATIVES)
        )
    recipient = people.somebody_named(draw)
    return _recipient(draw, subject) if recipient.en in subject.en else recipient


def giving_them(draw: Draw) -> Sentence:
    """`I will give you my key, Paul.`"""
    asked = draw.happens(0.15)
    form = draw.choice(FORMS)
    subject, action = who_does(draw, form, asked), draw.choice(verbs.GIVING)
    pronoun = people.indirect(people.object_pronoun(draw, subject))
    head = head_of(draw, draw.choice(action.objects), described=0.2, plural=0.15)
    gift = own(subject, head) if draw.happens(0.3) else indefinite(head)
    negative = not asked and draw.happens(0.2)
    clause = Clause(subject, action.verb, form, gift, negative=negative, pronoun=pronoun)
    return c.said_or_asked(
        draw, clause, (*keys(action.verb, head), f"{action.verb.en.base}+{pronoun.en}"), asked
    )


def ordering(draw: Draw) -> Sentence:
    """`Don't open the window, children!`"""
    action = draw.choice(verbs.ORDERED)
    whom = draw.choice(people.ADDRESSEES)
    head = head_of(draw, draw.choice(action.objects), described=0.2)
    negative = draw.happens(0.35)
    what = known(draw, people.YOU_ORDERED[whom.person], head)
    return c.order(action.verb, what, whom, keys(action.verb, head), negative)


TEMPLATES = (
    (12, doing),
    (6, treating),
    (3, future),
    (3, background),
    (3, having_to),
    (5, happening),
    (5, habit),
    (4, having),
    (4, wanting),
    (2, needing),
    (3, liking),
    (2, liking_to_do),
    (3, giving),
    (3, giving_them),
    (4, ordering),
)
