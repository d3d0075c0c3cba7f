"""The adjectives of the phrasebook, and what each may be said of."""

from __future__ import annotations

from throughtime.seq2seq.phrasebook.lexicon import Adjective, adjective, rows

_OF_THINGS = """
big/bigger             | grand grande            | before | fruit clothes baggage vehicle animal furniture room home place dishware
small/smaller          | petit petite            | before | fruit clothes baggage vehicle animal furniture room home place dishware
beautiful              | beau belle bel          | before | clothes pocket baggage vehicle animal furniture room home place flower
new/newer              | nouveau nouvelle nouvel | before | clothes pocket baggage vehicle furniture text home place
old/older              | vieux vieille vieil     | before | clothes pocket baggage vehicle furniture text home place animal
good/better            | bon bonne               | before | fruit dish drink text
pretty/prettier        | joli jolie              | before | clothes room home flower
red                    | rouge                   | after  | clothes pocket baggage vehicle flower furniture
blue                   | bleu                    | after  | clothes pocket baggage vehicle furniture
green                  | vert                    | after  | clothes pocket baggage vehicle furniture
black                  | noir                    | after  | clothes pocket baggage vehicle animal
white                  | blanc blanche           | after  | clothes baggage vehicle flower furniture animal home
yellow                 | jaune                   | after  | clothes pocket baggage vehicle flower
grey                   | gris                    | after  | clothes baggage vehicle animal
brown                  | =marron                 | after  | clothes pocket baggage
expensive              | cher chère              | after  | fruit clothes pocket baggage vehicle furniture home
clean                  | propre                  | after  | clothes vehicle furniture room dishware
dirty                  | sale                    | after  | clothes vehicle furniture room dishware
empty                  | vide                    | after  | baggage dishware room
heavy/heavier          | lourd                   | after  | baggage furniture
comfortable            | confortable             | after  | furniture room home clothes
long/longer            | long longue             | before | text
interesting            | intéressant             | after  | text
boring                 | ennuyeux ennuyeuse      | after  | text
cold/colder            | froid                   | after  | dish drink
hot/hotter             | chaud                   | after  | dish drink
delicious              | délicieux délicieuse    | after  | fruit dish drink
fast/faster            | rapide                  | after  | vehicle
modern                 | moderne                 | after  | furniture home place room
famous                 | célèbre                 | after  | place person
tall/taller            | grand grande            | after  | person
young/younger          | jeune                   | before | person
kind/kinder            | gentil gentille         | after  | person
rich/richer            | riche                   | after  | person
strong/stronger        | fort                    | after  | person
intelligent            | intelligent             | after  | person
shy/shyer              | timide                  | after  | person
French                 | français française      | after  | person
English                | anglais anglaise        | after  | person
Spanish                | espagnol                | after  | person
Italian                | italien italienne       | after  | person
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
_GRADUAL_STATES = frozenset("tired happy sad ill busy worried surprised nervous proud angry late".split())

_THINGS = tuple((adjective(*row[:3]), row[3].split()) for row in rows(_OF_THINGS))
_THEMES = sorted({theme for _, themes in _THINGS for theme in themes})

BY_THEME: dict[str, tuple[Adjective, ...]] = {
    theme: tuple(found for found, themes in _THINGS if theme in themes) for theme in _THEMES
}
BY_NAME = {found.en: found for found, _ in _THINGS}
STATES = tuple(adjective(english, french, "after") for english, french in rows(_OF_STATES))
GRADUAL_STATES = tuple(state for state in STATES if state.en in _GRADUAL_STATES)
QUALITIES = BY_THEME["person"]
GRADUAL_QUALITIES = tuple(quality for quality in QUALITIES if quality.en[0].islower() and quality.en != "young")
COMPARED_QUALITIES = tuple(q for q in GRADUAL_QUALITIES if q.en != "shy") + (BY_NAME["young"],)
COLOURS = tuple(BY_NAME[colour] for colour in "red blue green black white yellow grey brown".split())
_ABSOLUTE = "new delicious empty French English Spanish Italian"
_UNGRADED = (*COLOURS, *(BY_NAME[name] for name in _ABSOLUTE.split()))
GRADUAL = tuple(found for found, _ in _THINGS if found not in _UNGRADED)
COMPARED = tuple(found for found in GRADUAL if found.en != "good")
