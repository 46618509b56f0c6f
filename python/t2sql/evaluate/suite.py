"""Test-suite accuracy, for schemas without rows.

A suite is a set of databases on which the gold statement's result differs from that of its one-edit
neighbours, so that a statement that agrees with the gold one on all of them very likely means the same.

After Zhong, Yu and Klein, "Semantic Evaluation for Text-to-SQL with Distilled Test Suites", EMNLP 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp

from t2sql.evaluate.neighbours import neighbours
from t2sql.evaluate.rows import RowMaker, Rows
from t2sql.evaluate.scores import SuiteStrength
from t2sql.schema import Schema
from t2sql.sql import (
    Result,
    SqlError,
    SqliteMemory,
    execute_each,
    is_ordered,
    open_reader,
    quote,
    same_result,
)

CANDIDATES = 40
"""Databases that are tried at most."""
BARREN = 10
"""After this many databases in a row that kill no further neighbour, no more are tried."""
KEPT_ANYWAY = 2
"""Databases with a result that are kept even if they kill no neighbour, so that every suite has some."""
NEIGHBOUR_TIMEOUT = 1.0
"""Seconds that a neighbour may take on a dozen rows; one that takes longer counts as killed."""


@dataclass(frozen=True)
class Suite:
    """The databases of one gold statement.

    Attributes:
        tables: The statements that create the tables.
        databases: The rows of each database.
        golds: The gold statement's result on each database.
        ordered: Whether the gold statement asks for an order, so that results compare in order.
        strength: How many of the gold statement's neighbours had another result on some database.
    """

    tables: tuple[str, ...]
    databases: tuple[Rows, ...]
    golds: tuple[Result, ...]
    ordered: bool
    strength: SuiteStrength

    def agrees(self, sql: str, *, timeout: float = 5.0) -> bool:
        """Whether a statement gives the gold one's result on every database.

        Args:
            sql: The statement.
            timeout: Seconds after which it is stopped, on each database.

        Raises:
            SqlError: SQLite refuses the statement, or it was stopped.
        """
        # Most wrong answers differ on the first; the others are then not run.
        return self._agrees(sql, timeout, slice(1)) and self._agrees(sql, timeout, slice(1, None))

    def _agrees(self, sql: str, timeout: float, part: slice) -> bool:
        with ExitStack() as stack:
            databases = [SqliteMemory(self.tables, rows) for rows in self.databases[part]]
            readers = [stack.enter_context(open_reader(database)) for database in databases]
            outcomes = list(execute_each([reader.task(sql, timeout=timeout) for reader in readers]))
        for gold, outcome in zip(self.golds[part], outcomes, strict=True):
            if isinstance(outcome, SqlError):
                raise outcome
            if not same_result(gold, outcome, ordered=self.ordered):
                return False
        return True


@lru_cache(maxsize=2048)
def suite_of(schema: Schema, gold: str, *, seed: int = 0) -> Suite | None:
    """Make the suite of a gold statement.

    Args:
        schema: The question's tables.
        gold: The gold statement.
        seed: Decides the random rows; equal arguments give equal suites.

    Returns:
        The suite; None when the statement cannot be read or run, asks for some rows without saying which, or
        when no database was found on which its result does not depend on the order of the rows.
    """
    try:
        tree = sqlglot.parse_one(gold, read="sqlite")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    if _takes_any(tree):
        return None
    maker, ordered = RowMaker(tree, schema), is_ordered(gold)
    tables = _statements(maker, schema)
    alive = neighbours(tree, schema, seed=seed)
    count, barren = len(alive), 0
    chosen: list[tuple[Rows, Result]] = []
    for index in range(CANDIDATES):
        rows = maker.rows(f"{seed} {gold} {index}")
        outcomes = _outcomes(tables, rows, gold, alive, ordered)
        ours, others = outcomes[: len(outcomes) - len(alive)], outcomes[len(outcomes) - len(alive) :]
        results = [outcome for outcome in ours if isinstance(outcome, Result)]
        if len(results) < len(ours):
            return None
        result = results[0]
        # It may not depend on the order in which the rows are stored.
        if not all(_same(result, other, ordered) for other in results):
            continue
        left = [sql for sql, other in zip(alive, others, strict=True) if _same(result, other, ordered)]
        barren = barren + 1 if len(left) == len(alive) else 0
        if len(left) < len(alive) or (len(chosen) < KEPT_ANYWAY and result.rows):
            chosen.append((rows, result))
        alive = left
        if barren >= BARREN or (not alive and len(chosen) >= KEPT_ANYWAY):
            break
    if not chosen:
        return None
    databases, golds = zip(*chosen, strict=True)
    return Suite(tables, databases, golds, ordered, SuiteStrength(count - len(alive), count))


def _takes_any(tree: exp.Expr) -> bool:
    """Whether the statement asks for some rows and does not say which: a LIMIT without ORDER BY."""
    return any(limit.parent and not limit.parent.args.get("order") for limit in tree.find_all(exp.Limit))


def _outcomes(
    tables: tuple[str, ...], rows: Rows, gold: str, others: Sequence[str], ordered: bool
) -> list[Result | SqlError]:
    """What the gold statement returns on the rows in two or three orders, then the others in the first."""
    orders = [rows, {name: lines[::-1] for name, lines in rows.items()}]
    if ordered:
        half = {name: len(lines) // 2 for name, lines in rows.items()}
        orders.append({name: lines[half[name] :] + lines[: half[name]] for name, lines in rows.items()})
    with ExitStack() as stack:
        readers = [stack.enter_context(open_reader(SqliteMemory(tables, order))) for order in orders]
        tasks = [reader.task(gold) for reader in readers]
        tasks += [readers[0].task(sql, timeout=NEIGHBOUR_TIMEOUT) for sql in others]
        return list(execute_each(tasks))


def _same(gold: Result, other: Result | SqlError, ordered: bool) -> bool:
    return isinstance(other, Result) and same_result(gold, other, ordered=ordered)


def _statements(maker: RowMaker, schema: Schema) -> tuple[str, ...]:
    statements = []
    for table in schema.tables:
        columns = [f"{quote(c.name)} {quote(maker.declared_type(table, c))}" for c in table.columns]
        statements.append(f"CREATE TABLE {quote(table.name)} ({', '.join(columns)})")
    return tuple(statements)
