"""Running a statement that nobody has read, on a database that must not change.

The file is opened read-only, an authorizer lets only reading through, one statement runs, unknown quoted
names are errors, and time, rows, the bytes of a result, the length of a value and SQLite's memory are
bounded; Ctrl-C and `cancelled` end a statement. The bound on memory (256 MiB) is SQLite's own and so holds
for all of SQLite in the process, where it was built with memory statistics, as it is by default.

Not protected against: temporary disk that a sort or a join takes within the time limit; the reading of a
statement and a single call of a built-in function, such as LIKE with a dozen wildcards, which the clock
cannot interrupt; what the statement reads, since everything in the file may be read; bugs in SQLite itself.
For hostile input run the process with limits of its own.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.errors import InputError
from t2sql.sql.guard import Watch, guard
from t2sql.sql.lexer import quote, without_string_fallback

if TYPE_CHECKING:
    from t2sql.schema import Schema

TIMEOUT = 5.0
MAX_ROWS = 10_000
MAX_BYTES = 64 * 1024 * 1024

Row = tuple[Any, ...]

_KINDS = (
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
_THE_FILE = ("database is locked", "malformed", "not a database", "disk i/o error", "unable to open")


class SqlError(InputError):
    """A statement that cannot be run; `kind` is syntax, unknown_column, unknown_table, not_read_only,
    multiple, timeout, cancelled, memory or other."""

    def __init__(self, kind: str, message: str, sql: str) -> None:
        self.kind = kind
        super().__init__("the statement cannot be run", found=message, where=" ".join(sql.split())[:120])


@dataclass(frozen=True)
class Result:
    """What a statement returned; `truncated` when there was more than the limits let through."""

    columns: tuple[str, ...]
    rows: list[Row]
    truncated: bool
    seconds: float


class Reader:
    """A database open for statements that nobody has read, one after the other."""

    def __init__(self, connection: sqlite3.Connection, watch: Watch) -> None:
        self._connection = connection
        self._watch = watch

    def execute(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        timeout: float = TIMEOUT,
        max_rows: int = MAX_ROWS,
        max_bytes: int = MAX_BYTES,
        cancelled: Callable[[], bool] | None = None,
    ) -> Result:
        """Run one reading statement."""
        started = time.monotonic()
        self._watch.start(timeout, cancelled)
        try:
            with closing(self._connection.execute(_one(sql), dict(parameters or {}))) as cursor:
                if cursor.description is None:
                    raise SqlError("syntax", "no statement", sql)
                columns = tuple(column[0] for column in cursor.description)
                rows, truncated = _take(cursor, max_rows, max_bytes)
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError) as error:
            raise self._failure(error, sql) from error
        return Result(columns, rows, truncated, time.monotonic() - started)

    def check(self, sql: str) -> SqlError | None:
        """Whether SQLite would accept the statement; nothing runs."""
        if not sql.strip(" \t\r\n;"):
            return SqlError("syntax", "no statement", sql)
        self._watch.start(TIMEOUT)
        try:
            self._connection.execute("EXPLAIN " + _one(sql)).close()
        except (sqlite3.Error, sqlite3.Warning, ValueError, MemoryError) as error:
            failure = self._failure(error, sql)
            if not isinstance(failure, SqlError):
                raise failure from error
            return failure
        return None

    def _failure(self, error: BaseException, sql: str) -> BaseException:
        message = str(error) or ("out of memory" if isinstance(error, MemoryError) else "")
        lowered = message.lower()
        if lowered == "interrupted":
            why = self._watch.interruption()
            return SqlError(why, message, sql) if isinstance(why, str) else why
        if any(part in lowered for part in _THE_FILE):
            return InputError("the database cannot be read", found=message)
        kind = next((kind for part, kind in _KINDS if part in lowered), "other")
        return SqlError(kind, message, sql)


@contextmanager
def open_reader(where: Path | Schema, *, timeout: float = TIMEOUT) -> Iterator[Reader]:
    """A database file, or an empty one of a schema; a locked file is waited for until `timeout`."""
    source = _open(Path(where), timeout) if isinstance(where, (Path, str)) else _empty(where)
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
    """Run one reading statement on an SQLite file. `cancelled` is asked now and then, and ends it."""
    with open_reader(Path(db), timeout=timeout) as reader:
        return reader.execute(
            sql, timeout=timeout, max_rows=max_rows, max_bytes=max_bytes, cancelled=cancelled
        )


def check(where: Path | Schema, sql: str) -> SqlError | None:
    """Whether SQLite would accept the statement on a database, or on an empty one of this schema."""
    with open_reader(where) as reader:
        return reader.check(sql)


def _one(sql: str) -> str:
    return without_string_fallback(sql)


def _take(cursor: sqlite3.Cursor, max_rows: int, max_bytes: int) -> tuple[list[Row], bool]:
    rows: list[Row] = []
    held = 0
    for row in cursor:
        held += sum(len(value) if isinstance(value, (str, bytes)) else 8 for value in row)
        if len(rows) == max_rows or held > max_bytes:
            return rows, True
        rows.append(row)
    return rows, False


@contextmanager
def _open(path: Path, timeout: float) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise InputError("no such database", where=path)
    uri = f"{path.resolve().as_uri()}?mode=ro"
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=timeout, isolation_level=None)
    except sqlite3.Error as error:
        raise InputError("the database cannot be read", where=path, found=str(error)) from error
    with closing(connection):
        try:
            # Reads the file's first page: what is no database, encrypted or locked shows here.
            connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            raise InputError("the database cannot be read", where=path, found=str(error)) from error
        yield connection


@contextmanager
def _empty(schema: Schema) -> Iterator[sqlite3.Connection]:
    """An empty database in memory; of columns with one name, the first is made."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        make_tables(connection, schema)
        yield connection


def make_tables(connection: sqlite3.Connection, schema: Schema) -> None:
    for table in schema.tables:
        columns = {column.name.lower(): quote(column.name) for column in reversed(table.columns)}
        names = ", ".join(columns[key] for key in dict.fromkeys(c.name.lower() for c in table.columns))
        try:
            connection.execute(f"CREATE TABLE {quote(table.name)} ({names})")
        except sqlite3.Error as error:
            raise InputError("the schema cannot be made", where=table.name, found=str(error)) from error
