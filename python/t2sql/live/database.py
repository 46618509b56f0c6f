"""A database that questions are asked about: its schema as it is now, and its rows, never written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from t2sql.databases import (
    BUSY_SECONDS,
    ReadSchema,
    dialect_name,
    masked_url,
    parse_url,
    read_only_engine,
    read_schema,
    translate_errors,
)
from t2sql.errors import InputError, WorkError
from t2sql.live.duckdb_macros import check_macros, read_macros
from t2sql.live.reach import sqlite_reach
from t2sql.live.running import Limits, LiveTarget
from t2sql.live.schema_cache import load_cached, store
from t2sql.live.schema_state import schema_state
from t2sql.live.statement import Statement, prepare
from t2sql.live.value_state import rows_state
from t2sql.live.value_store import Origin, ValueStore
from t2sql.schema import ColumnValue, Schema
from t2sql.sql import Result, Runner, SqlError, SqliteFile
from t2sql.values import Limits as TextLimits
from t2sql.values import with_samples

EXPECTED_URLS = "sqlite:///FILE, duckdb:///FILE, postgresql://HOST/NAME or mariadb://HOST/NAME"
"""What error messages say is expected of a database."""

_DEFAULT_LIMITS = Limits()
_DEFAULT_TEXT_LIMITS = TextLimits()
# A value of the question is looked up while somebody waits, and three spellings are told apart.
_LOOKUP_LIMITS = Limits(timeout=1.0, max_rows=8)
_ROLE_LIMITS = Limits(timeout=1.0, max_rows=1)

_ROLE_QUERIES = {
    "postgres": "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user",
    "mysql": """
        SELECT COUNT(*) FROM information_schema.user_privileges
        WHERE privilege_type IN ('SUPER', 'FILE')
          AND REPLACE(grantee, '''', '') = CURRENT_USER()
    """,
}
"""Whether the role may do far more than read."""


class LiveDatabase:
    """A database that is open for reading until `close`. Several threads may use it.

    Attributes:
        url: Its URL, password included.
        shown: Its URL for people, without the password.
        dialect: sqlglot's name of its dialect: "sqlite", "duckdb", "postgres", or "mysql" for MariaDB too.
        file: The file of a SQLite or DuckDB database.
    """

    def __init__(self, url: str, texts: TextLimits | None = _DEFAULT_TEXT_LIMITS) -> None:
        """Open a database.

        Args:
            url: `sqlite:///FILE`, `duckdb:///FILE`, `postgresql://HOST/NAME`, `mariadb://HOST/NAME`, or the
                path of a SQLite or DuckDB file.
            texts: How much is read of its texts, for an index of them in the cache; None reads nothing.

        Raises:
            InputError: It is another kind of database, or cannot be read.
            MissingPartError: The database's driver is not installed.
        """
        self.url = url
        self.shown = masked_url(url)
        address = parse_url(url)
        dialect = dialect_name(address)
        if dialect is None:
            raise InputError(
                "this kind of database cannot be asked",
                where=self.shown,
                expected=EXPECTED_URLS,
                found=address.drivername,
            )
        self.dialect = dialect
        is_file = dialect in ("sqlite", "duckdb")
        self.file = Path(address.database) if is_file and address.database else None
        self._lock = threading.Lock()
        self._schema: tuple[str, ReadSchema] | None = None
        with translate_errors(url):
            self._engine = read_only_engine(address)
            # Opening a file reads nothing of it; this shows whether it is a database.
            schema_state(self._engine)
            self._macros = read_macros(self._engine) if dialect == "duckdb" else {}
        self._runner: tuple[Schema | None, Runner] | None = None
        self._closing = threading.Event()
        self._reading: threading.Thread | None = None
        self._values = ValueStore(
            Origin(self.url, dialect, self._read_texts, self._read_with_state, self._rows_state), texts
        )
        if self.dialect != "sqlite":
            # The driver is loaded while a model thinks.
            self._statement_runner().prepare()

    def schema(self) -> Schema:
        """The tables as they are now. They are read again only when their `schema_state` has changed.

        Raises:
            InputError: The database has no table.
            WorkError: It went away.
        """
        return self._read().schema

    def _read(self) -> ReadSchema:
        return self._read_with_state()[1]

    def _read_with_state(self) -> tuple[str, ReadSchema]:
        with self._lock, translate_errors(self.url, WorkError):
            state = schema_state(self._engine)
            if self._schema is None or self._schema[0] != state:
                read = load_cached(self.url, state)
                if read is None:
                    read = read_schema(self._engine)
                    if not read.left_out:
                        # What was left out may be readable the next time, though no table has changed.
                        store(self.url, state, read)
                self._schema = state, read
            return self._schema

    def prepare(self, sql: str, schema: Schema | None = None) -> Statement:
        """Check a model's statement and write it in the database's dialect; see `t2sql.live.prepare`.

        Args:
            sql: The statement, in SQLite's dialect.
            schema: The tables, if the caller has them already.

        Raises:
            SqlError: The statement may not run.
        """
        self._values.expire()
        read = self._schema[1] if schema is not None and self._schema is not None else self._read()
        statement = prepare(
            sql,
            schema or read.schema,
            self.dialect,
            self._lookup,
            namespaces=read.namespaces,
            index=self._values,
        )
        if self._macros:
            check_macros(self._macros, statement.sql, sql)
        return statement

    def execute(
        self,
        statement: Statement,
        limits: Limits = _DEFAULT_LIMITS,
        *,
        cancelled: Callable[[], bool] | None = None,
    ) -> Result:
        """Run a prepared statement.

        Args:
            statement: What `prepare` returned.
            limits: How much it may use.
            cancelled: Says whether nobody waits for the rows any more; called from another thread.

        Raises:
            SqlError: The database refuses the statement, or it reached the time limit or was cancelled.
            WorkError: The database went away.
        """
        return self._run(statement.sql, limits, cancelled)

    def _run(self, sql: str, limits: Limits, cancelled: Callable[[], bool] | None = None) -> Result:
        return self._statement_runner().execute(sql, limits, cancelled=cancelled)

    def _statement_runner(self) -> Runner:
        """What runs statements: of SQLite, only those that read what the schema has."""
        if self.dialect != "sqlite" or self.file is None:
            with self._lock:
                self._runner = self._runner or (None, Runner(LiveTarget(self._absolute_url())))
                return self._runner[1]
        schema = self._schema[1].schema if self._schema is not None else self.schema()
        with self._lock:
            if self._runner is None or self._runner[0] is not schema:
                if self._runner is not None:
                    self._runner[1].close()
                target = SqliteFile(self.file.resolve(), BUSY_SECONDS, sqlite_reach(schema))
                self._runner = schema, Runner(target)
            return self._runner[1]

    def _absolute_url(self) -> str:
        """The URL with the path of a file made absolute: processes have current directories of their own."""
        address = parse_url(self.url)
        if self.file is not None:
            address = address.set(database=str(self.file.resolve()))
        return address.render_as_string(hide_password=False)

    def _lookup(self, sql: str) -> list[Any]:
        return [row[0] for row in self._run(sql, _LOOKUP_LIMITS).rows]

    def matching_values(self, question: str, limit: int = 10) -> tuple[ColumnValue, ...]:
        """The texts of the database that words of a question mean, the likeliest first.

        Letter case, accents, English plurals, a missing part and one typing error in a longer word do not
        matter. The first call reads the texts of the database; columns that look private are not among them.

        Args:
            question: Any text.
            limit: The most texts.
        """
        self._values.expire()
        return self._values.matches(question, limit)

    def with_samples(self, schema: Schema) -> Schema:
        """The schema with a few texts of each column, none of a column that looks private.

        The first call reads the texts of the database.

        Args:
            schema: Some of its tables.
        """
        self._values.expire()
        return with_samples(schema, self._values.samples())

    def read_texts_soon(self) -> None:
        """Begin to read the texts that answers are compared with, and do not wait for it."""
        if self._reading is None:
            self._values.expire()
            self._reading = threading.Thread(target=self._values.refresh, name="texts", daemon=True)
            self._reading.start()

    @property
    def texts_left_out(self) -> tuple[str, ...]:
        """Columns whose texts are not all in the index, and why, in words; empty until it has been made."""
        return self._values.left_out

    def _read_texts(self, sql: str, limits: Limits) -> Result:
        try:
            return self._run(sql, limits, self._closing.is_set)
        except SqlError:
            if self._closing.is_set():
                raise WorkError("the database was closed", where=self.shown) from None
            raise

    def _rows_state(self) -> str:
        with translate_errors(self.url, WorkError):
            return rows_state(self._engine, self.file)

    def warnings(self) -> list[str]:
        """What cannot be read, and what would be safer about the way the database was opened, in words.

        Raises:
            InputError: The database has no table.
            WorkError: It went away.
        """
        warnings = list(self._read().left_out)
        if query := _ROLE_QUERIES.get(self.dialect):
            try:
                rows = self._run(query, _ROLE_LIMITS).rows
            except SqlError:
                rows = []
            if rows and rows[0][0]:
                warnings.append("the database's role is a superuser; use one that may only SELECT")
        return warnings

    def close(self) -> None:
        """Close the connections."""
        self._closing.set()
        if self._reading is not None:
            self._reading.join()
        self._values.close()
        if self._runner is not None:
            self._runner[1].close(wait=True)
        self._engine.dispose()

    def __enter__(self) -> LiveDatabase:
        """The database, closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def open_database(url: str) -> LiveDatabase:
    """Open a database for reading; see `LiveDatabase`."""
    return LiveDatabase(url)
