"""Models of speech, music and pictures of text, from packages that are not ours, at small sizes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from third_party_compare import Model
from third_party_packages import Package
from torch import Tensor


def signals(*shapes: tuple[int, ...]) -> Sequence[Sequence[Tensor]]:
    """One random argument of each shape."""
    generator = torch.Generator().manual_seed(1)
    return [(torch.randn(shape, generator=generator),) for shape in shapes]


def _asteroid() -> list[Model]:
    from asteroid.masknn import recurrent
    from asteroid.models import DPRNNTasNet, DPTNet, FasNetTAC, LSTMTasNet

    bank = dict(n_filters=8, kernel_size=8, stride=4)
    path = dict(bn_chan=6, hid_size=5, chunk_size=10, n_repeats=2, **bank)
    waves = lambda: signals((1, 1, 203), (3, 1, 160))  # noqa: E731
    rows = lambda: signals((2, 9, 6), (1, 4, 6))  # noqa: E731
    return [
        Model("DPRNNTasNet", lambda: DPRNNTasNet(2, **path), waves),
        Model(
            "DPRNNTasNet, GRU, MulCat", lambda: DPRNNTasNet(2, rnn_type="GRU", use_mulcat=True, **path), waves
        ),
        Model(
            "DPRNNTasNet, RNN, causal",
            lambda: DPRNNTasNet(2, rnn_type="RNN", bidirectional=False, **path),
            waves,
        ),
        Model("LSTMTasNet", lambda: LSTMTasNet(2, n_layers=2, hid_size=6, dropout=0.0, **bank), waves),
        Model("DPTNet", lambda: DPTNet(2, n_heads=2, ff_hid=6, chunk_size=10, n_repeats=2, **bank), waves),
        Model(
            "FasNetTAC",
            lambda: FasNetTAC(
                2, 6, 6, 5, n_layers=2, tac_hidden_dim=7, chunk_size=8, hop_size=4, sample_rate=2000
            ),
            lambda: signals((1, 2, 200), (2, 3, 160)),
        ),
        Model("StackedResidualRNN", lambda: recurrent.StackedResidualRNN("GRU", 6, 2), rows),
        Model("StackedResidualBiRNN", lambda: recurrent.StackedResidualBiRNN("LSTM", 6, 2), rows),
        Model("DCCRMaskNetRNN", lambda: recurrent.DCCRMaskNetRNN(12, 5, n_layers=2), _complex_spectra),
    ]


def _complex_spectra() -> Sequence[Sequence[Tensor]]:
    (real,), (imaginary,) = signals((2, 3, 4, 7), (2, 3, 4, 7))
    return [(torch.complex(real, imaginary),)]


def _openunmix() -> list[Model]:
    from openunmix.model import OpenUnmix

    size = dict(nb_bins=9, nb_channels=2, hidden_size=8, nb_layers=2)
    spectra = lambda: [(one.abs(),) for (one,) in signals((1, 2, 9, 12), (3, 2, 9, 5))]  # noqa: E731
    return [
        Model("OpenUnmix", lambda: OpenUnmix(**size), spectra),
        Model(
            "OpenUnmix, unidirectional, cropped",
            lambda: OpenUnmix(unidirectional=True, max_bin=7, **size),
            spectra,
        ),
    ]


def _demucs() -> list[Model]:
    from demucs.demucs import BLSTM, Demucs
    from demucs.hdemucs import HDemucs

    small = dict(channels=4, depth=3, norm_starts=1, norm_groups=2, dconv_attn=9, dconv_init=0.5)
    waves = lambda: signals((1, 2, 500), (2, 2, 341))  # noqa: E731
    return [
        Model("Demucs, dconv_lstm", lambda: Demucs(["a", "b"], dconv_lstm=1, **small), waves),
        Model("Demucs, lstm_layers", lambda: Demucs(["a", "b"], lstm_layers=2, dconv_mode=0, **small), waves),
        Model(
            "HDemucs",
            lambda: HDemucs(
                ["a", "b"], channels=4, depth=4, nfft=256, dconv_lstm=1, dconv_init=0.5, dconv_attn=9
            ),
            lambda: signals((1, 2, 2048), (2, 2, 1500)),
        ),
        Model(
            "BLSTM in frames",
            lambda: BLSTM(4, 2, max_steps=8, skip=True),
            lambda: signals((2, 4, 21), (1, 4, 5)),
        ),
    ]


def _denoiser() -> list[Model]:
    from denoiser.demucs import Demucs

    small = dict(hidden=4, depth=3, resample=2)
    waves = lambda: signals((1, 1, 300), (3, 1, 211))  # noqa: E731
    return [
        Model("Demucs, causal", lambda: Demucs(**small), waves),
        Model("Demucs, bidirectional", lambda: Demucs(causal=False, **small), waves),
    ]


def _speechbrain() -> list[Model]:
    from speechbrain.lobes.models.CRDNN import CRDNN
    from speechbrain.lobes.models.dual_path import Dual_Path_Model, SBRNNBlock
    from speechbrain.lobes.models.resepformer import MemLSTM, ResourceEfficientSeparationPipeline, SegLSTM
    from speechbrain.lobes.models.RNNLM import RNNLM
    from speechbrain.lobes.models.Tacotron2 import Encoder
    from speechbrain.nnet import RNN

    wrapped = dict(hidden_size=5, input_size=4, num_layers=2, bidirectional=True)
    crdnn = dict(cnn_channels=[2, 3], rnn_layers=2, rnn_neurons=5, dnn_neurons=6, dropout=0.0, input_size=8)
    relative = lambda: [  # noqa: E731
        (one, None, lengths)
        for (one,), lengths in zip(signals((3, 8, 4), (1, 5, 4)), _RELATIVE_LENGTHS, strict=True)
    ]
    models = [
        Model(f"{kind} wrapper", lambda kind=kind: getattr(RNN, kind)(**wrapped), relative)
        for kind in ("LSTM", "GRU", "RNN")
    ]
    models += [
        Model(f"CRDNN, {kind}", lambda kind=kind: CRDNN(rnn_class=getattr(RNN, kind), **crdnn), _features)
        for kind in ("LSTM", "GRU")
    ]
    return [
        *models,
        Model("RNNLM", lambda: RNNLM(11, 4, dropout=0.0, rnn_neurons=5, dnn_neurons=6), lambda: _tokens(11)),
        Model(
            "Dual_Path_Model",
            lambda: Dual_Path_Model(
                4, 6, SBRNNBlock(6, 3, 1), SBRNNBlock(6, 3, 1, "GRU"), num_layers=2, K=8, norm="ln"
            ),
            lambda: signals((2, 4, 30), (1, 4, 17)),
        ),
        Model(
            "SkiM",
            lambda: ResourceEfficientSeparationPipeline(
                6,
                3,
                4,
                segment_size=5,
                mem_type="hc",
                seg_model=SegLSTM(6, 3, bidirectional=True),
                mem_model=MemLSTM(3, bidirectional=True),
            ),
            lambda: signals((2, 12, 6), (1, 7, 6)),
        ),
        Model(
            "Tacotron2 encoder",
            lambda: Encoder(2, 8, 3),
            lambda: [
                (one, torch.tensor(n))
                for (one,), n in zip(signals((3, 8, 9), (1, 8, 4)), _LENGTHS, strict=True)
            ],
        ),
    ]


_RELATIVE_LENGTHS = (torch.tensor([0.5, 1.0, 0.75]), torch.tensor([1.0]))
_LENGTHS = ([9, 7, 2], [4])


def _features() -> Sequence[Sequence[Tensor]]:
    return signals((2, 9, 8), (1, 6, 8))


def _tokens(words: int) -> Sequence[Sequence[Tensor]]:
    return [
        (torch.randint(words, shape, generator=torch.Generator().manual_seed(2)),)
        for shape in ((3, 7), (1, 4))
    ]


def _easyocr() -> list[Model]:
    from easyocr.model import model, vgg_model

    lines = lambda: [(one, None) for (one,) in signals((1, 1, 32, 48), (2, 1, 32, 40))]  # noqa: E731
    return [
        Model("CRNN, VGG", lambda: vgg_model.Model(1, 16, 6, 11), lines),
        Model("CRNN, ResNet", lambda: model.Model(1, 16, 6, 11), lines),
    ]


def _kraken() -> list[Model]:
    from kraken.lib.vgsl.layers import TransposedSummarizingRNN as Layer

    pages = lambda: signals((2, 3, 5, 6), (1, 3, 2, 9))  # noqa: E731
    lines = lambda: [(one, torch.tensor([4, 7])) for (one,) in signals((2, 3, 1, 7))]  # noqa: E731
    return [
        Model("LSTM over columns, summarised", lambda: Layer(3, 4, "b", True, True), pages),
        Model("LSTM over rows", lambda: Layer(3, 4, "f", False, False), pages),
        Model("LSTM over lines, packed", lambda: Layer(3, 4, "b", False, False), lines),
        Model("LSTM of clstm, no bias", lambda: Layer(3, 4, "b", False, False, "clstm"), pages),
    ]


PACKAGES = (
    Package("asteroid", _asteroid, also=("asteroid-filterbanks",), absent=("soundfile", "requests")),
    Package("openunmix", _openunmix, absent=("torchaudio",)),
    Package("demucs", _demucs, also=("julius", "einops")),
    Package("denoiser", _denoiser),
    Package("speechbrain", _speechbrain, absent=("hyperpyyaml", "torchaudio", "requests", "soundfile")),
    Package("easyocr", _easyocr, absent=("torchvision", "cv2", "skimage", "bidi")),
    Package(
        "kraken", _kraken, absent=("lightning", "coremltools", "shapely", "skimage", "torchvision", "iso639")
    ),
)
