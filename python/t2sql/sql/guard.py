"""The bounds that a connection is given before a statement that nobody has read runs on it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

MAX_VALUE_BYTES = 16 * 1024 * 1024
MAX_STATEMENT_BYTES = 100_000
HEAP_BYTES = 256 * 1024 * 1024

_ALLOWED = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE)
_FORBIDDEN_FUNCTIONS = ("load_extension", "fts3_tokenizer")
_OPS_PER_LOOK = 1000


@dataclass
class Watch:
    """What ends a statement early: the clock, or whoever asked for it."""

    deadline: float = float("inf")
    cancelled: Callable[[], bool] | None = None
    why: str | BaseException | None = None

    def start(self, timeout: float, cancelled: Callable[[], bool] | None = None) -> None:
        self.deadline = time.monotonic() + timeout
        self.cancelled, self.why = cancelled, None

    def look(self) -> bool:
        try:
            if self.cancelled is not None and self.cancelled():
                self.why = "cancelled"
            elif time.monotonic() > self.deadline:
                self.why = "timeout"
        except BaseException as error:
            self.why = error
        return self.why is not None

    def interruption(self) -> str | BaseException:
        """Why the statement was interrupted. An exception that arrived inside SQLite was swallowed there:
        what nobody here caused is Ctrl-C, raised before `look` could begin."""
        return KeyboardInterrupt() if self.why is None else self.why


def guard(connection: sqlite3.Connection) -> Watch:
    """Only reading from here on, within the bounds; the watch is started for each statement."""
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    # Sorts and intermediate tables spill into files instead of filling memory.
    connection.execute("PRAGMA temp_store = FILE")
    # The one limit on memory that SQLite has is the process's; it can be lowered and not raised.
    connection.execute(f"PRAGMA hard_heap_limit = {HEAP_BYTES}")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, MAX_STATEMENT_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.text_factory = _decode
    connection.set_authorizer(_authorize)
    watch = Watch()
    connection.set_progress_handler(watch.look, _OPS_PER_LOOK)
    return watch


def _authorize(action: int, first: str | None, second: str | None, *_: object) -> int:
    if action in _ALLOWED:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() not in _FORBIDDEN_FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
