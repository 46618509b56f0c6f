"""stages.json: which stage is done, from which inputs, with which outputs, in how many seconds."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from t2sql.errors import InputError
from t2sql.files import write_text
from t2sql.interrupts import interrupts_held
from t2sql.runs.artefacts import fingerprint, key_of, size

if TYPE_CHECKING:
    from t2sql.runs.run import Run

VERSION = 1
STAGES = ("data", "train", "test", "fuse", "convert", "quantize", "verify", "compare", "report")

State = Literal["running", "done", "failed", "interrupted"]


@dataclass
class StageRecord:
    """What stages.json holds of one stage."""

    state: State
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    started: float | None = None
    seconds: float | None = None

    @property
    def key(self) -> str:
        """Changes when an input, or the content of an output, does: what later stages depend on."""
        prints = {path: output["fingerprint"] for path, output in self.outputs.items()}
        return key_of({"inputs": self.inputs, "outputs": prints})


@dataclass
class Stages:
    """The whole of stages.json."""

    planned: list[str] = field(default_factory=list)
    records: dict[str, StageRecord] = field(default_factory=dict)


def read_stages(path: Path) -> Stages:
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        if document["v"] != VERSION:
            raise InputError(
                "stages of another version",
                where=path,
                expected=f"version {VERSION}",
                found=f"version {document['v']}",
            )
        return Stages(
            planned=list(document["planned"]),
            records={name: StageRecord(**record) for name, record in document["stages"].items()},
        )
    except FileNotFoundError:
        return Stages()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "the record of stages cannot be read",
            where=path,
            found=f"{type(error).__name__}: {error}",
            hint="Remove the file to run every stage again",
        ) from None


def write_stages(path: Path, stages: Stages) -> None:
    document = {
        "v": VERSION,
        "planned": stages.planned,
        "stages": {name: asdict(record) for name, record in stages.records.items()},
    }
    write_text(path, json.dumps(document, ensure_ascii=False, indent=1, default=str) + "\n")


class StageHandle:
    """One stage at work. `done`: nothing to do. `resume`: cut short before, with these same inputs."""

    def __init__(self, run: Run, name: str, inputs: dict[str, Any], *, announce: bool = True) -> None:
        self.run = run
        self.announce = announce
        self.before = run.stages.get(name)
        self.name = name
        # As they will be read back, so that a tuple equals the list that it becomes.
        self.inputs: dict[str, Any] = json.loads(json.dumps(inputs, default=str))
        before = self.before
        same = before is not None and before.inputs == self.inputs
        self.done = before is not None and same and before.state == "done" and self._in_place(before)
        self.resume = not self.done and same
        self.record = before if before is not None and self.done else StageRecord("running", self.inputs)
        self._outputs: list[Path] = []
        self._began = 0.0

    @property
    def result(self) -> dict[str, Any]:
        """What the stage found, in a few JSON values: read by later stages and by the report."""
        return self.record.result

    def emit(self, kind: str, **fields: Any) -> None:
        self.run.emit(self.name, kind, **fields)

    def progress(self, done: int, total: int, what: str = "") -> None:
        """A progress callback for library calls."""
        self.run.emit_progress(self.name, done, total, what)

    def output(self, path: Path) -> Path:
        """Declare a file or directory that must be in place for the stage to be done."""
        self._outputs.append(path)
        return path

    def outputs(self, paths: Iterable[Path]) -> None:
        self._outputs += paths

    def clear(self) -> None:
        """Remove what the stage put out before, with other inputs; only inside the run directory."""
        root = Path(os.path.abspath(self.run.path))
        for name in self.before.outputs if self.before is not None else {}:
            path = Path(os.path.abspath(root / name))
            if path.is_relative_to(root) and path != root:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)

    def __enter__(self) -> StageHandle:
        if not self.done:
            self._began = time.monotonic()
            try:
                self.record.started = round(time.time(), 3)
                self._save()
                if self.announce:
                    self.emit("start", resume=self.resume)
            except BaseException as error:
                self._failed(error)
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if self.done:
            return
        if error is not None:
            self._failed(error)
            return
        try:
            self.record.seconds = round(time.monotonic() - self._began, 3)
            self.record.outputs = {
                self._relative(path): {"bytes": size(path), "fingerprint": fingerprint(path)}
                for path in self._outputs
            }
            self.record.state = "done"
            self._save()
            self.emit("end", seconds=self.record.seconds)
        except BaseException as late:
            # Ctrl-C can come here as well, and the stage must not be left as one that is at work.
            self._failed(late)
            raise

    def _failed(self, error: BaseException) -> None:
        interrupted = isinstance(error, KeyboardInterrupt)
        self.record.seconds = round(time.monotonic() - self._began, 3)
        self.record.state = "interrupted" if interrupted else "failed"
        message = "interrupted" if interrupted else str(error) or type(error).__name__
        # A second Ctrl-C waits until the first is written down; a full disk must not hide the error that is
        # on its way.
        with interrupts_held(), suppress(OSError):
            self._save()
            self.emit("error", message=message, interrupted=interrupted, error=type(error).__name__)

    def _save(self) -> None:
        self.run.record(self.name, self.record)

    def _relative(self, path: Path) -> str:
        path = Path(os.path.abspath(path))
        root = Path(os.path.abspath(self.run.path))
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)

    def _in_place(self, record: StageRecord) -> bool:
        for name, output in record.outputs.items():
            path = self.run.path / name
            if not path.exists() or size(path) != output["bytes"]:
                return False
            if fingerprint(path) != output["fingerprint"]:
                return False
        return True
