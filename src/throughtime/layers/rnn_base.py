"""The further interface of torch.nn.RNNBase, for code written for torch.nn's layers."""

from __future__ import annotations

import sys
import warnings
from itertools import chain
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from throughtime.layers.identity import assign_class, class_seen_by, new, origin
from throughtime.layers.onnx import exporting
from throughtime.layers.recurrent import Recurrent, State


class RNNBase(Recurrent):
    """A layer that stands in for its namesake in torch.nn: our LSTM is an instance of torch.nn.LSTM.

    Weights are looked up by name in every call, so that parametrisations, pruning and functional calls take
    effect. Where torch's own operation must be visible, as for torch.jit.trace, ONNX export, per-sample
    gradients and subclasses of Tensor, torch's `forward` runs with these weights.
    """

    __jit_unused_properties__: ClassVar[list[str]] = [
        "all_weights",
        "backend",
        "num_directions",
        "output_size",
        "__class__",
        "_all_weights",
        "_flat_weights",
        "_flat_weights_names",
        "qconfig",
    ]
    torchs: ClassVar[type[nn.RNNBase]]
    mode: str
    proj_size: int = 0

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Create a layer of the origin if the class is a double."""
        return object.__new__(origin(cls))

    @property
    def __class__(self) -> Any:
        return class_seen_by(type(self), self.torchs, sys._getframe(1))  # pyright: ignore[reportPrivateUsage]

    @__class__.setter
    def __class__(self, kind: type[Any]) -> None:
        assign_class(self, kind)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Copy and pickle as `type(self)`, whatever `__class__` says."""
        return new, (type(self),), self.__getstate__()

    # A parametrised layer also inherits from torch.nn's, where these maintain a list of the weights.
    __setattr__ = nn.Module.__setattr__
    __setstate__ = Recurrent.__setstate__
    _apply = nn.Module._apply
    _replicate_for_data_parallel = nn.Module._replicate_for_data_parallel

    def _init_flat_weights(self) -> None:
        """Do nothing: the weights are not cached."""

    _update_flat_weights = _init_flat_weights

    @property
    def _all_weights(self) -> list[list[str]]:
        suffixes = chain.from_iterable(map(self._suffixes, range(self.num_layers)))
        return [[name + suffix for name in self._names] for suffix in suffixes]

    @property
    def _flat_weights_names(self) -> list[str]:
        return list(chain.from_iterable(self._all_weights))

    @property
    def _flat_weights(self) -> list[Tensor]:
        return [getattr(self, name) for name in self._flat_weights_names]

    @property
    def all_weights(self) -> list[list[Tensor]]:
        """The weights of each layer and direction, as in torch.nn."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def qconfig(self) -> Any:
        """The quantisation configuration that torch.ao.quantization set for this layer."""
        if "qconfig" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} has no qconfig")
        return self.__dict__["qconfig"]

    @qconfig.setter
    def qconfig(self, qconfig: Any) -> None:
        self.__dict__["qconfig"] = qconfig
        if qconfig is None and self.mode in ("LSTM", "GRU"):
            name = f"throughtime.{type(self).__name__}"
            warnings.warn(
                f"this {name} stays in float: quantize_dynamic quantises it where its "
                f"qconfig_spec names {name}",
                stacklevel=4,
            )

    @qconfig.deleter
    def qconfig(self) -> None:
        del self.__dict__["qconfig"]

    check_input = nn.RNNBase.check_input
    get_expected_hidden_size = nn.RNNBase.get_expected_hidden_size
    check_hidden_size = nn.RNNBase.check_hidden_size
    check_forward_args = nn.RNNBase.check_forward_args
    permute_hidden = nn.RNNBase.permute_hidden

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: State | None = None,
        lengths: Tensor | list[int] | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, State]:
        """Run all layers; arguments and results as `Recurrent.forward`."""
        if not self._needs_torch(input, hx):
            return super().forward(input, hx, lengths, mask)
        if lengths is not None or mask is not None:
            raise ValueError(
                "torch.jit.trace, ONNX and subclasses of Tensor take neither `lengths` nor `mask`: "
                "give a PackedSequence"
            )
        if self.reverse:
            raise ValueError("torch.jit.trace, ONNX and subclasses of Tensor do not take reverse=True")
        return self.torchs.forward(self, input, hx)

    def _needs_torch(self, input: object, hx: object) -> bool:
        """Whether the caller can only handle torch's own operations."""
        if exporting() and not self.proj_size:  # ONNX's LSTM has no projection
            return True
        if torch.compiler.is_compiling():
            return False
        if torch.jit.is_tracing():  # pyright: ignore[reportPrivateImportUsage]
            return True
        data = input.data if isinstance(input, PackedSequence) else input
        if isinstance(data, Tensor) and data.is_nested:
            return False  # refused by either implementation
        states = hx if isinstance(hx, tuple) else (hx,)
        kinds = {type(data), *map(type, states), *map(type, self._parameters.values())}
        return any(map(_has_own_functions, kinds - _PLAIN))


_PLAIN: frozenset[type[Any]] = frozenset((Tensor, nn.Parameter, type(None)))


def _has_own_functions(kind: Any) -> bool:
    """Whether a class is a subclass of Tensor that answers torch's functions in its own way.

    torch.overrides.has_torch_function also answers for modes, such as a default device.
    """
    if not issubclass(kind, Tensor):
        return False
    return kind.__torch_function__ is not torch._C._disabled_torch_function_impl  # pyright: ignore
