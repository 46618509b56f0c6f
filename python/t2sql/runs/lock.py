"""The lock of a run: held by the operating system for a living process, with its pid and host to read."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from t2sql.errors import InputError, WorkError
from t2sql.interrupts import interrupts_held
from t2sql.plain import parse_json
from t2sql.runs.records import Record


@dataclass(frozen=True)
class Owner(Record):
    """Who writes a run, as its lock file says.

    Attributes:
        pid: The process.
        host: The host that it runs on.
        started: When it took the lock, in seconds since 1970 (UTC).
    """

    pid: int
    host: str
    started: float

    @property
    def here(self) -> bool:
        """Whether the process runs, or ran, on this host."""
        return self.host == socket.gethostname()

    def __str__(self) -> str:
        """The owner in words."""
        return f"process {self.pid} on {self.host}"


class Lock:
    """`with Lock(path) as lock`: at most one process at a time gets in.

    Attributes:
        path: The lock file.
        taken_over: The dead owner whose lock was taken over, if there was one.
    """

    def __init__(self, path: Path) -> None:
        """A lock that is taken when its block is entered."""
        self.path = path
        self.taken_over: Owner | None = None
        self._file: int | None = None

    def __enter__(self) -> Lock:
        """Take the lock.

        Raises:
            WorkError: A living process holds it.
            InputError: A process on another host holds it, or held it when it died.
        """
        while True:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            if not _seize(file):
                os.close(file)
                writer = read_owner(self.path)
                stop = "" if writer is None or not writer.here else f", or stop it: kill -INT {writer.pid}"
                raise WorkError(
                    "the run is being written by another process",
                    where=self.path.parent,
                    found=writer or "a process that has not written its name yet",
                    hint=f"Wait for it{stop}",
                )
            # The owner before may have removed the file between our open and our lock.
            try:
                same = os.fstat(file).st_ino == os.stat(self.path).st_ino
            except FileNotFoundError:
                same = False
            if same:
                break
            os.close(file)
        before = read_owner(self.path)
        if before is not None and not before.here:
            os.close(file)
            raise InputError(
                "the run was being written on another host, and whether it still is cannot be known here",
                where=self.path.parent,
                found=before,
                hint=f"If it is not running any more, remove {self.path}",
            )
        self.taken_over = before
        owner = Owner(os.getpid(), socket.gethostname(), round(time.time(), 3))
        os.ftruncate(file, 0)
        os.pwrite(file, (json.dumps(owner.to_json()) + "\n").encode(), 0)
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go."""
        if self._file is not None:
            with interrupts_held():
                self.path.unlink(missing_ok=True)
                os.close(self._file)
                self._file = None


def _seize(file: int) -> bool:
    for wait in (0.02, 0.05, 0.1, None):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            # It may only be a reader asking whether the run lives (`is_held`).
            if wait is not None:
                time.sleep(wait)
    return False


def read_owner(path: Path) -> Owner | None:
    """Who the lock file names; None when there is none or it is not readable."""
    try:
        with open(path, encoding="utf-8") as file:
            return Owner.from_json(parse_json(file.read(4096)))
    except (OSError, ValueError):
        return None


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock; on another host, whether the file says so."""
    owner = read_owner(path)
    if owner is None:
        return False
    if not owner.here:
        return True
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        # A shared lock asked for an instant: it fails exactly while the writer lives, pids reused or not.
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
