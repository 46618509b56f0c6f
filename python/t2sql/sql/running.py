"""Statements run in processes of their own, which are killed when a statement does not end in its time.

The limit on time is kept here. When it is reached, the database is asked to end the statement, which it most
often does; after a quarter as long again the process is killed, and a server's session is ended from another
connection. The processes wait for further statements, so that only the first one pays for a start.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from t2sql.errors import T2sqlError, WorkError
from t2sql.plain import Json
from t2sql.sql.errors import SqlError
from t2sql.sql.messages import Begun, Checked, Close, Done, Failed, Open, Rows, Run
from t2sql.sql.process import StatementProcess
from t2sql.sql.processes import PROCESSES
from t2sql.sql.result import DEFAULT_LIMITS, Limits, Result, Row
from t2sql.sql.target import Target

_POLL_SECONDS = 0.02
"""How often `cancelled` is asked while a statement runs."""
_LONGEST_WAIT = 3600.0
_GRACE_SECONDS = 0.25
"""How long, at least, a database has to end a statement that it was asked to end."""
_OPENING_SECONDS = 30.0
"""How long a database may take to open: a server is waited for ten seconds, a driver loads in one."""
_SENDING_SECONDS = 60.0
"""How long the rows of a statement that has ended may take from process to process."""


_numbers = itertools.count(1)


@dataclass(frozen=True)
class Task:
    """A statement to run.

    Attributes:
        runner: Runs it on a database.
        sql: The statement.
        limits: How much it may use.
        parameters: The values of its named parameters.
        check: Whether the database only says if it would accept it.
    """

    runner: Runner
    sql: str
    limits: Limits = DEFAULT_LIMITS
    parameters: Mapping[str, Json] = field(default_factory=dict)
    check: bool = False


class Runner:
    """Runs statements on one database, which is opened with the first. Several threads may use it."""

    def __init__(self, target: Target) -> None:
        """Remember the database."""
        self.target = target
        self.key = next(_numbers)

    def prepare(self) -> None:
        """Open the database for the next statement, and do not wait for it.

        Raises:
            WorkError: The system does not start another process.
        """
        PROCESSES.prepare(self.key, self.target)

    def close(self, *, wait: bool = False, later: bool = False) -> None:
        """Close the database.

        Args:
            wait: Whether it has to be closed when this returns, such as a file that others want to lock.
            later: Whether it may stay open until its process runs the next statements, as one in memory may.
        """
        if wait:
            PROCESSES.close_now(self.key)
        else:
            PROCESSES.forget(self.key, later=later)

    def execute(
        self,
        sql: str,
        limits: Limits,
        parameters: Mapping[str, Json] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Result:
        """Run one statement.

        Args:
            sql: The statement.
            limits: How much it may use.
            parameters: The values of its named parameters.
            cancelled: Asked while the statement runs; True ends it.

        Raises:
            SqlError: The database refuses the statement, or it was ended.
            T2sqlError: The database cannot be read.
            KeyboardInterrupt: Ctrl-C arrived while the statement ran.
        """
        [outcome] = _run([Task(self, sql, limits, parameters or {})], cancelled)
        if isinstance(outcome, T2sqlError):
            raise outcome
        assert isinstance(outcome, Result)
        return outcome

    def check(self, sql: str) -> SqlError | None:
        """Return the error with which the database refuses a statement, or None. The statement does not run.

        Raises:
            T2sqlError: The database cannot be read.
        """
        [error] = self.check_each([sql])
        return error

    def check_each(self, statements: Sequence[str]) -> list[SqlError | None]:
        """For each statement, the error with which the database refuses it, or None; see `check`.

        Raises:
            T2sqlError: The database cannot be read.
        """
        errors: list[SqlError | None] = []
        for outcome in _run([Task(self, sql, check=True) for sql in statements]):
            if isinstance(outcome, SqlError):
                errors.append(outcome)
            elif isinstance(outcome, T2sqlError):
                raise outcome
            else:
                assert isinstance(outcome, Checked)
                errors.append(outcome.error)
        return errors


def execute_each(tasks: Sequence[Task]) -> Iterator[Result | SqlError]:
    """Run statements one after the other, ahead of whoever takes their results.

    Args:
        tasks: The statements, perhaps on several databases.

    Yields:
        For each its result, or why it has none.

    Raises:
        T2sqlError: A database cannot be read.
    """
    for outcome in _run(tasks):
        if isinstance(outcome, SqlError | Result):
            yield outcome
        elif isinstance(outcome, T2sqlError):
            raise outcome


def _run(
    tasks: Sequence[Task], cancelled: Callable[[], bool] | None = None
) -> Iterator[Result | Checked | T2sqlError]:
    """Run statements; see `execute_each`. A process is leased until the last result was taken."""
    rest = list(tasks)
    while rest:
        # More than one round only after a statement took its process with it.
        with PROCESSES.lease(rest[0].runner.key) as process:
            numbers = _send(process, rest)
            for number in numbers:
                try:
                    outcome = _wait(process, number, rest[0], cancelled)
                except BaseException:
                    # Ctrl-C.
                    _kill(process, rest[0])
                    raise
                rest.pop(0)
                if not rest:
                    break
                yield outcome
                if process.is_killed:
                    break
        if not rest:
            # Outside of the lease: nobody may ask for more, and the process is to wait for others.
            yield outcome


def _send(process: StatementProcess, tasks: Sequence[Task]) -> list[int]:
    """Send statements together; returns their numbers."""
    request: list[Run | Open | Close] = []
    numbers = []
    for task in tasks:
        key, number = task.runner.key, next(_numbers)
        target = None if process.has(key) else task.runner.target
        request += process.note(key)
        request.append(Run(number, key, target, task.sql, task.parameters, task.limits, task.check))
        numbers.append(number)
    process.send(tuple(request))
    return numbers


def _wait(
    process: StatementProcess, number: int, task: Task, cancelled: Callable[[], bool] | None
) -> Result | Checked | T2sqlError:
    """Wait until a statement has ended, or end it."""
    rows: list[Row] = []
    timeout, key = task.limits.timeout, task.runner.key
    process.session = ""
    has_begun = process.begins_at_once(key)
    deadline = time.monotonic() + (timeout if has_begun else _OPENING_SECONDS)
    reason: SqlError | None = None
    while True:
        now = time.monotonic()
        if now >= deadline and (reason is not None or rows or not has_begun):
            _replace(process, task)
            return reason or (_too_slow(task) if has_begun else _not_open())
        if reason is None:
            if cancelled is not None and cancelled():
                reason = SqlError("cancelled", "it was cancelled", task.sql)
                deadline = now + _GRACE_SECONDS
            elif now >= deadline:
                reason = _too_slow(task)
                deadline = now + max(_GRACE_SECONDS, timeout / 4)
            if reason is not None:
                process.interrupt(number)
        poll = reason is None and cancelled is not None
        if not process.has_reply(min(deadline - now, _POLL_SECONDS if poll else _LONGEST_WAIT)):
            continue
        try:
            reply = process.receive()
        except (EOFError, OSError):
            return _lost(process.kill(), task)
        match reply:
            case Begun(session):
                process.note_begun(key, session)
                if reason is None:
                    deadline = time.monotonic() + timeout
                has_begun = True
            case Rows(some):
                rows += some
                deadline = time.monotonic() + _SENDING_SECONDS
            case Done(columns, last, truncated, seconds):
                return Result(columns, [*rows, *last], truncated, seconds)
            case Checked():
                return reply
            case Failed(error):
                return _explained(process, error, task, reason)


def _explained(
    process: StatementProcess, error: T2sqlError, task: Task, reason: SqlError | None
) -> T2sqlError:
    if not isinstance(error, SqlError):
        return error
    if error.kind == "timeout":
        return reason or _too_slow(task)
    if error.kind == "memory":
        # So that the memory is free at once.
        process.kill()
    return error


def _kill(process: StatementProcess, task: Task) -> None:
    # A process with much memory takes a while to go; meanwhile the server's session is ended.
    process.send_kill()
    if process.session:
        # The server may be away: the user has an error already.
        with suppress(Exception):
            task.runner.target.end(process.session)
    process.kill()


def _replace(process: StatementProcess, task: Task) -> None:
    """End a process, and start the one for the next statement meanwhile."""
    _kill(process, task)
    with suppress(WorkError):
        task.runner.prepare()


def _too_slow(task: Task) -> SqlError:
    hint = "Allow it more time, or ask for less"
    return SqlError("timeout", f"it took longer than {task.limits.timeout:g} s", task.sql, hint=hint)


def _not_open() -> WorkError:
    return WorkError("the database does not answer", found=f"no connection after {_OPENING_SECONDS:g} s")


def _lost(code: int, task: Task) -> SqlError:
    if code == -9:
        found = "the system ended the process that ran it, most likely because memory ran out"
        return SqlError("memory", found, task.sql)
    return SqlError("other", f"the process that ran it ended with code {code}", task.sql)
