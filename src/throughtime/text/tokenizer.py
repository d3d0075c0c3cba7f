"""Text to ids and back: subwords (sentencepiece), or whole words with a limited vocabulary.

Neither changes a character except by Unicode composition (NFC) and white space normalisation, so a no-break
space, an ellipsis or a typographic apostrophe is learned as it is: see `normalise` in normalise.py.
"""

from __future__ import annotations

import io
import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, Protocol, cast

from sentencepiece import SentencePieceProcessor, SentencePieceTrainer

from throughtime.errors import InputError
from throughtime.layers.special_ids import BOS_ID, EOS_ID, PAD_ID, SPECIALS, UNK_ID
from throughtime.text.normalise import normalise
from throughtime.text.units import (
    NOTHING,
    UNKNOWN,
    most_frequent,
    require_room,
    units_from_asset,
    written,
)

FARTHEST = 7
"""Maximum distance to its source word at which an unknown target word has an id with its position."""
UNKNOWN_SIGN = "⁇"
"""What subwords write for a character that training never saw."""
SPACE = "\u2581"
"""The first character of subwords that begin a word."""
_SENTENCES = 200_000  # for sentencepiece to learn from; more change little and cost memory
_THREADS = (
    2  # affects the result: sentencepiece sums over threads, so the number must not depend on the machine
)
_LONGEST_SENTENCE = 1 << 14  # bytes; sentencepiece skips longer ones


class Tokenizer(Protocol):
    """The interface of a tokenizer; ids are below `vocab_size`, the first four as in SPECIALS."""

    @property
    def kind(self) -> str:
        """A word for reports: "subwords" or "words"."""
        ...

    @property
    def vocab_size(self) -> int:
        """Number of ids, the four special ones included."""
        ...

    @property
    def unknowns(self) -> Mapping[int, int | None]:
        """The ids of unknown words, and their positions: target position minus source position, or None.

        UNK_ID comes first; in a vocabulary with positions the last id means that there is no such source
        position.
        """
        ...

    def encode(self, text: str) -> list[int]:
        """Return the ids of one sentence, without BOS_ID and EOS_ID; unknown words are UNK_ID."""
        ...

    def surfaces(self, text: str) -> list[str]:
        """Return the text that each id of `encode` represents, as written, without the spaces around it."""
        ...

    def names(self, ids: Sequence[int]) -> list[str]:
        """Return the name of each id in the vocabulary."""
        ...

    def decode(self, ids: Sequence[int], unknown: Mapping[int, str] = NOTHING) -> str:
        """Return ids as running text up to the first EOS_ID; PAD_ID and BOS_ID are skipped.

        unknown: for indices of unknown words among the ids, what to write there.
        """
        ...

    def inner(self) -> list[bool]:
        """Return for each id whether its text continues the word before it."""
        ...

    def cuts(self) -> list[list[tuple[int, int]]]:
        """Return for each id the pairs of ids that together have the same text."""
        ...

    def to_asset(self) -> bytes:
        """Return all that `tokenizer_from_asset` needs to rebuild the tokenizer."""
        ...


def languages() -> frozenset[str]:
    """Return the codes of the languages whose words Moses splits."""
    from sacremoses.corpus import NonbreakingPrefixes

    return frozenset(NonbreakingPrefixes().available_langs.values()) | {"cjk", "ja", "ko"}


@dataclass(frozen=True)
class Tokenizers:
    """The tokenizers of both sides; the same object if the vocabulary is joint."""

    src: Tokenizer
    tgt: Tokenizer

    def to_assets(self) -> dict[str, bytes]:
        """Return all that `tokenizers_from_assets` needs; a joint vocabulary is stored once."""
        assets = {"src": self.src.to_asset(), "tgt": self.tgt.to_asset()}
        if self.src is self.tgt:
            del assets["src"]
        return assets


def same_vocabulary(first: Tokenizer, second: Tokenizer) -> bool:
    """Whether two tokenizers give the same ids."""
    return first is second or first.to_asset() == second.to_asset()


def same_vocabularies(first: Tokenizers, second: Tokenizers) -> bool:
    """Whether two models read and write the same ids."""
    return same_vocabulary(first.src, second.src) and same_vocabulary(first.tgt, second.tgt)


def unplaced(tokenizer: Tokenizer) -> int:
    """Return the id of an unknown word without a source position."""
    return list(tokenizer.unknowns)[-1]


def tokenizers_from_assets(assets: Mapping[str, bytes]) -> Tokenizers:
    """Rebuild both tokenizers; raises InputError for invalid bytes, KeyError without a target's."""
    tgt = tokenizer_from_asset(assets["tgt"])
    return Tokenizers(tokenizer_from_asset(assets["src"]) if "src" in assets else tgt, tgt)


def tokenizer_from_asset(asset: bytes) -> Tokenizer:
    """Rebuild a tokenizer from the bytes of its `to_asset`; raises InputError for any other bytes."""
    if asset.startswith(b'{"units"'):
        return units_from_asset(asset)
    return Words.from_asset(asset) if asset.startswith(b"{") else Subwords(asset)


class Subwords:
    """A sentencepiece model; a character that training never saw becomes UNK_ID and is printed as ⁇."""

    kind = "subwords"
    unknowns = UNKNOWN

    def __init__(self, asset: bytes) -> None:
        self._asset = asset
        try:
            self._model = SentencePieceProcessor(model_proto=asset)
        except RuntimeError as error:
            raise InputError("the tokenizer is damaged: its bytes are not a sentencepiece model") from error
        model = self._model
        if (model.pad_id(), model.unk_id(), model.bos_id(), model.eos_id()) != (
            PAD_ID,
            UNK_ID,
            BOS_ID,
            EOS_ID,
        ):
            raise InputError(
                "the sentencepiece model does not number <pad>, <unk>, <s> and </s> as 0, 1, 2 and 3"
            )

    @property
    def vocab_size(self) -> int:
        return self._model.vocab_size()

    def encode(self, text: str) -> list[int]:
        return self._model.encode(normalise(text))

    def surfaces(self, text: str) -> list[str]:
        pieces = self._model.encode(normalise(text), out_type=str)
        return [piece.replace(SPACE, " ").strip() for piece in pieces]

    def names(self, ids: Sequence[int]) -> list[str]:
        return [self._model.id_to_piece(number) for number in ids]

    def decode(self, ids: Sequence[int], unknown: Mapping[int, str] = NOTHING) -> str:
        if not unknown:
            return self._model.decode([int(number) for _, number in written(ids)])
        fillings = iter([unknown.get(k, UNKNOWN_SIGN) for k, number in enumerate(ids) if number == UNK_ID])
        parts = self._model.decode([int(number) for _, number in written(ids)]).split(UNKNOWN_SIGN)
        return parts[0] + "".join(next(fillings, UNKNOWN_SIGN) + part for part in parts[1:])

    def inner(self) -> list[bool]:
        model = self._model
        plain = (not (model.is_control(k) or model.is_unknown(k)) for k in range(model.vocab_size()))
        return [valid and model.id_to_piece(k)[0].isalnum() for k, valid in enumerate(plain)]

    def cuts(self) -> list[list[tuple[int, int]]]:
        model = self._model
        size = model.vocab_size()
        plain = [k for k in range(size) if not (model.is_control(k) or model.is_unknown(k))]
        ids = {model.id_to_piece(k): k for k in plain}
        cuts: list[list[tuple[int, int]]] = [[] for _ in range(size)]
        for piece, number in ids.items():
            for k in range(1, len(piece)):
                if piece[:k] in ids and piece[k:] in ids:
                    cuts[number].append((ids[piece[:k]], ids[piece[k:]]))
        return cuts

    def to_asset(self) -> bytes:
        return self._asset


class Words:
    """The frequent words, split and joined as Moses does, all others `<unk>` (Sutskever et al. 2014, 3.1).

    positions: after the words there are ids for unknown words with the position of their source word, target
    position minus source position from -FARTHEST to FARTHEST, and one for those without (Luong, Sutskever et
    al. 2015, section 3.3). `encode` returns none of them.
    """

    kind = "words"

    def __init__(self, words: Sequence[str], language: str, positions: bool = False) -> None:
        # importing sacremoses takes 0.3 s, and subwords do without it
        from sacremoses import MosesDetokenizer, MosesTokenizer

        if language not in (known := languages()):
            raise InputError(f"language {language!r} is not known; choose one of {', '.join(sorted(known))}")
        self.language = language
        offsets = [*range(-FARTHEST, FARTHEST + 1), None] if positions else []
        self.unknowns = {**UNKNOWN, **dict(enumerate(offsets, len(SPECIALS) + len(words)))}
        self._words = [*SPECIALS, *words, *(SPECIALS[UNK_ID] for _ in offsets)]
        self._ids = {word: number for number, word in enumerate(words, len(SPECIALS))}
        self._splitter = MosesTokenizer(language)
        self._joiner = MosesDetokenizer(language)

    @property
    def vocab_size(self) -> int:
        return len(self._words)

    def split(self, text: str) -> list[str]:
        """Return the words and punctuation marks of a sentence."""
        tokens = self._splitter.tokenize(normalise(text), aggressive_dash_splits=False, escape=False)
        return cast("list[str]", tokens)

    def encode(self, text: str) -> list[int]:
        return [self._ids.get(word, UNK_ID) for word in self.split(text)]

    def surfaces(self, text: str) -> list[str]:
        return self.split(text)

    def names(self, ids: Sequence[int]) -> list[str]:
        return [self._words[number] for number in ids]

    def decode(self, ids: Sequence[int], unknown: Mapping[int, str] = NOTHING) -> str:
        words = [unknown.get(k, self._words[number]) for k, number in written(ids)]
        return self._joiner.detokenize(words, unescape=False)

    def inner(self) -> list[bool]:
        return [False for _ in self._words]

    def cuts(self) -> list[list[tuple[int, int]]]:
        return [[] for _ in self._words]

    def to_asset(self) -> bytes:
        positions = len(self.unknowns) - 1
        words = self._words[len(SPECIALS) : self.vocab_size - positions]
        fields: dict[str, object] = {"language": self.language, "words": words}
        if positions:
            fields["positions"] = True
        return json.dumps(fields, ensure_ascii=False).encode()

    @classmethod
    def from_asset(cls, asset: bytes) -> Words:
        """Rebuild the words from `to_asset`; raises InputError for any other bytes."""
        try:
            fields = json.loads(asset)
            language, words = str(fields["language"]), [str(word) for word in fields["words"]]
            positions = bool(fields.get("positions", False))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError("the tokenizer is damaged: its bytes are not a vocabulary of words") from error
        return cls(words, language, positions)


def train_words(sentences: Iterable[str], vocab_size: int, language: str, positions: bool = False) -> Words:
    """Keep the most frequent words, `vocab_size` with the four special ones; ties are sorted by spelling.

    If there are fewer words than that, all are kept. positions: whether unknown words get ids with positions
    beyond these.

    Raises InputError if Moses does not know the language, or there is no room or text for a word.
    """
    splitter = Words([], language)
    return Words(most_frequent(map(splitter.split, sentences), vocab_size), language, positions)


def train_subwords(
    sentences: Iterable[str],
    vocab_size: int,
    seed: int,
    algorithm: Literal["unigram", "bpe"] = "unigram",
    character_coverage: float = 1.0,
) -> Subwords:
    """Learn a sentencepiece vocabulary of `vocab_size` pieces from at most 200,000 sentences drawn by seed.

    The unigram model (Kudo 2018) or byte-pair encoding (Sennrich et al. 2016). `character_coverage` is the
    share of the text whose characters all become pieces; scripts of thousands of characters need 0.9995.
    There are no byte pieces: 256 of them would crowd a small vocabulary, and small corpora never train them.

    Raises InputError if the text allows no vocabulary of that size, naming the nearest size that it does.
    """
    require_room(vocab_size)
    sample = _draw(filter(None, map(normalise, sentences)), _SENTENCES, seed)
    if not sample:
        raise InputError("the tokenizer has no text to learn from")
    model = io.BytesIO()
    try:
        SentencePieceTrainer.train(
            sentence_iterator=iter(sample),
            model_writer=model,
            model_type=algorithm,
            vocab_size=vocab_size,
            character_coverage=character_coverage,
            normalization_rule_name="identity",
            max_sentence_length=_LONGEST_SENTENCE,
            pad_id=PAD_ID,
            unk_id=UNK_ID,
            bos_id=BOS_ID,
            eos_id=EOS_ID,
            unk_surface=UNKNOWN_SIGN,
            num_threads=_THREADS,
            minloglevel=9,
        )
    except RuntimeError as error:
        raise _explained(str(error), vocab_size) from error
    return Subwords(model.getvalue())


def _draw(sentences: Iterable[str], size: int, seed: int) -> list[str]:
    """Return `size` sentences, drawn uniformly in one pass (Vitter 1985, algorithm R)."""
    stream = iter(sentences)
    sample = list(islice(stream, size))
    generator = random.Random(seed)
    for seen, sentence in enumerate(stream, size):
        place = generator.randint(0, seen)
        if place < size:
            sample[place] = sentence
    return sample


def _explained(message: str, vocab_size: int) -> InputError:
    """Turn a failed check inside sentencepiece into a sentence for the user."""
    if limit := re.search(r"value <= (\d+)", message):
        return InputError(f"vocab_size is {vocab_size}; the training text allows at most {limit[1]}")
    if limit := re.search(r"\d+ vs (\d+)", message):
        return InputError(
            f"vocab_size is {vocab_size}; the characters of the training text alone need at least {limit[1]}"
        )
    return InputError(f"sentencepiece cannot learn from the training text: {message.strip()}")
