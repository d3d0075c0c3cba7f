"""A model and its converted copy, run side by side: outputs and gradients, in training and in inference."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves, tree_map_only

import throughtime

FLOAT64_TOLERANCE = 1e-9
"""Two orders of summation differ by some hundred units of roundoff, 1e-14; models of a dozen layers with
normalisation between them amplify that. A fault in an equation or an address shows in the first digits."""

ROUNDOFF = 2.0**-24
FLOAT32_FACTOR, FLOAT32_UNITS = 4.0, 64.0
"""In float32 the converted model may be this many times as far from torch's float64 results as torch's own
float32 results are, plus this many units of roundoff where torch happens to round nowhere."""

NEGLIGIBLE = {torch.float64: 1e-4, torch.float32: 0.1}
"""Tensors smaller than this share of the largest one of their kind are compared on that scale: a bias ahead
of a batch normalisation has a gradient of zero, which consists of rounding errors."""

ROUNDS = 5
LEARNING_RATE = 0.01

Call = Callable[[nn.Module, Sequence[Any]], Any]
Tensors = dict[str, Tensor]
Phases = dict[str, Tensors]


def with_arguments(model: nn.Module, arguments: Sequence[Any]) -> Any:
    """Call the model on its arguments."""
    return model(*arguments)


@dataclass(frozen=True)
class Model:
    """A third-party model at a small size.

    make: builds it with random weights, without dropout or with modules that can be silenced. inputs: makes
    the arguments of several calls. call: how to run it, where that is not simply to call it.
    """

    name: str
    make: Callable[[], nn.Module]
    inputs: Callable[[], Sequence[Sequence[Any]]]
    call: Call = with_arguments


@dataclass(frozen=True)
class Comparison:
    """What became of one model.

    layers: layers replaced by kind; left: subclasses of torch's that `convert` leaves alone. outputs,
    gradients: largest relative differences in float64. speed: time of torch's layers over ours.
    differences: one sentence for each phase whose results differ.
    """

    layers: dict[str, int]
    left: int
    outputs: float
    gradients: float
    speed: float
    differences: list[str]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def compare(model: Model) -> Comparison:
    """Compare a model with its converted copy in float64 and float32.

    Raises what the converted model raises.
    """
    torch.manual_seed(0)
    with torch.random.fork_rng():
        base = without_dropout(model.make())
    if bad := [name for name, weight in base.named_parameters() if not bool(weight.isfinite().all())]:
        raise SystemExit(f"{model.name}: weights are not finite before any step: {', '.join(bad)}")
    inputs = model.inputs()
    double, double_ours, layers, left = _pair(base.double())
    exact = observe(model.call, double, inputs, torch.float64)
    ours = observe(model.call, double_ours, inputs, torch.float64)
    single, single_ours, _, _ = _pair(base.float())
    rounded = observe(model.call, single, inputs, torch.float32)
    rounded_ours = observe(model.call, single_ours, inputs, torch.float32)
    errors = {phase: worst(found, exact[phase], torch.float64) for phase, found in ours.items()}
    differences = [
        f"{phase}, float64: {error}" for phase, error in errors.items() if error.size > FLOAT64_TOLERANCE
    ]
    for phase in exact:
        error, theirs = (worst(each[phase], exact[phase], torch.float32) for each in (rounded_ours, rounded))
        if not error.size <= FLOAT32_FACTOR * theirs.size + FLOAT32_UNITS * ROUNDOFF:
            differences.append(f"{phase}, float32: {error}; torch's {theirs.size:.1e}")
    gradients = [error.size for phase, error in errors.items() if "gradients" in phase]
    outputs = [error.size for phase, error in errors.items() if "gradients" not in phase]
    speed = _speed(model.call, single, single_ours, inputs[-1])
    return Comparison(layers, left, max(outputs), max(gradients), speed, differences)


def _pair(model: nn.Module) -> tuple[nn.Module, nn.Module, dict[str, int], int]:
    """A copy of the model, a converted copy, the number of layers replaced by kind and of layers left."""
    theirs, ours = deepcopy(model), deepcopy(model)
    kinds = (nn.LSTM, nn.GRU, nn.RNN)
    layers = Counter(type(module).__name__ for module in ours.modules() if type(module) in kinds)
    if not layers:
        raise SystemExit("the model has no layer to convert")
    ours = throughtime.convert(ours)
    left = sum(issubclass(type(module), nn.RNNBase) for module in ours.modules())  # ours only answer so
    return theirs, ours, dict(layers), left


def without_dropout(model: nn.Module) -> nn.Module:
    """The model with the probability of all dropout at 0, in modules and recurrent layers."""
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
        if isinstance(module, nn.RNNBase):
            module.dropout = 0.0
    return model


def observe(call: Call, model: nn.Module, inputs: Sequence[Sequence[Any]], dtype: torch.dtype) -> Phases:
    """Run a model through training and inference; every tensor that comes out, by phase and name.

    It trains on all inputs, takes a step of gradient descent, trains again, and infers; then its weights are
    written to through `.data`, all of them and then single numbers, and it infers again.
    """
    model.train()
    with _default(dtype):
        given = [tree_map_only(Tensor, lambda one: _as_input(one, dtype), tuple(one)) for one in inputs]
        phases = _trained(call, model, given, "training")
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.grad is not None:
                    parameter.sub_(parameter.grad, alpha=LEARNING_RATE)
        phases |= _trained(call, model, given, "training after a step")
        model.eval()
        phases["inference"] = _inferred(call, model, given)
        for parameter in model.parameters():
            parameter.data.mul_(0.99)
        phases["inference after all weights changed through .data"] = _inferred(call, model, given)
        for k, parameter in enumerate(model.parameters()):
            numbers = parameter.data.view(-1)
            numbers[(7919 * (k + 1)) % len(numbers)] += 0.5
        phases["inference after single weights changed through .data"] = _inferred(call, model, given)
    return phases


@contextmanager
def _default(dtype: torch.dtype):
    """`dtype` as torch's default, which models make their own constants and states with."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _as_input(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """A copy that gradients are wanted of, where it holds real numbers."""
    if not tensor.is_floating_point() and not tensor.is_complex():
        return tensor
    wanted = dtype.to_complex() if tensor.is_complex() else dtype
    return tensor.detach().to(wanted, copy=True).requires_grad_()


def _tensors(results: Any) -> list[Tensor]:
    """The tensors of real or complex numbers among the results."""
    leaves = tree_leaves(results)
    return [
        one for one in leaves if isinstance(one, Tensor) and (one.is_floating_point() or one.is_complex())
    ]


def _trained(call: Call, model: nn.Module, inputs: Sequence[Any], phase: str) -> Phases:
    """Outputs for each input, and the gradients of weights and inputs that they add up to."""
    outputs: Tensors = {}
    gradients: Tensors = {}
    model.zero_grad()
    for k, arguments in enumerate(inputs):
        torch.manual_seed(k)
        found = _tensors(call(model, arguments))
        outputs |= {f"output {j} of input {k}": one.detach().clone() for j, one in enumerate(found)}
        _loss(found).backward()
        leaves = [one for one in tree_leaves(arguments) if isinstance(one, Tensor) and one.grad is not None]
        gradients |= {f"argument {j} of input {k}": one.grad for j, one in enumerate(leaves)}
        for one in leaves:
            one.grad = None
    named = {name: one.grad for name, one in model.named_parameters() if one.grad is not None}
    gradients |= {name: one.clone() for name, one in named.items()}
    return {f"{phase}, outputs": outputs, f"{phase}, gradients": gradients}


def _loss(outputs: Sequence[Tensor]) -> Tensor:
    """A weighted mean of all outputs, each with weights of its own that depend on nothing but its shape."""
    means: list[Tensor] = []
    for one in outputs:
        real = torch.view_as_real(one) if one.is_complex() else one
        if real.requires_grad:
            weights = torch.arange(real.numel(), dtype=real.dtype).mul(0.7).cos().view(real.shape)
            means.append((real * weights).sum() / real.numel() ** 0.5)
    return torch.stack(means).sum()


def _inferred(call: Call, model: nn.Module, inputs: Sequence[Any]) -> Tensors:
    found: Tensors = {}
    for k, arguments in enumerate(inputs):
        torch.manual_seed(k)
        with torch.no_grad():
            results = _tensors(call(model, arguments))
        found |= {f"output {j} of input {k}": one.clone() for j, one in enumerate(results)}
    return found


@dataclass(frozen=True)
class Error:
    """The largest relative difference among tensors, and the name of the tensor that has it."""

    size: float
    name: str

    def __str__(self) -> str:
        return f"{self.size:.1e} in {self.name}"


def worst(found: Tensors, expected: Tensors, dtype: torch.dtype) -> Error:
    """The largest difference relative to the largest number of each tensor; infinite if one is missing."""
    if found.keys() != expected.keys():
        return Error(float("inf"), ", ".join(sorted(found.keys() ^ expected.keys())))
    floor = NEGLIGIBLE[dtype] * max((_largest(one) for one in expected.values()), default=0.0)
    errors = [Error(_relative(found[name], one, floor), name) for name, one in expected.items()]
    return max(errors, key=lambda error: error.size)


def _largest(tensor: Tensor) -> float:
    return float(tensor.abs().max()) if tensor.numel() else 0.0


def _relative(found: Tensor, expected: Tensor, floor: float) -> float:
    if found.shape != expected.shape or not bool(found.isfinite().all()):
        return float("inf")
    difference = _largest(found.to(expected.dtype) - expected)
    return difference / max(_largest(expected), floor) if difference else 0.0


def _speed(call: Call, theirs: nn.Module, ours: nn.Module, arguments: Sequence[Any]) -> float:
    """Time of a training pass with torch's layers over that with ours: medians of interleaved rounds."""
    given = tree_map_only(Tensor, lambda one: _as_input(one, torch.float32), tuple(arguments))
    times: dict[str, list[float]] = {"theirs": [], "ours": []}
    for _ in range(ROUNDS):
        for name, model in (("theirs", theirs), ("ours", ours)):
            start = time.perf_counter()
            _loss(_tensors(call(model.train(), given))).backward()
            times[name].append(time.perf_counter() - start)
    return statistics.median(times["theirs"]) / statistics.median(times["ours"])
