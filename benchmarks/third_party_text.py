"""Models of text, graphs, recommendation and time series, from packages that are not ours, at small sizes."""

from __future__ import annotations

import string
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from third_party_audio import signals
from third_party_compare import Model
from third_party_packages import Package
from torch import Tensor, nn

PAD, BOS, EOS = 1, 2, 3
"""Joey NMT's special tokens."""


def _random_ids(words: int, *shape: int) -> Tensor:
    return torch.randint(4, words, shape, generator=torch.Generator().manual_seed(3))


def _padded(words: int, lengths: Sequence[int], pad: int) -> Tensor:
    """Random tokens, `pad` behind the lengths given."""
    tokens = _random_ids(words, len(lengths), max(lengths))
    return tokens.where(torch.arange(max(lengths)) < torch.tensor(lengths)[:, None], pad)


def _joeynmt() -> list[Model]:
    from joeynmt.model import build_model
    from joeynmt.vocabulary import Vocabulary

    marks = dict(unk_token="<unk>", pad_token="<pad>", bos_token="<s>", eos_token="</s>")
    ids = dict(unk_id=0, pad_id=PAD, bos_id=BOS, eos_id=EOS)
    special = SimpleNamespace(**marks, **ids, sep_token=None, sep_id=None, lang_tags=[])

    def make(kind: str, layers: int, **decoder: Any) -> nn.Module:
        vocabulary = Vocabulary(list(string.ascii_letters[:20]), special)
        own = dict(
            type="recurrent", rnn_type=kind, embeddings={"embedding_dim": 5}, hidden_size=6, num_layers=layers
        )
        model = build_model({"encoder": own, "decoder": own | decoder}, vocabulary, vocabulary)
        model.loss_function = ("crossentropy", 0.1)
        return model

    def pairs() -> Sequence[Sequence[Any]]:
        return [_sentence_pair([7, 5, 5, 2], [4, 6, 3, 5]), _sentence_pair([3], [4])]

    def call(model: nn.Module, arguments: Sequence[Any]) -> Any:
        return model(return_type="loss", **arguments[0])

    return [
        Model("GRU", lambda: make("gru", 1), pairs, call),
        Model("LSTM, two layers, Luong's attention", lambda: make("lstm", 2, attention="luong"), pairs, call),
        Model("LSTM, no input feeding", lambda: make("lstm", 1, input_feeding=False), pairs, call),
        Model("LSTM, last state", lambda: make("lstm", 1, init_hidden="last", hidden_size=12), pairs, call),
    ]


def _sentence_pair(src: Sequence[int], tgt: Sequence[int]) -> Sequence[Any]:
    source, target = _padded(24, src, PAD), _padded(24, tgt, PAD)
    shifted = torch.cat([torch.full((len(tgt), 1), BOS), target[:, :-1]], 1)
    return (
        dict(
            src=source,
            src_length=torch.tensor(src),
            src_mask=(source != PAD)[:, None],
            trg=target,
            trg_input=shifted,
            trg_mask=(target != PAD)[:, None],
        ),
    )


class _Translator(nn.Module):
    """OpenNMT's encoder and decoder, put together as its own model does it."""

    def __init__(self, encoder: nn.Module, decoder: Any) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, src: Tensor, src_length: Tensor, tgt: Tensor) -> Any:
        outputs, state, length = self.encoder(src, src_length)
        self.decoder.init_state(src, outputs, state)
        return self.decoder(tgt, outputs, src_len=length), self.decoder.state


def _opennmt() -> list[Model]:
    from onmt.decoders.decoder import InputFeedRNNDecoder, StdRNNDecoder
    from onmt.encoders.rnn_encoder import RNNEncoder
    from onmt.modules import Embeddings

    def make(kind: str, decoder: Any, bidirectional: bool, bridge: bool = False) -> nn.Module:
        words = lambda: Embeddings(5, 24, PAD)  # noqa: E731
        encoder = RNNEncoder(kind, bidirectional, 2, 6, 0.0, words(), bridge)
        model = _Translator(encoder, decoder(kind, bidirectional, 2, 6, embeddings=words()))
        for module in model.modules():
            if isinstance(module, nn.Embedding):  # which OpenNMT leaves as it is allocated
                nn.init.normal_(module.weight)
        return model

    def pairs() -> Sequence[Sequence[Tensor]]:
        lengths = (([2, 7, 5], [4, 6, 3]), ([3], [4]))
        return [
            (_padded(24, src, PAD)[..., None], torch.tensor(src), _padded(24, tgt, PAD)[..., None])
            for src, tgt in lengths
        ]

    return [
        Model("LSTM, StdRNNDecoder", lambda: make("LSTM", StdRNNDecoder, True), pairs),
        Model("GRU, StdRNNDecoder", lambda: make("GRU", StdRNNDecoder, True), pairs),
        Model(
            "LSTM, InputFeedRNNDecoder, bridge", lambda: make("LSTM", InputFeedRNNDecoder, False, True), pairs
        ),
    ]


def _stanza() -> list[Model]:
    from stanza.models.common.char_model import CharacterModel
    from stanza.models.common.packed_lstm import PackedLSTM
    from stanza.models.common.seq2seq_model import Seq2SeqModel
    from stanza.models.langid.model import LangIDBiLSTM
    from stanza.models.tokenization.model import Tokenizer

    characters = dict(char_emb_dim=4, char_hidden_dim=5, char_num_layers=2, char_rec_dropout=0, dropout=0)
    tokens = dict(
        feat_dim=3, rnn_layers=2, conv_res="3,5", use_mwt=True, hierarchical=True, hier_invtemp=0, tok_noise=0
    )
    lemmas = dict(
        vocab_size=24, emb_dim=4, hidden_dim=6, num_layers=2, dropout=0, max_dec_len=9, attn_type="soft"
    )
    alphabet = {"<PAD>": 0} | {letter: k for k, letter in enumerate(string.ascii_letters, 1)}
    lengths = [6, 4, 4, 1]
    return [
        Model(
            "PackedLSTM",
            lambda: PackedLSTM(4, 5, 2, batch_first=True, bidirectional=True, pad=True),
            lambda: [(one, lengths) for (one,) in signals((4, 6, 4))],
        ),
        Model(
            "CharacterModel",
            lambda: CharacterModel(characters, {"char": alphabet}, bidirectional=True),
            lambda: [(_padded(24, lengths, 0), None, [2, 0, 1, 3], [3, 1], lengths)],
            lambda model, arguments: [one for one in model(*arguments)],
        ),
        Model(
            "Tokenizer",
            lambda: Tokenizer(tokens, 24, 4, 5, 0.0, 0.0),
            lambda: [(_padded(24, lengths, 0), one, lengths) for (one,) in signals((4, 6, 3))],
        ),
        Model(
            "Seq2SeqModel",
            lambda: Seq2SeqModel(lemmas),
            lambda: [(_padded(24, [6, 4, 1], 0), _padded(24, [6, 4, 1], 0) == 0, _random_ids(24, 3, 5))],
        ),
        Model(
            "LangIDBiLSTM",
            lambda: LangIDBiLSTM(alphabet, {"en": 0, "de": 1}, 2, 4, 5),
            lambda: [(_random_ids(24, 3, 7),), (_random_ids(24, 1, 2),)],
        ),
    ]


def _supar() -> list[Model]:
    from supar.modules.lstm import CharLSTM

    words = torch.stack([_padded(20, [5, 3, 1, 2], 0), _padded(20, [2, 5, 4, 1], 0)])
    return [Model("CharLSTM", lambda: CharLSTM(20, 4, 6, 5), lambda: [(words,), (words[:1, :2],)])]


def _recbole() -> list[Model]:
    from recbole.model.sequential_recommender.gru4rec import GRU4Rec
    from recbole.model.sequential_recommender.narm import NARM

    size = dict(
        embedding_size=5, hidden_size=6, num_layers=2, n_layers=1, dropout_prob=0.0, dropout_probs=[0.0, 0.0]
    )
    names = dict(
        USER_ID_FIELD="user", ITEM_ID_FIELD="item", LIST_SUFFIX="_list", ITEM_LIST_LENGTH_FIELD="length"
    )
    names |= dict(NEG_PREFIX="neg_", MAX_ITEM_LIST_LENGTH=8, device="cpu", loss_type="CE")
    items = SimpleNamespace(num=lambda _: 24)
    sessions = lambda: [  # noqa: E731
        (_padded(24, lengths, 0), torch.tensor(lengths)) for lengths in ([3, 7, 1], [4])
    ]
    return [
        Model("GRU4Rec", lambda: GRU4Rec(size | names, items), sessions),
        Model("NARM", lambda: NARM(size | names, items), sessions),
    ]


def _torch_geometric() -> list[Model]:
    from torch_geometric.nn import JumpingKnowledge
    from torch_geometric.nn.aggr import GRUAggregation, LSTMAggregation, Set2Set

    index = torch.tensor([0, 0, 0, 1, 2, 2])
    nodes = lambda: [(one, index) for (one,) in signals((6, 4))]  # noqa: E731
    return [
        Model("LSTMAggregation", lambda: LSTMAggregation(4, 5), nodes),
        Model("GRUAggregation", lambda: GRUAggregation(4, 5, num_layers=2), nodes),
        Model(
            "Set2Set", lambda: Set2Set(4, 3), lambda: [(one, index, None, 3) for (one,) in signals((6, 4))]
        ),
        Model(
            "JumpingKnowledge",
            lambda: JumpingKnowledge("lstm", 4, 3),
            lambda: [([one for (one,) in signals((6, 4), (6, 4), (6, 4))],)],
        ),
    ]


def _gluonts() -> list[Model]:
    from gluonts.torch.model.deepar.module import DeepARModel
    from gluonts.torch.model.tft.layers import TemporalFusionEncoder

    deep = dict(context_length=5, prediction_length=3, lags_seq=[1, 2, 4], hidden_size=6, dropout_rate=0.0)

    def windows() -> Sequence[Sequence[Tensor]]:
        (real,), (past_time,), (past,), (time,), (future,) = signals(
            (2, 1), (2, 9, 1), (2, 9), (2, 3, 1), (2, 3)
        )
        known = torch.ones(2, 9)
        return [(torch.zeros(2, 1, dtype=torch.long), real, past_time, past, known, time, future)]

    return [
        Model(
            "DeepARModel",
            lambda: DeepARModel("D", **deep),
            windows,
            lambda model, arguments: model.unroll_lagged_rnn(*arguments),
        ),
        Model(
            "TemporalFusionEncoder",
            lambda: TemporalFusionEncoder(d_input=4, d_hidden=5),
            lambda: [tuple(one for (one,) in signals((2, 6, 4), (2, 3, 4)))],
        ),
    ]


def _neuralforecast() -> list[Model]:
    from neuralforecast.models.dilated_rnn import DRNN

    rows = lambda: signals((2, 9, 4), (1, 4, 4))  # noqa: E731
    return [
        Model(f"DRNN, {kind}", lambda kind=kind: DRNN(4, 5, 3, [1, 2, 4], cell_type=kind), rows)
        for kind in ("LSTM", "GRU", "RNN")
    ]


def _darts() -> list[Model]:
    from darts.models.forecasting.block_rnn_model import _BlockRNNModule
    from darts.models.forecasting.rnn_model import _RNNModule
    from darts.utils.data.torch_datasets.utils import PLModuleInput

    size = dict(input_size=3, hidden_dim=5, num_layers=2, target_size=2, nr_params=1, dropout=0.0)
    window = dict(input_chunk_length=6, output_chunk_length=4, train_sample_shape=None)
    block = dict(future_cov_dim=0, num_layers_out_fc=[6], activation="ReLU")
    rows = lambda: signals((2, 6, 3), (1, 6, 3))  # noqa: E731

    def call(model: nn.Module, arguments: Sequence[Tensor]) -> Any:
        found = model(PLModuleInput(past_target=arguments[0]))
        return found.prediction, found.state

    return [
        *(
            Model(
                f"BlockRNN, {kind}",
                lambda kind=kind: _BlockRNNModule(kind, **size, **window, **block),
                rows,
                call,
            )
            for kind in ("LSTM", "GRU", "RNN")
        ),
        Model("RNNModel, LSTM", lambda: _RNNModule("LSTM", **size, **window), rows, call),
    ]


def _pytorch_forecasting() -> list[Model]:
    from pytorch_forecasting.models.nn.rnn import LSTM

    class Network(nn.Module):
        """Its own LSTM, a subclass of torch's that takes sequences without steps, and one of torch's."""

        def __init__(self) -> None:
            super().__init__()
            self.inner, self.outer = LSTM(4, 5, batch_first=True), nn.LSTM(5, 4, batch_first=True)

        def forward(self, x: Tensor, lengths: Tensor) -> Any:
            return self.outer(self.inner(x, lengths=lengths, enforce_sorted=False)[0])

    return [
        Model(
            "LSTM that takes empty sequences",
            Network,
            lambda: [(one, torch.tensor([3, 0, 6])) for (one,) in signals((3, 6, 4))],
        )
    ]


PACKAGES = (
    Package("joeynmt", _joeynmt, absent=("importlib_metadata", "subword_nmt")),
    Package(
        "opennmt-py",
        _opennmt,
        absent=("pyonmttok", "spacy", "ahocorasick", "rapidfuzz", "fasttext", "configargparse"),
    ),
    Package("stanza", _stanza, also=("platformdirs",), absent=("udtools", "requests", "emoji", "orjson")),
    Package("supar", _supar, absent=("nltk",)),
    Package("recbole", _recbole, absent=("colorlog", "texttable")),
    Package("torch_geometric", _torch_geometric, absent=("psutil", "requests")),
    Package("gluonts", _gluonts, absent=("lightning", "toolz")),
    Package(
        "neuralforecast",
        _neuralforecast,
        absent=("pytorch_lightning", "utilsforecast", "coreforecast", "ray"),
    ),
    Package("darts", _darts, absent=("pytorch_lightning", "torchmetrics", "holidays")),
    Package("pytorch-forecasting", _pytorch_forecasting, absent=("lightning", "skbase", "torchmetrics")),
)
