"""How PostgreSQL's and DuckDB's drivers run one statement, and what their errors mean."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

from t2sql.errors import WorkError
from t2sql.live.duckdb_values import infinite_columns, losing_columns, with_texts
from t2sql.sql import Row, SqlError, SqlErrorKind, take_rows

RawConnection: TypeAlias = Any
"""A connection of psycopg or duckdb, both of which may be missing."""
Rows: TypeAlias = tuple[tuple[str, ...], list[Row], bool]
"""The names of the columns, the rows, and whether there were more."""


class Driver(Protocol):
    """One connection that runs one statement."""

    def session(self) -> str:
        """The server's name of the session, by which another can end it; "" where there is no server."""
        ...

    def run(self, sql: str, timeout: float, max_rows: int, max_bytes: int) -> Rows:
        """Run a statement and fetch its rows, within the limits (seconds, rows, bytes)."""
        ...

    def interrupt(self) -> None:
        """End the statement that runs, from another thread."""
        ...

    def error(self, error: Exception, sql: str) -> Exception:
        """Translate an error of the driver.

        Args:
            error: What `run` raised.
            sql: The statement.

        Returns:
            A SqlError about the statement, a WorkError about the connection, or the error itself.
        """
        ...


class PostgresDriver:
    """A statement in a read-only transaction that is rolled back, with the server's own timeout."""

    def __init__(self, connection: RawConnection) -> None:
        """Use a psycopg connection, which is in no transaction after `run`."""
        self._connection = connection

    def session(self) -> str:
        """The number of the server's process."""
        return str(self._connection.info.backend_pid)

    def run(self, sql: str, timeout: float, max_rows: int, max_bytes: int) -> Rows:
        """Run a statement by the protocol that takes one statement only; see `Driver.run`."""
        # SQL_ASCII stands for bytes that nobody has checked, and psycopg would take letters of ASCII only.
        encoding = self._connection.info.encoding
        query = sql.encode("utf-8" if encoding == "ascii" else encoding)
        self._connection.rollback()
        self._connection.read_only = True
        with self._connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {max(1, round(timeout * 1000))}")
            # Tables are written with their schema. A function or an operator that a user made is not found.
            cursor.execute("SET LOCAL search_path = pg_catalog, pg_temp")
            rows, truncated = take_rows(cursor.stream(query), max_rows, max_bytes)
            columns = _names(cursor)
        if not columns and not rows:
            # A stream without rows has no description: run it again in the other way.
            with self._connection.cursor() as cursor:
                # Binary results need the same protocol as a stream, which takes one statement only.
                cursor.execute(query, binary=True)
                columns = _names(cursor)
        if not truncated:
            self._connection.rollback()
        return columns, rows, truncated

    def interrupt(self) -> None:
        """Ask the server to cancel the statement."""
        self._connection.cancel()

    def error(self, error: Exception, sql: str) -> Exception:
        """Translate by the SQLSTATE; an error without one is about the connection. See `Driver.error`."""
        import psycopg  # An extra: without it there is no connection.

        if not isinstance(error, psycopg.Error):
            return error
        state, message = error.sqlstate, first_line(error)
        if state is None and any(words in message for words in _NO_MEMORY):
            return SqlError("memory", f"one row needs more memory than a statement may use ({message})", sql)
        # Class 08 is the connection, class 57 an operator's intervention, 57014 a cancelled query.
        if state is None or (state[:2] in ("08", "57") and state != "57014"):
            return WorkError("the database went away", found=message, hint="Try again when it is back")
        return SqlError(_SQLSTATES.get(state, "other"), message, sql)


class DuckdbDriver:
    """A statement on a file that is opened read-only, without access to files and network."""

    def __init__(self, connection: RawConnection) -> None:
        """Use a duckdb connection."""
        self._connection = connection

    def session(self) -> str:
        """There is no server."""
        return ""

    def run(self, sql: str, timeout: float, max_rows: int, max_bytes: int) -> Rows:
        """Run a statement that DuckDB itself reads as one SELECT; see `Driver.run`."""
        import duckdb  # An extra: without it there is no connection.

        types = [statement.type for statement in self._connection.extract_statements(sql)]
        if types != [duckdb.StatementType.SELECT]:
            raise SqlError("not_read_only", f"expected one SELECT, found {len(types)} statements", sql)
        cursor = self._connection.cursor()
        cursor.execute(sql)
        columns = tuple(str(column[0]) for column in cursor.description or ())
        column_types = [column[1] for column in cursor.description or ()]
        if as_text := losing_columns(column_types):
            cursor.execute(with_texts(sql, len(columns), as_text))
        rows, truncated = take_rows(iter(cursor.fetchone, None), max_rows, max_bytes)
        if infinite := infinite_columns(column_types, rows):
            cursor.execute(with_texts(sql, len(columns), as_text | infinite))
            rows, truncated = take_rows(iter(cursor.fetchone, None), max_rows, max_bytes)
        return columns, rows, truncated

    def interrupt(self) -> None:
        """Interrupt the statement; one that has not begun is not reached."""
        self._connection.interrupt()

    def error(self, error: Exception, sql: str) -> Exception:
        """Translate by the exception's class; see `Driver.error`."""
        import duckdb  # An extra: without it there is no connection.

        if not isinstance(error, duckdb.Error):
            return error
        kind = _DUCKDB_ERRORS.get(type(error).__name__, "other")
        return SqlError(kind, first_line(error), sql)


_NO_MEMORY = ("cannot allocate memory", "out of memory")
"""Parts of libpq's messages about the memory of this process."""

_SQLSTATES: dict[str, SqlErrorKind] = {
    "42601": "syntax",
    "42703": "unknown_column",
    "42P01": "unknown_table",
    "25006": "not_read_only",
    "42501": "not_read_only",
    "57014": "timeout",
    "53200": "memory",
}
"""PostgreSQL's error codes, from its manual's appendix A."""

_DUCKDB_ERRORS: dict[str, SqlErrorKind] = {
    "ParserException": "syntax",
    "CatalogException": "unknown_table",
    "BinderException": "unknown_column",
    "OutOfMemoryException": "memory",
    "PermissionException": "not_read_only",
    "InvalidInputException": "not_read_only",
    "InterruptException": "timeout",
}


def _names(cursor: Any) -> tuple[str, ...]:
    return tuple(column.name for column in cursor.description or ())


def first_line(error: Exception) -> str:
    """The first line of an error's message, or its class where it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
