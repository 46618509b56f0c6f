"""A database that questions are asked of: its schema as it is now, and its rows, only read."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.databases import masked_url, parse_url, read_only_engine, read_schema, translate_errors
from t2sql.errors import InputError, WorkError
from t2sql.live import introspect
from t2sql.live.running import run
from t2sql.live.statement import Statement, prepare
from t2sql.schema import Schema
from t2sql.sql import MAX_BYTES, MAX_ROWS, TIMEOUT, Result, SqlError, open_reader

if TYPE_CHECKING:
    from sqlalchemy import Engine

_DIALECTS = {"sqlite": "sqlite", "duckdb": "duckdb", "postgresql": "postgres"}
_LOOKUP_SECONDS = 1.0
_LOOKUP_ROWS = 8


class LiveDatabase:
    """Open until `close`; its methods may be called from several threads. `dialect` is sqlglot's name."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.shown = masked_url(url)
        address = parse_url(url)
        kind = address.get_backend_name()
        self.dialect = _DIALECTS.get("postgresql" if kind == "postgres" else kind, "")
        other_driver = self.dialect == "postgres" and not re.fullmatch(
            r"postgres(ql)?(\+psycopg)?", address.drivername
        )
        if not self.dialect or other_driver:
            raise InputError(
                "this kind of database cannot be asked",
                where=self.shown,
                expected="sqlite:///FILE, duckdb:///FILE or postgresql://HOST/NAME",
                found=address.drivername,
            )
        self.file = Path(address.database) if self.dialect != "postgres" and address.database else None
        self._lock = threading.Lock()
        self._schema: tuple[str, Schema] | None = None
        with translate_errors(url):
            self._engine: Engine = read_only_engine(address)
            # Reads something: what is no database shows here.
            introspect.state(self._engine)

    def schema(self) -> Schema:
        """The tables as they are now; they are read again only when something about them has changed."""
        with self._lock, translate_errors(self.url, WorkError):
            now = introspect.state(self._engine)
            if self._schema is None or self._schema[0] != now:
                schema = introspect.kept(self.url, now)
                if schema is None:
                    schema = read_schema(self._engine)
                    introspect.keep(self.url, now, schema)
                self._schema = now, schema
            return self._schema[1]

    def prepare(self, sql: str, schema: Schema | None = None) -> Statement:
        """A model's statement as it may run here; see `t2sql.live.prepare`."""
        return prepare(sql, schema or self.schema(), self.dialect, self._lookup)

    def execute(
        self,
        statement: Statement,
        *,
        timeout: float = TIMEOUT,
        max_rows: int = MAX_ROWS,
        max_bytes: int = MAX_BYTES,
        cancelled: Callable[[], bool] | None = None,
    ) -> Result:
        """The rows of a prepared statement, within the limits (seconds, rows, bytes of text).

        SqlError when the database does not take the statement or it reached the limit of time.
        """
        return self._run(statement.sql, timeout, max_rows, max_bytes, cancelled)

    def _run(
        self,
        sql: str,
        timeout: float,
        max_rows: int,
        max_bytes: int = MAX_BYTES,
        cancelled: Callable[[], bool] | None = None,
    ) -> Result:
        limits: dict[str, Any] = {"timeout": timeout, "max_rows": max_rows, "max_bytes": max_bytes}
        if self.dialect == "sqlite":
            with open_reader(Path(str(self.file)), timeout=timeout) as reader:
                return reader.execute(sql, cancelled=cancelled, **limits)
        with translate_errors(self.url, WorkError), self._engine.connect() as connection:
            return run(connection, sql, cancelled=cancelled, **limits)

    def _lookup(self, sql: str) -> list[Any]:
        return [row[0] for row in self._run(sql, _LOOKUP_SECONDS, _LOOKUP_ROWS).rows]

    def warnings(self) -> list[str]:
        """What about the way it was opened is less safe than it could be."""
        if self.dialect != "postgres":
            return []
        try:
            superuser = self._run("SELECT rolsuper FROM pg_roles WHERE rolname = current_user", 1.0, 1).rows
        except SqlError:
            return []
        if superuser and superuser[0][0]:
            return ["the database's role is a superuser; use one that may only SELECT"]
        return []

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> LiveDatabase:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_database(url: str) -> LiveDatabase:
    """Open a SQLite or DuckDB file or a PostgreSQL database, so that it can only be read."""
    return LiveDatabase(url)
