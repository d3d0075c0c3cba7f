"""The grammar of the phrasebook: exact English and French for each of its notions."""

from __future__ import annotations

import pytest

from throughtime.corpora.phrasebook import adjectives, english, french, nouns, people, verbs
from throughtime.corpora.phrasebook import clauses as c
from throughtime.corpora.phrasebook import noun_phrases as np
from throughtime.corpora.phrasebook.noun_phrases import bare, counted, indefinite, many, own, that, the, this
from throughtime.corpora.phrasebook.numbers import (
    clock_time,
    date_in_figures,
    date_in_words,
    english_number,
    english_ordinal,
    french_number,
)

MYSELF, HE, SHE, WE, THEY = people.PRONOUNS
NAMES = {subject.en: subject for subject in people.NAMED}
MARIE, PAUL, ALICE = NAMES["Marie"], NAMES["Paul"], NAMES["Alice"]
SISTERS = people.relative_of("my", people.JE, nouns.RELATIVES[3])
ADDRESSEES = {whom.en: whom for whom in people.ADDRESSEES}
ACTIONS = (*verbs.DOING, *verbs.TREATING, *verbs.HAPPENING, *verbs.GIVING, verbs.HAVING, verbs.WANTING)
PLAIN_VERBS = (*verbs.LASTING, *verbs.MOVING, *verbs.REFLEXIVE, *verbs.MEETING, *verbs.LIKING, verbs.GOING)
VERBS = {verb.en.base: verb for verb in (*PLAIN_VERBS, *(action.verb for action in ACTIONS), verbs.BEING)}
NOUNS = {
    noun.en: noun
    for noun in (
        *(
            *nouns.FOOD,
            *nouns.DRINK,
            *nouns.CLOTHES,
            *nouns.TEXT,
            *nouns.THINGS,
            *nouns.VEHICLE,
            *nouns.PLACE,
        ),
        *(*nouns.ANIMAL, *nouns.FLOWER, *nouns.PEOPLE, *nouns.HOME, *nouns.PAIRED_CLOTHES, *nouns.OPENING),
    )
}
TIRED = adjectives.STATES[0]
NEVER = c.Adverb("never", "jamais", negative=True)
HER, THEM, ME = (next(p for p in people.DIRECT if p.en == en) for en in ("her", "them", "me"))


def you(vocative: str) -> people.Subject:
    whom = ADDRESSEES[vocative]
    pronoun = "tu" if whom.person == people.TU else "vous"
    return people.Subject("you", pronoun, whom.person, whom.feminine, whom.plural, "your", "you", whom)


def head(description: str, plural: bool = False) -> np.Head:
    """Read `red apple`, in the singular, as a noun with its adjective."""
    adjective, _, noun = description.rpartition(" ")
    return np.Head(NOUNS[noun], adjectives.BY_NAME[adjective] if adjective else None, plural)


def said(subject: people.Subject, verb: str, form: c.Form, what: np.Words = np.NOTHING) -> c.Clause:
    return c.Clause(subject, VERBS[verb], form, what)


def unsaid(subject: people.Subject, verb: str, form: c.Form, what: np.Words = np.NOTHING) -> c.Clause:
    return c.Clause(subject, VERBS[verb], form, what, negative=True)


def tired(subject: people.Subject, form: c.Form = c.PRESENT) -> c.Clause:
    return said(subject, "be", form, np.words("tired", TIRED.agree(subject.feminine, subject.plural)))


TO_MARKET = np.words("to the market", "à le marché")
CHOCOLATE = np.in_general(NOUNS["chocolate"])
STATEMENTS = {
    # articles, partitives, negation
    "I do not have any bread. | Je n'ai pas de pain.": unsaid(
        MYSELF, "have", c.PRESENT, indefinite(head("bread"))
    ),
    "He is drinking some water. | Il boit de l'eau.": said(
        HE, "drink", c.PROGRESSIVE, indefinite(head("water"))
    ),
    "She is eating an egg. | Elle mange un œuf.": said(SHE, "eat", c.PROGRESSIVE, indefinite(head("egg"))),
    "We bought some beautiful flowers. | Nous avons acheté de belles fleurs.": said(
        WE, "buy", c.PAST, indefinite(head("beautiful flower", True))
    ),
    "We bought some white shirts. | Nous avons acheté des chemises blanches.": said(
        WE, "buy", c.PAST, indefinite(head("white shirt", True))
    ),
    "They never eat meat. | Ils ne mangent jamais de viande.": said(
        THEY, "eat", c.PRESENT, bare(head("meat"))
    )._replace(adverb=NEVER),
    "Marie likes chocolate. | Marie aime le chocolat.": said(MARIE, "like", c.PRESENT, CHOCOLATE),
    "Paul has a lot of apples. | Paul a beaucoup de pommes.": said(
        PAUL, "have", c.PRESENT, many(head("apple", True))
    ),
    # gender, number and place of adjectives
    "I saw a beautiful flat. | J'ai vu un bel appartement.": said(
        MYSELF, "see", c.PAST, indefinite(head("beautiful flat"))
    ),
    "I saw a young man. | J'ai vu un jeune homme.": said(
        MYSELF, "see", c.PAST, indefinite(head("young man"))
    ),
    "He has a new computer. | Il a un nouvel ordinateur.": said(
        HE, "have", c.PRESENT, indefinite(head("new computer"))
    ),
    "He has an old hat. | Il a un vieux chapeau.": said(HE, "have", c.PRESENT, indefinite(head("old hat"))),
    "He saw this old hotel. | Il a vu ce vieil hôtel.": said(HE, "see", c.PAST, this(head("old hotel"))),
    "He saw that hotel. | Il a vu cet hôtel.": said(HE, "see", c.PAST, that(head("hotel"))),
    "I have three grey horses. | J'ai trois chevaux gris.": said(
        MYSELF, "have", c.PRESENT, counted(3, head("grey horse", True))
    ),
    "I wore my brown shoes. | J'ai porté mes chaussures marron.": said(
        MYSELF, "wear", c.PAST, own(MYSELF, head("brown shoe", True))
    ),
    "I have lost my orange. | J'ai perdu mon orange.": said(
        MYSELF, "lose", c.PERFECT, own(MYSELF, head("orange"))
    ),
    "She is wearing her white scarf. | Elle porte son écharpe blanche.": said(
        SHE, "wear", c.PROGRESSIVE, own(SHE, head("white scarf"))
    ),
    # tenses and moods
    "We are eating. | Nous mangeons.": said(WE, "eat", c.PROGRESSIVE),
    "We were eating. | Nous mangions.": said(WE, "eat", c.WAS_DOING),
    "I was reading a newspaper. | Je lisais un journal.": said(
        MYSELF, "read", c.WAS_DOING, indefinite(head("newspaper"))
    ),
    "She will buy the car. | Elle achètera la voiture.": said(SHE, "buy", c.FUTURE, the(head("car"))),
    "Paul will send the letter. | Paul enverra la lettre.": said(PAUL, "send", c.FUTURE, the(head("letter"))),
    "They are not going to write a letter. | Ils ne vont pas écrire de lettre.": unsaid(
        THEY, "write", c.GOING_TO, indefinite(head("letter"))
    ),
    "I cannot open the door. | Je ne peux pas ouvrir la porte.": unsaid(
        MYSELF, "open", c.CAN, the(head("door"))
    ),
    "You must close the window, Paul. | Tu dois fermer la fenêtre, Paul.": said(
        you("Paul"), "close", c.MUST, the(head("window"))
    ),
    "I would like to take this umbrella. | Je voudrais prendre ce parapluie.": said(
        MYSELF, "take", c.WOULD_LIKE, this(head("umbrella"))
    ),
    "He wants to make some coffee. | Il veut faire du café.": said(
        HE, "make", c.WANT, indefinite(head("coffee"))
    ),
    "I was tired. | J'étais fatigué.": tired(MYSELF, c.STATE_PAST),
    # the auxiliary être, agreement of the participle, reflexive verbs
    "Marie arrived. | Marie est arrivée.": said(MARIE, "arrive", c.PAST),
    "My sisters left. | Mes sœurs sont parties.": said(SISTERS, "leave", c.PAST),
    "Marie went to the market. | Marie est allée au marché.": said(MARIE, "go", c.PAST, TO_MARKET),
    "I get up. | Je me lève.": said(MYSELF, "get up", c.PRESENT),
    "She got dressed. | Elle s'est habillée.": said(SHE, "get dressed", c.PAST),
    "We did not go to bed. | Nous ne nous sommes pas couchés.": unsaid(WE, "go to bed", c.PAST),
    "You want to rest, madam. | Vous voulez vous reposer, madame.": said(you("madam"), "rest", c.WANT),
    # pronouns as objects
    "I saw her. | Je l'ai vue.": said(MYSELF, "see", c.PAST)._replace(pronoun=HER),
    "We did not wait for them. | Nous ne les avons pas attendus.": unsaid(WE, "wait for", c.PAST)._replace(
        pronoun=THEM
    ),
    "Paul is going to help me. | Paul va m'aider.": said(PAUL, "help", c.GOING_TO)._replace(pronoun=ME),
    "I gave her a book. | Je lui ai donné un livre.": said(
        MYSELF, "give", c.PAST, indefinite(head("book"))
    )._replace(pronoun=people.indirect(HER)),
    # tu and vous, gender and number of who is spoken to
    "You are tired, Marie. | Tu es fatiguée, Marie.": tired(you("Marie")),
    "You are tired, sir. | Vous êtes fatigué, monsieur.": tired(you("sir")),
    "You are tired, madam. | Vous êtes fatiguée, madame.": tired(you("madam")),
    "You are tired, children. | Vous êtes fatigués, les enfants.": tired(you("children")),
    "My sisters are tired. | Mes sœurs sont fatiguées.": tired(SISTERS),
}


@pytest.mark.parametrize("pair", STATEMENTS)
def test_statement(pair: str) -> None:
    clause = STATEMENTS[pair]
    found = c.sentence(c.say_english(clause), c.say_french(clause), (), ".", clause.addressee)
    assert f"{found.en} | {found.fr}" == pair


QUESTIONS = {
    "Are you tired, Paul? | Est-ce que tu es fatigué, Paul ?": (tired(you("Paul")), ("", "")),
    "Why are you tired, Mrs Martin? | Pourquoi est-ce que vous êtes fatiguée, madame Martin ?": (
        tired(you("Mrs Martin")),
        ("why", "pourquoi"),
    ),
    "Does he sleep? | Est-ce qu'il dort ?": (said(HE, "sleep", c.PRESENT), ("", "")),
    "Where does Alice work? | Où est-ce qu'Alice travaille ?": (
        said(ALICE, "work", c.PRESENT),
        ("where", "où"),
    ),
    "What did she buy? | Qu'est-ce qu'elle a acheté ?": (said(SHE, "buy", c.PAST), ("what", "que")),
    "Who broke this phone? | Qui a cassé ce téléphone ?": (
        said(people.WHO, "break", c.PAST, this(head("phone"))),
        ("", ""),
    ),
}


@pytest.mark.parametrize("pair", QUESTIONS)
def test_question(pair: str) -> None:
    clause, words = QUESTIONS[pair]
    found = c.ask(clause, (), words)
    assert f"{found.en} | {found.fr}" == pair


@pytest.mark.parametrize(
    ("verb", "what", "whom", "negative", "pair"),
    [
        ("eat", "apple", "Paul", False, "Eat the apple, Paul! | Mange la pomme, Paul !"),
        ("open", "box", "madam", True, "Don't open the box, madam! | N'ouvrez pas la boîte, madame !"),
        ("read", "book", "children", False, "Read the book, children! | Lisez le livre, les enfants !"),
        ("open", "door", "Mum", False, "Open the door, Mum! | Ouvre la porte, maman !"),
    ],
)
def test_order(verb: str, what: str, whom: str, negative: bool, pair: str) -> None:
    found = c.order(VERBS[verb], the(head(what)), ADDRESSEES[whom], (), negative)
    assert f"{found.en} | {found.fr}" == pair


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("I am not tired", "I'm not tired"),
        ("he is not tired", "he isn't tired"),
        ("he is tired", "he's tired"),
        ("they will come", "they'll come"),
        ("she would like to dance", "she'd like to dance"),
        ("I will not eat", "I won't eat"),
        ("I cannot swim", "I can't swim"),
        ("Paul does not smoke", "Paul doesn't smoke"),
        ("Paul is tired", "Paul is tired"),
    ],
)
def test_contraction(text: str, short: str) -> None:
    assert english.contract(text) == short


@pytest.mark.parametrize(
    ("noun", "article"), [("egg", "an"), ("umbrella", "an"), ("uniform", "a"), ("key", "a")]
)
def test_english_article(noun: str, article: str) -> None:
    assert english.article(noun) == article


@pytest.mark.parametrize(
    ("number", "in_english", "in_french"),
    [
        (0, "zero", "zéro"),
        (16, "sixteen", "seize"),
        (21, "twenty-one", "vingt et un"),
        (47, "forty-seven", "quarante-sept"),
        (70, "seventy", "soixante-dix"),
        (71, "seventy-one", "soixante et onze"),
        (80, "eighty", "quatre-vingts"),
        (81, "eighty-one", "quatre-vingt-un"),
        (99, "ninety-nine", "quatre-vingt-dix-neuf"),
        (100, "one hundred", "cent"),
        (105, "one hundred and five", "cent cinq"),
        (200, "two hundred", "deux cents"),
        (550, "five hundred and fifty", "cinq cent cinquante"),
    ],
)
def test_number(number: int, in_english: str, in_french: str) -> None:
    assert (english_number(number), french_number(number)) == (in_english, in_french)


def test_one_agrees() -> None:
    feminine = [french_number(number, feminine=True) for number in (1, 2, 21, 81)]
    assert feminine == ["une", "deux", "vingt et une", "quatre-vingt-une"]


def test_every_number_has_its_own_name() -> None:
    assert len({english_number(number) for number in range(1000)}) == 1000
    assert len({french_number(number) for number in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("number", "ordinal"),
    [(1, "first"), (2, "second"), (5, "fifth"), (12, "twelfth"), (20, "twentieth"), (23, "twenty-third")],
)
def test_ordinal(number: int, ordinal: str) -> None:
    assert english_ordinal(number) == ordinal


@pytest.mark.parametrize(
    ("hour", "minute", "in_english", "in_french"),
    [
        (3, 15, "a quarter past three", "trois heures et quart"),
        (6, 30, "half past six", "six heures et demie"),
        (3, 45, "a quarter to four", "quatre heures moins le quart"),
        (1, 0, "one o'clock", "une heure"),
        (11, 50, "ten to one", "une heure moins dix"),
        (8, 5, "five past eight", "huit heures cinq"),
    ],
)
def test_clock(hour: int, minute: int, in_english: str, in_french: str) -> None:
    assert clock_time(hour, minute) == (in_english, in_french)


def test_dates() -> None:
    assert date_in_words(1, 0) == ("the first of January", "le premier janvier")
    assert date_in_words(21, 7) == ("the twenty-first of August", "le vingt et un août")
    assert date_in_figures(3, 4) == ("3 May", "le 3 mai")
    assert date_in_figures(1, 4) == ("1 May", "le 1er mai")


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("je habite à côté de le hôtel", "j'habite à côté de l'hôtel"),
        ("il vient de le Japon", "il vient du Japon"),
        ("il parle à les enfants de les voisins", "il parle aux enfants des voisins"),
        ("est-ce que il y a un bus", "est-ce qu'il y a un bus"),
        ("le huit ou le onze mai", "le huit ou le onze mai"),
        ("ce est le hamburger de Emma", "c'est le hamburger d'Emma"),
        ("puis-je entrer", "puis-je entrer"),
        ("je pense que oui", "je pense que oui"),
    ],
)
def test_elision_and_contraction(text: str, spelled: str) -> None:
    assert french.spell(text) == spelled


CONJUGATIONS = """
manger | mange manges mange mangeons mangez mangent | mangeais mangions | mangera
commencer | commence commences commence commençons commencez commencent | commençais commencions | commencera
acheter | achète achètes achète achetons achetez achètent | achetais achetions | achètera
appeler | appelle appelles appelle appelons appelez appellent | appelais appelions | appellera
préférer | préfère préfères préfère préférons préférez préfèrent | préférais préférions | préférera
nettoyer | nettoie nettoies nettoie nettoyons nettoyez nettoient | nettoyais nettoyions | nettoiera
choisir | choisis choisis choisit choisissons choisissez choisissent | choisissais choisissions | choisira
vendre | vends vends vend vendons vendez vendent | vendais vendions | vendra
être | suis es est sommes êtes sont | étais étions | sera
boire | bois bois boit buvons buvez boivent | buvais buvions | boira
"""


@pytest.mark.parametrize("row", CONJUGATIONS.strip().splitlines())
def test_conjugation(row: str) -> None:
    infinitive, present, imperfect, future = (column.strip() for column in row.split("|"))
    verb = french.verb(infinitive)
    assert " ".join(verb.present) == present
    assert " ".join(french.imperfect(verb, person) for person in (people.JE, people.NOUS)) == imperfect
    assert french.future(verb, people.IL) == future
