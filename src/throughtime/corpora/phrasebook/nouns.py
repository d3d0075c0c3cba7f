"""The nouns of the phrasebook, by theme."""

from __future__ import annotations

from throughtime.corpora.phrasebook.lexicon import Noun, nouns

FRUIT = nouns(
    "fruit",
    """
apple           | pomme f
orange          | orange f
banana          | banane f
strawberry      | fraise f
tomato/tomatoes | tomate f
carrot          | carotte f
potato/potatoes | pomme de terre/pommes de terre f
egg             | œuf m
""",
)
DISH = nouns(
    "dish",
    """
cake           | gâteau m
sandwich       | sandwich/sandwichs m
pizza          | pizza f
hamburger      | hamburger m
salad          | salade f
bread          | pain m mass
cheese         | fromage m mass
meat           | viande f mass
fish           | poisson m mass
rice           | riz m mass
chicken        | poulet m mass
ham            | jambon m mass
soup           | soupe f mass
chocolate      | chocolat m mass
ice cream      | glace f mass
butter         | beurre m mass
""",
)
DRINK = nouns(
    "drink",
    """
coffee       | café m mass
tea          | thé m mass
water        | eau f mass
milk         | lait m mass
wine         | vin m mass
beer         | bière f mass
orange juice | jus d'orange/jus d'orange m mass
""",
)
CLOTHES = nouns(
    "clothes",
    """
dress       | robe f
shirt       | chemise f
coat        | manteau m
hat         | chapeau m
skirt       | jupe f
jacket      | veste f
sweater     | pull m
scarf/scarves | écharpe f
tie         | cravate f
""",
)
PAIRED_CLOTHES = nouns(
    "pair",
    """
shoe  | chaussure f
sock  | chaussette f
glove | gant m
""",
)
TEXT = nouns(
    "text",
    """
book      | livre m
newspaper | journal m
magazine  | magazine m
letter    | lettre f
postcard  | carte postale/cartes postales f
message   | message m
story     | histoire f
email     | e-mail m
""",
)
POCKET = nouns(
    "pocket",
    """
key      | clé f
phone    | téléphone m
wallet   | portefeuille m
watch    | montre f
ticket   | billet m
passport | passeport m
pen      | stylo m
pencil   | crayon m
camera   | appareil photo/appareils photo m
ring     | bague f
""",
)
BAGGAGE = nouns(
    "baggage",
    """
bag      | sac m
suitcase | valise f
box      | boîte f
umbrella | parapluie m
computer | ordinateur m
present  | cadeau m
toy      | jouet m
""",
)
DISHWARE = nouns(
    "dishware",
    """
plate       | assiette f
glass       | verre m
cup         | tasse f
bottle      | bouteille f
knife/knives | couteau m
""",
)
FLOWER = nouns("flower", "flower | fleur f")
VEHICLE = nouns(
    "vehicle",
    """
car   | voiture f
bike  | vélo m
boat  | bateau m
truck | camion m
""",
)
TRANSPORT = nouns(
    "transport",
    """
train | train m
bus   | bus m
plane | avion m
taxi  | taxi m
""",
)
ANIMAL = nouns(
    "animal",
    """
dog         | chien m
cat         | chat m
horse       | cheval m
bird        | oiseau m
rabbit      | lapin m
cow         | vache f
mouse/mice  | souris f
""",
)
FURNITURE = nouns(
    "furniture",
    """
table    | table f
chair    | chaise f
bed      | lit m
sofa     | canapé m
desk     | bureau m
wardrobe | armoire f
""",
)
ROOM = nouns(
    "room",
    """
kitchen  | cuisine f
bedroom  | chambre f
bathroom | salle de bains f
garden   | jardin m
garage   | garage m
""",
)
HOME = nouns(
    "home",
    """
house | maison f
flat  | appartement m
""",
)
OPENING = nouns(
    "furniture",
    """
door   | porte f
window | fenêtre f
""",
)
PLACE = nouns(
    "place",
    """
station      | gare f
airport      | aéroport m
bank         | banque f
school       | école f
hospital     | hôpital m
hotel        | hôtel m
restaurant   | restaurant m
museum       | musée m
church       | église f
supermarket  | supermarché m
market       | marché m
beach        | plage f
park         | parc m
library      | bibliothèque f
cinema       | cinéma m
theatre      | théâtre m
post office  | poste f
bakery       | boulangerie f
pharmacy     | pharmacie f
swimming pool | piscine f
castle       | château m
office       | bureau m
""",
)
MAN = nouns(
    "person",
    """
man/men   | homme m
boy       | garçon m
teacher   | professeur m
doctor    | médecin m
student   | étudiant m
neighbour | voisin m
""",
)
WOMAN = nouns(
    "person",
    """
woman/women | femme f
girl        | fille f
nurse       | infirmière f
""",
)
CHILD = nouns("person", "child/children | enfant m")
RELATIVE = nouns(
    "relative",
    """
mother      | mère f
father      | père m
brother     | frère m
sister      | sœur f
son         | fils m
uncle       | oncle m
aunt        | tante f
grandmother | grand-mère/grands-mères f
grandfather | grand-père/grands-pères m
cousin      | cousin m
friend      | ami m
""",
)
RELATIVES = nouns(
    "relative",
    """
parents/parents | parents/parents m
children/children | enfants/enfants m
friends/friends | amis/amis m
sisters/sisters | sœurs/sœurs f
""",
)
BODY = nouns(
    "body",
    """
head       | tête f
back       | dos m
stomach    | ventre m
throat     | gorge f
arm        | bras m
leg        | jambe f
knee/knees | genou/genoux m
foot/feet  | pied m
hand       | main f
ear        | oreille f
eye        | œil/yeux m
tooth/teeth | dent f
""",
)

THINGS = POCKET + BAGGAGE
FOOD = FRUIT + DISH
PEOPLE = MAN + WOMAN + CHILD


def named(source: tuple[Noun, ...], names: str) -> tuple[Noun, ...]:
    """Pick nouns by their English names, separated by commas."""
    by_name = {noun.en: noun for noun in source}
    return tuple(by_name[name.strip()] for name in names.split(","))
