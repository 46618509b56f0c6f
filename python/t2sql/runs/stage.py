"""One stage at work: begun, its outputs declared, ended as done, failed or interrupted."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from t2sql.interrupts import interrupts_held
from t2sql.plain import Json
from t2sql.runs.artefacts import fingerprint, size
from t2sql.runs.records import (
    EndEvent,
    ErrorEvent,
    Event,
    JsonObject,
    StageOutput,
    StageRecord,
    StageResult,
    StageState,
    StartEvent,
    WarningEvent,
)


class StageOwner(Protocol):
    """What a stage needs of the run that it belongs to; `Run` is the one that production has."""

    @property
    def path(self) -> Path:
        """The run directory."""

    @property
    def stages(self) -> Mapping[str, StageRecord]:
        """The stages that have begun, by name."""

    def emit(self, stage: str | None, event: Event) -> None:
        """Write an event."""

    def emit_progress(self, stage: str, done: float, total: float, label: str = "") -> None:
        """Write a progress event, unless the last one was just now."""

    def record(self, name: str, record: StageRecord) -> None:
        """Write a stage's record into stages.json."""


class StageHandle:
    """A stage of a run, as a context: left well it is done, left by an exception failed or interrupted.

    Attributes:
        run: The run.
        name: The stage's name.
        inputs: What the stage depends on, as it is read back from stages.json.
        done: There is nothing to do: the stage was done with the same inputs, and its outputs are in place.
        resume: The stage was cut short with the same inputs: its work can be gone on with.
        record: What stages.json holds of it.
    """

    def __init__(
        self, run: StageOwner, name: str, inputs: Mapping[str, Json], *, announce: bool = True
    ) -> None:
        """Compare the inputs with what is recorded; `Run.stage` makes one."""
        self.run = run
        self.name = name
        # A tuple has to equal the list that is read back.
        self.inputs: JsonObject = json.loads(json.dumps(inputs, default=str))
        self._announce = announce
        before = run.stages.get(name)
        same = before is not None and before.inputs == self.inputs
        self.done = before is not None and same and before.state == "done" and self._in_place(before)
        self.resume = not self.done and same
        self.record = (
            before if before is not None and self.done else StageRecord(state="running", inputs=self.inputs)
        )
        self._before = before
        self._outputs: list[Path] = []
        self._began = 0.0

    def emit(self, event: Event) -> None:
        """Write an event of this stage."""
        self.run.emit(self.name, event)

    def warn(self, message: str) -> None:
        """Write a warning of this stage."""
        self.emit(WarningEvent(message=message))

    def progress(self, done: int, total: int, what: str = "") -> None:
        """A progress callback for library calls."""
        self.run.emit_progress(self.name, done, total, what)

    def save(self, result: StageResult) -> None:
        """Keep what the stage found so far: later stages and the report read it, also if the stage fails."""
        self.record = replace(self.record, result=result.to_json())

    def output(self, path: Path) -> Path:
        """Declare a file or directory that must be in place for the stage to be done."""
        self._outputs.append(path)
        return path

    def outputs(self, paths: Iterable[Path]) -> None:
        """Declare several."""
        self._outputs += paths

    def clear(self) -> None:
        """Remove what the stage put out before, with other inputs; only inside the run directory."""
        root = Path(os.path.abspath(self.run.path))
        for name in self._before.outputs if self._before is not None else {}:
            path = Path(os.path.abspath(root / name))
            if path.is_relative_to(root) and path != root:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)

    def __enter__(self) -> StageHandle:
        """Record that the stage runs, unless it is done."""
        if not self.done:
            self._began = time.monotonic()
            try:
                self.record = replace(self.record, started=round(time.time(), 3))
                self._write()
                if self._announce:
                    self.emit(StartEvent(resume=self.resume))
            except BaseException as error:
                self._failed(error)
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Record how the stage ended, and its outputs."""
        if self.done:
            return
        if error is not None:
            self._failed(error)
            return
        try:
            outputs = {
                self._relative(path): StageOutput(bytes=size(path), fingerprint=fingerprint(path))
                for path in self._outputs
            }
            self.record = replace(self.record, state="done", outputs=outputs, seconds=self._seconds())
            self._write()
            self.emit(EndEvent(seconds=self.record.seconds))
        except BaseException as late:
            # Ctrl-C can come here as well, and the stage must not stay recorded as running.
            self._failed(late)
            raise

    def _failed(self, error: BaseException) -> None:
        interrupted = isinstance(error, KeyboardInterrupt)
        state: StageState = "interrupted" if interrupted else "failed"
        self.record = replace(self.record, state=state, seconds=self._seconds())
        message = "interrupted" if interrupted else str(error) or type(error).__name__
        # A second Ctrl-C waits until the first is recorded; a full disk must not hide the error that is being
        # raised.
        with interrupts_held(), suppress(OSError):
            self._write()
            self.emit(ErrorEvent(message=message, interrupted=interrupted, error=type(error).__name__))

    def _seconds(self) -> float:
        return round(time.monotonic() - self._began, 3)

    def _write(self) -> None:
        self.run.record(self.name, self.record)

    def _relative(self, path: Path) -> str:
        path = Path(os.path.abspath(path))
        root = Path(os.path.abspath(self.run.path))
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)

    def _in_place(self, record: StageRecord) -> bool:
        for name, output in record.outputs.items():
            path = self.run.path / name
            if not path.exists() or size(path) != output.bytes:
                return False
            if fingerprint(path) != output.fingerprint:
                return False
        return True
