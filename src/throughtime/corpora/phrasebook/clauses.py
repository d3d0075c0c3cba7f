"""A clause said in both languages: tense, negation, question, and the place of everything around the verb."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from throughtime.corpora.phrasebook import english, french
from throughtime.corpora.phrasebook.draw import Draw
from throughtime.corpora.phrasebook.english import Finite
from throughtime.corpora.phrasebook.french import FrenchVerb
from throughtime.corpora.phrasebook.lexicon import EnglishVerb
from throughtime.corpora.phrasebook.noun_phrases import NOTHING, Words
from throughtime.corpora.phrasebook.people import Addressee, Pronoun, Subject
from throughtime.corpora.phrasebook.verbs import Verb


class Sentence(NamedTuple):
    """A pair of sentences and the combinations of words that it teaches."""

    en: str
    fr: str
    combinations: tuple[str, ...]


class Agreement(NamedTuple):
    """Gender and number that a French participle takes on."""

    feminine: bool
    plural: bool


class Verbal(NamedTuple):
    """A French verb in one tense: what `ne … pas` surrounds, and the participle or infinitive after it."""

    finite: str
    rest: str = ""
    pronoun_before_rest: bool = False


class Form(NamedTuple):
    """A tense or mood: the English verb and the French one."""

    english: Callable[[EnglishVerb, int], Finite]
    french: Callable[[FrenchVerb, int, Agreement], Verbal]


class Adverb(NamedTuple):
    """An adverb inside the verb; one that is negative takes the place of `pas`."""

    en: str
    fr: str
    negative: bool = False


def _present(verb: FrenchVerb, person: int, agreement: Agreement) -> Verbal:
    return Verbal(verb.present[person])


def _imperfect(verb: FrenchVerb, person: int, agreement: Agreement) -> Verbal:
    return Verbal(french.imperfect(verb, person))


def _future(verb: FrenchVerb, person: int, agreement: Agreement) -> Verbal:
    return Verbal(french.future(verb, person))


def _compound(verb: FrenchVerb, person: int, agreement: Agreement) -> Verbal:
    auxiliary = french.verb("être" if verb.with_etre else "avoir")
    return Verbal(auxiliary.present[person], french.agreeing_participle(verb, *agreement))


def _infinitive_after(modal: str) -> Callable[[FrenchVerb, int, Agreement], Verbal]:
    present = french.verb(modal).present
    return lambda verb, person, agreement: Verbal(present[person], verb.infinitive, True)


def _would_like(verb: FrenchVerb, person: int, agreement: Agreement) -> Verbal:
    return Verbal(french.conditional(french.verb("vouloir"), person), verb.infinitive, True)


PRESENT = Form(english.present, _present)
PROGRESSIVE = Form(english.progressive, _present)
PAST = Form(english.past, _compound)
PERFECT = Form(english.perfect, _compound)
STATE_PAST = Form(english.past, _imperfect)
WAS_DOING = Form(english.past_progressive, _imperfect)
FUTURE = Form(english.will, _future)
GOING_TO = Form(english.going_to, _infinitive_after("aller"))
CAN = Form(english.can, _infinitive_after("pouvoir"))
MUST = Form(english.must, _infinitive_after("devoir"))
WANT = Form(english.want, _infinitive_after("vouloir"))
WOULD_LIKE = Form(english.would_like, _would_like)


class Clause(NamedTuple):
    """Who does what, when and where, before it is said in either language."""

    subject: Subject
    verb: Verb
    form: Form
    object: Words = NOTHING
    circumstance: Words = NOTHING
    negative: bool = False
    adverb: Adverb | None = None
    pronoun: Pronoun | None = None

    @property
    def addressee(self) -> Addressee | None:
        """Return who is spoken to, if `you` occurs anywhere in the clause."""
        return self.subject.addressee or (self.pronoun.addressee if self.pronoun else None)


def _join(*parts: str) -> str:
    return " ".join(filter(None, parts))


def say_english(clause: Clause, question: bool = False) -> str:
    """Say a clause in English; a question puts the auxiliary first, unless the subject is `who`."""
    finite = clause.form.english(clause.verb.en, clause.subject.person)
    adverb = clause.adverb.en if clause.adverb else ""
    after = _english_after_verb(clause)
    if question and clause.subject.en != "who":
        return _join(finite.auxiliary, clause.subject.en, adverb, finite.rest, after)
    if clause.negative:
        negated = "cannot" if finite.auxiliary == "can" else f"{finite.auxiliary} not"
        return _join(clause.subject.en, negated, adverb, finite.rest, after)
    auxiliary, rest = finite.plain
    return _join(clause.subject.en, auxiliary, adverb, rest, after)


def _english_after_verb(clause: Clause) -> str:
    pronoun = clause.pronoun.en if clause.pronoun else ""
    phrase = clause.object.en_negative if clause.negative else clause.object.en
    return _join(pronoun, phrase, clause.circumstance.en)


def say_french(clause: Clause) -> str:
    """Say a clause in French, not yet elided: `je ne le ai pas souvent vu`."""
    verbal = clause.form.french(clause.verb.fr, clause.subject.person, _agreement(clause))
    negation = _negation(clause)
    pronoun = _french_pronoun(clause)
    adverb = clause.adverb.fr if clause.adverb and not clause.adverb.negative else ""
    phrase = clause.object.fr_negative if negation else clause.object.fr
    before, between = ("", pronoun) if verbal.pronoun_before_rest else (pronoun, "")
    start = _join(clause.subject.fr, "ne" if negation else "", before, verbal.finite, negation, adverb)
    return _join(start, between, verbal.rest, phrase, clause.circumstance.fr)


def _negation(clause: Clause) -> str:
    if clause.adverb and clause.adverb.negative:
        return clause.adverb.fr
    return "pas" if clause.negative else ""


def _french_pronoun(clause: Clause) -> str:
    if clause.verb.fr.reflexive:
        return french.REFLEXIVES[clause.subject.person]
    return clause.pronoun.fr if clause.pronoun else ""


def _agreement(clause: Clause) -> Agreement:
    """Return what a participle agrees with: the subject with `être`, else a preceding direct object."""
    if clause.verb.fr.with_etre:
        return Agreement(clause.subject.feminine, clause.subject.plural)
    if clause.pronoun and clause.pronoun.direct:
        return Agreement(clause.pronoun.feminine, clause.pronoun.plural)
    return Agreement(False, False)


def sentence(
    english_text: str,
    french_text: str,
    combinations: tuple[str, ...],
    mark: str = ".",
    addressee: Addressee | None = None,
) -> Sentence:
    """Finish a pair: vocative, elision, capital, and closing mark; French sets `?` and `!` apart."""
    if addressee:
        english_text, french_text = f"{english_text}, {addressee.en}", f"{french_text}, {addressee.fr}"
    closing = mark if mark == "." else f" {mark}"
    return Sentence(
        _capital(english_text) + mark, _capital(french.spell(french_text)) + closing, combinations
    )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def state(draw: Draw, clause: Clause, combinations: tuple[str, ...]) -> Sentence:
    """Say a clause as a statement, in English contracted or not."""
    english_text = spoken(draw, say_english(clause))
    return sentence(english_text, say_french(clause), combinations, ".", clause.addressee)


def spoken(draw: Draw, english_text: str) -> str:
    """Contract an English text two times out of three."""
    return english.contract(english_text) if draw.happens(0.67) else english_text


def ask(clause: Clause, combinations: tuple[str, ...], words: tuple[str, str] = ("", "")) -> Sentence:
    """Ask a clause with `est-ce que`, after a question word if one is given; `who` asks by itself."""
    english_text = _join(words[0], say_english(clause, question=True))
    bridge = "" if clause.subject.en == "who" else "est-ce que"
    french_text = _join(words[1], bridge, say_french(clause))
    return sentence(english_text, french_text, combinations, "?", clause.addressee)


def said_or_asked(draw: Draw, clause: Clause, combinations: tuple[str, ...], asked: bool) -> Sentence:
    """Say a clause as a question or as a statement."""
    return ask(clause, combinations) if asked else state(draw, clause, combinations)


def order(
    verb: Verb, object_: Words, addressee: Addressee, combinations: tuple[str, ...], negative: bool
) -> Sentence:
    """Tell somebody to do something, or not to."""
    command = french.imperative(verb.fr, addressee.person)
    if negative:
        english_text = f"don't {verb.en.base} {object_.en_negative}"
        french_text = f"ne {command} pas {object_.fr_negative}"
    else:
        english_text, french_text = f"{verb.en.base} {object_.en}", f"{command} {object_.fr}"
    return sentence(english_text, french_text, combinations, "!", addressee)
