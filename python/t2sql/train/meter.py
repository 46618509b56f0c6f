"""What a run says of its steps: means since the last report, the smoothed loss, speed and time left."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

SMOOTHING = 0.95
"""The smoothed loss weighs a step by this to the power of its age in steps."""


@dataclass(frozen=True)
class Step:
    """Of one optimizer step: sums over its examples, on all ranks together unless said otherwise."""

    loss: float
    """Mean over the learned tokens."""
    learned: int
    tokens: int
    examples: int
    grad_norm: float
    """Before clipping."""
    rows: int
    """Positions that this rank's batches have in memory."""
    padding: int
    """Those of them that hold nothing."""
    seconds: float


class Meter:
    """Steps in, the fields of a `train` event out. What losses need is kept in checkpoints, times are not."""

    def __init__(self, iters: int) -> None:
        self._iters = iters
        self._loss = 0.0
        self._learned = 0
        self._average, self._count = 0.0, 0
        self._clear()
        self._began = time.perf_counter()
        self._steps_here = 0

    def begin(self) -> None:
        """The first step of this process comes now."""
        self._began = time.perf_counter()

    def add(self, step: Step) -> None:
        self._loss += step.loss * step.learned
        self._learned += step.learned
        self._average = SMOOTHING * self._average + (1 - SMOOTHING) * step.loss
        self._count += 1
        self._steps_here += 1
        self._steps.append(step)

    @property
    def smoothed(self) -> float | None:
        """An exponential mean that begins at the first step's loss."""
        return self._average / (1 - SMOOTHING**self._count) if self._count else None

    def report(self, step: int, *, cache_hits: float) -> dict[str, Any]:
        """The fields at `step`; what is counted since the last report starts anew."""
        steps, seconds = self._steps, sum(s.seconds for s in self._steps)
        each = (time.perf_counter() - self._began) / self._steps_here
        rows = sum(s.rows for s in steps)
        fields = {
            "loss": self._loss / max(1, self._learned),
            "smoothed_loss": self.smoothed,
            "steps_per_second": len(steps) / seconds,
            "tokens_per_second": sum(s.tokens for s in steps) / seconds,
            "examples_per_second": sum(s.examples for s in steps) / seconds,
            "grad_norm": sum(s.grad_norm for s in steps) / len(steps),
            "padding": sum(s.padding for s in steps) / rows if rows else 0.0,
            "cache_hits": cache_hits,
            "eta_seconds": each * (self._iters - step),
        }
        self._loss, self._learned = 0.0, 0
        self._clear()
        return fields

    def state(self) -> dict[str, Any]:
        return {
            "loss": self._loss,
            "targets": self._learned,
            "average": self._average,
            "count": self._count,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._loss, self._learned = state["loss"], state["targets"]
        self._average, self._count = state.get("average", 0.0), state.get("count", 0)

    def _clear(self) -> None:
        self._steps: list[Step] = []
