"""SQLite databases as a process for statements opens them: files, and tables that are made in memory.

A file is opened read-only, an authorizer allows only reading, one statement runs, unknown names in double
quotes are errors, and rows, the bytes of a result, the length of a value and SQLite's memory are bounded.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

from t2sql.errors import InputError, T2sqlError
from t2sql.plain import Json
from t2sql.schema import Schema
from t2sql.sql.addresses import reading_address
from t2sql.sql.authorizer import Reach, guard
from t2sql.sql.errors import SqlError, SqlErrorKind
from t2sql.sql.lexer import quote, without_string_fallback
from t2sql.sql.result import Limits, Result, take_rows
from t2sql.sql.target import MEMORY_BYTES
from t2sql.sql.virtual_tables import load_virtual_tables

_KINDS: tuple[tuple[str, SqlErrorKind], ...] = (
    ("interrupted", "timeout"),
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
    ("disk is full", "memory"),
)
"""Parts of SQLite's and Python's messages, and the kind of error that each means."""

TextErrors: TypeAlias = Literal["replace", "ignore", "strict"]
"""Bytes that are not UTF-8 become U+FFFD, are left out, or are an error."""

_FILE_ERRORS = frozenset(
    {
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT),
        *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB),
    }
)
"""Codes of errors about the file: these are not the statement's fault. "malformed JSON" is none of them."""
_PRIMARY_CODE = 0xFF


@dataclass(frozen=True)
class SqliteFile:
    """A database file, opened read-only.

    Attributes:
        path: The file, absolute.
        busy_seconds: How long to wait for a file that another process has locked.
        reach: The tables and functions that statements may use; None for all that the file has.
        text_errors: What bytes in a text that are not UTF-8 do, as `bytes.decode` calls it.
    """

    path: Path
    busy_seconds: float
    reach: Reach | None = None
    text_errors: TextErrors = "replace"

    def open(self) -> SqliteSession:
        """Open the file.

        Raises:
            InputError: It does not exist or cannot be read.
        """
        if not self.path.is_file():
            raise InputError("no such database", where=self.path)
        try:
            connection = sqlite3.connect(
                reading_address(self.path),
                uri=True,
                timeout=self.busy_seconds,
                isolation_level=None,
                check_same_thread=False,
            )
            # Reads the first page: a file that is not a database, is encrypted or is locked fails here.
            connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            raise InputError("the database cannot be read", where=self.path, found=str(error)) from error
        guard(connection, self.reach, load_virtual_tables(connection))
        if self.text_errors != "replace":
            connection.text_factory = partial(str, encoding="utf-8", errors=self.text_errors)
        return SqliteSession(connection, self.path)

    def end(self, session: str) -> None:
        """SQLite has no server."""


@dataclass(frozen=True)
class SqliteMemory:
    """A database in memory.

    Attributes:
        tables: The statements that create its tables.
        rows: The rows of each table, by its name.
    """

    tables: tuple[str, ...]
    rows: Mapping[str, Sequence[tuple[object, ...]]] = field(default_factory=dict)

    def open(self) -> SqliteSession:
        """Make the database.

        Raises:
            InputError: SQLite cannot create a table.
        """
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        for statement in self.tables:
            try:
                connection.execute(statement)
            except sqlite3.Error as error:
                raise InputError("the schema cannot be created", where=statement, found=str(error)) from error
        for name, rows in self.rows.items():
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO {quote(name)} VALUES ({marks})", rows)
        guard(connection)
        return SqliteSession(connection)

    def end(self, session: str) -> None:
        """SQLite has no server."""


def empty_database(schema: Schema) -> SqliteMemory:
    """The tables of a schema without types. Of columns that SQLite cannot tell apart, the first is there."""
    statements = []
    for table in schema.tables:
        columns = {column.name.lower(): quote(column.name) for column in reversed(table.columns)}
        names = ", ".join(columns[key] for key in dict.fromkeys(c.name.lower() for c in table.columns))
        statements.append(f"CREATE TABLE {quote(table.name)} ({names})")
    return SqliteMemory(tuple(statements))


class SqliteSession:
    """An open SQLite database; see `Session`."""

    memory_bytes = MEMORY_BYTES

    def __init__(self, connection: sqlite3.Connection, path: Path | None = None) -> None:
        """Take over a connection.

        Args:
            connection: The connection, restricted by `guard`.
            path: The file that it reads.
        """
        self._connection = connection
        self._path = path
        self._identity = _identity(path)

    def begin(self) -> str:
        """There is no server, and nothing to prepare."""
        return ""

    def is_current(self) -> bool:
        """Whether no other file was put in the file's place."""
        return self._path is None or _identity(self._path) == self._identity

    def interrupt(self) -> None:
        """Interrupt the statement; a single step, such as one call of a function, is not interrupted."""
        self._connection.interrupt()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def execute(self, sql: str, parameters: Mapping[str, Json], limits: Limits) -> Result:
        """Run one reading statement; see `Session.execute`.

        Raises:
            SqlError: SQLite does not accept the statement, or it was ended.
            InputError: The database's file cannot be read.
        """
        started = time.monotonic()
        statement = without_string_fallback(sql)
        try:
            with closing(self._connection.execute(statement, dict(parameters))) as cursor:
                if cursor.description is None:
                    raise SqlError("syntax", "no statement", sql)
                columns = tuple(column[0] for column in cursor.description)
                rows, truncated = take_rows(cursor, limits.max_rows, limits.max_bytes)
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError) as error:
            raise _translate(error, sql) from error
        return Result(columns, rows, truncated, time.monotonic() - started)

    def check(self, sql: str) -> SqlError | None:
        """Return the error with which SQLite refuses the statement, or None. The statement does not run.

        Raises:
            InputError: The database's file cannot be read.
        """
        if not sql.strip(" \t\r\n;"):
            return SqlError("syntax", "no statement", sql)
        try:
            self._connection.execute("EXPLAIN " + without_string_fallback(sql)).close()
        except (sqlite3.Error, sqlite3.Warning, ValueError, MemoryError) as error:
            translated = _translate(error, sql)
            if not isinstance(translated, SqlError):
                raise translated from error
            return translated
        return None


def _identity(path: Path | None) -> tuple[int, int] | None:
    try:
        status = None if path is None else os.stat(path)
    except OSError:
        return None
    return None if status is None else (status.st_dev, status.st_ino)


def _translate(error: Exception, sql: str) -> T2sqlError:
    message = str(error) or ("out of memory" if isinstance(error, MemoryError) else "")
    lowered = message.lower()
    # Errors of Python's module itself have no code.
    if vars(error).get("sqlite_errorcode", 0) & _PRIMARY_CODE in _FILE_ERRORS:
        return InputError("the database cannot be read", found=message)
    for part, kind in _KINDS:
        if part in lowered:
            return SqlError(kind, message, sql)
    return SqlError("other", message, sql)
