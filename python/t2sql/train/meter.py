"""Measurements of the steps: means since the last report, the smoothed loss, speed and time left."""

from __future__ import annotations

import time
from dataclasses import dataclass

from t2sql.runs.records import LossWindow, TrainEvent

SMOOTHING = 0.95
"""Weight of the past in the smoothed loss: a step of age n counts `SMOOTHING` ** n."""


@dataclass(frozen=True)
class Step:
    """Measurements of one optimizer step; sums over its examples on all ranks, unless said otherwise.

    Attributes:
        loss: Mean loss of the trained tokens, in nats.
        targets: Trained tokens.
        tokens: Positions of all examples.
        examples: Examples.
        grad_norm: Norm of the gradient before clipping.
        rows: Positions in this rank's batches, padding included.
        padding: Positions in this rank's batches that are padding.
        seconds: Time that the step took, in seconds.
    """

    loss: float
    targets: int
    tokens: int
    examples: int
    grad_norm: float
    rows: int
    padding: int
    seconds: float


class Meter:
    """Takes steps in and gives `train` events out.

    Checkpoints keep what the losses depend on (`state`); times begin anew in each process.
    """

    def __init__(self, iters: int) -> None:
        """Begin without steps; `iters` is how many there will be in all."""
        self._iters = iters
        self._loss = 0.0
        self._targets = 0
        self._average, self._count = 0.0, 0
        self._steps: list[Step] = []
        self._began = time.perf_counter()
        self._steps_here = 0

    def begin(self) -> None:
        """Start the clock of the time left: the first step of this process comes now."""
        self._began = time.perf_counter()

    def add(self, step: Step) -> None:
        """Count a step."""
        self._loss += step.loss * step.targets
        self._targets += step.targets
        self._average = SMOOTHING * self._average + (1 - SMOOTHING) * step.loss
        self._count += 1
        self._steps_here += 1
        self._steps.append(step)

    @property
    def smoothed(self) -> float | None:
        """The exponential moving average of the loss, corrected so that it begins at the first loss."""
        return self._average / (1 - SMOOTHING**self._count) if self._count else None

    def report(self, step: int, *, learning_rate: float, memory_bytes: int, cache_hits: float) -> TrainEvent:
        """The measurements since the last report, which begin anew.

        Args:
            step: Optimizer steps done.
            learning_rate: That of the last step.
            memory_bytes: Peak of MLX's memory.
            cache_hits: Fraction of the examples whose frozen layers' output was cached.
        """
        steps, seconds = self._steps, sum(s.seconds for s in self._steps)
        each = (time.perf_counter() - self._began) / self._steps_here
        rows = sum(s.rows for s in steps)
        event = TrainEvent(
            step=step,
            learning_rate=learning_rate,
            memory_bytes=memory_bytes,
            loss=self._loss / max(1, self._targets),
            smoothed_loss=self.smoothed,
            steps_per_second=len(steps) / seconds,
            tokens_per_second=sum(s.tokens for s in steps) / seconds,
            examples_per_second=sum(s.examples for s in steps) / seconds,
            grad_norm=sum(s.grad_norm for s in steps) / len(steps),
            padding=sum(s.padding for s in steps) / rows if rows else 0.0,
            cache_hits=cache_hits,
            eta_seconds=each * (self._iters - step),
        )
        self._loss, self._targets = 0.0, 0
        self._steps = []
        return event

    def state(self) -> LossWindow:
        """What a checkpoint keeps."""
        return LossWindow(loss=self._loss, targets=self._targets, average=self._average, count=self._count)

    def restore(self, state: LossWindow) -> None:
        """Go on from a checkpoint's `state`."""
        self._loss, self._targets = state.loss, state.targets
        self._average, self._count = state.average, state.count
