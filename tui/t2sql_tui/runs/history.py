"""What the events of one run add up to: its series, stages, checkpoints, warnings and last log lines."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from t2sql import runs
from t2sql.errors import InputError
from t2sql.runs import RunSummary
from t2sql_tui import formatting
from t2sql_tui.runs.series import Series

LOG_LINES = 1000
METRICS = {
    "loss": "loss",
    "learning_rate": "learning rate",
    "tokens_per_second": "tokens/s",
    "memory_bytes": "memory",
    "grad_norm": "gradient norm",
    "examples_per_second": "examples/s",
    "padding": "padding",
    "cache_hits": "cache hits",
}


@dataclass
class StageView:
    """A stage as the list of stages shows it."""

    name: str
    state: str = "waiting"
    done: float = 0.0
    total: float = 0.0
    began: float | None = None
    seconds: float | None = None

    @property
    def share(self) -> float | None:
        return min(1.0, self.done / self.total) if self.total > 0 else None


@dataclass
class Checkpoint:
    step: int
    path: str
    loss: float | None = None


@dataclass
class History:
    """One run, read by `read()` in a worker; `lock` guards what is not a series. `said` are the newest
    warnings' texts, `heard` is when the last event was written."""

    path: Path
    lock: threading.Lock = field(default_factory=threading.Lock)
    train: dict[str, Series] = field(default_factory=lambda: {name: Series() for name in METRICS})
    valid: Series = field(default_factory=Series)
    stages: dict[str, StageView] = field(default_factory=dict)
    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)
    chosen: int | None = None
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: deque[tuple[int, dict[str, Any]]] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    steps: float | None = None
    warnings: int = 0
    said: list[str] = field(default_factory=list)
    heard: float = 0.0
    events: int = 0
    summary: RunSummary | None = None

    def __post_init__(self) -> None:
        self._tail: runs.Tail | None = None

    def read(self) -> bool:
        """Take what is new; True if there was anything. Raises T2sqlError for a run that cannot be opened."""
        first = self._tail is None
        run = runs.open_run(self.path) if first else None
        if run is not None:
            self._tail = run.tail()
            self._know(run)
        assert self._tail is not None
        events = self._tail.read()
        if events:
            with self.lock:
                self.extend(events)
            if not first and any(event["kind"] in ("start", "end", "error") for event in events):
                self._know(runs.open_run(self.path))
        summary = runs.summarize(self.path)
        if summary.problem:
            raise InputError(summary.problem)
        changed = bool(events) or summary != self.summary
        self.summary = summary
        return changed

    def eta(self) -> float | None:
        """Seconds that training still needs at the pace of the last reports."""
        series = self.train["loss"]
        if len(series) < 2 or self.steps is None:
            return None
        first = max(0, len(series) - 50)
        walked = series.steps[-1] - series.steps[first]
        left = self.steps - series.steps[-1]
        seconds = series.times[-1] - series.times[first]
        return float(left * seconds / walked) if walked > 0 and left > 0 and seconds >= 0 else None

    def _know(self, run: runs.Run) -> None:
        """What the record of stages says, which holds even where events were lost."""
        with self.lock:
            began = {name: stage for name, stage in self.stages.items() if stage.state != "waiting"}
            self.stages = {name: StageView(name) for name in run.planned or runs.STAGES} | began
            for name, record in run.stages.items():
                stage = self.stages.setdefault(name, StageView(name))
                stage.state, stage.seconds, stage.began = record.state, record.seconds, record.started
            self.results = {name: record.result for name, record in run.stages.items()}
            self.steps = formatting.number(run.config.get("iters"))
            if run.chosen is not None:
                self.chosen = run.chosen.get("step")

    def extend(self, events: Iterable[Mapping[str, Any]]) -> None:
        for event in events:
            self._apply(event)

    def _apply(self, event: Mapping[str, Any]) -> None:
        kind, name = event["kind"], event.get("stage")
        stage = self.stages.setdefault(name, StageView(name)) if isinstance(name, str) else None
        self.events += 1
        self.heard = formatting.number(event.get("time")) or self.heard
        if kind == "progress":
            if stage is not None:
                stage.done, stage.total = _float(event.get("done")), _float(event.get("total"))
            return
        self.log.append((self.events, dict(event)))
        if kind == "train":
            self._train(event)
        elif kind == "valid":
            self.valid.add(_float(event.get("step")), _float(event.get("time")), _float(event.get("loss")))
        elif kind == "checkpoint":
            self._checkpoint(event)
        elif kind == "warning":
            self.warnings += 1
            self.said = [*self.said[-9:], str(event.get("message", "a warning"))]
        elif stage is not None:
            _advance(stage, kind, event)

    def _train(self, event: Mapping[str, Any]) -> None:
        step, moment = _float(event.get("step")), _float(event.get("time"))
        for name, series in self.train.items():
            if name in event:
                series.add(step, moment, _float(event[name]))
        stage = self.stages.get("train")
        if stage is not None and self.steps is not None and math.isfinite(step):
            stage.done, stage.total = step, self.steps

    def _checkpoint(self, event: Mapping[str, Any]) -> None:
        number = formatting.number(event.get("step"))
        if number is None:
            return
        step = int(number)
        for later in [known for known in self.checkpoints if known > step]:
            del self.checkpoints[later]
        at = self.valid.steps == step
        loss = float(self.valid.values[at][-1]) if at.any() else None
        self.checkpoints[step] = Checkpoint(step, str(event.get("path", "")), loss)


def _advance(stage: StageView, kind: str, event: Mapping[str, Any]) -> None:
    if kind == "start":
        stage.state, stage.seconds, stage.done, stage.total = "running", None, 0.0, 0.0
        stage.began = event.get("time")
    elif kind == "end":
        stage.state, stage.seconds = "done", event.get("seconds")
    elif kind == "error":
        stage.state = "interrupted" if event.get("interrupted") else "failed"


def _float(value: object) -> float:
    number = formatting.number(value)
    return math.nan if number is None else float(number)
