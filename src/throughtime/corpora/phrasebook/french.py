"""How French words change: elision, contraction, agreement and conjugation."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

_VOWEL = r"(?!onz|oui)(?:[aeiouâàéèêîôûœAEIOUÉÊÎ]|[hH](?!amburger|uit)|y\b)"
_STARTS_WITH_VOWEL = re.compile(_VOWEL)
_ELIDED = re.compile(rf"(?<![\w-])([jmtsdnc]e|l[ea]|que) (?={_VOWEL})", re.IGNORECASE)
_CONTRACTED = re.compile(r"\b(de|à) (les?) ")
_CONTRACTIONS = {"de le": "du ", "de les": "des ", "à le": "au ", "à les": "aux "}


def starts_with_vowel(word: str) -> bool:
    """Whether a word begins with a vowel sound, as with a mute h (hôtel) but not an aspirated one (huit)."""
    return _STARTS_WITH_VOWEL.match(word) is not None


def spell(text: str) -> str:
    """Elide and contract: `je habite près de le parc` becomes `j'habite près du parc`."""
    text = _ELIDED.sub(lambda match: match[1][:-1] + "'", text)
    return _CONTRACTED.sub(lambda match: _CONTRACTIONS[f"{match[1]} {match[2]}"], text)


class Determiner(NamedTuple):
    """The forms of a French determiner, those before a vowel included."""

    masculine: str
    feminine: str
    masculine_vowel: str
    feminine_vowel: str
    masculine_plural: str
    feminine_plural: str

    def agree(self, following: str, feminine: bool, plural: bool) -> str:
        """Return the form for a gender, a number and the word that follows."""
        if plural:
            return self.feminine_plural if feminine else self.masculine_plural
        if starts_with_vowel(following):
            return self.feminine_vowel if feminine else self.masculine_vowel
        return self.feminine if feminine else self.masculine


def _determiner(
    masculine: str, feminine: str, plural: str, masculine_vowel: str = "", feminine_plural: str = ""
) -> Determiner:
    """Build a determiner; only `ma ta sa` give way to the masculine form before a vowel."""
    feminine_vowel = masculine if feminine in ("ma", "ta", "sa") else feminine
    before_vowel = (masculine_vowel or masculine, feminine_vowel)
    return Determiner(masculine, feminine, *before_vowel, plural, feminine_plural or plural)


DEFINITE = _determiner("le", "la", "les")
INDEFINITE = _determiner("un", "une", "des")
PARTITIVE = _determiner("de le", "de la", "des")
DEMONSTRATIVE = _determiner("ce", "cette", "ces", "cet")
INTERROGATIVE = _determiner("quel", "quelle", "quels", feminine_plural="quelles")
POSSESSIVES = (
    _determiner("mon", "ma", "mes"),
    _determiner("ton", "ta", "tes"),
    _determiner("son", "sa", "ses"),
    _determiner("notre", "notre", "nos"),
    _determiner("votre", "votre", "vos"),
    _determiner("leur", "leur", "leurs"),
)
REFLEXIVES = ("me", "te", "se", "nous", "vous", "se")


class FrenchVerb(NamedTuple):
    """A French verb: what cannot be derived of it. `present` runs over je, tu, il, nous, vous, ils."""

    infinitive: str
    present: tuple[str, ...]
    participle: str
    future_stem: str
    with_etre: bool
    reflexive: bool


_IMPERFECT = ("ais", "ais", "ait", "ions", "iez", "aient")
_FUTURE = ("ai", "as", "a", "ons", "ez", "ont")

_IRREGULAR = """
aller     vais vas va allons allez vont                                    allé    ir
avoir     ai as a avons avez ont                                           eu      aur
boire     bois bois boit buvons buvez boivent                              bu      boir
connaître connais connais connaît connaissons connaissez connaissent       connu   connaîtr
courir    cours cours court courons courez courent                         couru   courr
devenir   deviens deviens devient devenons devenez deviennent              devenu  deviendr
devoir    dois dois doit devons devez doivent                              dû      devr
dire      dis dis dit disons dites disent                                  dit     dir
dormir    dors dors dort dormons dormez dorment                            dormi   dormir
écrire    écris écris écrit écrivons écrivez écrivent                      écrit   écrir
être      suis es est sommes êtes sont                                     été     ser
faire     fais fais fait faisons faites font                               fait    fer
lire      lis lis lit lisons lisez lisent                                  lu      lir
naître    nais nais naît naissons naissez naissent                         né      naîtr
ouvrir    ouvre ouvres ouvre ouvrons ouvrez ouvrent                        ouvert  ouvrir
partir    pars pars part partons partez partent                            parti   partir
pleuvoir  pleus pleus pleut pleuvons pleuvez pleuvent                      plu     pleuvr
pouvoir   peux peux peut pouvons pouvez peuvent                            pu      pourr
prendre   prends prends prend prenons prenez prennent                      pris    prendr
recevoir  reçois reçois reçoit recevons recevez reçoivent                  reçu    recevr
revenir   reviens reviens revient revenons revenez reviennent              revenu  reviendr
savoir    sais sais sait savons savez savent                               su      saur
sortir    sors sors sort sortons sortez sortent                            sorti   sortir
voir      vois vois voit voyons voyez voient                               vu      verr
vouloir   veux veux veut voulons voulez veulent                            voulu   voudr
"""
_IRREGULAR_ROWS = {line.split()[0]: line.split()[1:] for line in _IRREGULAR.strip().splitlines()}
_STRONG_STEMS = {
    "acheter": "achèt",
    "appeler": "appell",
    "envoyer": "envoi",
    "essayer": "essai",
    "lever": "lèv",
    "nettoyer": "nettoi",
    "préférer": "préfèr",
}
_FUTURE_STEMS = {"envoyer": "enverr", "préférer": "préférer"}
_WITH_ETRE = ("aller", "arriver", "devenir", "naître", "partir", "rentrer", "revenir", "sortir")


@cache
def verb(infinitive: str) -> FrenchVerb:
    """Return a verb by its infinitive; `se lever` and `s'habiller` are reflexive."""
    bare = re.sub(r"^s(?:e |')", "", infinitive)
    reflexive = bare != infinitive
    present, participle, future_stem = _principal_parts(bare)
    return FrenchVerb(bare, present, participle, future_stem, reflexive or bare in _WITH_ETRE, reflexive)


def _principal_parts(infinitive: str) -> tuple[tuple[str, ...], str, str]:
    if infinitive in _IRREGULAR_ROWS:
        *present, participle, future_stem = _IRREGULAR_ROWS[infinitive]
        return tuple(present), participle, future_stem
    stem, ending = infinitive[:-2], infinitive[-2:]
    if ending == "er":
        return _first_group(infinitive)
    if ending == "ir":
        return _conjugate(stem, "is is it issons issez issent"), stem + "i", infinitive
    return _conjugate(stem, "s s - ons ez ent"), stem + "u", infinitive[:-1]


def _first_group(infinitive: str) -> tuple[tuple[str, ...], str, str]:
    """Conjugate in -er, with the strong stem of `j'achète` and the softened `nous mangeons, commençons`."""
    stem = infinitive[:-2]
    strong = _STRONG_STEMS.get(infinitive, stem)
    soft = stem + "e" if stem.endswith("g") else stem[:-1] + "ç" if stem.endswith("c") else stem
    je, tu, il, ils = _conjugate(strong, "e es e ent")
    future_stem = _FUTURE_STEMS.get(infinitive, strong + "er")
    return (je, tu, il, soft + "ons", stem + "ez", ils), stem + "é", future_stem


def _conjugate(stem: str, endings: str) -> tuple[str, ...]:
    return tuple(stem + ending.strip("-") for ending in endings.split())


@cache
def imperfect(verb: FrenchVerb, person: int) -> str:
    """Return the imparfait: the stem of `nous` in the present, and an ending; `être` has its own stem."""
    stem = "ét" if verb.infinitive == "être" else verb.present[3].removesuffix("ons")
    ending = _IMPERFECT[person]
    if ending.startswith("i"):
        stem = re.sub("ge$", "g", stem).replace("ç", "c")
    return stem + ending


def future(verb: FrenchVerb, person: int) -> str:
    """Return the futur simple."""
    return verb.future_stem + _FUTURE[person]


def conditional(verb: FrenchVerb, person: int) -> str:
    """Return the present conditional."""
    return verb.future_stem + _IMPERFECT[person]


def imperative(verb: FrenchVerb, person: int) -> str:
    """Return the imperative for `tu` or `vous`; `manges` and `vas` lose their s."""
    form = verb.present[person]
    return form[:-1] if form.endswith("es") or form == "vas" else form


def agreeing_participle(verb: FrenchVerb, feminine: bool, plural: bool) -> str:
    """Return the past participle with the ending of a gender and a number."""
    participle = verb.participle + ("e" if feminine else "")
    return participle + ("s" if plural and not participle.endswith("s") else "")
