"""What a user does with trained models: text in, text out, whatever the lines hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, repeat
from pathlib import Path
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from throughtime.decoding.avoiding import Avoiding
from throughtime.decoding.beam import BeamSettings, beam
from throughtime.decoding.constrained import constrained_beam
from throughtime.decoding.demands import Demands, Phrase, demands_of, first_inside
from throughtime.decoding.ensemble import Ensemble, Vote, count_votes
from throughtime.decoding.prefix import Prefixed
from throughtime.decoding.sampling import SampleSettings, sample
from throughtime.decoding.stepping import Hypothesis, LengthRule, StepModel, greedy
from throughtime.decoding.unknown import UnknownWords, read_dictionary
from throughtime.errors import InputError
from throughtime.layers.special_ids import EOS_ID, PAD_ID, UNK_ID
from throughtime.seq2seq.config import DataConfig, SearchConfig
from throughtime.seq2seq.model_file import load_models
from throughtime.seq2seq.network.quantised import quantise
from throughtime.seq2seq.network.shortlist import Shortlisted
from throughtime.seq2seq.network.stepper import stepper
from throughtime.text.lexicon import read_lexicon
from throughtime.text.normalise import normalise
from throughtime.text.pair_cleaning import TOKENS_OF_A_WORD
from throughtime.text.tokenizer import NOTHING, Tokenizer, Tokenizers, same_vocabulary, unplaced

LONGEST_PIECE = 100
"""Words; longer lines are translated in pieces, cut at ends of sentences where there are any, unless the
model was trained on longer ones."""

TOKENS_TOGETHER = 16_000
"""At most so many are searched at once, a short source counted as LONGEST_PIECE: a bound of memory."""

LINES_TOGETHER = 8192
"""Lines that are read before they are translated, those of like length side by side."""

NO_PREFIXES = repeat("")
"""For translations that may begin as they like."""

T = TypeVar("T")

Decoder = BeamSettings | SampleSettings | LengthRule
"""How to write: a beam, by chance, or with a LengthRule alone greedily."""

AnyDecoder = TypeVar("AnyDecoder", bound=Decoder)


class Source(NamedTuple):
    """A text to translate.

    ids: by the model's vocabulary, or by that of each member of an ensemble. piece: the text that the first's
    ids are of, from its id `first` on. prefix: what its translation begins with. must: runs of target ids
    that it has in it.
    """

    ids: tuple[list[int], ...]
    piece: str
    first: int
    prefix: str = ""
    must: tuple[Phrase, ...] = ()


class Part(NamedTuple):
    """What was searched for in one go, and what was found."""

    source: Source
    found: Hypothesis


@dataclass(frozen=True)
class Candidate:
    """One translation of a line: its text, the score that the search ranked it by, and its log-probability.

    parts: one, or several of a long line; none of a blank one.
    """

    text: str
    score: float
    log_probability: float = 0.0
    parts: tuple[Part, ...] = ()


class Pipeline:
    """Models and tokenizers put together: lines of text to lines of text; the models stand on `device`.

    language: what is written, as a two-letter code. longest: words of a line that is not cut in pieces.
    readers: the source tokenizer of each member of an ensemble, where they are not all one; `tokenizers` then
    has the first's. votes: where there are any, one a member, what each says of the translations is added.
    unknown: what is shown for words that the model does not know; None: the sign for them. demands: phrases
    that translations must have, and must not; `unmet` counts those that could not be written with the former.
    """

    def __init__(
        self,
        model: StepModel,
        tokenizers: Tokenizers,
        decoder: Decoder,
        seed: int = 0,
        device: torch.device | str = "cpu",
        readers: Sequence[Tokenizer] = (),
        votes: Sequence[Vote] = (),
        unknown: UnknownWords | None = None,
        demands: Demands = Demands(),  # noqa: B008
        language: str = DataConfig.tgt_language,
        longest: int = LONGEST_PIECE,
    ) -> None:
        self.language, self.longest = language, longest
        self.model, self.tokenizers, self.decoder, self.device = model, tokenizers, decoder, device
        self.readers, self.votes, self.unknown = readers, votes, unknown
        self.demands, self.unmet = demands, 0
        self.generator = torch.Generator(device).manual_seed(seed)

    def lines(
        self, lines: Iterable[str], batch_size: int = LINES_TOGETHER, prefixes: Iterable[str] = NO_PREFIXES
    ) -> Iterator[list[Candidate]]:
        """The candidates for each line, best first, in the order of lines; a blank line gives an empty text.

        `batch_size` lines are read at a time and translated in groups of like length. prefixes: one for each
        line, whose translation begins with it; the words of a prefix are whole.
        """
        waiting = zip(lines, prefixes, strict=False)
        while batch := list(islice(waiting, batch_size)):
            yield from self._batch(batch)

    def texts(self, lines: Iterable[str], batch_size: int = LINES_TOGETHER) -> Iterator[str]:
        """The best translation of each line."""
        return (candidates[0].text for candidates in self.lines(lines, batch_size))

    def _batch(self, lines: Sequence[tuple[str, str]]) -> list[list[Candidate]]:
        parts = [self._sources(*line) for line in lines]
        written = iter(self._translate([source for part in parts for source in part]))
        return [_joined(list(islice(written, len(part)))) for part in parts]

    def _sources(self, line: str, prefix: str) -> list[Source]:
        """A line as ids, in one piece or several; in none where there is nothing to translate."""
        found = [source for piece in pieces(line, self.longest) for source in self._encoded(piece)]
        first = [source._replace(prefix=prefix, must=self.demands.must) for source in found[:1]]
        return [*first, *found[1:]]

    @property
    def _most_tokens(self) -> int:
        """Of a piece; longer ones, of scripts without spaces or of one endless word, are cut again."""
        return TOKENS_OF_A_WORD * self.longest

    def _encoded(self, piece: str) -> Iterator[Source]:
        parts = _runs(self.tokenizers.src.encode(piece), self._most_tokens)
        for k, part in enumerate(parts):
            ids = ([*part, EOS_ID],)
            if self.readers:
                text = piece if len(parts) == 1 else self.tokenizers.src.decode(part)
                ids = tuple([*reader.encode(text), EOS_ID] for reader in self.readers)
            yield Source(ids, piece, k * self._most_tokens)

    def _translate(self, sources: Sequence[Source]) -> list[list[Candidate]]:
        """Candidates for each source, sources of like length side by side."""
        results: list[list[Candidate]] = [[] for _ in sources]
        for group in _groups([len(source.ids[0]) for source in sources]):
            for k, found in zip(group, self._search([sources[k] for k in group]), strict=True):
                results[k] = [self._candidate(Part(sources[k], hypothesis)) for hypothesis in found]
        return results

    def _candidate(self, part: Part) -> Candidate:
        source, found = part
        text = self.tokenizers.tgt.decode(found.tokens, self.fillings(found, source))
        return Candidate(text, found.score, found.log_probability, (part,))

    def fillings(self, found: Hypothesis, source: Source) -> Mapping[int, str]:
        """What is shown for unknown words, by their places among the tokens; nothing that must never be."""
        unknowns = self.tokenizers.tgt.unknowns
        if unknowns.keys().isdisjoint(found.tokens):
            return NOTHING
        shown = dict(enumerate(self.tokenizers.tgt.surfaces(source.prefix)))
        if self.unknown is None:
            return shown
        surfaces = self.tokenizers.src.surfaces(source.piece)[source.first :][: self._most_tokens]
        filled = self.unknown.filled(found, surfaces, unknowns)
        kept = {place: word for place, word in filled.items() if not self._barred(word)}
        return {**kept, **shown}

    def _barred(self, word: str) -> bool:
        never = self.demands.never
        return bool(never) and first_inside(self.tokenizers.tgt.encode(word), never) is not None

    def _search(self, sources: Sequence[Source]) -> list[list[Hypothesis]]:
        each = [_padded(rows, self.device) for rows in zip(*(source.ids for source in sources), strict=True)]
        model, (src, lengths) = self.model, each[0]
        if self.readers and isinstance(model, Ensemble):
            model = model.reading(each)
        voting = model
        if isinstance(model, Shortlisted):
            told = [[*self.tokenizers.tgt.encode(source.prefix), *chain(*source.must)] for source in sources]
            model = model.allowing(chain(self.tokenizers.tgt.unknowns, *told))
        if self.demands.never:
            model = Avoiding(model, self.demands.never)
        found = self._found(model, src, lengths, sources)
        if self.votes and isinstance(voting, Ensemble):
            count_votes(voting, src, lengths, [hypotheses[0].tokens for hypotheses in found], self.votes)
        return found

    def _found(
        self, model: StepModel, src: Tensor, lengths: Tensor, sources: Sequence[Source]
    ) -> list[list[Hypothesis]]:
        prefixes, decoder = [self._prefix(source.prefix) for source in sources], self.decoder
        if any(prefixes):
            model = Prefixed(model, prefixes, torch.tensor(self.tokenizers.tgt.inner()))
            decoder = _longer(decoder, tuple(map(len, prefixes)))
        if not any(source.must for source in sources) or not isinstance(decoder, BeamSettings):
            return self._searched(model, src, lengths, decoder)
        return self._constrained(model, src, lengths, decoder, [source.must for source in sources])

    def _prefix(self, text: str) -> list[int]:
        """A prefix as ids; raises InputError where it has what no translation may have."""
        tgt = self.tokenizers.tgt
        unknown = unplaced(tgt)
        ids = [unknown if k == UNK_ID else k for k in tgt.encode(text)]
        if (barred := first_inside(ids, self.demands.never)) is not None:
            raise InputError(
                f"the prefix {text!r} has {self.tokenizers.tgt.decode(barred)!r}, which is in never"
            )
        return ids

    def _constrained(
        self,
        model: StepModel,
        src: Tensor,
        lengths: Tensor,
        decoder: BeamSettings,
        phrases: Sequence[tuple[Phrase, ...]],
    ) -> list[list[Hypothesis]]:
        """Texts that have the phrases; where there are none, the best as they are."""
        before = decoder.max_length.floor or (0,) * len(phrases)
        floor = tuple(size + sum(map(len, own)) for size, own in zip(before, phrases, strict=True))
        inner = torch.tensor(self.tokenizers.tgt.inner(), device=self.device)
        found = constrained_beam(model, src, lengths, _longer(decoder, floor), phrases, inner)
        self.unmet += found.count([])
        if [] in found:
            plain = self._searched(model, src, lengths, decoder)
            found = [with_phrases or without for with_phrases, without in zip(found, plain, strict=True)]
        return found

    def _searched(
        self, model: StepModel, src: Tensor, lengths: Tensor, decoder: Decoder
    ) -> list[list[Hypothesis]]:
        match decoder:
            case BeamSettings():
                return beam(model, src, lengths, decoder)
            case SampleSettings():
                return sample(model, src, lengths, decoder, self.generator)
            case LengthRule():
                return [[hypothesis] for hypothesis in greedy(model, src, lengths, decoder)]


def _longer(decoder: AnyDecoder, floor: tuple[int, ...]) -> AnyDecoder:
    """The same search in which each source has room for so many tokens."""
    if isinstance(decoder, LengthRule):
        return replace(decoder, floor=floor)
    return replace(decoder, max_length=replace(decoder.max_length, floor=floor))


def load_pipeline(
    paths: Sequence[Path], config: SearchConfig, weights: Sequence[float] = (), counting: bool = False
) -> Pipeline:
    """One model, or several as an ensemble, equal or with a weight for each, searched as configured.

    Members may read by vocabularies of their own; the one that they write by must be the same.
    counting: the votes of an ensemble's members are counted, which takes about a third longer.
    Raises InputError for a file that is no model, for target vocabularies that differ, and for weights that
    are not one positive number for each.
    """
    decoder, unknown = decoder_of(config), unknown_words(config)
    trained = load_models(paths)
    tokenizers = trained[0].tokenizers
    demands = demands_of(config.must, config.never, tokenizers.tgt)
    models = [quantise(member.model) if config.quantise == "int8" else member.model for member in trained]
    steppers: list[StepModel] = [stepper(model) for model in models]
    if config.shortlist is not None:
        if len(steppers) > 1 or weights:
            raise InputError("a shortlist is given with an ensemble; expected one model")
        lexicon = read_lexicon(config.shortlist, tokenizers.src, tokenizers.tgt, config.shortlist_best)
        steppers = [Shortlisted(stepper(models[0]), lexicon, config.shortlist_frequent)]
    readers = [member.tokenizers.src for member in trained]
    shared = all(same_vocabulary(reader, tokenizers.src) for reader in readers)
    together = len(steppers) > 1 or bool(weights)
    return Pipeline(
        Ensemble(steppers, weights or None) if together else steppers[0],
        tokenizers,
        decoder,
        config.seed,
        readers=() if shared else readers,
        votes=[Vote() for _ in steppers] if counting and together else (),
        unknown=unknown,
        demands=demands,
        language=trained[0].data.tgt_language,
        longest=longest_line(member.data for member in trained),
    )


def longest_line(read: Iterable[DataConfig]) -> int:
    """Words of a line that models, trained on corpora read by these settings, take whole."""
    return max(LONGEST_PIECE, min(data.max_words for data in read))


def pieces(line: str, longest: int = LONGEST_PIECE) -> list[str]:
    """A line as what is translated in one go: nothing if it is blank, several pieces if it is too long."""
    text = normalise(line)
    if not text or text.count(" ") < longest:
        return [text] if text else []
    sentences = re.split(r"(?<=[.!?…]) ", text)
    return [" ".join(part) for sentence in sentences for part in _runs(sentence.split(" "), longest)]


def _runs(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[k : k + size] for k in range(0, len(items), size)]


def _groups(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Which sources to search together, shortest first, as TOKENS_TOGETHER allows."""
    group: list[int] = []
    for k in sorted(range(len(lengths)), key=lambda k: lengths[k]):
        if group and (len(group) + 1) * max(lengths[k], LONGEST_PIECE) > TOKENS_TOGETHER:
            yield group
            group = []
        group.append(k)
    if group:
        yield group


def _joined(parts: Sequence[list[Candidate]]) -> list[Candidate]:
    """The candidates of a line from those of its pieces: the k-th best of each, joined."""
    if not parts:
        return [Candidate("", 0.0)]
    return [
        Candidate(
            " ".join(candidate.text for candidate in ranks),
            sum(candidate.score for candidate in ranks),
            sum(candidate.log_probability for candidate in ranks),
            tuple(part for candidate in ranks for part in candidate.parts),
        )
        for ranks in zip(*parts, strict=False)
    ]


def _padded(sources: Sequence[list[int]], device: torch.device | str) -> tuple[Tensor, Tensor]:
    rows = [torch.tensor(source) for source in sources]
    src = pad_sequence(rows, batch_first=True, padding_value=PAD_ID).to(device)
    return src, torch.tensor([len(row) for row in rows])


def decoder_of(config: SearchConfig) -> Decoder:
    """The search that a configuration asks for; raises InputError for values out of range."""
    rule = LengthRule(config.max_length_ratio, config.max_length_offset, config.min_length)
    match config.search:
        case "beam":
            return BeamSettings(
                config.beam_size, config.length_penalty, config.coverage_penalty, config.n_best, rule
            )
        case "greedy":
            return rule
        case "sample":
            return SampleSettings(config.n_best, config.temperature, config.top_k, config.top_p, rule)


def unknown_words(config: SearchConfig) -> UnknownWords | None:
    """What a configuration shows for unknown words; raises InputError for a dictionary that is none."""
    if config.unknown == "keep":
        return None
    return UnknownWords(read_dictionary(config.dictionary) if config.dictionary else {})
