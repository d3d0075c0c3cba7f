"""What a run reports, on the screen and in the metrics."""

from __future__ import annotations

from typing import Any

from throughtime.training.budget import progress, time_left
from throughtime.training.config import TrainingConfig
from throughtime.training.metrics import MetricsLog
from throughtime.training.processors import Processors
from throughtime.training.progress import Display, Glance, in_words
from throughtime.training.state import RunState, Totals
from throughtime.training.step import StepResult


class Teller:
    """Turns the state of a run into metrics and lines.

    `log` is None on all processes but the first. `processors` measures how long the run waits for one.
    """

    def __init__(
        self,
        config: TrainingConfig,
        state: RunState,
        display: Display,
        log: MetricsLog | None,
        processors: Processors,
    ) -> None:
        self.config, self.state, self.display, self.log = config, state, display, log
        self.processors = processors

    def step(self, step: StepResult, rate: float) -> None:
        """Report a step: a glance always, metrics every `log_every` steps."""
        totals = self.state.since_log
        if self.state.step % self.config.log_every == 0:
            values = {
                "loss": totals.loss,
                "learning_rate": rate,
                "gradient_norm": step.norm,
                f"{self.state.pace.unit}_per_second": totals.units_per_second,
            }
            self._write("train", values)
            self.state.since_log = Totals()
        if note := self.processors.note():
            self.warning(note)
        self.display.show(self._glance())

    def validation(self, metrics: dict[str, float], better: bool) -> None:
        """Report a validation, and the training since the one before."""
        self._write("validation", {**metrics, "best": better})
        state, totals, waiting = self.state, self.state.since_validation, self.processors.lap()
        parts = [
            f"epoch {state.epochs:.4g}",
            f"step {state.step}",
            f"train loss {totals.loss:.3f}",
            f"val {_figures(metrics)}",
            "best" if better else "",
            state.pace.text(totals.units_per_second, waiting),
            in_words(state.minutes),
        ]
        self.display.line("  ".join(part for part in parts if part))
        state.since_validation = Totals()

    def warning(self, text: str) -> None:
        """Report a sign that the run goes wrong."""
        self._write("warning", {"text": text})
        self.display.line(f"note: {text}")

    def average(self, metrics: dict[str, float], better: bool, best_before: float) -> None:
        """Tell how the average of the last weights fared against the best model before it."""
        self._write("average", {**metrics, "best": better})
        holds = "the average" if better else f"the model of step {self.state.best_step}"
        verdict = "better than" if better else "no better than"
        self.display.line(
            f"average of the last {len(self.state.snapshots)} validated weights: {_figures(metrics)}, "
            f"{verdict} {self.config.best_by} {best_before:.4g}; best.safetensors holds {holds}"
        )

    def close(self) -> None:
        """Write out the metrics."""
        if self.log is not None:
            self.log.close()

    def _write(self, event: str, values: dict[str, Any]) -> None:
        state = self.state
        where = {"step": state.step, "epoch": state.epochs, "minutes": state.minutes}
        if self.log is not None:
            state.log_bytes = self.log.write(event, {**where, **values})

    def _glance(self) -> Glance:
        state, config, latest = self.state, self.config, self.state.pace.latest
        best = "" if state.best is None else f"{config.best_by} {state.best:.4g}"
        return Glance(
            epoch=state.epochs,
            progress=progress(config, state),
            loss=state.since_validation.loss,
            speed=state.pace.text(
                latest or state.since_validation.units_per_second, self.processors.recent()
            ),
            left=time_left(config, state),
            best=best,
        )


def _figures(metrics: dict[str, float]) -> str:
    """Return "loss 2.051  bleu 31.2": the loss first, the others in their order."""
    rest = [f"{name} {value:.4g}" for name, value in metrics.items() if name != "loss"]
    return "  ".join([f"loss {metrics['loss']:.3f}", *rest] if "loss" in metrics else rest)
