"""One statement on PostgreSQL or DuckDB: read-only, its rows streamed, time, rows and bytes bounded.

PostgreSQL: a read-only transaction that is always rolled back, statement_timeout, and the protocol that
takes one statement. DuckDB: a file opened read-only, no files or network, 1 GB of memory. Not protected
against: the server's own memory, processor and temporary files within the time limit; what the statement
reads, since all that the URL's role may read may be read. Give the role SELECT and nothing else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from t2sql.errors import WorkError
from t2sql.sql import Result, SqlError, SqlErrorKind, StopCondition, take_rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LOOK_SECONDS = 0.02
_GRACE_SECONDS = 1.0

_STATES: dict[str, SqlErrorKind] = {
    "42601": "syntax",
    "42703": "unknown_column",
    "42P01": "unknown_table",
    "25006": "not_read_only",
    "42501": "not_read_only",
    "57014": "timeout",
    "53200": "memory",
}
_DUCKDB_KINDS: dict[str, SqlErrorKind] = {
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
    condition = StopCondition()
    condition.start(timeout + _GRACE_SECONDS * postgres, cancelled)
    interrupter = _Interrupter(raw.cancel if postgres else raw.interrupt, condition)
    try:
        with interrupter.watching():
            columns, rows, truncated = stream(raw, sql, timeout, max_rows, max_bytes)
    except BaseException as error:
        # Whatever state it is in, nobody gets this connection again.
        connection.invalidate()
        if not isinstance(error, Exception):
            raise
        if condition.error is not None:
            raise condition.error from error
        raise _failure(error, sql, condition.reason) from error
    if condition.reason is not None or truncated:
        connection.invalidate()
    return Result(columns, rows, truncated, time.monotonic() - started)


def _postgres(raw: Any, sql: str, timeout: float, max_rows: int, max_bytes: int) -> Any:
    raw.rollback()
    raw.read_only = True
    with raw.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {max(1, round(timeout * 1000))}")
        rows, truncated = take_rows(cursor.stream(sql), max_rows, max_bytes)
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
    rows, truncated = take_rows(iter(cursor.fetchone, None), max_rows, max_bytes)
    return columns, rows, truncated


class _Interrupter:
    """Interrupts a statement from another thread when its stop condition is reached."""

    def __init__(self, interrupt: Callable[[], object], condition: StopCondition) -> None:
        self._interrupt = interrupt
        self._condition = condition
        self._done = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the statement that runs inside the block."""
        thread = threading.Thread(target=self._poll, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._done.set()
            thread.join()

    def _poll(self) -> None:
        while not self._done.wait(_LOOK_SECONDS):
            if self._condition.is_reached():
                try:
                    self._interrupt()
                except Exception:
                    # The connection is gone, and with it the statement.
                    return


def _failure(error: Exception, sql: str, why: SqlErrorKind | None) -> Exception:
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
