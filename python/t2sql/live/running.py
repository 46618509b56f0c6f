"""One statement on a server or a DuckDB file: read-only, its rows streamed, all that it uses bounded.

It runs in a process of its own (`t2sql.sql.Runner`), whose memory is limited and which is killed if the
database does not end the statement in time; then the server's session is ended too. PostgreSQL: a read-only
transaction that is always rolled back, statement_timeout, and the protocol that takes one statement. MariaDB:
the same with max_statement_time, MySQL with max_execution_time. DuckDB: a file opened read-only, no files or
network, 1 GB of memory. Not protected against: the server's own memory, processor and temporary files within
the time limit; what the statement reads, since all that the URL's role may read may be read. Give the role
SELECT and nothing else.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine

from t2sql.databases import (
    dialect_name,
    driver_variables,
    parse_url,
    read_only_engine,
    translate_errors,
    use_environment,
)
from t2sql.errors import WorkError
from t2sql.live.drivers import Driver, DuckdbDriver, PostgresDriver
from t2sql.live.mariadb_driver import MariadbDriver
from t2sql.plain import Json
from t2sql.sql import MEMORY_BYTES, Result, SqlError
from t2sql.sql import Limits as Limits

_DUCKDB_BYTES = 1 << 30
"""What DuckDB itself may allocate; see `t2sql.databases`."""


@dataclass(frozen=True)
class LiveTarget:
    """A server's database or a DuckDB file, as a process for statements opens it.

    Attributes:
        url: Its URL, password included; the path of a file is absolute.
        environment: The variables that drivers read, such as PGPASSWORD: the process may have started before
            they were set, or have opened another database.
        folder: The working directory: views of a DuckDB file may name files from there.
    """

    url: str
    environment: Mapping[str, str] = field(default_factory=lambda: driver_variables())
    folder: str = field(default_factory=os.getcwd)

    def open(self) -> LiveSession:
        """Connect; see `t2sql.sql.Target`.

        Raises:
            WorkError: The database cannot be reached any more.
        """
        use_environment(self.environment, self.folder)
        with translate_errors(self.url, WorkError):
            return LiveSession(self.url, self.folder, read_only_engine(parse_url(self.url)))

    def end(self, session: str) -> None:
        """End a session of the server from another one of the same role.

        Args:
            session: The server's number of it.
        """
        address = parse_url(self.url)
        # The number may be another session's by now: an idle one is left alone, and another role's refused.
        command = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = {} AND state = 'active'"
        if dialect_name(address) == "mysql":
            command = "KILL CONNECTION {}"
        engine = read_only_engine(address)
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(command.format(int(session)))
        finally:
            engine.dispose()


class LiveSession:
    """A connection that runs one statement after the other; see `t2sql.sql.Session`."""

    def __init__(self, url: str, folder: str, engine: Engine) -> None:
        """Take over an engine.

        Args:
            url: The database's URL, for errors.
            folder: The current directory of its statements.
            engine: Its engine.
        """
        self._url = url
        self._folder = folder
        self._engine = engine
        self._connection: Connection | None = None
        self._driver: Driver | None = None
        self.memory_bytes = MEMORY_BYTES + (_DUCKDB_BYTES if engine.dialect.name == "duckdb" else 0)

    def begin(self) -> str:
        """Connect where a statement broke the connection; the name is the server's number of the session."""
        # Another database's statement may have come between.
        with suppress(OSError):
            os.chdir(self._folder)
        with translate_errors(self._url, WorkError):
            self._connection = self._engine.connect()
        self._driver = _driver(self._connection)
        return self._driver.session()

    def execute(self, sql: str, parameters: Mapping[str, Json], limits: Limits) -> Result:
        """Run one statement that was checked; it has no parameters. See `t2sql.sql.Session.execute`.

        Raises:
            SqlError: The database refuses the statement, or it was interrupted.
            WorkError: The database went away.
        """
        assert self._connection is not None and self._driver is not None
        started = time.monotonic()
        with self._connection as connection:
            try:
                columns, rows, truncated = self._driver.run(
                    sql, limits.timeout, limits.max_rows, limits.max_bytes
                )
            except Exception as error:
                # Nothing runs on this connection again, whatever state it is in.
                connection.invalidate()
                raise self._driver.error(error, sql) from error
            if truncated:
                connection.invalidate()
        return Result(columns, rows, truncated, time.monotonic() - started)

    def check(self, sql: str) -> SqlError | None:
        """Statements of live databases are checked before they are sent."""
        raise NotImplementedError

    def interrupt(self) -> None:
        """Ask the database to end the statement."""
        if self._driver is not None:
            self._driver.interrupt()

    def is_current(self) -> bool:
        """Connections that broke are replaced by `begin`."""
        return True

    def close(self) -> None:
        """Close the connection."""
        self._engine.dispose()


def _driver(connection: Connection) -> Driver:
    raw = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        return PostgresDriver(raw)
    if connection.dialect.name == "mysql":
        return MariadbDriver(raw, connection.engine.pool)
    return DuckdbDriver(raw)
