"""Test-suite accuracy, for schemas without rows: databases on which the gold statement differs from its
one-edit neighbours, so that a statement that agrees with it on all of them very likely means the same.

After Zhong, Yu and Klein, "Semantic Evaluation for Text-to-SQL with Distilled Test Suites", EMNLP 2020.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from t2sql.evaluate.neighbours import neighbours
from t2sql.evaluate.rows import RowMaker, Rows

if TYPE_CHECKING:
    from t2sql.schema import Schema
    from t2sql.sql import Reader, Result

CANDIDATES = 40
"""Databases that are tried."""
BARREN = 10
"""After so many in a row that tell no further neighbour apart, no more are tried."""
KEPT_ANYWAY = 2
"""Databases with a result that are kept even if they tell no neighbour apart."""


@dataclass(frozen=True)
class Suite:
    """The databases, as rows, with the gold statement's result on each; `killed` of the `neighbours` gave
    another one somewhere."""

    tables: tuple[str, ...]
    databases: tuple[Rows, ...]
    golds: tuple[Result, ...]
    ordered: bool
    neighbours: int
    killed: int

    def agrees(self, sql: str, *, timeout: float = 5.0) -> bool:
        """Whether a statement gives the gold one's result on every database; SqlError when one refuses it."""
        from t2sql.sql import same_result

        for rows, gold in zip(self.databases, self.golds, strict=True):
            with _database(self.tables, rows) as reader:
                if not same_result(gold, reader.execute(sql, timeout=timeout), ordered=self.ordered):
                    return False
        return True


@lru_cache(maxsize=2048)
def suite_of(schema: Schema, gold: str, *, seed: int = 0) -> Suite | None:
    """The suite of a gold statement; None when no database was found on which it has a result of its own."""
    import sqlglot

    from t2sql.sql import SqlError, is_ordered

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
    kept: list[tuple[Rows, Result]] = []
    for number in range(CANDIDATES):
        rows = maker.rows(f"{seed} {gold} {number}")
        try:
            result = _steady(tables, rows, gold, ordered)
        except SqlError:
            return None
        if result is None:
            continue
        with _database(tables, rows) as reader:
            left = [sql for sql in alive if _agrees(reader, sql, result, ordered)]
        barren = barren + 1 if len(left) == len(alive) else 0
        if len(left) < len(alive) or (len(kept) < KEPT_ANYWAY and result.rows):
            kept.append((rows, result))
        alive = left
        if barren >= BARREN or (not alive and len(kept) >= KEPT_ANYWAY):
            break
    if not kept:
        return None
    databases, golds = zip(*kept, strict=True)
    return Suite(tables, databases, golds, ordered, count, count - len(alive))


def _takes_any(tree: Any) -> bool:
    """Whether the statement asks for some rows and does not say which."""
    from sqlglot import exp

    return any(limit.parent and not limit.parent.args.get("order") for limit in tree.find_all(exp.Limit))


def _steady(tables: tuple[str, ...], rows: Rows, gold: str, ordered: bool) -> Result | None:
    """The gold result, unless it depends on the order in which the rows lie: then nobody has to match it."""
    from t2sql.sql import same_result

    ways = [rows, {name: lines[::-1] for name, lines in rows.items()}]
    if ordered:
        half = {name: len(lines) // 2 for name, lines in rows.items()}
        ways.append({name: lines[half[name] :] + lines[: half[name]] for name, lines in rows.items()})
    results = []
    for way in ways:
        with _database(tables, way) as reader:
            results.append(reader.execute(gold))
    same = all(same_result(results[0], other, ordered=ordered) for other in results[1:])
    return results[0] if same else None


def _agrees(reader: Reader, sql: str, gold: Result, ordered: bool) -> bool:
    from t2sql.sql import SqlError, same_result

    try:
        return same_result(gold, reader.execute(sql, timeout=1.0), ordered=ordered)
    except SqlError:
        return False


def _statements(maker: RowMaker, schema: Schema) -> tuple[str, ...]:
    from t2sql.sql import quote

    made = []
    for table in schema.tables:
        columns = [f"{quote(c.name)} {maker.declared(table, c)}" for c in table.columns]
        made.append(f"CREATE TABLE {quote(table.name)} ({', '.join(columns)})")
    return tuple(made)


@contextmanager
def _database(tables: tuple[str, ...], rows: Rows) -> Iterator[Reader]:
    from t2sql.sql import Reader, guard, quote

    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in tables:
            connection.execute(statement)
        for name, lines in rows.items():
            marks: Any = ", ".join("?" * len(lines[0]))
            connection.executemany(f"INSERT INTO {quote(name)} VALUES ({marks})", lines)
        yield Reader(connection, guard(connection))
