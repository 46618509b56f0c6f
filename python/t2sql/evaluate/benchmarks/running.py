"""A benchmark's statements on its databases: read-only, bounded, with SQLite's reading of double quotes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

from t2sql.schema import Schema
from t2sql.sql import Limits, Result, Runner, SqlError, SqliteFile, Task, execute_each, with_single_quotes

_MAX_ROWS = 1_000_000
"""Rows of a result: the scripts have no limit. Its bytes are limited as everywhere."""


class Databases:
    """Runs statements on database files, which stay open."""

    def __init__(self, timeout: float, *, skip_bad_text: bool) -> None:
        """Set the limits.

        Args:
            timeout: Seconds after which a statement is stopped.
            skip_bad_text: Whether bytes that are not UTF-8 are left out of texts; else they are an error.
        """
        self._limits = Limits(timeout, _MAX_ROWS)
        self._text_errors: Literal["ignore", "strict"] = "ignore" if skip_bad_text else "strict"
        self._runners: dict[Path, Runner] = {}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the databases."""
        for runner in self._runners.values():
            runner.close()
        self._runners.clear()

    def run(self, database: Path, schema: Schema, statements: Sequence[str]) -> list[Result | SqlError]:
        """Run statements; a result that is cut off is an error.

        Args:
            database: The file.
            schema: Says which names in double quotes are columns; others are texts.
            statements: The statements.

        Raises:
            InputError: The database cannot be read.
        """
        if database not in self._runners:
            target = SqliteFile(database.resolve(), self._limits.timeout, text_errors=self._text_errors)
            self._runners[database] = Runner(target)
        runner = self._runners[database]
        tasks = [Task(runner, with_single_quotes(sql, schema), self._limits) for sql in statements]
        return [
            SqlError("memory", "the result is too large to compare", sql)
            if isinstance(outcome, Result) and outcome.truncated
            else outcome
            for sql, outcome in zip(statements, execute_each(tasks), strict=True)
        ]
