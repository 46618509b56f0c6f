"""What the events of one run add up to: its series, stages, checkpoints, warnings and last log lines."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from t2sql import runs
from t2sql.errors import InputError
from t2sql.runs import RunSummary, records
from t2sql_tui.runs.run_records import stage_result
from t2sql_tui.runs.series import Series

LOG_LINES = 1000
"""Events that the log shows at most."""
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
"""The fields of `TrainEvent` that can be drawn, with what the chart calls them."""
_RECENT_WARNINGS = 10
_PACE_REPORTS = 50


@dataclass
class StageView:
    """A stage as the list of stages shows it.

    Attributes:
        name: The stage.
        state: "waiting", or as stages.json has it: "running", "done", "failed" or "interrupted".
        done: Units that are done.
        total: Units in all; 0 where that is not known.
        began: When it began, in seconds since 1970.
        seconds: How long it took, in seconds.
    """

    name: str
    state: str = "waiting"
    done: float = 0.0
    total: float = 0.0
    began: float | None = None
    seconds: float | None = None

    @property
    def fraction(self) -> float | None:
        """How much of it is done, from 0 to 1; None where that is not known."""
        return min(1.0, self.done / self.total) if self.total > 0 else None


@dataclass
class Checkpoint:
    """A checkpoint that training wrote.

    Attributes:
        step: Its optimizer step.
        loss: Its validation loss; None where it was not measured.
    """

    step: int
    loss: float | None = None


@dataclass
class History:
    """One run. A worker calls `read`; `lock` guards everything but the series, which need no guard.

    Attributes:
        path: The run directory.
        lock: Held while anything but a series is changed or read.
        train: A series for each of `METRICS`.
        valid: The validation losses.
        stages: The stages in their order.
        checkpoints: The checkpoints by step.
        chosen: The step of the chosen checkpoint; None while none is chosen.
        test: What stage `test` found; None before, as are the next two.
        verify: What stage `verify` found.
        compare: What stage `compare` found.
        log: Number and event of the last events; progress is not among them.
        steps: The steps that training was set to.
        warnings: How many warnings there were.
        recent_warnings: The texts of the newest ones, the newest last.
        last_event: When the last event was written, in seconds since 1970.
        events: How many events there were.
        summary: The run at a glance.
    """

    path: Path
    lock: threading.Lock = field(default_factory=threading.Lock)
    train: dict[str, Series] = field(default_factory=lambda: {name: Series() for name in METRICS})
    valid: Series = field(default_factory=Series)
    stages: dict[str, StageView] = field(default_factory=dict)
    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)
    chosen: int | None = None
    test: records.TestResult | None = None
    verify: records.VerifyResult | None = None
    compare: records.CompareResult | None = None
    log: deque[tuple[int, records.Event]] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    steps: float | None = None
    warnings: int = 0
    recent_warnings: list[str] = field(default_factory=list)
    last_event: float = 0.0
    events: int = 0
    summary: RunSummary | None = None

    def __post_init__(self) -> None:
        """Read nothing yet."""
        self._tail: runs.Tail | None = None

    def read(self) -> bool:
        """Read what is new.

        Returns:
            Whether anything has changed.

        Raises:
            T2sqlError: The run cannot be opened.
        """
        is_first = self._tail is None
        if self._tail is None:
            run = runs.open_run(self.path)
            self._tail = run.tail()
            self._read_stages(run)
        events = self._tail.read()
        if events:
            with self.lock:
                self.extend(events)
            stage_events = (records.StartEvent, records.EndEvent, records.ErrorEvent)
            if not is_first and any(isinstance(event, stage_events) for event in events):
                self._read_stages(runs.open_run(self.path))
        summary = runs.summarize(self.path)
        if summary.problem:
            raise InputError(summary.problem)
        self.steps = summary.steps
        changed = bool(events) or summary != self.summary
        self.summary = summary
        return changed

    def eta(self) -> float | None:
        """Seconds that training still needs at the pace of the last reports; None where that is not known."""
        series = self.train["loss"]
        if len(series) < 2 or self.steps is None:
            return None
        first = max(0, len(series) - _PACE_REPORTS)
        steps = series.steps[-1] - series.steps[first]
        steps_left = self.steps - series.steps[-1]
        seconds = series.times[-1] - series.times[first]
        return float(steps_left * seconds / steps) if steps > 0 and steps_left > 0 and seconds >= 0 else None

    def _read_stages(self, run: runs.Run) -> None:
        """Take what stages.json says, which is true even where events were lost."""
        with self.lock:
            begun = {name: stage for name, stage in self.stages.items() if stage.state != "waiting"}
            self.stages = {name: StageView(name) for name in run.planned or runs.STAGES} | begun
            for name, record in run.stages.items():
                stage = self.stages.setdefault(name, StageView(name))
                stage.state, stage.seconds, stage.began = record.state, record.seconds, record.started
            self.test = stage_result(run, records.TestResult)
            self.verify = stage_result(run, records.VerifyResult)
            self.compare = stage_result(run, records.CompareResult)
            self.chosen = run.chosen.step if run.chosen else self.chosen

    def extend(self, events: Iterable[records.Event]) -> None:
        """Add events; the caller holds the lock."""
        for event in events:
            self._add(event)

    def _add(self, event: records.Event) -> None:
        stage = None
        if event.stage is not None:
            stage = self.stages.setdefault(event.stage, StageView(event.stage))
        self.events += 1
        self.last_event = event.time or self.last_event
        if isinstance(event, records.ProgressEvent):
            if stage is not None:
                stage.done, stage.total = event.done, event.total
            return
        self.log.append((self.events, event))
        match event:
            case records.TrainEvent():
                self._add_report(event)
            case records.ValidEvent():
                self.valid.add(event.step, _nan(event.time), _nan(event.loss))
            case records.CheckpointEvent():
                self._add_checkpoint(event.step)
            case records.WarningEvent():
                self.warnings += 1
                self.recent_warnings = [*self.recent_warnings, event.message][-_RECENT_WARNINGS:]
        if stage is not None:
            _advance(stage, event)

    def _add_report(self, event: records.TrainEvent) -> None:
        values = {
            "loss": _nan(event.loss),
            "learning_rate": event.learning_rate,
            "tokens_per_second": event.tokens_per_second,
            "memory_bytes": event.memory_bytes,
            "grad_norm": event.grad_norm,
            "examples_per_second": event.examples_per_second,
            "padding": event.padding,
            "cache_hits": event.cache_hits,
        }
        for name, value in values.items():
            if value is not None:
                self.train[name].add(event.step, _nan(event.time), value)
        stage = self.stages.get("train")
        if stage is not None and self.steps is not None:
            stage.done, stage.total = event.step, self.steps

    def _add_checkpoint(self, step: int) -> None:
        # Resumed training writes the later ones anew.
        for later in [known for known in self.checkpoints if known > step]:
            del self.checkpoints[later]
        measured = self.valid.steps == step
        loss = float(self.valid.values[measured][-1]) if measured.any() else None
        self.checkpoints[step] = Checkpoint(step, loss)


def _advance(stage: StageView, event: records.Event) -> None:
    match event:
        case records.StartEvent():
            stage.state, stage.seconds, stage.done, stage.total = "running", None, 0.0, 0.0
            stage.began = event.time
        case records.EndEvent():
            stage.state, stage.seconds = "done", event.seconds
        case records.ErrorEvent():
            stage.state = "interrupted" if event.interrupted else "failed"


def _nan(value: float | None) -> float:
    return math.nan if value is None else value
