"""The tutorial's training table, a row as soon as it is known."""

from __future__ import annotations

import time
from typing import Any

from t2sql.cli.output import Output

_HEADER = f"{'step':>7}  {'train loss':>10}  {'valid loss':>10}  {'it/s':>6}  {'tok/s':>7}  {'seconds':>7}"


class TrainingTable:
    """Feed it the train stage's events. A step that is also validated becomes one row."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._began = time.monotonic()
        self._row: dict[str, Any] | None = None
        self._eval = self._iters = 0

    def event(self, event: dict[str, Any]) -> None:
        kind = event["kind"]
        if kind == "start" and "trainable_parameters" in event:
            self._start(event)
        elif kind == "train":
            self._flush()
            self._row = event
            step = event["step"]
            if not (self._eval and (step % self._eval == 0 or step == self._iters)):
                self._flush()
        elif kind == "valid":
            if self._row is None or self._row["step"] != event["step"]:
                self._flush()
                self._row = {"step": event["step"]}
            self._row = {**self._row, "valid_loss": event["loss"]}
            self._flush()
        elif kind == "checkpoint" or kind in ("end", "error"):
            self._flush()

    def _start(self, event: dict[str, Any]) -> None:
        total, trainable = event["total_parameters"], event["trainable_parameters"]
        settings = event.get("settings") or {}
        self._eval, self._iters = settings.get("steps_per_eval", 0), settings.get("iters", 0)
        share = 100 * trainable / total if total else 0.0
        self._out.line(
            f"total parameters {total / 1e6:.3f}M, trainable {trainable / 1e6:.3f}M ({share:.3f}%)"
        )
        self._out.line(_HEADER)

    def _flush(self) -> None:
        if self._row is None:
            return
        row, self._row = self._row, None
        cells = [
            f"{row['step']:>7}",
            _cell(row.get("loss"), 10, 3),
            _cell(row.get("valid_loss"), 10, 3),
            _cell(row.get("steps_per_second"), 6, 2),
            _cell(row.get("tokens_per_second"), 7, 0),
            f"{time.monotonic() - self._began:>7.1f}",
        ]
        self._out.line("  ".join(cells))


def _cell(value: float | None, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.{digits}f}"
