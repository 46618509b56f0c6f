"""The processes that wait for statements: any thread takes one and gives it back."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from t2sql.sql.process import StatementProcess
from t2sql.sql.target import Target

_MOST = 8
"""Statements that run at once at most, each in a process of some 20 MB, more with a server's driver."""
_IDLE_SECONDS = 60.0
"""A process that waited so long is ended when another one is given back."""


class StatementProcesses:
    """The processes of this program: any thread runs statements, each in a process that is idle."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._idle: list[StatementProcess] = []
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(_MOST)
        self._pid = os.getpid()

    def prepare(self, key: int, target: Target) -> None:
        """Open a database for the next statement in a process that waits, and do not wait for it."""
        with self._lock:
            self._forget_parents()
            if not self._idle:
                self._idle.append(StatementProcess())
            self._idle[-1].open(key, target)

    def _take(self, key: int) -> StatementProcess:
        """A process that no other thread uses: one that has the database open, if there is one."""
        while True:
            with self._lock:
                self._forget_parents()
                if not self._idle:
                    return StatementProcess()
                best = max(reversed(self._idle), key=lambda process: process.has(key))
                self._idle.remove(best)
            if best.is_idle:
                return best
            best.kill()

    @contextmanager
    def lease(self, key: int) -> Iterator[StatementProcess]:
        """A process for the length of a block; if the block raises, it is ended, whatever it is doing."""
        with self._slots:
            process = self._take(key)
            try:
                process.wait_until_ready()
                yield process
            except BaseException:
                process.kill()
                raise
            self._give_back(process)

    def _give_back(self, process: StatementProcess) -> None:
        """Let others use a process that answered all it was asked."""
        process.idle_since = now = time.monotonic()
        with self._lock:
            old = [other for other in self._idle if now - other.idle_since > _IDLE_SECONDS]
            self._idle = [other for other in self._idle if other not in old]
            if process.is_idle:
                self._idle.append(process)
            else:
                old.append(process)
        for other in old:
            other.kill()

    def forget(self, key: int, *, later: bool = False) -> None:
        """Close a database in the processes that wait; `later` with the next statements that they get."""
        with self._lock:
            for process in self._idle:
                process.forget(key, later=later)

    def close_now(self, key: int) -> None:
        """Close a database, so that its file is not locked after; a process that is busy with it is ended."""
        with self._lock:
            self._forget_parents()
            for process in [process for process in self._idle if process.has(key)]:
                if not process.close_now(key):
                    self._idle.remove(process)
                    process.kill()

    def close(self) -> None:
        """End the processes that wait."""
        with self._lock:
            self._forget_parents()
            while self._idle:
                self._idle.pop().kill()

    def _forget_parents(self) -> None:
        """After a fork the processes are the parent's."""
        if self._pid != os.getpid():
            self._idle, self._pid = [], os.getpid()
            self._slots = threading.BoundedSemaphore(_MOST)


PROCESSES = StatementProcesses()
"""Those of this program."""
atexit.register(PROCESSES.close)
