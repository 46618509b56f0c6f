"""Running a statement that nobody has read, on a database that must not change.

The file is opened read-only, an authorizer lets only reading through, one statement runs, and time, rows
and the length of values are bounded. Not protected against: memory and temporary disk that a sort or a
join takes within the time limit; a single built-in function call, which the clock cannot interrupt; what
the statement reads, since everything in the file may be read; bugs in SQLite itself. For hostile input
run the process with limits of its own.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.errors import InputError
from t2sql.sql.lexer import quote, without_string_fallback

if TYPE_CHECKING:
    from t2sql.data.schema import Schema

_ALLOWED = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE)
_FORBIDDEN_FUNCTIONS = ("load_extension", "fts3_tokenizer")
_MAX_VALUE_BYTES = 16 * 1024 * 1024
_OPS_PER_CLOCK_LOOK = 1000

_KINDS = (
    ("no such column", "unknown_column"),
    ("no such table", "unknown_table"),
    ("not authorized", "not_read_only"),
    ("prohibited", "not_read_only"),
    ("readonly", "not_read_only"),
    ("authorization denied", "not_read_only"),
    ("interrupted", "timeout"),
    ("one statement at a time", "multiple"),
    ("syntax error", "syntax"),
    ("unrecognized token", "syntax"),
    ("incomplete input", "syntax"),
)


class SqlError(InputError):
    """A statement that cannot be run; `kind` is syntax, unknown_column, unknown_table, not_read_only,
    multiple, timeout or other."""

    def __init__(self, kind: str, message: str, sql: str) -> None:
        self.kind = kind
        super().__init__("the statement cannot be run", found=message, where=" ".join(sql.split())[:120])


@dataclass(frozen=True)
class Result:
    """What a statement returned; `truncated` when there were more rows than were asked for."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    truncated: bool
    seconds: float


def execute(db: Path, sql: str, *, timeout: float = 5.0, max_rows: int = 10_000) -> Result:
    """Run one reading statement on an SQLite file."""
    started = time.monotonic()
    with _open(Path(db), timeout) as connection:
        _guard(connection, started + timeout)
        try:
            cursor = connection.execute(_one(sql))
            if cursor.description is None:
                raise SqlError("syntax", "no statement", sql)
            rows = cursor.fetchmany(max_rows + 1)
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as error:
            raise _sql_error(error, sql) from error
        columns = tuple(column[0] for column in cursor.description)
    return Result(columns, rows[:max_rows], len(rows) > max_rows, time.monotonic() - started)


def check(where: Path | Schema, sql: str) -> SqlError | None:
    """Whether SQLite would accept the statement on a database, or on an empty one of this schema."""
    source = _empty(where) if not isinstance(where, (Path, str)) else _open(Path(where), 5.0)
    with source as connection:
        _guard(connection, time.monotonic() + 5.0)
        if not sql.strip(" \t\r\n;"):
            return SqlError("syntax", "no statement", sql)
        try:
            connection.execute("EXPLAIN " + _one(sql)).close()
        except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
            return _sql_error(error, sql)
    return None


def _one(sql: str) -> str:
    return without_string_fallback(sql)


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
            connection.execute("PRAGMA schema_version")
        except sqlite3.Error as error:
            raise InputError("the database cannot be read", where=path, found=str(error)) from error
        yield connection


@contextmanager
def _empty(schema: Schema) -> Iterator[sqlite3.Connection]:
    """An empty database in memory; of columns with one name, the first is made."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for table in schema.tables:
            columns = {column.name.lower(): quote(column.name) for column in reversed(table.columns)}
            names = ", ".join(columns[key] for key in dict.fromkeys(c.name.lower() for c in table.columns))
            try:
                connection.execute(f"CREATE TABLE {quote(table.name)} ({names})")
            except sqlite3.Error as error:
                raise InputError("the schema cannot be made", where=table.name, found=str(error)) from error
        yield connection


def _guard(connection: sqlite3.Connection, deadline: float) -> None:
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.text_factory = _decode
    connection.set_authorizer(_authorize)
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _OPS_PER_CLOCK_LOOK)


def _authorize(action: int, first: str | None, second: str | None, *_: Any) -> int:
    if action in _ALLOWED:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() not in _FORBIDDEN_FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _sql_error(error: BaseException, sql: str) -> SqlError:
    message = str(error)
    kind = next((kind for part, kind in _KINDS if part in message.lower()), "other")
    return SqlError(kind, message, sql)
