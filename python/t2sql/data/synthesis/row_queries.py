"""Rows of the user's database, read in a process of its own that is killed if a view never ends."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import sqlalchemy as sa

from t2sql.data.synthesis.values import Row, Value, sqlite_value
from t2sql.databases import (
    dialect_name,
    driver_message,
    driver_variables,
    parse_url,
    read_only_engine,
    translate_errors,
    use_environment,
)
from t2sql.errors import InputError
from t2sql.plain import Json
from t2sql.sql import MEMORY_BYTES, Limits, Result, Runner, SqlError, SqlErrorKind, take_rows

_SECONDS = 60.0
"""How long one query may take: most take no time, since few rows are wanted, but a view may read much."""
_MAX_BYTES = 128 << 20
"""The most bytes of rows that are taken of one table."""
_DUCKDB_BYTES = 1 << 30
"""What DuckDB itself may allocate; see `t2sql.databases`."""


@dataclass(frozen=True)
class RowQuery:
    """Rows of one table.

    Attributes:
        table: The table.
        namespace: The schema that the table is named with; None for that of the connection.
        columns: The columns; None in the place of one whose values are not wanted.
        limit: The most rows.
        key: A column; "" for none.
        values: Only rows are read whose key is among these; None for all.
        extremes: Whether only the least and the largest key are read, in the place of the columns.
    """

    table: str
    namespace: str | None
    columns: tuple[str | None, ...]
    limit: int
    key: str = ""
    values: tuple[Value, ...] | None = None
    extremes: bool = False

    def select(self) -> sa.Select[Any]:
        """The query for SQLAlchemy."""
        source = sa.table(self.table, schema=self.namespace)
        key: sa.ColumnClause[Any] = sa.column(self.key)
        if self.extremes:
            return sa.select(sa.func.min(key), sa.func.max(key)).select_from(source)
        columns: list[Any] = [sa.null() if name is None else sa.column(name) for name in self.columns]
        query = sa.select(*columns).select_from(source)
        if self.values is not None:
            query = query.where(key.in_(self.values))
        return query.limit(self.limit)


class RowReader:
    """Reads rows of one database.

    Attributes:
        has_row_numbers: Whether its tables have a column `rowid`.
    """

    def __init__(self, url: str, seconds: float = _SECONDS) -> None:
        """Read from a database.

        Args:
            url: The database.
            seconds: How long one query may take.
        """
        self.has_row_numbers = dialect_name(parse_url(url)) == "sqlite"
        self._runner = Runner(SourceTarget(url, seconds))
        self._seconds = seconds

    def fetch(self, query: RowQuery) -> list[Row]:
        """Read rows.

        Raises:
            SqlError: The database refuses the query, or it takes too long or too much memory.
            InputError: The database cannot be read any more.
        """
        limits = Limits(self._seconds, max(query.limit, 1), _MAX_BYTES)
        parameters: dict[str, Any] = asdict(query)
        # `SourceTarget` made every value one of SQLite's.
        return cast(list[Row], self._runner.execute(f"rows of {query.table}", limits, parameters).rows)

    def close(self) -> None:
        """Close the database."""
        self._runner.close(wait=True)


@dataclass(frozen=True)
class SourceTarget:
    """A database of any kind, as the process that reads its rows opens it; see `t2sql.sql.Target`.

    Attributes:
        url: Its URL, password included.
        seconds: How long a server may work on one query.
        variables: The variables that drivers read.
        folder: The working directory, from which a URL may name a file.
    """

    url: str
    seconds: float
    variables: Mapping[str, str] = field(default_factory=lambda: driver_variables())
    folder: str = field(default_factory=os.getcwd)

    def open(self) -> SourceSession:
        """Connect.

        Raises:
            InputError: The database cannot be read.
        """
        use_environment(self.variables, self.folder)
        with translate_errors(self.url):
            return SourceSession(self.url, read_only_engine(parse_url(self.url)), self.seconds)

    def end(self, session: str) -> None:
        """A server ends a query by its own limit."""


class SourceSession:
    """A connection whose rows become rows of SQLite; see `t2sql.sql.Session`."""

    def __init__(self, url: str, engine: sa.Engine, seconds: float) -> None:
        """Take over an engine.

        Args:
            url: The database, for errors.
            engine: Its engine.
            seconds: How long a server may work on one query.
        """
        self._url = url
        self._engine = engine
        self._limit = _server_limit(engine.dialect, seconds)
        self._connection: sa.Connection | None = None
        self._is_interrupted = False
        self.memory_bytes = MEMORY_BYTES + (_DUCKDB_BYTES if engine.dialect.name == "duckdb" else 0)

    def begin(self) -> str:
        """Nothing has to be prepared."""
        return ""

    def execute(self, sql: str, parameters: Mapping[str, Json], limits: Limits) -> Result:
        """Read rows.

        Args:
            sql: What is read, for errors.
            parameters: A `RowQuery`.
            limits: How much it may use.

        Raises:
            SqlError: The database refuses the query, or it was interrupted.
            InputError: The database went away.
        """
        query = RowQuery(**parameters)  # type: ignore[arg-type] # RowReader made them of one.
        self._is_interrupted = False
        try:
            with self._engine.connect() as connection:
                self._connection = connection
                if self._limit:
                    connection.exec_driver_sql(self._limit)
                cursor = connection.execution_options(stream_results=True).execute(query.select())
                values = (tuple(map(sqlite_value, row)) for row in cursor)
                rows, truncated = take_rows(values, limits.max_rows, limits.max_bytes)
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated:
                with translate_errors(self._url, InputError):
                    raise
            kind: SqlErrorKind = "timeout" if self._is_interrupted else "other"
            raise SqlError(kind, driver_message(error.orig or error), sql) from error
        finally:
            self._connection = None
        return Result((), rows, truncated, 0.0)

    def check(self, sql: str) -> None:
        """Nothing is checked before it runs."""
        raise NotImplementedError

    def interrupt(self) -> None:
        """Ask SQLite, DuckDB or PostgreSQL to end the query; MariaDB ends it by its own limit."""
        self._is_interrupted = True
        if (connection := self._connection) is None:
            return
        raw: Any = connection.connection.driver_connection
        if self._engine.dialect.name in ("sqlite", "duckdb"):
            raw.interrupt()
        elif dialect_name(self._engine.url) == "postgres":
            raw.cancel()

    def is_current(self) -> bool:
        """Rows are read once, of one database."""
        return True

    def close(self) -> None:
        """Close the connection."""
        self._engine.dispose()


def _server_limit(dialect: Any, seconds: float) -> str:
    """The statement by which a server ends a query itself; "" for other databases."""
    if dialect.name == "postgresql":
        return f"SET LOCAL statement_timeout = {round(seconds * 1000)}"
    if dialect.name == "mysql" and dialect.is_mariadb:
        return f"SET SESSION max_statement_time = {seconds:.3f}"
    if dialect.name == "mysql":
        return f"SET SESSION max_execution_time = {round(seconds * 1000)}"
    return ""
