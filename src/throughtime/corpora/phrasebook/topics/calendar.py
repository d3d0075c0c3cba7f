"""Hours, dates, seasons and the weather."""

from __future__ import annotations

from throughtime.corpora.phrasebook import circumstances as when
from throughtime.corpora.phrasebook import clauses as c
from throughtime.corpora.phrasebook import french, people, verbs
from throughtime.corpora.phrasebook.clauses import Clause, Form, Sentence
from throughtime.corpora.phrasebook.draw import Draw
from throughtime.corpora.phrasebook.lexicon import rows
from throughtime.corpora.phrasebook.noun_phrases import NOTHING, Words, words
from throughtime.corpora.phrasebook.numbers import DAYS, MONTHS, clock_time, date_in_figures, date_in_words
from throughtime.corpora.phrasebook.people import Subject
from throughtime.corpora.phrasebook.topics.town import CITIES, COUNTRIES
from throughtime.corpora.phrasebook.verbs import Verb, read_verb


def _clock(draw: Draw) -> tuple[Words, str]:
    hour, minute = draw.between(1, 11), 5 * draw.between(0, 11)
    return words(*clock_time(hour, minute)), f"{hour}:{minute:02}"


_TELLING = tuple(
    (english, french_words)
    for english, french_words in rows("""
it is {}               | il est {}
it's {}                | il est {}
it is already {}       | il est déjà {}
it is almost {}        | il est presque {}
I think it is {}       | je pense qu'il est {}
""")
)


def telling_time(draw: Draw) -> Sentence:
    """`It is a quarter past three.`"""
    english, french_words = draw.choice(_TELLING)
    time, key = _clock(draw)
    if draw.happens(0.3):
        part = draw.choice(_PARTS_OF_DAY[key[:2] in _EARLY])
        time = when.both(time, part)
    return c.sentence(english.format(time.en), french_words.format(time.fr), (key,))


_EARLY = ("1:", "2:", "3:", "4:", "5:")
_PARTS_OF_DAY = {
    True: (words("in the morning", "du matin"), words("in the afternoon", "de l'après-midi")),
    False: (words("in the morning", "du matin"), words("in the evening", "du soir")),
}


_ON_SCHEDULE = tuple(
    (
        Subject(f"the {english}", fr[:-2], people.IL, fr.endswith("f"), False, "its", english),
        read_verb(english_verb, infinitive),
    )
    for english, fr, english_verb, infinitive in rows("""
train       | le train m       | leave left left leaving | partir
train       | le train m       | arrive                  | arriver
bus         | le bus m         | leave left left leaving | partir
plane       | l'avion m        | leave left left leaving | partir
plane       | l'avion m        | arrive                  | arriver
museum      | le musée m       | open                    | ouvrir
museum      | le musée m       | close                   | fermer
bank        | la banque f      | close                   | fermer
post office | la poste f       | open                    | ouvrir
film        | le film m        | start                   | commencer
concert     | le concert m     | start                   | commencer
lesson      | la leçon f       | start                   | commencer
meeting     | la réunion f     | start                   | commencer
""")
)


def schedule(draw: Draw) -> Sentence:
    """`The train leaves at half past six.`"""
    subject, verb = draw.choice(_ON_SCHEDULE)
    time, key = _clock(draw)
    form = draw.choice((c.PRESENT, c.PRESENT, c.FUTURE, c.GOING_TO, c.PAST))
    at = words(f"at {time.en}", f"à {time.fr}")
    day = when.time_beside(draw, at, form, 0.4) if form is not c.PRESENT else NOTHING
    asked = draw.happens(0.2)
    negative = not asked and draw.happens(0.15)
    clause = Clause(subject, verb, form, at, day, negative)
    return c.said_or_asked(draw, clause, (f"{subject.key} {verb.en.base}", key), asked)


_BEING_BORN = Verb(verbs.BEING.en, french.verb("naître"))


def _date(draw: Draw) -> tuple[Words, str]:
    """Choose a day of the year, in words or in figures."""
    month = draw.between(0, 11)
    day = draw.between(1, MONTHS[month][2])
    written = date_in_words if draw.happens(0.5) else date_in_figures
    return words(*written(day, month)), f"{day}/{month}"


def today(draw: Draw) -> Sentence:
    """`Today is Monday the third of May.`, `Nous sommes le lundi 3 mai.`"""
    weekday, (date, key) = draw.choice(DAYS), _date(draw)
    french_date = date.fr.removeprefix("le ")
    if draw.happens(0.5):
        return c.sentence(f"today is {date.en}", f"nous sommes {date.fr}", (key,))
    return c.sentence(
        f"today is {weekday[0]} {date.en}", f"nous sommes le {weekday[1]} {french_date}", (key,)
    )


def birthday(draw: Draw) -> Sentence:
    """`Paul's birthday is on the third of May.`"""
    date, key = _date(draw)
    subject = people.one_person(draw, asked=False)
    if draw.happens(0.5):
        clause = Clause(subject, _BEING_BORN, c.PAST, words("born", ""), words(f"on {date.en}", date.fr))
        return c.state(draw, clause, (key,))
    owner = people.french_possession(subject, "anniversaire")
    english = f"{people.possessive(subject)} birthday is on {date.en}"
    return c.sentence(english, f"{owner} est {date.fr}", (key,), ".", subject.addressee)


def dated(draw: Draw) -> Sentence:
    """`We are leaving on Monday.`, `My parents will arrive on the second of June.`"""
    subject, verb = people.somebody(draw), draw.choice(_DATED)
    date, key = _date(draw)
    form = draw.choice((c.PROGRESSIVE, c.FUTURE, c.GOING_TO, c.PAST))
    clause = Clause(subject, verb, form, NOTHING, words(f"on {date.en}", date.fr), draw.happens(0.15))
    return c.state(draw, clause, (key,))


_DATED = (
    verbs.ARRIVING,
    verbs.LEAVING,
    verbs.RETURNING,
    read_verb("get got got getting +married", "se marier"),
)

_SEASONS = tuple(
    words(english, fr)
    for english, fr in (
        *((f"in {english}", f"en {fr}") for english, fr, _ in MONTHS),
        *(("in summer", "en été"), ("in winter", "en hiver"), ("in autumn", "en automne")),
        ("in spring", "au printemps"),
    )
)
_FALLING = ((verbs.RAINING, NOTHING), (verbs.SNOWING, NOTHING))
_FELT = tuple(
    (verbs.BEING_WEATHER, words(english, fr))
    for english, fr in rows("""
cold      | froid
hot       | chaud
sunny     | beau
very cold | très froid
very hot  | très chaud
cool      | frais
""")
)
_WEATHER = (*_FELT, *_FALLING, *_FALLING)
_WHERE = (
    *(words(f"in {town.en}", town.french_in) for town in (*CITIES, *COUNTRIES)),
    *(words("here", "ici"), words("here", "ici"), words("in the mountains", "à la montagne")),
)
_FORMS_OF_WEATHER: dict[bool, tuple[Form, ...]] = {
    True: (c.PRESENT, c.PRESENT, c.STATE_PAST, c.STATE_PAST, c.FUTURE, c.GOING_TO),
    False: (c.PROGRESSIVE, c.PROGRESSIVE, c.PAST, c.WAS_DOING, c.FUTURE, c.GOING_TO),
}


def weather(draw: Draw) -> Sentence:
    """`It was very cold in Berlin yesterday.`"""
    (verb, what), where = draw.choice(_WEATHER), draw.choice(_WHERE)
    form = draw.choice(_FORMS_OF_WEATHER[verb.en is verbs.BEING.en])
    time = when.time_for(draw, form, 0.5) if form is not c.PRESENT else draw.choice(_TODAY)
    asked = draw.happens(0.25)
    negative = not asked and draw.happens(0.2)
    clause = Clause(people.IT, verb, form, what, when.both(where, time), negative)
    return c.said_or_asked(draw, clause, (f"{verb.fr.infinitive} {what.en}+{where.en}",), asked)


_TODAY = (NOTHING, NOTHING, words("today", "aujourd'hui"))


def climate(draw: Draw) -> Sentence:
    """`It is often cold in Canada in winter.`"""
    (verb, what), where, season = draw.choice(_WEATHER), draw.choice(_WHERE), draw.choice(_SEASONS)
    adverb = draw.choice(when.FREQUENCIES[:5])
    clause = Clause(people.IT, verb, c.PRESENT, what, when.both(where, season), adverb=adverb)
    return c.state(draw, clause, (f"{verb.fr.infinitive} {what.en}+{where.en}",))


TEMPLATES = (
    (2, telling_time),
    (3, schedule),
    (3, today),
    (3, birthday),
    (3, dated),
    (3, weather),
    (2, climate),
)
