"""Two processes train as one does: the same losses and weights, to the order of sums; and one is killed.

A translator is trained on the built-in phrasebook by one process that accumulates two batches a step, then
by two that take one each, which `torchrun` starts. Told is how far losses and weights are apart. Then one
of two processes is killed by SIGKILL while they train: told is what the other says, and that a single one
goes on to the end from the last checkpoint. With --namespaces (Linux, root) the two processes stand on two
machines, as far as the system can make them: network namespaces with addresses of their own and a line of
--rate between.

    python benchmarks/two_processes.py    writes two_processes.json
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import safetensors.torch
from cyclopts import App
from rich.console import Console
from rich.table import Table

SETTINGS = (
    *("--embedding-size", "32", "--encoder-size", "32", "--decoder-size", "64", "--dropout", "0.2"),
    *("--max-epochs", "0.5", "--max-minutes", "0", "--schedule", "cosine", "--validate-every", "0.25"),
    *("--validation-size", "100", "--log-every", "1", "--checkpoint-minutes", "0.02"),
)
TORCHRUN = (sys.executable, "-m", "torch.distributed.run")
THROUGHTIME = ("-m", "throughtime", "seq2seq")
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}
ADDRESSES = "10.231.7.1", "10.231.7.2"

app = App(help=__doc__, help_format="plaintext")


def one_command(*arguments: str) -> list[str]:
    """A process by itself."""
    return [sys.executable, *THROUGHTIME, *arguments]


def two_commands(*arguments: str) -> list[list[str]]:
    """Two processes of one machine, which one command starts."""
    return [[*TORCHRUN, "--standalone", "--nproc-per-node", "2", *THROUGHTIME, *arguments]]


def commands_of_two_machines(*arguments: str) -> list[list[str]]:
    """Two processes, each within a namespace of its own, where there are addresses but no names."""
    meeting = ("--nnodes", "2", "--nproc-per-node", "1", "--rdzv-backend", "c10d")
    place = ("--rdzv-endpoint", f"{ADDRESSES[0]}:29500")
    commands: list[list[str]] = []
    for k, address in enumerate(ADDRESSES):
        inside = ("ip", "netns", "exec", f"throughtime{k}", "env", f"GLOO_SOCKET_IFNAME=line{k}")
        here = ("--rdzv-conf", f"is_host={1 - k}", "--local-addr", address)
        commands.append([*inside, *TORCHRUN, *meeting, *place, *here, *THROUGHTIME, *arguments])
    return commands


@contextmanager
def two_machines(rate: str) -> Generator[None]:
    """Two network namespaces with a line between them that carries so much."""
    steps = ["link add line0 type veth peer name line1"]
    for k, address in enumerate(ADDRESSES):
        name = f"throughtime{k}"
        steps += [
            f"netns add {name}",
            f"link set line{k} netns {name}",
            f"-n {name} addr add {address}/24 dev line{k}",
        ]
        steps += [f"-n {name} link set line{k} up", f"-n {name} link set lo up"]
    try:
        for step in sorted(steps, key=lambda step: not step.startswith("link add")):
            subprocess.run(["ip", *step.split()], check=True)
        for k in (0, 1):
            limit = f"tc -n throughtime{k} qdisc add dev line{k} root tbf rate {rate} burst 1mb latency 100ms"
            subprocess.run(limit.split(), check=True)
        yield
    finally:
        for k in (0, 1):
            subprocess.run(["ip", "netns", "del", f"throughtime{k}"], check=False)


def run(commands: Sequence[Sequence[str]]) -> float:
    """Run commands at the same time, quietly; return their seconds, or end where one fails."""
    start = time.monotonic()
    started = [subprocess.Popen(one, stdout=subprocess.DEVNULL, env=ONE_THREAD) for one in commands]
    if any([process.wait() for process in started]):
        raise SystemExit("a training failed")
    return time.monotonic() - start


def losses(folder: Path) -> dict[int, float]:
    """The training loss of each step."""
    events = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return {one["step"]: one["loss"] for one in events if one["event"] == "train"}


def apart(first: Path, second: Path) -> dict[str, float]:
    """How far losses (relative) and weights (absolute) of two runs are from each other at most."""
    a, b = losses(first), losses(second)
    if a.keys() != b.keys():
        raise SystemExit(f"{first} took {len(a)} steps and {second} {len(b)}")
    weights = [safetensors.torch.load_file(folder / "last.safetensors") for folder in (first, second)]
    return {
        "steps": len(a),
        "loss, relative": max(abs(a[k] - b[k]) / abs(a[k]) for k in a),
        "weights": max(float((weights[0][name] - weights[1][name]).abs().max()) for name in weights[0]),
    }


def kill_one(folder: Path, commands: Sequence[Sequence[str]]) -> str:
    """Kill the second process of a run once it has a checkpoint; return what the first says."""
    started = [
        subprocess.Popen(one, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=ONE_THREAD)
        for one in commands
    ]
    while not (folder / "checkpoint.safetensors").exists():
        time.sleep(0.05)
        if any(process.poll() is not None for process in started):
            raise SystemExit("a training failed")
    os.kill(second_of(folder), signal.SIGKILL)
    errors = "".join(process.communicate()[1] for process in started)
    return next((line for line in errors.splitlines() if line.startswith("throughtime: ")), "nothing")


def second_of(folder: Path) -> int:
    """The process of rank 1 that trains in a folder."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            told = (
                (entry / "environ").read_bytes().split(b"\0"),
                (entry / "cmdline").read_bytes().split(b"\0"),
            )
        except OSError:
            continue
        if b"RANK=1" in told[0] and str(folder).encode() in told[1]:
            return int(entry.name)
    raise SystemExit("there is no second process")


@app.default
def main(
    *,
    namespaces: bool = False,
    rate: str = "1gbit",
    folder: Path = Path("runs/two-processes"),
    output: Path = Path("two_processes.json"),
) -> None:
    """Train by one and by two processes, compare, and kill one of two."""
    shutil.rmtree(folder, ignore_errors=True)
    alone, together, killed = (folder / name for name in ("alone", "together", "killed"))
    train = ("train", *SETTINGS, "--folder")
    report: dict[str, Any] = {"seconds": {"one": run([one_command(*train, str(alone), "--accumulate", "2")])}}
    if namespaces:
        with two_machines(rate):
            report["seconds"]["two"] = run(commands_of_two_machines(*train, str(together)))
    else:
        report["seconds"]["two"] = run(two_commands(*train, str(together)))
        report["said"] = kill_one(killed, two_commands(*train, str(killed)))
        run([one_command("resume", str(killed))])
    report |= apart(alone, together)
    table = Table("", "largest difference", title="two processes against one that accumulates two batches")
    for name in ("loss, relative", "weights"):
        table.add_row(name, f"{report[name]:.1e}")
    Console().print(table)
    seconds = report["seconds"]
    print(f"{report['steps']} steps; one process {seconds['one']:.0f} s, two {seconds['two']:.0f} s")
    if "said" in report:
        print(f"one of two killed; the other says: {report['said']}")
        print(f"a single one went on to the end: {(killed / 'report.json').exists()}")
    output.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    app()
