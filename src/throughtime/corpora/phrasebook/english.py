"""How English words change: the article, the forms of `be`, auxiliaries, negation and contractions."""

from __future__ import annotations

import re
from typing import NamedTuple

from throughtime.corpora.phrasebook.lexicon import EnglishVerb

BE = EnglishVerb("be", "is", "was", "been", "being")

_AM = ("am", "are", "is", "are", "are", "are")
_WAS = ("was", "were", "was", "were", "were", "were")
_DO = ("do", "do", "does", "do", "do", "do")
_HAVE = ("have", "have", "has", "have", "have", "have")
_SHORT_PRONOUN = re.compile(r"\b(I|he|she|it|we|they|you) (am|is|are|will|would)\b(?! not\b)", re.IGNORECASE)
_SHORT = {"am": "'m", "is": "'s", "are": "'re", "will": "'ll", "would": "'d"}
_SHORT_NOT = re.compile(r"\b(is|are|was|were|do|does|did|will|would|must|have|has|can|am) ?not\b")
_SHORT_NOTS = {"will": "won't", "can": "can't", "am": "'m not"}


def article(following: str) -> str:
    """Return `a` or `an` before a word."""
    return "an" if re.match(r"[aeiou](?!ni)|hour", following, re.IGNORECASE) else "a"


class Finite(NamedTuple):
    """An English verb in one tense: the auxiliary and the rest, and what a plain statement says for both."""

    auxiliary: str
    rest: str
    plain: tuple[str, str]


def _with(auxiliary: str, rest: str) -> Finite:
    return Finite(auxiliary, rest, (auxiliary, rest))


def present(verb: EnglishVerb, person: int) -> Finite:
    """`eats`, `does not eat`."""
    if verb is BE:
        return _with(_AM[person], "")
    return Finite(_DO[person], verb.base, ("", verb.third if person == 2 else verb.base))


def past(verb: EnglishVerb, person: int) -> Finite:
    """`ate`, `did not eat`."""
    if verb is BE:
        return _with(_WAS[person], "")
    return Finite("did", verb.base, ("", verb.past))


def progressive(verb: EnglishVerb, person: int) -> Finite:
    """`is eating`."""
    return _with(_AM[person], verb.gerund)


def past_progressive(verb: EnglishVerb, person: int) -> Finite:
    """`was eating`."""
    return _with(_WAS[person], verb.gerund)


def perfect(verb: EnglishVerb, person: int) -> Finite:
    """`has eaten`."""
    return _with(_HAVE[person], verb.participle)


def going_to(verb: EnglishVerb, person: int) -> Finite:
    """`is going to eat`."""
    return _with(_AM[person], f"going to {verb.base}")


def will(verb: EnglishVerb, person: int) -> Finite:
    """`will eat`."""
    return _with("will", verb.base)


def can(verb: EnglishVerb, person: int) -> Finite:
    """`can eat`."""
    return _with("can", verb.base)


def must(verb: EnglishVerb, person: int) -> Finite:
    """`must eat`."""
    return _with("must", verb.base)


def want(verb: EnglishVerb, person: int) -> Finite:
    """`wants to eat`."""
    return Finite(
        _DO[person], f"want to {verb.base}", ("", f"{'wants' if person == 2 else 'want'} to {verb.base}")
    )


def would_like(verb: EnglishVerb, person: int) -> Finite:
    """`would like to eat`."""
    return _with("would", f"like to {verb.base}")


def contract(text: str) -> str:
    """Shorten a sentence as it is spoken: `he is not` becomes `he isn't`, `I am` becomes `I'm`."""
    text = _SHORT_NOT.sub(lambda match: _SHORT_NOTS.get(match[1], f"{match[1]}n't"), text)
    return _SHORT_PRONOUN.sub(lambda match: match[1] + _SHORT[match[2]], text).replace(" 'm not", "'m not")
