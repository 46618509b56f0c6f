"""Running a statement that nobody has read, on an SQLite database that must not change.

The file is opened read-only, an authorizer allows only reading, one statement runs, unknown names in double
quotes are errors, and time, rows, the bytes of a result, the length of a value and SQLite's memory are
bounded. Ctrl-C and `cancelled` end a statement. The limit on memory (256 MiB) is SQLite's own and so holds
for all of SQLite in the process, if SQLite was built with memory statistics, as it is by default.

Not protected against: temporary disk space that a sort or a join takes within the time limit; the parsing of
a statement, and a single call of a built-in function such as LIKE with a dozen wildcards, neither of which
the clock can interrupt; what the statement reads, since it may read everything in the file; bugs in SQLite
itself. For hostile input run the process with limits of its own.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from t2sql.errors import InputError
from t2sql.plain import Json
from t2sql.schema import Schema
from t2sql.sql.authorizer import guard
from t2sql.sql.errors import SqlError, SqlErrorKind
from t2sql.sql.lexer import quote, without_string_fallback
from t2sql.sql.result import MAX_BYTES, MAX_ROWS, TIMEOUT, Result, take_rows
from t2sql.sql.stopping import StopCondition

_KINDS: tuple[tuple[str, SqlErrorKind], ...] = (
    ("no such column", "unknown_column"),
    ("no such table", "unknown_table"),
    ("not authorized", "not_read_only"),
    ("prohibited", "not_read_only"),
    ("readonly", "not_read_only"),
    ("authorization denied", "not_read_only"),
    ("one statement at a time", "multiple"),
    ("syntax error", "syntax"),
    ("unrecognized token", "syntax"),
    ("incomplete input", "syntax"),
    ("null character", "syntax"),
    ("too big", "memory"),
    ("too large", "memory"),
    ("out of memory", "memory"),
)
"""Parts of SQLite's and Python's messages, and the kind of error that each means."""

_FILE_ERRORS = ("database is locked", "malformed", "not a database", "disk i/o error", "unable to open")
"""Parts of messages about the file: these are not the statement's fault."""


class Reader:
    """An open SQLite database that runs bounded reading statements, one after the other."""

    def __init__(self, connection: sqlite3.Connection, condition: StopCondition) -> None:
        """Take over a guarded connection.

        Args:
            connection: The connection, restricted by `guard`.
            condition: What `guard` returned for it.
        """
        self._connection = connection
        self._condition = condition

    def execute(
        self,
        sql: str,
        parameters: Mapping[str, Json] | None = None,
        *,
        timeout: float = TIMEOUT,
        max_rows: int = MAX_ROWS,
        max_bytes: int = MAX_BYTES,
        cancelled: Callable[[], bool] | None = None,
    ) -> Result:
        """Run one reading statement.

        Args:
            sql: The statement.
            parameters: The values of its named parameters.
            timeout: Seconds until the statement is ended.
            max_rows: The most rows of the result.
            max_bytes: The most bytes of the result; see `take_rows`.
            cancelled: Polled while the statement runs; True ends it.

        Raises:
            SqlError: SQLite does not accept the statement, or it was ended.
            InputError: The database's file cannot be read.
            KeyboardInterrupt: Ctrl-C arrived while the statement ran.
        """
        started = time.monotonic()
        self._condition.start(timeout, cancelled)
        statement = without_string_fallback(sql)
        try:
            with closing(self._connection.execute(statement, dict(parameters or {}))) as cursor:
                if cursor.description is None:
                    raise SqlError("syntax", "no statement", sql)
                columns = tuple(column[0] for column in cursor.description)
                rows, truncated = take_rows(cursor, max_rows, max_bytes)
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError) as error:
            raise self._translate(error, sql) from error
        return Result(columns, rows, truncated, time.monotonic() - started)

    def check(self, sql: str) -> SqlError | None:
        """Return the error with which SQLite refuses the statement, or None. The statement does not run.

        Raises:
            InputError: The database's file cannot be read.
            KeyboardInterrupt: Ctrl-C arrived meanwhile.
        """
        if not sql.strip(" \t\r\n;"):
            return SqlError("syntax", "no statement", sql)
        self._condition.start(TIMEOUT)
        try:
            self._connection.execute("EXPLAIN " + without_string_fallback(sql)).close()
        except (sqlite3.Error, sqlite3.Warning, ValueError, MemoryError) as error:
            translated = self._translate(error, sql)
            if not isinstance(translated, SqlError):
                raise translated from error
            return translated
        return None

    def _translate(self, error: Exception, sql: str) -> BaseException:
        message = str(error) or ("out of memory" if isinstance(error, MemoryError) else "")
        lowered = message.lower()
        if lowered == "interrupted":
            return self._interruption(message, sql)
        if any(part in lowered for part in _FILE_ERRORS):
            return InputError("the database cannot be read", found=message)
        for part, kind in _KINDS:
            if part in lowered:
                return SqlError(kind, message, sql)
        return SqlError("other", message, sql)

    def _interruption(self, message: str, sql: str) -> BaseException:
        if self._condition.error is not None:
            return self._condition.error
        if self._condition.reason is not None:
            return SqlError(self._condition.reason, message, sql)
        # SQLite swallows what a progress handler raises. If the condition knows no reason, Ctrl-C arrived in
        # the handler before the condition was evaluated.
        return KeyboardInterrupt()


@contextmanager
def open_reader(where: Path | Schema, *, timeout: float = TIMEOUT) -> Iterator[Reader]:
    """Open a database file, or an empty database in memory that has the tables of a schema.

    Args:
        where: The file or the schema.
        timeout: Seconds to wait for a file that another process has locked.

    Raises:
        InputError: The file does not exist or cannot be read, or SQLite cannot create the schema's tables.
    """
    source = _empty_database(where) if isinstance(where, Schema) else _open_file(Path(where), timeout)
    with source as connection:
        yield Reader(connection, guard(connection))


def execute(
    db: Path,
    sql: str,
    *,
    timeout: float = TIMEOUT,
    max_rows: int = MAX_ROWS,
    max_bytes: int = MAX_BYTES,
    cancelled: Callable[[], bool] | None = None,
) -> Result:
    """Run one reading statement on an SQLite file.

    The arguments and errors are those of `open_reader` and `Reader.execute`.
    """
    with open_reader(Path(db), timeout=timeout) as reader:
        return reader.execute(
            sql, timeout=timeout, max_rows=max_rows, max_bytes=max_bytes, cancelled=cancelled
        )


def check(where: Path | Schema, sql: str) -> SqlError | None:
    """Return the error with which SQLite refuses a statement, or None. The statement does not run.

    Args:
        where: The database's file, or the schema of an empty database.
        sql: The statement.

    Raises:
        InputError: The database cannot be opened; see `open_reader`.
    """
    with open_reader(where) as reader:
        return reader.check(sql)


@contextmanager
def _open_file(path: Path, timeout: float) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise InputError("no such database", where=path)
    uri = f"{path.resolve().as_uri()}?mode=ro"
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=timeout, isolation_level=None)
    except sqlite3.Error as error:
        raise InputError("the database cannot be read", where=path, found=str(error)) from error
    with closing(connection):
        try:
            # Reads the first page: a file that is not a database, is encrypted or is locked fails here.
            connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            raise InputError("the database cannot be read", where=path, found=str(error)) from error
        yield connection


@contextmanager
def _empty_database(schema: Schema) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        _create_tables(connection, schema)
        yield connection


def _create_tables(connection: sqlite3.Connection, schema: Schema) -> None:
    """Create the tables without types. Of columns that SQLite cannot tell apart, the first is created."""
    for table in schema.tables:
        columns = {column.name.lower(): quote(column.name) for column in reversed(table.columns)}
        names = ", ".join(columns[key] for key in dict.fromkeys(c.name.lower() for c in table.columns))
        try:
            connection.execute(f"CREATE TABLE {quote(table.name)} ({names})")
        except sqlite3.Error as error:
            raise InputError("the schema cannot be created", where=table.name, found=str(error)) from error
