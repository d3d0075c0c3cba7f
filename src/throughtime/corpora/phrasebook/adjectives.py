"""The adjectives of the phrasebook, and the themes that each may describe."""

from __future__ import annotations

from throughtime.corpora.phrasebook.lexicon import Adjective, adjective, rows

_OF_THINGS = """
big/bigger      | grand grande            | before | +sized
small/smaller   | petit petite            | before | +sized
beautiful       | beau belle bel          | before | +goods animal flower +home place
new/newer       | nouveau nouvelle nouvel | before | +goods furniture text home place
old/older       | vieux vieille vieil     | before | +goods furniture text home place animal
good/better     | bon bonne               | before | fruit dish drink text
pretty/prettier | joli jolie              | before | clothes room home flower
red             | rouge                   | after  | +goods flower furniture
blue            | bleu                    | after  | +goods furniture
green           | vert                    | after  | +goods furniture
black           | noir                    | after  | +goods animal
white           | blanc blanche           | after  | clothes baggage vehicle flower furniture animal home
yellow          | jaune                   | after  | +goods flower
grey            | gris                    | after  | clothes baggage vehicle animal
brown           | =marron                 | after  | clothes pocket baggage
expensive       | cher chère              | after  | fruit +goods furniture home
clean/cleaner   | propre                  | after  | clothes vehicle furniture room dishware
dirty/dirtier   | sale                    | after  | clothes vehicle furniture room dishware
empty           | vide                    | after  | baggage dishware room
heavy/heavier   | lourd                   | after  | baggage furniture
comfortable     | confortable             | after  | +home clothes
long/longer     | long longue             | before | text
interesting     | intéressant             | after  | text
boring          | ennuyeux ennuyeuse      | after  | text
cold/colder     | froid                   | after  | dish drink
hot/hotter      | chaud                   | after  | dish drink
delicious       | délicieux délicieuse    | after  | fruit dish drink
fast/faster     | rapide                  | after  | vehicle
modern          | moderne                 | after  | +home place
famous          | célèbre                 | after  | place person
tall/taller     | grand grande            | after  | person
young/younger   | jeune                   | before | person
kind/kinder     | gentil gentille         | after  | person
rich/richer     | riche                   | after  | person
strong/stronger | fort                    | after  | person
intelligent     | intelligent             | after  | person
shy/shyer       | timide                  | after  | person
French          | français française      | after  | person
English         | anglais anglaise        | after  | person
Spanish         | espagnol                | after  | person
Italian         | italien italienne       | after  | person
"""
_OF_STATES = """
tired     | fatigué
happy     | heureux heureuse
sad       | triste
ill       | malade
ready     | prêt
busy      | occupé
worried   | inquiet inquiète
surprised | surpris
nervous   | nerveux nerveuse
proud     | fier fière
angry     | =en colère
late      | =en retard
lost      | perdu
alone     | seul
married   | marié
free      | libre
"""
_COLOUR_NAMES = "red blue green black white yellow grey brown"
_ABSOLUTE = "new delicious empty French English Spanish Italian"
_STEADY_STATES = ("ready", "lost", "alone", "married", "free")
_THEMES = {
    "+goods": "clothes pocket baggage vehicle",
    "+home": "furniture room home",
    "+sized": "fruit clothes baggage vehicle animal dishware furniture room home place",
}


def _themes(names: str) -> set[str]:
    """Read themes; a plus marks a group of them."""
    return {theme for name in names.split() for theme in _THEMES.get(name, name).split()}


_THINGS = tuple((adjective(*row[:3]), _themes(row[3])) for row in rows(_OF_THINGS))


def _said_of(theme: str) -> tuple[Adjective, ...]:
    return tuple(described for described, themes in _THINGS if theme in themes)


_ALIKE = {"pair": "clothes", "transport": "vehicle"}
_ALL_THEMES = sorted({theme for _, themes in _THINGS for theme in themes})
BY_THEME = {theme: _said_of(_ALIKE.get(theme, theme)) for theme in (*_ALL_THEMES, *_ALIKE)}
BY_NAME = {described.en: described for described, _ in _THINGS}
COLOURS = tuple(described for described, _ in _THINGS if described.en in _COLOUR_NAMES.split())

STATES = tuple(adjective(english, french, "after") for english, french in rows(_OF_STATES))
GRADUAL_STATES = tuple(state for state in STATES if state.en not in _STEADY_STATES)
QUALITIES = BY_THEME["person"]
_UNGRADED = (*COLOURS, *(BY_NAME[name] for name in _ABSOLUTE.split()))
GRADUAL = tuple(described for described, _ in _THINGS if described not in _UNGRADED)
COMPARED = tuple(described for described in GRADUAL if described.en not in ("good", "shy"))
COMPARED_QUALITIES = tuple(quality for quality in QUALITIES if quality in COMPARED)
