"""One statement on PostgreSQL or DuckDB: read-only, its rows streamed, time, rows and bytes bounded.

PostgreSQL: a read-only transaction that is always rolled back, statement_timeout, and the protocol that
takes one statement. DuckDB: a file opened read-only, no files or network, 1 GB of memory. Not protected
against: the server's own memory, processor and temporary files within the time limit; what the statement
reads, since all that the URL's role may read may be read. Give the role SELECT and nothing else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from t2sql.errors import WorkError
from t2sql.sql import Result, SqlError

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LOOK_SECONDS = 0.02
_GRACE_SECONDS = 1.0

_STATES = {
    "42601": "syntax",
    "42703": "unknown_column",
    "42P01": "unknown_table",
    "25006": "not_read_only",
    "42501": "not_read_only",
    "57014": "timeout",
    "53200": "memory",
}
_DUCKDB_KINDS = {
    "ParserException": "syntax",
    "CatalogException": "unknown_table",
    "BinderException": "unknown_column",
    "OutOfMemoryException": "memory",
    "PermissionException": "not_read_only",
    "InvalidInputException": "not_read_only",
    "InterruptException": "timeout",
}


def run(
    connection: Connection,
    sql: str,
    *,
    timeout: float,
    max_rows: int,
    max_bytes: int,
    cancelled: Callable[[], bool] | None,
) -> Result:
    """Run one statement that was checked; SqlError when the database does not take it."""
    started = time.monotonic()
    raw: Any = connection.connection.driver_connection
    postgres = connection.dialect.name == "postgresql"
    stream = _postgres if postgres else _duckdb
    watch = _Watch(raw.cancel if postgres else raw.interrupt, timeout + _GRACE_SECONDS * postgres, cancelled)
    try:
        with watch.watching():
            columns, rows, truncated = stream(raw, sql, timeout, max_rows, max_bytes)
    except BaseException as error:
        # Whatever state it is in, nobody gets this connection again.
        connection.invalidate()
        if not isinstance(error, Exception):
            raise
        raise _failure(error, sql, watch.why) from error
    if watch.why is not None or truncated:
        connection.invalidate()
    return Result(columns, rows, truncated, time.monotonic() - started)


def _postgres(raw: Any, sql: str, timeout: float, max_rows: int, max_bytes: int) -> Any:
    raw.rollback()
    raw.read_only = True
    with raw.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {max(1, round(timeout * 1000))}")
        rows, truncated = _take(cursor.stream(sql), max_rows, max_bytes)
        columns = tuple(column.name for column in cursor.description or ())
    if not columns and not rows:
        # A stream of no rows leaves no description behind.
        with raw.cursor() as cursor:
            cursor.execute(sql, prepare=True)
            columns = tuple(column.name for column in cursor.description or ())
    if not truncated:
        raw.rollback()
    return columns, rows, truncated


def _duckdb(raw: Any, sql: str, timeout: float, max_rows: int, max_bytes: int) -> Any:
    import duckdb

    found = [statement.type for statement in raw.extract_statements(sql)]
    if found != [duckdb.StatementType.SELECT]:
        raise SqlError("not_read_only", f"expected one SELECT, found {len(found)} statements", sql)
    cursor = raw.cursor()
    cursor.execute(sql)
    columns = tuple(column[0] for column in cursor.description or ())
    rows, truncated = _take(iter(cursor.fetchone, None), max_rows, max_bytes)
    return columns, rows, truncated


def _take(source: Iterable[Any], max_rows: int, max_bytes: int) -> tuple[list[tuple[Any, ...]], bool]:
    rows: list[tuple[Any, ...]] = []
    held = 0
    for row in source:
        held += sum(len(value) if isinstance(value, (str, bytes)) else 8 for value in row)
        if len(rows) == max_rows or held > max_bytes:
            return rows, True
        rows.append(tuple(row))
    return rows, False


class _Watch:
    """Interrupts a statement from beside it when its time is over or nobody wants it any more."""

    def __init__(
        self, interrupt: Callable[[], Any], timeout: float, cancelled: Callable[[], bool] | None
    ) -> None:
        self._interrupt, self._cancelled = interrupt, cancelled
        self._deadline = time.monotonic() + timeout
        self._done = threading.Event()
        self.why: str | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        thread = threading.Thread(target=self._look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._done.set()
            thread.join()

    def _look(self) -> None:
        while not self._done.wait(_LOOK_SECONDS):
            if self._cancelled is not None and self._cancelled():
                self.why = "cancelled"
            elif time.monotonic() > self._deadline:
                self.why = "timeout"
            if self.why is not None:
                try:
                    self._interrupt()
                except Exception:
                    # The connection is gone, and with it the statement.
                    return


def _failure(error: Exception, sql: str, why: str | None) -> Exception:
    if isinstance(error, SqlError):
        return error
    message = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if why is not None:
        return SqlError(why, message, sql)
    state = getattr(error, "sqlstate", None)
    if type(error).__module__.partition(".")[0] == "psycopg":
        if state is None or (state[:2] in ("08", "57") and state != "57014"):
            return WorkError("the database went away", found=message, hint="Try again when it is back")
        return SqlError(_STATES.get(state, "other"), message, sql)
    if hasattr(error, "__module__") and "duckdb" in type(error).__module__:
        return SqlError(_DUCKDB_KINDS.get(type(error).__name__, "other"), message, sql)
    return error
