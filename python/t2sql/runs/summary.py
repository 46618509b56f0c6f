"""Runs at a glance: from the small files and the two ends of the events, so that hundreds list at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from t2sql.errors import T2sqlError
from t2sql.plain import parse_json
from t2sql.runs.config import is_run, read_config
from t2sql.runs.current import current_events
from t2sql.runs.events import read_ends
from t2sql.runs.layout import RunLayout
from t2sql.runs.lock import is_held
from t2sql.runs.records import (
    STAGES,
    ErrorEvent,
    Event,
    Json,
    JsonObject,
    RecordError,
    StagesFile,
    TimedSchedule,
    TrainEvent,
    ValidEvent,
)
from t2sql.runs.stages import read_stages

State = Literal["new", "running", "done", "failed", "interrupted", "stale", "unreadable"]
_Event = TypeVar("_Event", bound=Event)


@dataclass(frozen=True)
class RunSummary:
    """One row of a list of runs.

    Attributes:
        name: The directory's name.
        path: The directory.
        state: "new" before the first stage; "stale" when the process that wrote it died without recording an
            end, so that `run` can take it over; "unreadable" when its files cannot be read.
        stage: The stage that wrote the last event.
        model: The base model, as it was named.
        data: The data source, as it was named.
        step: Optimizer steps at the last report.
        steps: Optimizer steps that were asked for.
        train_loss: Training loss of the last report, in nats per token.
        valid_loss: Last validation loss.
        tokens_per_second: Training speed of the last report.
        best_score: The comparison's highest accuracy of a trained model.
        best_n: Questions that it is of.
        started: Time of the first event, in seconds since 1970.
        updated: Time of the last event, in seconds since 1970.
        left: Time that training still takes, in seconds, while it runs.
        problem: Why the run cannot be read.
        error: Why it failed.
    """

    name: str
    path: Path
    state: State
    stage: str | None = None
    model: str | None = None
    data: str | None = None
    step: int | None = None
    steps: int | None = None
    train_loss: float | None = None
    valid_loss: float | None = None
    tokens_per_second: float | None = None
    best_score: float | None = None
    best_n: int | None = None
    started: float | None = None
    updated: float | None = None
    left: float | None = None
    problem: str | None = None
    error: str | None = None

    def to_json(self) -> JsonObject:
        """The row as `runs list --json` prints it."""
        return {**vars(self), "path": str(self.path)}

    def model_files(self) -> list[Path]:
        """The run's GGUF files as they are now: Q8_0 first, the untrained base model last."""
        return RunLayout(self.path).existing_model_files()


def list_runs(root: Path = Path("runs")) -> list[RunSummary]:
    """Every run directly under `root`, the last written first."""
    root = Path(root)
    if not root.is_dir():
        return []
    paths = [path for path in root.iterdir() if not path.name.startswith(".") and is_run(path)]
    return sorted((summarize(path) for path in paths), key=lambda run: -(run.updated or 0.0))


def summarize(path: Path) -> RunSummary:
    """A run at a glance. One that cannot be read has state `unreadable`, and `problem` says why."""
    layout = RunLayout(Path(path))
    try:
        settings = read_config(layout.root).settings
        stages = read_stages(layout.stages)
    except (T2sqlError, OSError) as error:
        return RunSummary(
            layout.name, layout.root, "unreadable", problem=str(error), updated=_mtime(layout.config)
        )
    head, tail = read_ends(layout.events)
    tail = current_events(tail, stages.stages)
    train, valid = _last(tail, TrainEvent), _last(tail, ValidEvent)
    state, stage = _state(layout, stages), _stage(stages, tail)
    failure = _last(tail, ErrorEvent) if state == "failed" else None
    training = train is not None and state == "running" and stage == "train"
    return RunSummary(
        name=layout.name,
        path=layout.root,
        state=state,
        stage=stage,
        model=_text(settings.get("model")),
        data=_text(settings.get("data")),
        step=train.step if train else None,
        steps=_planned_steps(layout, settings),
        train_loss=train.loss if train else None,
        valid_loss=valid.loss if valid else None,
        tokens_per_second=train.tokens_per_second if train else None,
        best_score=_best_score(stages),
        best_n=_best_n(stages),
        started=next((event.time for event in head if event.time), None),
        updated=_mtime(layout.events) or _mtime(layout.config),
        left=train.eta_seconds if training and train else None,
        error=failure.message if failure else None,
    )


def _planned_steps(layout: RunLayout, settings: Mapping[str, Json]) -> int | None:
    """The steps that training will do: those that fit into its time, or those of the settings."""
    try:
        document = parse_json(layout.schedule.read_text(encoding="utf-8"))
        return TimedSchedule.from_json(document).iters
    except (OSError, ValueError, RecordError):
        return _count(settings.get("iters"))


def _state(layout: RunLayout, stages: StagesFile) -> State:
    if is_held(layout.lock):
        return "running"
    if layout.lock.exists():
        return "stale"
    states = {record.state for record in stages.stages.values()}
    if "failed" in states:
        return "failed"
    if "running" in states:
        return "stale"
    done = {name for name, record in stages.stages.items() if record.state == "done"}
    if done and done.issuperset(stages.planned or stages.stages):
        return "done"
    return "interrupted" if stages.stages else "new"


def _stage(stages: StagesFile, tail: list[Event]) -> str | None:
    for event in reversed(tail):
        if event.stage:
            return event.stage
    return next((name for name in reversed(STAGES) if name in stages.stages), None)


def _last(events: list[Event], kind: type[_Event]) -> _Event | None:
    return next((event for event in reversed(events) if isinstance(event, kind)), None)


def _best_score(stages: StagesFile) -> float | None:
    # One figure of a long result, which is not read whole: a list of runs shows hundreds.
    record = stages.stages.get("compare")
    score = record.result.get("best_score") if record is not None else None
    return float(score) if isinstance(score, int | float) else None


def _best_n(stages: StagesFile) -> int | None:
    record = stages.stages.get("compare")
    rows = record.result.get("rows") if record is not None else None
    if not isinstance(rows, list | tuple):
        return None
    counts = [_count(row.get("n")) or 0 for row in rows if isinstance(row, dict) and not row.get("base")]
    return max(counts, default=0) or None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _mtime(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None
