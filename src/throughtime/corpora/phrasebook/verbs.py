"""The verbs of the phrasebook, and what may be done to what."""

from __future__ import annotations

from typing import NamedTuple

from throughtime.corpora.phrasebook import french
from throughtime.corpora.phrasebook import nouns as n
from throughtime.corpora.phrasebook.english import BE
from throughtime.corpora.phrasebook.french import FrenchVerb
from throughtime.corpora.phrasebook.lexicon import EnglishVerb, Noun, english_verb, rows


class Verb(NamedTuple):
    """A verb in both languages."""

    en: EnglishVerb
    fr: FrenchVerb


class Action(NamedTuple):
    """A verb and the nouns that may be its object."""

    verb: Verb
    objects: tuple[Noun, ...]


class Routine(NamedTuple):
    """A verb with a fixed complement: `have breakfast`, `prendre le petit déjeuner`."""

    verb: Verb
    en: str
    fr: str
    fr_negative: str


def read_verb(english: str, infinitive: str) -> Verb:
    """Read a verb from its English forms and its French infinitive."""
    return Verb(english_verb(english), french.verb(infinitive))


def _verbs(table: str) -> tuple[Verb, ...]:
    return tuple(read_verb(english, infinitive) for english, infinitive in rows(table))


_OBJECTS = {
    "fruit": n.FRUIT,
    "dish": n.DISH,
    "cooked": n.named(n.DISH, "cake,soup,salad,sandwich,pizza"),
    "drink": n.DRINK,
    "brewed": n.named(n.DRINK, "coffee,tea"),
    "clothes": n.CLOTHES + n.PAIRED_CLOTHES,
    "text": n.TEXT,
    "writing": n.named(n.TEXT, "book,letter,postcard,message,story,email"),
    "book": n.named(n.TEXT, "book"),
    "mail": n.named(n.TEXT, "letter,postcard,message,email") + n.named(n.BAGGAGE, "present"),
    "pocket": n.POCKET,
    "baggage": n.BAGGAGE,
    "dishware": n.DISHWARE,
    "fragile": n.named(n.DISHWARE, "plate,glass,cup,bottle") + n.named(n.POCKET, "phone,watch,camera"),
    "vehicle": n.VEHICLE,
    "machine": n.named(n.THINGS, "computer,phone,camera,watch"),
    "animal": n.ANIMAL,
    "furniture": n.FURNITURE,
    "room": n.ROOM,
    "home": n.HOME,
    "flower": n.FLOWER,
    "opening": n.OPENING + n.named(n.BAGGAGE, "bag,suitcase,box,present") + n.named(n.DISHWARE, "bottle"),
    "closing": n.OPENING + n.named(n.BAGGAGE, "bag,suitcase,box"),
    "shop": n.named(n.PLACE, "hotel,restaurant,bank,pharmacy,supermarket,bakery"),
    "sight": n.named(n.PLACE, "museum,castle,church,school,park"),
}


def _actions(table: str) -> tuple[Action, ...]:
    return tuple(_action(*row) for row in rows(table))


def _action(english: str, infinitive: str, themes: str) -> Action:
    objects = tuple(noun for theme in themes.split() for noun in _OBJECTS[theme])
    return Action(read_verb(english, infinitive), objects)


EATING = _actions("""
eat ate eaten eating       | manger | fruit dish
drink drank drunk drinking | boire  | drink
""")
DOING = (
    *EATING,
    *_actions("""
buy bought bought buying     | acheter  | fruit dish drink clothes text pocket baggage vehicle flower
sell sold sold selling       | vendre   | clothes vehicle home furniture baggage
choose chose chosen choosing | choisir  | clothes pocket baggage furniture
read read read reading       | lire     | text
write wrote written writing  | écrire   | writing
wear wore worn wearing       | porter   | clothes
make made made making        | faire    | cooked brewed
bring brought brought bringing | apporter | fruit dish drink baggage flower
take took taken taking       | prendre  | pocket baggage
look +for                    | chercher | pocket baggage shop home
"""),
)
TREATING = _actions("""
open                    | ouvrir   | opening
close                   | fermer   | closing
wash                    | laver    | clothes vehicle dishware
clean                   | nettoyer | room furniture
repair                  | réparer  | vehicle machine furniture
try tried tried trying +on | essayer | clothes
visit                   | visiter  | sight
""")
HAPPENING = _actions("""
find found found finding         | trouver  | pocket baggage animal home
lose lost lost losing            | perdre   | pocket baggage clothes
forget forgot forgotten forgetting | oublier | pocket baggage clothes
break broke broken breaking      | casser   | fragile
receive                          | recevoir | mail
see saw seen seeing              | voir     | animal sight vehicle
""")


def _named(actions: tuple[Action, ...], names: str) -> tuple[Action, ...]:
    return tuple(action for action in actions if action.verb.en.base in names.split())


HABITUAL = _named(DOING, "eat drink buy read write wear make") + EATING
PLANNED = _named(DOING + TREATING, "eat buy read bring take make visit")
GOING_ON = _named(DOING, "eat drink read write wear look")
ORDERED = TREATING + _named(DOING, "eat drink buy choose read bring take")
HAVING = _action(
    "have had had having", "avoir", "pocket baggage clothes vehicle animal home text furniture flower"
)
NEEDING = _action("need", "avoir", "pocket baggage clothes fruit drink dishware")
WANTING = _action("want", "vouloir", "fruit dish drink clothes pocket animal vehicle flower")
LIKING = _verbs("""
like   | aimer
love   | adorer
hate   | détester
prefer preferred preferred preferring | préférer
""")
PREFERRING = LIKING[3]
CHOSEN = (
    Action(PREFERRING, (*n.CLOTHES, *n.PAIRED_CLOTHES, *n.TEXT, *n.VEHICLE, *n.FRUIT)),
    *_named(DOING, "buy sell choose read take bring"),
)
GIVING = _actions("""
give gave given giving    | donner  | pocket baggage flower clothes book
show showed shown showing | montrer | clothes pocket baggage text vehicle
send sent sent sending    | envoyer | mail
sell sold sold selling    | vendre  | vehicle book baggage clothes
""")
LASTING = _verbs("""
work                        | travailler
sleep slept slept sleeping  | dormir
sing sang sung singing      | chanter
dance                       | danser
swim swam swum swimming     | nager
run ran run running         | courir
walk                        | marcher
study                       | étudier
cook                        | cuisiner
wait                        | attendre
""")
PASTIMES = tuple(verb for verb in LASTING if verb.en.base not in ("sleep", "wait"))
MOVING = _verbs("""
arrive                      | arriver
leave left left leaving     | partir
go went gone going +out     | sortir
come came come coming +home | rentrer
come came come coming +back | revenir
""")
REFLEXIVE = _verbs("""
wake woke woken waking +up  | se réveiller
get got got getting +up     | se lever
go went gone going +to bed  | se coucher
get got got getting +dressed | s'habiller
rest                        | se reposer
wash                        | se laver
""")
REGULAR = tuple(verb for verb in REFLEXIVE + MOVING if verb.en.base not in ("get dressed", "wash"))
AT_NO_HOUR = ("rest", "wash", "get dressed", "go out")
MEETING = _verbs("""
see saw seen seeing         | voir
help                        | aider
know knew known knowing     | connaître
look +for                   | chercher
wait +for                   | attendre
call                        | appeler
listen +to                  | écouter
""")
SPEAKING = read_verb("speak spoke spoken speaking", "parler")
LIVING = read_verb("live", "habiter")
GOING = read_verb("go went gone going", "aller")
COSTING = read_verb("cost cost cost costing", "coûter")
ARRIVING, LEAVING, RETURNING = MOVING[0], MOVING[1], MOVING[4]
WORKING = LASTING[0]
RAINING = read_verb("rain", "pleuvoir")
SNOWING = read_verb("snow", "neiger")
BEING = Verb(BE, french.verb("être"))
BEING_WEATHER = Verb(BE, french.verb("faire"))
BEING_IN_NEED = Verb(BE, french.verb("avoir"))


def _routine(english: str, en: str, infinitive: str, fr: str, fr_negative: str = "") -> Routine:
    return Routine(read_verb(english, infinitive), en, fr, fr_negative or fr)


ROUTINES = tuple(
    _routine(*row)
    for row in rows("""
have had had having     | breakfast  | prendre | le petit déjeuner
have had had having     | lunch      | déjeuner | 
have had had having     | dinner     | dîner   | 
take took taken taking  | a shower   | prendre | une douche | de douche
do did done doing       | the dishes | faire | la vaisselle
go went gone going      | shopping   | faire | les courses
watch                   | television | regarder | la télévision
listen                  | to music   | écouter | de la musique | de musique
listen                  | to the radio | écouter | la radio
take took taken taking  | the bus    | prendre | le bus
take took taken taking  | the train  | prendre | le train
play                    | football   | jouer | au football
play                    | tennis     | jouer | au tennis
play                    | cards      | jouer | aux cartes
play                    | the piano  | jouer | du piano
play                    | the guitar | jouer | de la guitare
""")
)
MEALS = ("breakfast", "lunch", "dinner")
GAMES = tuple(routine for routine in ROUTINES if routine.verb.en.base not in ("have", "take"))
