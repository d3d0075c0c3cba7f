"""Run PyTorch's own tests of its recurrent modules with our classes in their place.

    python benchmarks/pytorch_tests.py PYTORCH_SOURCE [--file NAME ...]

PYTORCH_SOURCE is an unpacked source tree of PyTorch, such as that of Debian's source package. Its tests need
`expecttest` and `hypothesis`. Each file runs twice, in processes of their own: with torch's classes, to
learn which tests fail there already (the tree may be older than the installed torch), and with
`torch.nn.LSTM`, `GRU` and `RNN` replaced by ours. Exits with 1 if a test passes with torch's classes and
fails with ours, those in `MESSAGES` aside.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import subprocess
import sys
import unittest
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

RECURRENT = r"rnn|lstm|gru(?!m)"

SUITES = {
    "test_nn.py": rf"(?!.*cell)(?!.*cuda).*({RECURRENT}|packed|variable_sequence)",
    "test_modules.py": rf".*_nn_({RECURRENT})_",
    "test_expanded_weights.py": rf".*_nn_({RECURRENT})_",
    "test_autograd.py": rf".*({RECURRENT})|test_inplace_on_view_weak_grad_fn",
    "test_mkldnn.py": rf".*({RECURRENT})",
    "nn/test_packed_sequence.py": r".*",
    "nn/test_pruning.py": rf".*({RECURRENT})",
    "nn/test_load_state_dict.py": r".*ref_cycle",
    "quantization/eager/test_quantize_eager_ptq.py": rf"(?!.*cell).*({RECURRENT})",
}
"""The files under `test/`, each with a pattern, in lower case, for the names of its recurrent tests."""

MESSAGES = {
    r"test_modules\..*\.test_errors_nn_(RNN|LSTM|GRU)_": (
        "ours says: input must have the dtype of the weights, torch.float32; got torch.float64"
    ),
}
"""Patterns of tests of a message's text, each with what ours says instead; their failure does not count."""


@dataclass(frozen=True)
class Outcome:
    """Names of a file's tests: those that passed, and those that failed with their reasons."""

    passed: tuple[str, ...]
    failed: dict[str, str]


def main() -> int:
    """Print a row for each file, then every failing test; 1 if one counts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--file", action="append", choices=SUITES)
    parser.add_argument("--child", choices=("torch", "throughtime"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    tests = options.source.resolve() / "test"
    if options.child:
        print(json.dumps(_run_here(tests, options.file[0], options.child == "throughtime")))
        return 0
    print(f"{'file':46} {'torch':>10} {'ours':>10}")
    counting = [_compare(tests, file) for file in options.file or SUITES]
    return 1 if any(counting) else 0


def _compare(tests: Path, file: str) -> bool:
    """Run a file both ways and print its row; whether a failure counts."""
    theirs, ours = _run_apart(tests, file, "torch"), _run_apart(tests, file, "throughtime")
    print(f"{file:46} {_score(theirs):>10} {_score(ours):>10}", flush=True)
    new = {name: reason for name, reason in ours.failed.items() if name in theirs.passed}
    lost = {name: "did not run" for name in theirs.passed if name not in {*ours.passed, *ours.failed}}
    for name, reason in (new | lost).items():
        print(f"    {name}: {_other_text(name) or reason}", flush=True)
    return any(_other_text(name) is None for name in new | lost)


def _other_text(name: str) -> str | None:
    """What ours says instead, for a test of a message's text."""
    return next((text for pattern, text in MESSAGES.items() if re.match(pattern, name)), None)


def _score(outcome: Outcome) -> str:
    return f"{len(outcome.passed)} of {len(outcome.passed) + len(outcome.failed)}"


def _run_apart(tests: Path, file: str, classes: str) -> Outcome:
    command = [sys.executable, __file__, str(tests.parent), "--file", file, "--child", classes]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return Outcome((), {"(import)": _last_line(done.stderr)})
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def _run_here(tests: Path, file: str, ours: bool) -> dict[str, Any]:
    os.chdir(tests)
    sys.path.insert(0, str(tests))
    if ours:
        _replace_classes()
    module = _imported(file.removesuffix(".py").replace("/", "."))
    result = _Result()
    for kind in list(vars(module).values()):
        if isinstance(kind, type) and issubclass(kind, unittest.TestCase):
            for name in unittest.defaultTestLoader.getTestCaseNames(kind):
                if re.match(SUITES[file], name.lower()):
                    kind(name).run(result)
    return {"passed": result.passed, "failed": result.reasons}


def _replace_classes() -> None:
    import torch

    import throughtime

    for name in ("LSTM", "GRU", "RNN"):
        for module in (torch.nn, torch.nn.modules):
            setattr(module, name, getattr(throughtime, name))


class _Result(unittest.TestResult):
    def __init__(self) -> None:
        super().__init__()
        self.passed: list[str] = []
        self.reasons: dict[str, str] = {}

    def addSuccess(self, test: unittest.TestCase) -> None:
        self.passed.append(test.id())

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        self.reasons[test.id()] = _last_line(str(err[1]) or repr(err[1]))

    addError = addFailure

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        self.reasons[test.id()] = "passed, although torch expects it to fail"

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        if err is not None:
            self.addFailure(test, err)


def _imported(name: str) -> ModuleType:
    """Import a test module; names that the installed torch.testing no longer has become stand-ins."""
    while True:
        try:
            return importlib.import_module(name)
        except ImportError as error:
            missing = re.match(r"cannot import name '(\w+)' from '(torch\.testing\.[\w.]+)'", str(error))
            if missing is None:
                raise
            setattr(importlib.import_module(missing[2]), missing[1], _StandIn())


class _StandIn(list[Any]):
    """An empty list of test cases, a decorator, or a function that makes one."""

    def __call__(self, *arguments: Any, **_: Any) -> Any:
        return arguments[0] if len(arguments) == 1 and callable(arguments[0]) else self


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if "Error" in line), lines[0] if lines else text)[:200]


if __name__ == "__main__":
    sys.exit(main())
