"""What t2sql and the process that runs statements send each other, pickled: both ends are this program.

Named tuples and no dataclasses: the process makes the classes each time it starts, these in a tenth of the
time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from t2sql.errors import T2sqlError
from t2sql.plain import Json
from t2sql.sql.errors import SqlError
from t2sql.sql.result import Limits, Row
from t2sql.sql.target import Target


class Run(NamedTuple):
    """A statement to run.

    Attributes:
        number: Different for each statement of the process.
        key: The database's number.
        target: The database; None where the process has opened it.
        sql: The statement.
        parameters: The values of its named parameters.
        limits: How much it may use.
        check: Whether the database only says if it would accept the statement.
    """

    number: int
    key: int
    target: Target | None
    sql: str
    parameters: Mapping[str, Json]
    limits: Limits
    check: bool


class Open(NamedTuple):
    """A database that statements will come for; there is no reply.

    Attributes:
        key: The database's number.
        target: The database.
    """

    key: int
    target: Target


class Close(NamedTuple):
    """A database that is not needed any more.

    Attributes:
        key: Its number.
        reply: Whether `Closed` is expected.
    """

    key: int
    reply: bool = False


Request: TypeAlias = tuple[Open | Run | Close, ...]


class Ready(NamedTuple):
    """The process has started."""


class Begun(NamedTuple):
    """The database of a statement is open, and the statement begins.

    It is sent where that may have taken time: for the first statement of a database, and each of a server's.

    Attributes:
        session: The server's name of the session; "" where there is no server.
    """

    session: str


class Closed(NamedTuple):
    """A database was closed."""


class Rows(NamedTuple):
    """The next rows of a result, in their order."""

    rows: list[Row]


class Done(NamedTuple):
    """A statement has ended: all its rows were sent.

    Attributes:
        columns: The names of the columns.
        rows: The last rows.
        truncated: Whether rows are missing because the result reached a limit.
        seconds: How long the statement ran, in seconds.
    """

    columns: tuple[str, ...]
    rows: list[Row]
    truncated: bool
    seconds: float


class Checked(NamedTuple):
    """A statement was only checked.

    Attributes:
        error: Why the database refuses it; None if it does not.
    """

    error: SqlError | None


class Failed(NamedTuple):
    """A statement did not run to its end, or the database could not be opened."""

    error: T2sqlError


Reply: TypeAlias = Ready | Begun | Closed | Rows | Done | Checked | Failed
