"""Runs at a glance: from the small files and the two ends of the events, so that hundreds list at once."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from t2sql.errors import T2sqlError
from t2sql.runs import stages as stages_file
from t2sql.runs.events import Event, read_ends
from t2sql.runs.lock import is_held
from t2sql.runs.run import is_run, read_config
from t2sql.runs.stages import STAGES, Stages

State = Literal["new", "running", "done", "failed", "interrupted", "stale", "unreadable"]


@dataclass(frozen=True)
class RunSummary:
    """One row of a list of runs. `stale`: its process died without a word, so `run` can take it over.
    `left` is how many seconds its training still takes, `error` why it failed, `problem` why it cannot be
    read."""

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
    started: float | None = None
    updated: float | None = None
    left: float | None = None
    problem: str | None = None
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"path": str(self.path)}

    def model_files(self) -> list[Path]:
        """The run's GGUF files as they are now: Q8_0 first, the untuned base model last."""
        files = (self.path / "gguf").glob("*.gguf")
        return sorted(files, key=lambda f: (f.name.startswith("base."), ".q8_0." not in f.name, f.name))


def list_runs(root: Path = Path("runs")) -> list[RunSummary]:
    """Every run directly under `root`, the last written first."""
    root = Path(root)
    if not root.is_dir():
        return []
    paths = [path for path in root.iterdir() if not path.name.startswith(".") and is_run(path)]
    return sorted((summarize(path) for path in paths), key=lambda run: -(run.updated or 0.0))


def summarize(path: Path) -> RunSummary:
    """A run at a glance. One that cannot be read has state `unreadable`, and `problem` says why."""
    path = Path(path)
    name = Path(os.path.abspath(path)).name
    try:
        settings = read_config(path).get("settings", {})
        stages = stages_file.read_stages(path / "stages.json")
    except (T2sqlError, OSError) as error:
        return RunSummary(name, path, "unreadable", problem=str(error), updated=_mtime(path / "config.toml"))
    head, tail = read_ends(path / "events.jsonl")
    train = _last(tail, "train") or {}
    valid = _last(tail, "valid") or {}
    state = _state(path, stages)
    failure = (_last(tail, "error") or {}) if state == "failed" else {}
    return RunSummary(
        name=name,
        path=path,
        state=state,
        stage=_stage(stages, tail),
        model=settings.get("model"),
        data=settings.get("data"),
        step=train.get("step"),
        steps=settings.get("iters"),
        train_loss=train.get("loss"),
        valid_loss=valid.get("loss"),
        tokens_per_second=train.get("tokens_per_second"),
        best_score=_best_score(stages),
        started=next((event["time"] for event in head if event.get("time")), None),
        updated=_mtime(path / "events.jsonl") or _mtime(path / "config.toml"),
        left=train.get("eta_seconds") if state == "running" and _stage(stages, tail) == "train" else None,
        error=failure.get("message"),
    )


def _state(path: Path, stages: Stages) -> State:
    if is_held(path / "lock"):
        return "running"
    if (path / "lock").exists():
        return "stale"
    states = {record.state for record in stages.records.values()}
    if "failed" in states:
        return "failed"
    if "running" in states:
        return "stale"
    done = {name for name, record in stages.records.items() if record.state == "done"}
    if done and done.issuperset(stages.planned or stages.records):
        return "done"
    return "interrupted" if stages.records else "new"


def _stage(stages: Stages, tail: list[Event]) -> str | None:
    for event in reversed(tail):
        if event.get("stage"):
            return str(event["stage"])
    return next((name for name in reversed(STAGES) if name in stages.records), None)


def _last(events: list[Event], kind: str) -> Event | None:
    return next((event for event in reversed(events) if event["kind"] == kind), None)


def _best_score(stages: Stages) -> float | None:
    record = stages.records.get("compare")
    score = record.result.get("best_score") if record is not None else None
    return float(score) if score is not None else None


def _mtime(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None
