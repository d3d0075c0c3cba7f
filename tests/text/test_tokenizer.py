from __future__ import annotations

import json
import random
from io import BytesIO
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentencepiece import SentencePieceTrainer

from throughtime.errors import InputError
from throughtime.layers.special_ids import BOS_ID, EOS_ID, PAD_ID, SPECIALS, UNK_ID
from throughtime.text.normalise import normalise
from throughtime.text.tokenizer import (
    Subwords,
    Tokenizer,
    Tokenizers,
    Words,
    same_vocabularies,
    tokenizer_from_asset,
    train_subwords,
    train_words,
)

FRENCH = [
    f"{who} {what} {whom}\u202f{end}"
    for who, what, whom, end in product(
        ["Je", "Tu", "Elle", "L'homme"],
        ["vois", "n'aime pas", "entends"],
        ["le chat", "la sœur", "Noël"],
        "?!:",
    )
]
SIZE = 36  # of the vocabulary; the sentences hold 30 different characters


@pytest.fixture(scope="module")
def subwords() -> Subwords:
    return train_subwords(FRENCH, SIZE, seed=1)


@pytest.fixture(scope="module")
def words() -> Words:
    return train_words(FRENCH, 20, "fr")


@pytest.fixture(scope="module", params=["unigram", "bpe", "words"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return (
        train_words(FRENCH, 20, "fr")
        if request.param == "words"
        else train_subwords(FRENCH, SIZE, 1, request.param)
    )


def test_ids_of_the_special_tokens() -> None:
    assert (PAD_ID, UNK_ID, BOS_ID, EOS_ID) == (0, 1, 2, 3)
    assert SPECIALS == ("<pad>", "<unk>", "<s>", "</s>")


def test_vocabulary_has_the_size_asked_for(tokenizer: Tokenizer) -> None:
    assert tokenizer.vocab_size == (20 if tokenizer.kind == "words" else SIZE)
    used = {number for sentence in FRENCH for number in tokenizer.encode(sentence)}
    assert used <= {UNK_ID, *range(len(SPECIALS), tokenizer.vocab_size)}


def test_subwords_come_back_to_the_character(subwords: Subwords) -> None:
    for sentence in FRENCH:
        ids = subwords.encode(sentence)
        assert UNK_ID not in ids
        assert subwords.decode(ids) == sentence  # the narrow no-break space included


@given(st.text(st.sampled_from(sorted(set("".join(FRENCH)) | set(" \t\n"))), max_size=60))
@settings(deadline=None)
def test_known_characters_come_back_up_to_white_space(subwords: Subwords, text: str) -> None:
    assert subwords.decode(subwords.encode(text)) == normalise(text)


@given(st.text(st.characters(), max_size=60))
@settings(deadline=None)
def test_any_text_is_encoded_and_decoded(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert all(UNK_ID <= number < tokenizer.vocab_size for number in ids)
    assert not {PAD_ID, BOS_ID, EOS_ID} & set(ids)
    assert "\n" not in tokenizer.decode(ids)


@given(st.lists(st.integers(0, 19), max_size=30))
@settings(deadline=None)
def test_any_ids_are_decoded(tokenizer: Tokenizer, ids: list[int]) -> None:
    end = ids.index(EOS_ID) if EOS_ID in ids else len(ids)
    plain = [number for number in ids[:end] if number not in (PAD_ID, BOS_ID)]
    assert tokenizer.decode(ids) == tokenizer.decode(plain)


def test_decoding_stops_at_the_end_and_passes_over_padding(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode(FRENCH[0])
    rest = tokenizer.encode(FRENCH[1])
    assert tokenizer.decode([BOS_ID, *ids, EOS_ID, *rest]) == tokenizer.decode(ids)
    assert tokenizer.decode([*ids, PAD_ID, PAD_ID]) == tokenizer.decode(ids)
    assert tokenizer.decode([EOS_ID, *ids]) == tokenizer.decode([]) == ""
    assert tokenizer.encode("") == tokenizer.encode(" \n") == []


def test_unknown_characters_and_words(subwords: Subwords, words: Words) -> None:
    assert subwords.decode(subwords.encode("Je vois 語")) == "Je vois ⁇"
    ids = words.encode("Je vois le tigre !")
    assert ids.count(UNK_ID) == 1
    assert words.decode(ids) == "Je vois le <unk> !"


def test_special_tokens_in_the_text_are_text(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("<s> </s> <pad> Je")
    assert not {PAD_ID, BOS_ID, EOS_ID} & set(ids)


def test_assets_rebuild_the_tokenizer(tokenizer: Tokenizer) -> None:
    again = tokenizer_from_asset(tokenizer.to_asset())
    assert type(again) is type(tokenizer)
    assert (again.kind, again.vocab_size) == (tokenizer.kind, tokenizer.vocab_size)
    assert [again.encode(text) for text in FRENCH] == [tokenizer.encode(text) for text in FRENCH]
    assert again.to_asset() == tokenizer.to_asset()


@pytest.mark.parametrize("asset", [b"", b"abc", b"\n\x0e", b"\xff" * 20])
def test_asset_that_is_no_sentencepiece_model(asset: bytes) -> None:
    with pytest.raises(InputError, match="sentencepiece model"):
        tokenizer_from_asset(asset)


@pytest.mark.parametrize(
    "asset", [b"{", b"{}", b'{"language": "fr"}', b'{"language": "fr", "words": 3}', b"{\xff}"]
)
def test_asset_that_is_no_vocabulary(asset: bytes) -> None:
    with pytest.raises(
        InputError, match=r"^the tokenizer is damaged: its bytes are not a vocabulary of words$"
    ):
        tokenizer_from_asset(asset)


@pytest.mark.parametrize("algorithm", ["unigram", "bpe"])
def test_vocabulary_larger_than_the_text_allows(algorithm: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError) as caught:
        train_subwords(FRENCH, 5000, 1, algorithm)
    message = str(caught.value)
    assert message.startswith("vocab_size is 5000; the training text allows at most ")
    largest = int(message.removesuffix(".").rsplit(" ", 1)[1])
    assert train_subwords(FRENCH, largest, 1, algorithm).vocab_size == largest
    with pytest.raises(InputError, match=f"at most {largest}"):
        train_subwords(FRENCH, largest + 1, 1, algorithm)
    assert capfd.readouterr() == ("", "")  # sentencepiece kept quiet


def test_vocabulary_smaller_than_the_alphabet() -> None:
    with pytest.raises(InputError) as caught:
        train_subwords(FRENCH, 10, 1)
    message = str(caught.value)
    assert message.startswith("vocab_size is 10; the characters of the training text alone need at least ")
    smallest = int(message.removesuffix(".").rsplit(" ", 1)[1])
    assert train_subwords(FRENCH, smallest, 1).vocab_size == smallest
    with pytest.raises(InputError, match=r"^vocab_size is 4; it must be at least 5$"):
        train_subwords(FRENCH, 4, 1)


def test_where_there_are_fewer_words_all_are_kept() -> None:
    assert train_words(["a b c", "a b"], 8, "en").vocab_size == 7
    with pytest.raises(InputError, match=r"^the tokenizer has no text to learn from$"):
        train_words([], 8, "en")
    with pytest.raises(InputError, match=r"^vocab_size is 4; it must be at least 5$"):
        train_words(["a b c"], 4, "en")


@pytest.mark.parametrize("sentences", [[], [""], [" ", "\n"]])
def test_no_text_to_learn_from(sentences: list[str]) -> None:
    with pytest.raises(InputError, match=r"^the tokenizer has no text to learn from$"):
        train_subwords(sentences, 100, 1)


def test_text_that_sentencepiece_cannot_use() -> None:
    with pytest.raises(InputError, match=r"^sentencepiece cannot learn from the training text: "):
        train_subwords(["▅"], 100, 1)  # a mark that it keeps for itself


def test_training_is_deterministic() -> None:
    shuffled = random.Random(0).sample(FRENCH, len(FRENCH))
    assert train_subwords(FRENCH, SIZE, 1).to_asset() == train_subwords(iter(FRENCH), SIZE, 1).to_asset()
    assert train_words(FRENCH, 20, "fr").to_asset() == train_words(shuffled, 20, "fr").to_asset()


def test_subwords_learn_from_a_sample_drawn_by_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("throughtime.text.tokenizer._SENTENCES", 60)
    rows = [f"{k:04d} {k * k % 997:03d}" for k in range(2000)]
    first, again, other = (train_subwords(rows, 30, seed).to_asset() for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_words_are_the_most_frequent_and_ties_go_by_spelling() -> None:
    words = train_words(["b b b c a d d"], len(SPECIALS) + 3, "en")
    assert json.loads(words.to_asset()) == {"language": "en", "words": ["b", "d", "a"]}


@pytest.mark.parametrize(
    ("language", "text", "tokens"),
    [
        (
            "en",
            "Don't go, it's a well-known trap.",
            ["Don", "'t", "go", ",", "it", "'s", "a", "well-known", "trap", "."],
        ),
        ("fr", "L'été, n'est-ce pas ?", ["L'", "été", ",", "n'", "est-ce", "pas", "?"]),
        ("en", "R&D <b> (x) [y]", ["R", "&", "D", "<", "b", ">", "(", "x", ")", "[", "y", "]"]),
    ],
)
def test_words_split_as_moses_does_and_join_again(language: str, text: str, tokens: list[str]) -> None:
    words = train_words([text], len(SPECIALS) + len(set(tokens)), language)
    assert words.split(text) == tokens
    assert UNK_ID not in words.encode(text)
    if "&" not in text:
        assert words.decode(words.encode(text)) == text


def test_language_that_moses_does_not_know() -> None:
    with pytest.raises(
        InputError, match=r"^language 'klingon' is not known; choose one of as, bn, ca, cjk, cs, "
    ):
        train_words(["a"], 5, "klingon")


def test_subwords_with_other_special_ids_are_refused() -> None:
    model = BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(FRENCH), model_writer=model, vocab_size=SIZE - 4, minloglevel=9
    )
    with pytest.raises(InputError, match="does not number <pad>, <unk>, <s> and </s> as 0, 1, 2 and 3"):
        Subwords(model.getvalue())


def test_vocabularies_are_compared_on_both_sides(letters: Tokenizers) -> None:
    other = Words(["a", "b"], "en")
    again = Words(list("abcdefgh"), "en")
    assert same_vocabularies(letters, Tokenizers(again, again))
    assert not same_vocabularies(letters, Tokenizers(other, letters.tgt))
    assert not same_vocabularies(letters, Tokenizers(letters.src, other))
    assert not same_vocabularies(letters, Tokenizers(Words(list("abcdefgh"), "fr"), letters.tgt))
