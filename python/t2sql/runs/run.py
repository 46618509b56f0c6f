"""One run directory: made, opened, locked, written and read through `Run`."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import socket
import time
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from t2sql.errors import InputError, WorkError
from t2sql.files import write_text
from t2sql.interrupts import interrupts_held
from t2sql.runs import stages as stages_file
from t2sql.runs import toml
from t2sql.runs.events import Event, EventLog, Tail
from t2sql.runs.lock import Lock, Owner, is_held, read_owner
from t2sql.runs.stages import StageHandle, StageRecord, Stages

FORMAT = 1
_DIRECTORIES = {"data": "data", "checkpoints": "checkpoints", "fused": "fused", "gguf": "gguf"}
_DIRECTORIES["predictions"] = "predictions"
_PACKAGES = ("mlx", "mlx-lm", "xllamacpp", "numpy", "safetensors", "gguf", "tokenizers", "sqlglot")
_PROGRESS_EVERY = 1.0


class Run:
    """A run directory. Reading needs nothing; writing happens inside `with run.lock():`."""

    def __init__(self, path: Path, document: dict[str, Any]) -> None:
        self.path = path
        self.document = document
        self._log = EventLog(path / "events.jsonl")
        self._stages: Stages = stages_file.read_stages(path / "stages.json")
        self._listeners: list[Callable[[Event], None]] = []
        self._progress_at: dict[str, float] = {}

    @property
    def name(self) -> str:
        return Path(os.path.abspath(self.path)).name

    @property
    def config(self) -> dict[str, Any]:
        """The settings, as resolved."""
        settings: dict[str, Any] = self.document.get("settings", {})
        return settings

    def configure(self, config: dict[str, Any]) -> None:
        """Replace the settings; the versions and the machine become those of this process."""
        self.document = _document(config, created=self.document.get("t2sql", {}).get("created"))
        write_text(self.path / "config.toml", toml.dumps(self.document))

    def dir_of(self, kind: str) -> Path:
        """The directory of a kind of artefact: data, checkpoints, fused, gguf, predictions."""
        return self.path / _DIRECTORIES[kind]

    # -- who writes

    @contextlib.contextmanager
    def lock(self) -> Iterator[Owner | None]:
        """Hold the run for writing; gives the dead owner that was taken over, which is also an event."""
        with Lock(self.path / "lock") as lock:
            self._stages = stages_file.read_stages(self.path / "stages.json")
            try:
                if lock.taken_over is not None:
                    message = f"taken over from {lock.taken_over}, which did not end cleanly"
                    self.emit(None, "warning", message=message)
                yield lock.taken_over
            finally:
                with interrupts_held():
                    self._end_stages()
                    self._log.close()

    @property
    def owner(self) -> Owner | None:
        return read_owner(self.path / "lock")

    @property
    def running(self) -> bool:
        return is_held(self.path / "lock")

    # -- events

    def emit(self, stage: str | None, kind: str, **fields: Any) -> None:
        event = self._log.append(stage, kind, fields)
        for listener in self._listeners:
            listener(event)

    def emit_progress(self, stage: str, done: int, total: int, label: str = "", unit: str = "") -> None:
        """A progress event: every one to the listeners, about one a second to the file."""
        now = time.monotonic()
        fields = {"done": done, "total": total, "unit": unit, "label": label}
        if done >= total or now - self._progress_at.get(stage, -_PROGRESS_EVERY) >= _PROGRESS_EVERY:
            self._progress_at[stage] = now
            self.emit(stage, "progress", **fields)
            return
        for listener in self._listeners:
            listener({"stage": stage, "kind": "progress", **fields})

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Have every event that this process emits."""
        self._listeners.append(listener)

    def events(self, since: int = 0) -> list[Event]:
        """The events so far, without the first `since`."""
        return self.tail().read()[since:]

    def tail(self, poll: float = 0.2) -> Tail:
        return Tail(self.path / "events.jsonl", running=lambda: self.running, poll=poll)

    # -- stages

    @property
    def stages(self) -> dict[str, StageRecord]:
        return self._stages.records

    @property
    def planned(self) -> list[str]:
        return self._stages.planned

    def plan(self, names: list[str]) -> None:
        """Say which stages make this run whole."""
        self._stages.planned = names
        self._write_stages()

    def stage(self, name: str, inputs: dict[str, Any], *, announce: bool = True) -> StageHandle:
        """`with run.stage(name, inputs) as stage:`; when `stage.done`, there is nothing to do.

        Without `announce`, whoever does the work emits the start event.
        """
        return StageHandle(self, name, inputs, announce=announce)

    def key(self, name: str) -> str:
        """What a stage that builds on stage `name` puts among its own inputs."""
        return self.stages[name].key

    def record(self, name: str, record: StageRecord) -> None:
        self._stages.records[name] = record
        self._write_stages()

    @property
    def chosen(self) -> dict[str, Any] | None:
        """The chosen checkpoint, as it was recorded: `step`, `valid_loss`, `select`; and its `path`."""
        try:
            chosen = json.loads((self.dir_of("checkpoints") / "best.json").read_text(encoding="utf-8"))
            return {**chosen, "path": f"checkpoints/{chosen['step']:07d}"}
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _end_stages(self) -> None:
        """A second Ctrl-C can come before the stage that the first one ended has written so."""
        left = [record for record in self.stages.values() if record.state == "running"]
        for record in left:
            record.state = "interrupted"
        if left:
            with contextlib.suppress(OSError):
                self._write_stages()

    def _write_stages(self) -> None:
        stages_file.write_stages(self.path / "stages.json", self._stages)


def is_run(path: Path) -> bool:
    return (path / "config.toml").is_file()


def create_run(path: Path, config: dict[str, Any], *, force: bool = False) -> Run:
    """A new run directory; an existing one is replaced only with `force`, and never while it is running."""
    path = Path(path)
    if path.exists() and not (path.is_dir() and all(entry.name.startswith(".") for entry in path.iterdir())):
        if not force:
            raise InputError("the output exists", where=path, hint="Choose another name, or add --force")
        if not is_run(path):
            raise InputError("not a run directory, so not replaced", where=path)
        remove_run(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        document = _document(config)
        write_text(path / "config.toml", toml.dumps(document))
    except OSError as error:
        raise InputError(
            "cannot write the run directory", where=path, found=error.strerror or error
        ) from None
    return Run(path, document)


def open_run(path: Path) -> Run:
    """An existing run; one of another version is refused, naming both."""
    path = Path(path)
    return Run(path, read_config(path))


def remove_run(path: Path) -> None:
    """Remove a run directory, unless it is being written."""
    path = Path(path)
    if not is_run(path):
        raise InputError("not a run directory", where=path, expected="a directory with config.toml")
    _refuse_running(path)
    # Renamed first: an interrupted removal must not leave half a run behind under its name.
    condemned = path.with_name(f".{path.name}.removing-{os.getpid()}")
    os.replace(path, condemned)
    shutil.rmtree(condemned)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[None]:
    """Put an existing run aside while a new one takes its place; unless that ends well, it comes back."""
    path = Path(path)
    if not is_run(path):
        yield
        return
    _refuse_running(path)
    aside = path.with_name(f".{path.name}.replaced-{os.getpid()}")
    os.replace(path, aside)
    try:
        yield
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        os.replace(aside, path)
        raise
    shutil.rmtree(aside)


def _refuse_running(path: Path) -> None:
    if is_held(path / "lock"):
        raise WorkError(
            "the run is being written", where=path, found=read_owner(path / "lock"), hint="Stop it first"
        )


def read_config(path: Path) -> dict[str, Any]:
    """The document of config.toml, of this version."""
    file = path / "config.toml"
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        found = "no such directory" if not path.exists() else "a directory without config.toml"
        raise InputError("not a run directory", where=path, found=found) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("the run's config cannot be read", where=file, found=error) from None
    head = document.get("t2sql")
    found_format = head.get("run_format") if isinstance(head, dict) else None
    if found_format != FORMAT:
        writer = head.get("version", "unknown") if isinstance(head, dict) else "unknown"
        raise InputError(
            "a run directory of another version",
            where=path,
            expected=f"version {FORMAT} (t2sql {_version()})",
            found=f"version {found_format} (t2sql {writer})",
            hint="Open it with that t2sql, or run again into a new directory",
        )
    return document


def _document(config: dict[str, Any], created: str | None = None) -> dict[str, Any]:
    from t2sql.prompt import PROMPT_FORMAT

    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return {
        "t2sql": {
            "run_format": FORMAT,
            "version": _version(),
            "prompt_format": PROMPT_FORMAT,
            "created": created or datetime.now(UTC).isoformat(timespec="seconds"),
        },
        "settings": dict(config),
        "versions": versions,
        "machine": {
            "host": socket.gethostname(),
            "system": platform.system(),
            "release": platform.release(),
            "architecture": platform.machine(),
            "processor": _processor(),
            "cpus": os.cpu_count() or 1,
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        },
    }


def _version() -> str:
    try:
        return metadata.version("t2sql")
    except metadata.PackageNotFoundError:
        return "unknown"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
