"""Every setting of sequence to sequence with its default: the one place; the command line is made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from throughtime.errors import InputError
from throughtime.settings import group, require, require_effect
from throughtime.training.config import SEEDS, Better, TrainingConfig

Format = Literal["text", "moses", "jsonl"]
"""Of translations: plain lines, an n-best list, an object a line."""

FORGET = "/new"
"""The line that begins a conversation anew."""

METRICS: Mapping[str, Better] = {"loss": "min", "perplexity": "min", "bleu": "max", "accuracy": "max"}
"""What a validation can measure; accuracy, the share of exact answers, only where `best_by` asks for it."""


@dataclass(frozen=True)
class ModelConfig:
    """The network.

    Attributes:
        cell: recurrence of encoder and decoder, by its name in `throughtime.cells`; my_module:MyCell for a
            cell of your own.
        embedding_size: width of the word vectors.
        encoder_size: hidden size of the encoder, of each direction if bidirectional.
        encoder_layers: depth of the encoder.
        bidirectional: read the source in both directions.
        decoder_size: hidden size of the decoder.
        decoder_layers: depth of the decoder.
        attention: mlp, by a hidden layer (Bahdanau, Cho and Bengio 2015), which learns fastest; dot or
            general (Luong et al. 2015); none for the plain form of 2014, which hands the decoder nothing but
            the encoder's last state.
        input_feeding: the decoder also sees its last features, so that it knows where it looked (Luong et al.
            2015, section 3.3); slower, since steps have to wait for each other's attention.
        coverage: attention also sees how much each source place has been looked at (See, Liu and Manning
            2017, section 2.3): in the hidden layer of mlp, as one more term of the scores of dot and general.
        coverage_loss: weight of what training pays for looking again, sum_i min(a_i, c_i) of each token
            (See et al., equation 13); they took 1. The loss of a validation is without it.
        copying: each word is written, or copied from where attention lies in the source, as a gate decides
            (See et al., section 2.2). It needs one vocabulary for both languages, and output chunked, which
            then makes its scores twice, or full. Label smoothing spreads over written words alone.
        reverse_source: read the source backwards (Sutskever, Vinyals and Le 2014).
        tie_embeddings: none; output, the target's word vectors are the output layer; all, the source's too.
        output: how training asks for words; chunked, all words, the scores of a few rows at a time; full, of
            all rows at once; sampled, against a sample of words (Jean et al. 2015); adaptive, rare words in
            clusters (Grave et al. 2017).
        sampled_words: words in the sample of output sampled.
        scale_embeddings: multiply word vectors by sqrt(embedding_size) on their way in, so that tied ones,
            small as an output layer wants them, still move the gates.
        dropout: probability of dropping a value between layers, of the word vectors and before the output.
        word_dropout: probability of dropping all of a word's vector, on both sides.
        recurrent_dropout: probability of dropping a value of the last output as the recurrences see it, the
            same for all steps of a sentence (Gal and Ghahramani 2016).
        consistency: weight of how far two passes of each batch, unlike in what dropout takes away, disagree
            (R-Drop; Liang et al. 2021, who took 5); a step takes twice as long. Output chunked or full.
        label_smoothing: share of each target's probability that training spreads over all words.
        loss_mean: what the loss followed is the mean over, the batch's tokens or its sentences, as in 2014.
        initialiser: how weights begin; sutskever2014 is uniform(-0.08, 0.08).
    """

    cell: str = "lstm"
    embedding_size: int = 256
    encoder_size: int = 256
    encoder_layers: int = 1
    bidirectional: bool = True
    decoder_size: int = 512
    decoder_layers: int = 1
    attention: Literal["none", "dot", "general", "mlp"] = "mlp"
    input_feeding: bool = False
    coverage: bool = False
    coverage_loss: float = 0.0
    copying: bool = False
    reverse_source: bool = False
    tie_embeddings: Literal["none", "output", "all"] = "all"
    output: Literal["chunked", "full", "sampled", "adaptive"] = "chunked"
    sampled_words: int = 2000
    scale_embeddings: bool = True
    dropout: float = 0.3
    word_dropout: float = 0.0
    recurrent_dropout: float = 0.0
    consistency: float = 0.0
    label_smoothing: float = 0.1
    loss_mean: Literal["token", "sentence"] = "token"
    initialiser: Literal["torch", "orthogonal", "forget_bias", "sutskever2014"] = "orthogonal"

    def __post_init__(self) -> None:
        """Raises InputError where a value lies outside of its range."""
        sizes = ("embedding_size", "encoder_size", "encoder_layers", "decoder_size", "decoder_layers")
        for name in (*sizes, "sampled_words"):
            require(self, name, getattr(self, name) >= 1, "at least 1")
        for name in ("dropout", "word_dropout", "recurrent_dropout", "label_smoothing"):
            require(self, name, 0 <= getattr(self, name) < 1, "0 or more and below 1")
        for name in ("coverage_loss", "consistency"):
            require(self, name, getattr(self, name) >= 0, "0 or more")
        if self.input_feeding and self.attention == "none":
            raise InputError("input_feeding tells where the decoder looked; expected an attention")
        if self.input_feeding and self.recurrent_dropout:
            raise InputError(
                "recurrent_dropout keeps one mask for a sentence, which input_feeding decodes word by word; "
                "expected one of them"
            )
        if self.coverage and self.attention == "none":
            raise InputError("coverage sums what attention looked at; expected an attention")
        if self.coverage_loss and not self.coverage:
            raise InputError(f"coverage_loss is {self.coverage_loss}, but there is no coverage; expected 0")
        if self.copying and self.attention == "none":
            raise InputError("copying takes words from where attention lies; expected an attention")
        if self.copying and self.output not in ("chunked", "full"):
            raise InputError(f"output is {self.output}; copying expected chunked or full")
        if self.consistency and (self.copying or self.output not in ("chunked", "full")):
            raise InputError(
                "consistency compares all words' scores; expected output chunked or full, no copying"
            )
        if self.consistency and not (self.dropout or self.word_dropout or self.recurrent_dropout):
            raise InputError(
                f"consistency is {self.consistency}, but without dropout both passes are the same; expected 0"
            )
        require_effect(self, ("sampled_words",), "output", ("sampled",))
        if self.output == "adaptive" and self.tie_embeddings != "none":
            raise InputError("output adaptive has word vectors of its own; expected tie_embeddings none")


@dataclass(frozen=True)
class DataConfig:
    """The corpus and how it becomes numbers.

    Attributes:
        corpus: two parallel text files, or one .csv, .tsv or .jsonl, each also as .gz, or hf:OWNER/NAME for
            a Hugging Face dataset; nothing for the built-in phrasebook.
        validation: the same for validation; nothing to hold `validation_size` pairs of the corpus out.
        test: the same for the test that ends training; nothing to hold `test_size` pairs out.
        columns: source and target column, each by its name or its number from 0.
        validation_size: pairs held out for validation; no source sentence of theirs stays in training.
        test_size: pairs held out for the final test likewise.
        max_words: pairs with a longer side are dropped.
        max_ratio: pairs with one side this many times longer than the other are dropped.
        drop_duplicates: keep one of several equal pairs.
        tokenizer: subwords, learned by sentencepiece, or words, the most frequent ones and one for
            all others, as in 2014.
        annotate_unknown: unknown words of the target are written with how far away in the source they stand,
            so that a translation shows the right word without attention too (Luong, Sutskever et al. 2015,
            section 3.3); 16 words beyond the vocabulary's size, found by aligning the corpus. Of words only.
        joint: one vocabulary for both languages.
        src_vocab_size: size of the source vocabulary, of both if joint.
        tgt_vocab_size: size of the target vocabulary, if not joint.
        src_language: how words are split and joined, as a two-letter code.
        tgt_language: the same for the target; also chooses the rules of the tokenised score.
        subword_dropout: probability with which training sees a subword cut in two (after Provilkov et al.
            2020), anew each time.
        src_vectors: file of word vectors (`throughtime words embed`) that the source's begin with; of
            subwords, those that begin a word begin with the vector of the word that they spell.
        tgt_vectors: the same for the target's.
        freeze_vectors: leave these as they are.
        tokens_per_batch: at most so many tokens in a batch on its longer side, padding included ...
        sentences_per_batch: ... and at most so many pairs; 0 for as many as these tokens allow.
        data_seed: of the pairs held out and of what subwords are learned from; not the seed of training, so
            that models of different seeds share both.
    """

    corpus: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    columns: tuple[str, str] | None = None
    validation_size: int = 1000
    test_size: int = 0
    max_words: int = 80
    max_ratio: float = 4.0
    drop_duplicates: bool = True
    tokenizer: Literal["subwords", "words"] = "subwords"
    annotate_unknown: bool = False
    joint: bool = True
    src_vocab_size: int = 6000
    tgt_vocab_size: int = 6000
    src_language: str = "en"
    tgt_language: str = "fr"
    subword_dropout: float = 0.0
    src_vectors: str | None = None
    tgt_vectors: str | None = None
    freeze_vectors: bool = False
    tokens_per_batch: int = 1600
    sentences_per_batch: int = 0
    data_seed: int = 1

    def __post_init__(self) -> None:
        """Raises InputError where a value lies outside of its range or an option needs another."""
        for name in ("validation_size", "test_size", "sentences_per_batch"):
            require(self, name, getattr(self, name) >= 0, "0 or more")
        require(self, "data_seed", 0 <= self.data_seed < SEEDS, "0 or more and below 2**63")
        for name in ("max_words", "tokens_per_batch"):
            require(self, name, getattr(self, name) >= 1, "at least 1")
        require(self, "subword_dropout", 0 <= self.subword_dropout < 1, "0 or more and below 1")
        if self.freeze_vectors and not (self.src_vectors or self.tgt_vectors):
            raise InputError("freeze_vectors is given, but no vectors; expected src_vectors or tgt_vectors")
        require_effect(self, ("annotate_unknown",), "tokenizer", ("words",))
        require_effect(self, ("subword_dropout",), "tokenizer", ("subwords",))
        for name in ("validation", "test", "columns"):
            if getattr(self, name) and not self.corpus:
                raise InputError(
                    f"{name} is given but no corpus; the built-in phrasebook brings its own sets"
                )


@dataclass(frozen=True)
class SearchConfig:
    """How translations are written.

    Attributes:
        search: beam, greedy, or sample, which draws by chance.
        beam_size: hypotheses kept for each sentence.
        length_penalty: exponent of the length penalty (Wu et al. 2016); 0 for plain log-probabilities.
        coverage_penalty: weight of the coverage penalty (Wu et al. 2016); needs attention.
        n_best: translations returned for each sentence.
        temperature: below 1 sharpens what is drawn from, above 1 flattens it.
        top_k: draw from the so many likeliest tokens; 0 for all.
        top_p: draw from the likeliest tokens that together hold this probability.
        max_length_ratio: a translation has at most this many tokens for each of the source ...
        max_length_offset: ... and so many more.
        min_length: a translation has at least this many tokens.
        unknown: what stands for a word that the model does not know; copy, the source word that it looked at,
            where it has attention; keep, the sign for an unknown word.
        dictionary: a .tsv of source words and their translations, looked into before a word is copied.
        must: words or phrases that every translation has in it; of a line that is translated in pieces the
            first; a translation that the model cannot write with them is written without, and told of.
        never: words or phrases that no translation has in it, nor longer words that begin with the last.
        quantise: int8 keeps the output layer, what attention combines and the bridge in eight bits, which is
            faster and changes a translation here and there; recurrences stay as they are.
        shortlist: a lexicon, as `throughtime seq2seq lexicon` writes it; only words that the source's are
            likely to become are searched, which pays where there are tens of thousands of them.
        shortlist_best: so many likeliest target tokens of each source token ...
        shortlist_frequent: ... and so many of the most frequent are searched.
        seed: of what is drawn.
    """

    search: Literal["beam", "greedy", "sample"] = "beam"
    beam_size: int = 5
    length_penalty: float = 1.0
    coverage_penalty: float = 0.0
    n_best: int = 1
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    max_length_ratio: float = 1.5
    max_length_offset: int = 10
    min_length: int = 0
    unknown: Literal["copy", "keep"] = "copy"
    dictionary: Path | None = None
    must: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    quantise: Literal["none", "int8"] = "none"
    shortlist: Path | None = None
    shortlist_best: int = 50
    shortlist_frequent: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises InputError where a value lies outside of its range or is of no effect beside another."""
        require(self, "seed", 0 <= self.seed < SEEDS, "0 or more and below 2**63")
        if self.dictionary is not None and self.unknown == "keep":
            raise InputError("a dictionary is given, but unknown is keep; expected copy")
        if self.search == "greedy" and self.n_best > 1:
            raise InputError(f"n_best is {self.n_best}, but greedy search writes one translation; expected 1")
        for name in ("shortlist_best", "shortlist_frequent"):
            require(self, name, getattr(self, name) >= 1, "at least 1")
        if self.shortlist is not None and self.quantise == "int8":
            raise InputError("shortlist and quantise int8 are both given; expected one of them")
        require_effect(self, ("beam_size", "length_penalty", "coverage_penalty", "must"), "search", ("beam",))
        require_effect(self, ("temperature", "top_k", "top_p"), "search", ("sample",))
        if self.must and self.coverage_penalty:
            raise InputError(
                f"must is given, but coverage_penalty is {self.coverage_penalty}; expected 0 beside it"
            )


@dataclass(frozen=True)
class EnsembleConfig:
    """Models that write together with the first.

    Attributes:
        ensemble: further model files; each may have its own source vocabulary, the target's must be the same.
        weights: a weight for each model, the first included; equal where none is given.
    """

    ensemble: tuple[Path, ...] = ()
    weights: tuple[float, ...] = ()


@dataclass(frozen=True)
class AnswerConfig:
    """How a model translates, alone or with others."""

    members: EnsembleConfig = group("Ensemble", EnsembleConfig)
    search: SearchConfig = group("Search", SearchConfig)


@dataclass(frozen=True)
class TestConfig:
    """What a model is tested on.

    Attributes:
        corpus: the test set, in the forms that `train` reads; the phrasebook's own test where none is given.
        columns: source and target column, each by its name or its number from 0.
        language: two-letter code of the target language, for the tokenised score; by default the model's.
        output: file for the translations, one a line.
    """

    corpus: tuple[str, ...] = ()
    columns: tuple[str, str] | None = None
    language: str | None = None
    output: Path | None = None


@dataclass(frozen=True)
class EvaluateConfig:
    """All that `evaluate` needs beside the model."""

    test: TestConfig = group("Test set", TestConfig)


@dataclass(frozen=True)
class OutputConfig:
    """How translations are printed, and what they begin with.

    Attributes:
        format: text, with --n-best over 1 behind rank and score; moses, an n-best list with log-probabilities
            and word alignment; jsonl, an object a line, also with tokens and the places attention looked at.
        prefix: what every translation begins with, in whole words.
        prefixes: a text file, .gz allowed, with what the translation of each line begins with.
    """

    format: Format = "text"
    prefix: str | None = None
    prefixes: Path | None = None


@dataclass(frozen=True)
class RunConfig:
    """All that `run` needs beside the model and the lines."""

    output: OutputConfig = group("Output", OutputConfig)


@dataclass(frozen=True)
class TrainConfig:
    """One whole training run."""

    data: DataConfig = group("Corpus", DataConfig)
    model: ModelConfig = group("Network", ModelConfig)
    training: TrainingConfig = group("Training", TrainingConfig)

    def __post_init__(self) -> None:
        """Raises InputError where settings contradict each other."""
        require(self.training, "best_by", self.training.best_by in METRICS, f"one of {', '.join(METRICS)}")
        if self.model.tie_embeddings == "all" and not self.data.joint:
            raise InputError(
                "tie_embeddings all needs one vocabulary for both languages; "
                "without joint, tie_embeddings output or none is possible"
            )
        if self.model.copying and not self.data.joint:
            raise InputError("copying writes ids of the source; expected one joint vocabulary")
        if self.model.copying and self.data.annotate_unknown:
            raise InputError("copying and annotate_unknown both find unknown words; expected one of them")


@dataclass(frozen=True)
class ChatConfig:
    """What a model reads beside each line; use what it was trained with.

    Attributes:
        story: keep lines that do not end with a question mark, and send them with the questions after them.
        remember: number of earlier lines sent with each line; by default none, with story all.
        own_answers: the model's answers are among the earlier lines.
        separator: text between the lines that are sent together.
    """

    story: bool = False
    remember: int | None = None
    own_answers: bool = False
    separator: str = " "

    def __post_init__(self) -> None:
        """Raises InputError where a value lies outside of its range."""
        require(self, "remember", self.remember is None or self.remember >= 0, "0 or more")
        if self.own_answers and not (self.story or self.remember):
            raise InputError("own_answers is given, but nothing is remembered; expected remember or story")
