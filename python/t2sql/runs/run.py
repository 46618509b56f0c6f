"""One run directory: locked, written and read through `Run`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from t2sql.files import write_json
from t2sql.interrupts import interrupts_held
from t2sql.leftovers import sweep
from t2sql.plain import parse_json
from t2sql.runs.config import write_config
from t2sql.runs.events import EventLog, Tail, stamped
from t2sql.runs.layout import RunLayout
from t2sql.runs.lock import Lock, Owner, is_held, read_owner
from t2sql.runs.new_config import new_config
from t2sql.runs.records import (
    ChosenCheckpoint,
    Event,
    Json,
    ProgressEvent,
    RecordedModel,
    RunConfig,
    StageRecord,
    StageResult,
    WarningEvent,
)
from t2sql.runs.stage import StageHandle
from t2sql.runs.stages import key_of_stage, read_result, read_stages, write_stages

_PROGRESS_EVERY = 1.0
"""Seconds between two progress events of a stage in the file."""

_Result = TypeVar("_Result", bound=StageResult)


class Run:
    """A run directory. Reading needs nothing; writing happens inside `with run.lock():`.

    Attributes:
        path: The directory.
        layout: Where everything in it is.
        document: The whole of config.toml.
    """

    def __init__(self, path: Path, document: RunConfig) -> None:
        """A run whose config was read; `open_run` and `create_run` make one."""
        self.path = path
        self.layout = RunLayout(path)
        self.document = document
        self._log = EventLog(self.layout.events)
        self._stages = read_stages(self.layout.stages)
        self._listeners: list[Callable[[Event], None]] = []
        self._progress_at: dict[str, float] = {}

    @property
    def name(self) -> str:
        """The directory's own name."""
        return self.layout.name

    @property
    def config(self) -> Mapping[str, Json]:
        """The settings as resolved, by name."""
        return self.document.settings

    def configure(self, settings: Mapping[str, Json], *, prompt_format: str | None = None) -> None:
        """Replace the settings; the versions and the machine become those of this process."""
        created = self.document.t2sql.created
        config = new_config(settings, prompt_format=prompt_format, created=created)
        self.document = replace(config, model=self.document.model)
        write_config(self.path, self.document)

    def pin_model(self, model: RecordedModel) -> None:
        """Record which commit of a hub model the run is made from."""
        if self.document.model != model:
            self.document = replace(self.document, model=model)
            write_config(self.path, self.document)

    # -- who writes

    @contextlib.contextmanager
    def lock(self) -> Iterator[Owner | None]:
        """Hold the run for writing.

        Yields:
            The owner that died without letting go, if there was one; a warning event names it, too.

        Raises:
            WorkError: Another process holds it.
            InputError: A process on another host holds it, or held it when it died.
        """
        with Lock(self.layout.lock) as lock:
            self._stages = read_stages(self.layout.stages)
            try:
                if lock.taken_over is not None:
                    message = f"taken over from {lock.taken_over}, which did not end cleanly"
                    self.emit(None, WarningEvent(message=message))
                for folder in self.layout.written_folders:
                    sweep(folder, own=True)
                yield lock.taken_over
            finally:
                with interrupts_held():
                    self._end_stages()
                    self._log.close()

    @property
    def owner(self) -> Owner | None:
        """Who the lock file names, living or not."""
        return read_owner(self.layout.lock)

    @property
    def running(self) -> bool:
        """Whether a living process writes the run."""
        return is_held(self.layout.lock)

    # -- events

    def emit(self, stage: str | None, event: Event) -> None:
        """Write an event of a stage (None: of the run as a whole) and pass it to the listeners."""
        event = stamped(stage, event)
        self._log.append(event)
        for listener in self._listeners:
            listener(event)

    def emit_progress(self, stage: str, done: float, total: float, label: str = "", unit: str = "") -> None:
        """A progress event: each goes to the listeners, about one a second to the file."""
        event = ProgressEvent(done=done, total=total, label=label, unit=unit)
        now = time.monotonic()
        if done >= total or now - self._progress_at.get(stage, -_PROGRESS_EVERY) >= _PROGRESS_EVERY:
            self._progress_at[stage] = now
            self.emit(stage, event)
            return
        event_now = stamped(stage, event)
        for listener in self._listeners:
            listener(event_now)

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Have every event that this process emits."""
        self._listeners.append(listener)

    def events(self, since: int = 0) -> list[Event]:
        """The events so far, without the first `since`."""
        return self.tail().read()[since:]

    def tail(self, poll: float = 0.2) -> Tail:
        """A reader of the events from the first one on; `poll` is its pause in seconds."""
        return Tail(self.layout.events, running=lambda: self.running, poll=poll)

    # -- stages

    @property
    def stages(self) -> Mapping[str, StageRecord]:
        """The stages that have begun, by name."""
        return self._stages.stages

    @property
    def planned(self) -> tuple[str, ...]:
        """The stages that make this run whole."""
        return self._stages.planned

    def plan(self, names: Sequence[str]) -> None:
        """Say which stages make this run whole."""
        self._stages = replace(self._stages, planned=tuple(names))
        self._write_stages()

    def forget(self, names: Sequence[str]) -> None:
        """Drop the records of stages, as if they had never begun."""
        rest = {name: record for name, record in self.stages.items() if name not in names}
        self._stages = replace(self._stages, stages=rest)
        self._write_stages()

    def stage(self, name: str, inputs: Mapping[str, Json], *, announce: bool = True) -> StageHandle:
        """`with run.stage(name, inputs) as stage:`; when `stage.done`, there is nothing to do.

        Args:
            name: The stage's name.
            inputs: What it depends on, as values that JSON has.
            announce: Emit the start event; without it, whoever does the work emits one.
        """
        return StageHandle(self, name, inputs, announce=announce)

    def key(self, name: str) -> str:
        """What a stage that builds on stage `name` puts among its own inputs."""
        return key_of_stage(self.stages[name])

    def result(self, kind: type[_Result]) -> _Result | None:
        """What a stage found, by the type of its result; None while it has recorded nothing.

        Raises:
            InputError: stages.json has something else in its place.
        """
        record = self.stages.get(kind.STAGE)
        return read_result(self.layout.stages, kind, record) if record is not None else None

    def record(self, name: str, record: StageRecord) -> None:
        """Write what is known of a stage."""
        self._stages = replace(self._stages, stages={**self._stages.stages, name: record})
        self._write_stages()

    @property
    def chosen(self) -> ChosenCheckpoint | None:
        """The chosen checkpoint with its path, or None while none is chosen or best.json is damaged."""
        try:
            chosen = ChosenCheckpoint.from_json(parse_json(self.layout.best.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return None
        path = self.layout.checkpoint(chosen.step).relative_to(self.path)
        return replace(chosen, path=path.as_posix())

    def choose(self, chosen: ChosenCheckpoint) -> None:
        """Record which checkpoint the run stands for."""
        write_json(self.layout.best, replace(chosen, path=None).to_json())

    def _end_stages(self) -> None:
        """A second Ctrl-C can come before the stage that the first one ended has written its state."""
        running = [name for name, record in self.stages.items() if record.state == "running"]
        if running:
            ended = {name: replace(self.stages[name], state="interrupted") for name in running}
            self._stages = replace(self._stages, stages={**self._stages.stages, **ended})
            with contextlib.suppress(OSError):
                self._write_stages()

    def _write_stages(self) -> None:
        write_stages(self.layout.stages, self._stages)
