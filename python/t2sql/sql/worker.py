"""The process that runs statements: `python -m t2sql.sql.worker CHANNEL CONTROL`, two descriptors.

Statements come over the channel, and replies go back. On the control pipe come the numbers of statements
that are to be interrupted; when it closes, t2sql has ended or given up, and so does this process, whatever
it is doing: the thread that waits there needs only Python's lock, which databases release while they work.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

from t2sql.errors import T2sqlError
from t2sql.sql.channel import Channel
from t2sql.sql.errors import SqlError
from t2sql.sql.messages import (
    Begun,
    Checked,
    Close,
    Closed,
    Done,
    Failed,
    Open,
    Ready,
    Reply,
    Request,
    Rows,
    Run,
)
from t2sql.sql.result import Row
from t2sql.sql.target import Session, Target

NUMBER = struct.Struct("<q")
"""The number of a statement on the control pipe."""

_ROWS_PER_MESSAGE = 2000
_TOGETHER_SECONDS = 0.004
_FILE_BYTES = 1 << 30
"""The largest temporary file, such as that of a sort in SQLite."""


class Worker:
    """The databases that are open in this process, and the statement that runs."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._targets: dict[int, Target] = {}
        self._sessions: dict[int, Session] = {}
        self._begun: set[int] = set()
        self._memory_bytes = 0
        self._lock = threading.Lock()
        self._running: tuple[int, Session] | None = None

    def answer(self, run: Run) -> Iterator[Reply]:
        """Run a statement.

        Yields:
            Its rows, then one `Done`, `Checked` or `Failed`.
        """
        try:
            session = self._session(run)
            name = session.begin()
            if name or run.key not in self._begun:
                self._begun.add(run.key)
                yield Begun(name)
            if session.memory_bytes != self._memory_bytes:
                self._memory_bytes = session.memory_bytes
                _limit(resource.RLIMIT_DATA, self._memory_bytes)
            with self._lock:
                self._running = run.number, session
            try:
                if run.check:
                    yield Checked(session.check(run.sql))
                    return
                result = session.execute(run.sql, run.parameters, run.limits)
            finally:
                with self._lock:
                    self._running = None
            rows = result.rows
            last = max(0, len(rows) - 1) // _ROWS_PER_MESSAGE * _ROWS_PER_MESSAGE
            for start in range(0, last, _ROWS_PER_MESSAGE):
                yield Rows(rows[start : start + _ROWS_PER_MESSAGE])
            yield Done(result.columns, rows[last:], result.truncated, result.seconds)
        except T2sqlError as error:
            yield Failed(error)
        except MemoryError:
            yield Failed(SqlError("memory", "it needs more memory than a statement may use", run.sql))
        except Exception as error:
            yield Failed(SqlError("other", f"{type(error).__name__}: {error}", run.sql))

    def interrupt(self, number: int) -> None:
        """Interrupt a statement, if it is the one that runs."""
        with self._lock:
            if self._running is not None and self._running[0] == number:
                # The connection may be gone, and with it the statement.
                with suppress(Exception):
                    self._running[1].interrupt()

    def open(self, key: int, target: Target) -> None:
        """Open a database for statements that will come. The first of them tells if it cannot be opened."""
        self._targets[key] = target
        with suppress(Exception):
            self._sessions[key] = target.open()

    def close(self, key: int) -> None:
        """Close a database, and forget it."""
        self._targets.pop(key, None)
        self._begun.discard(key)
        self._close_session(key)

    def _close_session(self, key: int) -> None:
        session = self._sessions.pop(key, None)
        if session is not None:
            with suppress(Exception):
                session.close()

    def _session(self, run: Run) -> Session:
        session = self._sessions.get(run.key)
        if session is not None and not session.is_current():
            self._close_session(run.key)
            session = None
        if run.target is not None:
            self._targets[run.key] = run.target
        if session is None:
            session = self._sessions[run.key] = self._targets[run.key].open()
        return session


def _limit(kind: int, most: int) -> None:
    """Lower a limit of the process, or raise it again as far as the system allows."""
    hard = resource.getrlimit(kind)[1]
    with suppress(OSError, ValueError):
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _dump(replies: list[Reply]) -> bytes:
    try:
        return pickle.dumps(replies, pickle.HIGHEST_PROTOCOL)
    except Exception:
        return pickle.dumps([_plain(reply) for reply in replies], pickle.HIGHEST_PROTOCOL)


def _plain(reply: Reply) -> Reply:
    """A reply without values of a driver's own classes, and without such exceptions inside an error."""
    match reply:
        case Rows(rows):
            return Rows([_plain_row(row) for row in rows])
        case Done(columns, rows, truncated, seconds):
            return Done(columns, [_plain_row(row) for row in rows], truncated, seconds)
    return reply


def _plain_row(row: Row) -> Row:
    return tuple(
        value if isinstance(value, (int, float, str, bytes, type(None))) else str(value) for value in row
    )


class Sender:
    """Sends replies, those of a few milliseconds together: each message costs a change of processes."""

    def __init__(self, channel: Channel) -> None:
        """Send over a channel."""
        self._channel = channel
        self._replies: list[Reply] = []
        self._lock = threading.Lock()
        self._waiting = threading.Event()
        threading.Thread(target=self._flush_later, daemon=True).start()

    def add(self, reply: Reply) -> None:
        """Send a reply soon, also while the next statement hangs."""
        with self._lock:
            self._replies.append(reply)
        self._waiting.set()

    def flush(self) -> None:
        """Send what was added."""
        with self._lock:
            if self._replies:
                self._channel.send(_dump(self._replies))
                self._replies = []

    def _flush_later(self) -> None:
        while self._waiting.wait():
            self._waiting.clear()
            time.sleep(_TOGETHER_SECONDS)
            # Without a channel there is nobody to tell; the main thread ends the process.
            with suppress(OSError):
                self.flush()


def _watch(control: int, worker: Worker) -> None:
    while len(data := os.read(control, NUMBER.size)) == NUMBER.size:
        worker.interrupt(NUMBER.unpack(data)[0])
    os._exit(0)


def main() -> None:
    """Answer until t2sql closes the channel."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # Whoever sends these means t2sql, which ends this process.
        signal.signal(number, signal.SIG_IGN)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, _FILE_BYTES)
    channel, worker = Channel(int(sys.argv[1])), Worker()
    threading.Thread(target=_watch, args=(int(sys.argv[2]), worker), daemon=True).start()
    try:
        sender = Sender(channel)
        sender.add(Ready())
        sender.flush()
        while True:
            request: Request = pickle.loads(channel.receive())
            for item in request:
                if isinstance(item, Open):
                    worker.open(item.key, item.target)
                    continue
                if isinstance(item, Close):
                    worker.close(item.key)
                    if item.reply:
                        sender.add(Closed())
                    continue
                for reply in worker.answer(item):
                    sender.add(reply)
            sender.flush()
    except (EOFError, OSError):
        os._exit(0)


if __name__ == "__main__":
    main()
