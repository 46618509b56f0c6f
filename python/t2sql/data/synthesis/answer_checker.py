"""Whether a query's answer is worth a question: the query runs, and its answer is not ambiguous."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from t2sql.data.synthesis.conditions import Where
from t2sql.data.synthesis.query import Aggregate, OrderBy, Query
from t2sql.data.synthesis.scopes import Scope

Verdict: TypeAlias = Literal["good", "empty", "bad"]
"""Empty is an answer without rows, or with nothing but NULL and 0. Queries with bad answers are not asked."""

_SECONDS = 2.0
"""A query that takes longer on the copy, which is small and in memory, is not worth a question."""

_MOST_ROWS = 1000
_MOST_SORTED = 100
"""The most rows of an answer, and of one whose order counts: more than anybody reads."""

_OPCODES_PER_POLL = 10_000
"""SQLite looks at the clock after this many opcodes of its virtual machine, a few times in a millisecond."""


class AnswerChecker:
    """Runs queries on the copy of the database, which it reads into memory.

    Attributes:
        connection: The copy in memory.
    """

    @classmethod
    def read(cls, path: Path) -> AnswerChecker:
        """Read the SQLite file `path` into memory."""
        connection = sqlite3.connect(":memory:")
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as file:
            file.backup(connection)
        return cls(connection)

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take over a database in memory."""
        self.connection = connection
        self.connection.execute("PRAGMA query_only = ON")
        self._deadline = 0.0
        self.connection.set_progress_handler(lambda: time.monotonic() > self._deadline, _OPCODES_PER_POLL)
        self._sizes: dict[Scope, int] = {}

    def close(self) -> None:
        """Free the memory."""
        self.connection.close()

    def judge(self, query: Query) -> Verdict:
        """Judge the answer of a query, which is bad if the query takes too long."""
        with suppress(sqlite3.OperationalError):
            return self._judge(query)
        # It was interrupted.
        return "bad"

    def _judge(self, query: Query) -> Verdict:
        rows = self._rows(query.sql(), _MOST_ROWS + 1)
        if len(rows) > _MOST_ROWS or (query.where.conditions and not self._selects(query)):
            return "bad"
        if not any(value not in (None, 0) for row in rows for value in row):
            # Nobody asks for the order of nothing.
            return "empty" if query.order is None else "bad"
        repeats = query.scope.repeats and query.shape == "related_filter"
        if repeats and len(set(rows)) < len(rows):
            # The question does not say whether a customer of two such orders is shown twice.
            return "bad"
        if query.shape in ("distinct", "group_each", "group_sorted") and len(rows) < 2:
            return "bad"
        if query.group is not None and any(row[0] is None for row in rows):
            return "bad"
        return "bad" if query.order is not None and self._ties(query, query.order) else "good"

    def _selects(self, query: Query) -> bool:
        """Tell whether the conditions leave any row out."""
        scope = query.scope
        if scope not in self._sizes:
            self._sizes[scope] = self._count(scope, Where())
        return self._count(scope, query.where) < self._sizes[scope]

    def _ties(self, query: Query, order: OrderBy) -> bool:
        """Tell whether rows of equal rank, or a NULL, which SQLite sorts first, leave the answer open."""
        limit = None if order.limit is None else order.limit + 1
        ranks = replace(query, select=(order.by,), order=replace(order, limit=limit))
        values = [row[0] for row in self._rows(ranks.sql(), _MOST_SORTED + 1)]
        short = len(values) < 2 if limit is None else len(values) < limit
        return short or len(values) > _MOST_SORTED or None in values or len(set(values)) < len(values)

    def _count(self, scope: Scope, where: Where) -> int:
        query = Query("count", "count", scope, (Aggregate("COUNT"),), where)
        return int(self._rows(query.sql(), 1)[0][0])

    def _rows(self, sql: str, most: int) -> list[Any]:
        self._deadline = time.monotonic() + _SECONDS
        with closing(self.connection.execute(sql)) as cursor:
            return cursor.fetchmany(most)
