"""Numbers, hours and dates in words."""

from __future__ import annotations

from throughtime.corpora.phrasebook.lexicon import rows

_ENGLISH_NAMES = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen
"""
_FRENCH_NAMES = """
zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept
dix-huit dix-neuf
"""
_ENGLISH, _FRENCH = _ENGLISH_NAMES.split(), _FRENCH_NAMES.split()
_TENS = tuple(
    (english, french)
    for english, french in rows("""
twenty  | vingt
thirty  | trente
forty   | quarante
fifty   | cinquante
sixty   | soixante
seventy | soixante
eighty  | quatre-vingt
ninety  | quatre-vingt
""")
)
_ORDINAL_ENDINGS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
    "twenty": "twentieth",
    "thirty": "thirtieth",
}


def english_number(number: int) -> str:
    """Write a number from 0 to 999: `forty-two`, `one hundred and five`."""
    if number < 20:
        return _ENGLISH[number]
    if number < 100:
        tens, units = divmod(number, 10)
        return _TENS[tens - 2][0] + (f"-{_ENGLISH[units]}" if units else "")
    hundreds, below = divmod(number, 100)
    return f"{_ENGLISH[hundreds]} hundred" + (f" and {english_number(below)}" if below else "")


def english_ordinal(number: int) -> str:
    """Write an ordinal from 1 to 99: `first`, `twenty-second`."""
    head, hyphen, last = english_number(number).rpartition("-")
    return head + hyphen + _ORDINAL_ENDINGS.get(last, f"{last}th")


def french_number(number: int, feminine: bool = False) -> str:
    """Write a number from 0 to 999: `vingt et une` (feminine), `quatre-vingts`, `quatre-vingt-onze`."""
    if number >= 100:
        return _french_hundreds(*divmod(number, 100), feminine)
    if number < 20:
        return "une" if feminine and number == 1 else _FRENCH[number]
    tens, units = divmod(number, 10)
    if tens in (7, 9):
        units += 10
    if units == 0:
        return "quatre-vingts" if tens == 8 else _TENS[tens - 2][1]
    joint = " et " if units in (1, 11) and tens < 8 else "-"
    return _TENS[tens - 2][1] + joint + french_number(units, feminine)


def _french_hundreds(hundreds: int, below: int, feminine: bool) -> str:
    if hundreds == 1:
        return "cent" + (f" {french_number(below, feminine)}" if below else "")
    return f"{_FRENCH[hundreds]} cent" + (f" {french_number(below, feminine)}" if below else "s")


_MINUTES = {
    0: ("{} o'clock", "{}"),
    5: ("five past {}", "{} cinq"),
    10: ("ten past {}", "{} dix"),
    15: ("a quarter past {}", "{} et quart"),
    20: ("twenty past {}", "{} vingt"),
    25: ("twenty-five past {}", "{} vingt-cinq"),
    30: ("half past {}", "{} et demie"),
    35: ("twenty-five to {}", "{} moins vingt-cinq"),
    40: ("twenty to {}", "{} moins vingt"),
    45: ("a quarter to {}", "{} moins le quart"),
    50: ("ten to {}", "{} moins dix"),
    55: ("five to {}", "{} moins cinq"),
}


def clock_time(hour: int, minute: int) -> tuple[str, str]:
    """Say a time of day, hours 1 to 11, minutes in fives: `a quarter to six`, `six heures moins le quart`."""
    named = hour if minute <= 30 else hour % 11 + 1
    english, french = _MINUTES[minute]
    hours = "une heure" if named == 1 else f"{french_number(named)} heures"
    return english.format(english_number(named)), french.format(hours)


DAYS = tuple(
    (english, french)
    for english, french in rows("""
Monday    | lundi
Tuesday   | mardi
Wednesday | mercredi
Thursday  | jeudi
Friday    | vendredi
Saturday  | samedi
Sunday    | dimanche
""")
)
MONTHS = tuple(
    (english, french, int(days))
    for english, french, days in rows("""
January   | janvier   | 31
February  | février   | 28
March     | mars      | 31
April     | avril     | 30
May       | mai       | 31
June      | juin      | 30
July      | juillet   | 31
August    | août      | 31
September | septembre | 30
October   | octobre   | 31
November  | novembre  | 30
December  | décembre  | 31
""")
)


def date_in_words(day: int, month: int) -> tuple[str, str]:
    """Say a day of the year, months from 0: `the first of May`, `le premier mai`."""
    english, french, _ = MONTHS[month]
    return f"the {english_ordinal(day)} of {english}", f"le {_french_day(day)} {french}"


def date_in_figures(day: int, month: int) -> tuple[str, str]:
    """Write a day of the year in figures: `3 May`, `le 3 mai`."""
    english, french, _ = MONTHS[month]
    return f"{day} {english}", f"le {'1er' if day == 1 else day} {french}"


def _french_day(day: int) -> str:
    return "premier" if day == 1 else french_number(day)
