"""One statement on a server or a DuckDB file: read-only, its rows streamed, time, rows and bytes bounded.

PostgreSQL: a read-only transaction that is always rolled back, statement_timeout, and the protocol that
takes one statement. MariaDB: the same with max_statement_time, MySQL with max_execution_time. DuckDB: a file
opened read-only, no files or network, 1 GB of memory. Not protected against: the server's own memory,
processor and temporary files within the time limit; what the statement reads, since all that the URL's role
may read may be read. Give the role SELECT and nothing else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from t2sql.live.drivers import Driver, DuckdbDriver, PostgresDriver, first_line
from t2sql.live.mariadb_driver import MariadbDriver
from t2sql.sql import MAX_BYTES, MAX_ROWS, TIMEOUT, Result, SqlError, StopCondition

_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Limits:
    """How much a statement may use.

    Attributes:
        timeout: Seconds that it may run.
        max_rows: Rows to fetch, at most.
        max_bytes: Bytes of rows to fetch, at most.
    """

    timeout: float = TIMEOUT
    max_rows: int = MAX_ROWS
    max_bytes: int = MAX_BYTES


def run(connection: Connection, sql: str, limits: Limits, cancelled: Callable[[], bool] | None) -> Result:
    """Run one statement that was checked.

    Args:
        connection: A connection to PostgreSQL, MariaDB or DuckDB. After an error, or a result that was not
            fetched whole, it is not used again.
        sql: The statement.
        limits: How much it may use.
        cancelled: Says whether nobody waits for the rows any more.

    Returns:
        The rows; `truncated` if there were more than the limits allow.

    Raises:
        SqlError: The database refuses the statement, or it reached the time limit or was cancelled.
        WorkError: The database went away.
    """
    started = time.monotonic()
    driver = _driver(connection)
    condition = StopCondition()
    condition.start(limits.timeout + driver.grace_seconds, cancelled)
    try:
        with _interrupted_by(condition, driver):
            columns, rows, truncated = driver.run(sql, limits.timeout, limits.max_rows, limits.max_bytes)
    except BaseException as error:
        # Nobody gets this connection again, whatever state it is in.
        connection.invalidate()
        if not isinstance(error, Exception):
            raise
        if condition.error is not None:
            raise condition.error from error
        if condition.reason is not None and not isinstance(error, SqlError):
            raise SqlError(condition.reason, first_line(error), sql) from error
        raise driver.error(error, sql) from error
    if condition.reason is not None or truncated:
        connection.invalidate()
    return Result(columns, rows, truncated, time.monotonic() - started)


def _driver(connection: Connection) -> Driver:
    raw = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        return PostgresDriver(raw)
    if connection.dialect.name == "mysql":
        return MariadbDriver(raw, connection.engine.pool)
    return DuckdbDriver(raw)


@contextmanager
def _interrupted_by(condition: StopCondition, driver: Driver) -> Iterator[None]:
    """Interrupt what runs inside the block, from another thread, as long as the condition is reached."""
    done = threading.Event()

    def poll() -> None:
        while not done.wait(_POLL_SECONDS):
            if condition.is_reached():
                try:
                    driver.interrupt()
                except Exception:
                    # The connection is gone, and with it the statement.
                    return

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
