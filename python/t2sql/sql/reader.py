"""Running a statement that nobody has read, on an SQLite database that must not change.

It runs in a process of its own, which is killed if SQLite does not end in time. `t2sql.sql.sqlite` has what
is restricted there.

Not protected against: what the statement reads, unless a `Reach` says what it may; bugs in SQLite itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from t2sql.errors import InputError
from t2sql.plain import Json
from t2sql.schema import Schema
from t2sql.sql.authorizer import Reach
from t2sql.sql.errors import SqlError
from t2sql.sql.result import MAX_BYTES, MAX_ROWS, TIMEOUT, Limits, Result
from t2sql.sql.running import Runner, Task
from t2sql.sql.sqlite import SqliteFile, SqliteMemory, empty_database


class Reader:
    """An SQLite database that runs bounded reading statements, one after the other."""

    def __init__(self, runner: Runner) -> None:
        """Read by a runner."""
        self._runner = runner

    def execute(
        self,
        sql: str,
        parameters: Mapping[str, Json] | None = None,
        *,
        timeout: float = TIMEOUT,
        max_rows: int = MAX_ROWS,
        max_bytes: int = MAX_BYTES,
        cancelled: Callable[[], bool] | None = None,
    ) -> Result:
        """Run one reading statement.

        Args:
            sql: The statement.
            parameters: The values of its named parameters.
            timeout: Seconds until the statement is ended.
            max_rows: The most rows of the result.
            max_bytes: The most bytes of the result; see `take_rows`.
            cancelled: Polled while the statement runs; True ends it.

        Raises:
            SqlError: SQLite does not accept the statement, or it was ended.
            InputError: The database cannot be read.
            KeyboardInterrupt: Ctrl-C arrived while the statement ran.
        """
        return self._runner.execute(sql, Limits(timeout, max_rows, max_bytes), parameters, cancelled)

    def task(self, sql: str, *, timeout: float = TIMEOUT, max_rows: int = MAX_ROWS) -> Task:
        """A statement for `t2sql.sql.execute_each`, which runs many in less time than one by one.

        Args:
            sql: The statement.
            timeout: Seconds until it is ended.
            max_rows: The most rows of its result.
        """
        return Task(self._runner, sql, Limits(timeout, max_rows))

    def check(self, sql: str) -> SqlError | None:
        """Return the error with which SQLite refuses the statement, or None. The statement does not run.

        Raises:
            InputError: The database cannot be read.
        """
        return self._runner.check(sql)

    def check_each(self, statements: Sequence[str]) -> list[SqlError | None]:
        """For each statement, what `check` returns.

        Raises:
            InputError: The database cannot be read.
        """
        return self._runner.check_each(statements)


@contextmanager
def open_reader(
    where: Path | Schema | SqliteMemory, *, timeout: float = TIMEOUT, reach: Reach | None = None
) -> Iterator[Reader]:
    """Open a database file, or a database in memory: of given rows, or with the tables of a schema.

    Args:
        where: The file, the database in memory or the schema.
        timeout: Seconds to wait for a file that another process has locked.
        reach: What statements on a file may use; None for all that the file has.

    Raises:
        InputError: The file does not exist. Whether it can be read, the first statement shows.
    """
    if isinstance(where, Schema):
        where = empty_database(where)
    elif not isinstance(where, SqliteMemory) and not Path(where).is_file():
        raise InputError("no such database", where=where)
    target = where if isinstance(where, SqliteMemory) else SqliteFile(Path(where).resolve(), timeout, reach)
    runner = Runner(target)
    try:
        yield Reader(runner)
    finally:
        runner.close(later=isinstance(where, SqliteMemory))


def execute(
    db: Path,
    sql: str,
    *,
    timeout: float = TIMEOUT,
    max_rows: int = MAX_ROWS,
    max_bytes: int = MAX_BYTES,
    cancelled: Callable[[], bool] | None = None,
) -> Result:
    """Run one reading statement on an SQLite file.

    The arguments and errors are those of `open_reader` and `Reader.execute`.
    """
    with open_reader(Path(db), timeout=timeout) as reader:
        return reader.execute(
            sql, timeout=timeout, max_rows=max_rows, max_bytes=max_bytes, cancelled=cancelled
        )


def check(where: Path | Schema, sql: str) -> SqlError | None:
    """Return the error with which SQLite refuses a statement, or None. The statement does not run.

    Args:
        where: The database's file, or the schema of an empty database.
        sql: The statement.

    Raises:
        InputError: The database cannot be opened or read.
    """
    with open_reader(where) as reader:
        return reader.check(sql)
