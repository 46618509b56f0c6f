"""The tutorial's training table, a row as soon as it is known."""

from __future__ import annotations

import time

from t2sql.cli.output import Output
from t2sql.runs.records import (
    CheckpointEvent,
    EndEvent,
    ErrorEvent,
    Event,
    ScheduleEvent,
    TrainEvent,
    TrainStartEvent,
    ValidEvent,
)

_HEADER = f"{'step':>7}  {'train loss':>10}  {'valid loss':>10}  {'it/s':>6}  {'tok/s':>7}  {'seconds':>7}"


class TrainingTable:
    """Takes the train stage's events. A step that is also validated becomes one row."""

    def __init__(self, out: Output) -> None:
        """Begin a table; the column of seconds counts from now."""
        self._out = out
        self._began = time.monotonic()
        self._report: TrainEvent | None = None
        self._steps_per_eval = self._iters = 0

    def event(self, event: Event) -> None:
        """Print the rows that an event completes."""
        match event:
            case TrainStartEvent():
                self._start(event)
            case ScheduleEvent():
                self._steps_per_eval, self._iters = event.steps_per_eval, event.iters
            case TrainEvent():
                self._flush()
                self._report = event
                validated = self._steps_per_eval and event.step % self._steps_per_eval == 0
                if not validated and event.step != self._iters:
                    self._flush()
            case ValidEvent():
                report = self._report
                if report is None or report.step != event.step:
                    self._flush()
                    report = TrainEvent(step=event.step)
                self._report = None
                self._row(report, event.loss)
            case CheckpointEvent() | EndEvent() | ErrorEvent():
                self._flush()

    def _start(self, event: TrainStartEvent) -> None:
        total, trainable = event.total_parameters, event.trainable_parameters
        every, iters = event.settings.get("steps_per_eval"), event.settings.get("iters")
        self._steps_per_eval = every if isinstance(every, int) else 0
        self._iters = iters if isinstance(iters, int) else 0
        percent = 100 * trainable / total if total else 0.0
        self._out.line(
            f"total parameters {total / 1e6:.3f}M, trainable {trainable / 1e6:.3f}M ({percent:.3f}%)"
        )
        self._out.line(_HEADER)

    def _flush(self) -> None:
        """Print the report that waited for a validation."""
        if self._report is not None:
            report, self._report = self._report, None
            self._row(report, None)

    def _row(self, report: TrainEvent, valid_loss: float | None) -> None:
        cells = [
            f"{report.step:>7}",
            _cell(report.loss, 10, 3),
            _cell(valid_loss, 10, 3),
            _cell(report.steps_per_second, 6, 2),
            _cell(report.tokens_per_second, 7, 0),
            f"{time.monotonic() - self._began:>7.1f}",
        ]
        self._out.line("  ".join(cells))


def _cell(value: float | None, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.{digits}f}"
