"""What a process for statements needs to know of a database: how to open it, and how to end what it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from t2sql.plain import Json
from t2sql.sql.errors import SqlError
from t2sql.sql.result import Limits, Result

MEMORY_BYTES = 768 * 1024 * 1024
"""What a process may allocate for SQLite's 256 MiB, 64 MiB of rows as Python's objects, and their copies."""


class Session(Protocol):
    """An open database inside the process that runs its statements, one after the other."""

    memory_bytes: int
    """How much the process may allocate while a statement runs."""

    def begin(self) -> str:
        """Get ready for a statement.

        Returns:
            The server's name of this session, by which another can end it; "" where there is no server.
        """
        ...

    def execute(self, sql: str, parameters: Mapping[str, Json], limits: Limits) -> Result:
        """Run one statement and fetch its rows within the limits. What ends it in time is `interrupt`.

        Raises:
            SqlError: The database refuses the statement, or it was interrupted (the kind is "timeout").
            T2sqlError: The database cannot be read any more.
        """
        ...

    def check(self, sql: str) -> SqlError | None:
        """Return the error with which the database refuses a statement. The statement does not run."""
        ...

    def interrupt(self) -> None:
        """End the statement that runs, if the database looks up from it. Called from another thread."""
        ...

    def is_current(self) -> bool:
        """Whether the database's name still means what was opened."""
        ...

    def close(self) -> None:
        """Close the database."""
        ...


class Target(Protocol):
    """A database on which statements run, as it is sent to a process: it can be pickled."""

    def open(self) -> Session:
        """Open the database, inside the process.

        Raises:
            T2sqlError: It cannot be opened.
        """
        ...

    def end(self, session: str) -> None:
        """End on the server what a killed process left running there.

        Args:
            session: What `Session.begin` returned; not "".
        """
        ...
