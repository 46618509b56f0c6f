"""Execution accuracy against its definition, on random tables."""

from __future__ import annotations

import itertools
import math
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2sql.data import Dataset, Example
from t2sql.evaluate import score
from t2sql.schema import Schema


def table_rows() -> st.SearchStrategy[list[tuple[Any, ...]]]:
    name = st.one_of(st.none(), st.sampled_from(["Ann", "ann", "Bob", "7"]))
    size = st.one_of(st.none(), st.sampled_from([1, 2, 3, 0.5, 1e9, 1e9 + 1]))
    return st.lists(st.tuples(name, st.integers(0, 3), size), max_size=6)


QUERIES = [
    "SELECT name FROM t",
    "SELECT DISTINCT name FROM t",
    "SELECT name FROM t ORDER BY name",
    "SELECT name FROM t ORDER BY name DESC",
    "SELECT size FROM t ORDER BY size",
    "SELECT AVG(size) FROM t",
    "SELECT SUM(size) * 1.0 / COUNT(size) FROM t",
    "SELECT name, COUNT(*) FROM t GROUP BY name",
    "SELECT name, COUNT(name) FROM t GROUP BY name",
    "SELECT age FROM t WHERE size > 1",
    "SELECT age FROM t WHERE size >= 1",
    "SELECT age, name FROM t",
]


def brute_force(rows: list[tuple[Any, ...]], gold: str, sql: str) -> bool:
    """By the definition: some order of the one result is the other, value by value; given one if ORDER BY."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (name TEXT, age INTEGER, size REAL)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        want, got = connection.execute(gold).fetchall(), connection.execute(sql).fetchall()
        width = {query: len(connection.execute(query).description) for query in (gold, sql)}
    orders = [got] if "ORDER BY" in gold else list(itertools.permutations(got))

    def same(a: Any, b: Any) -> bool:
        if isinstance(a, (int, float)) and isinstance(b, (int, float)):
            return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9)
        return type(a) is type(b) and bool(a == b)

    return width[gold] == width[sql] and any(
        len(order) == len(want)
        and all(len(a) == len(b) and all(map(same, a, b)) for a, b in zip(want, order, strict=True))
        for order in orders
    )


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(table_rows(), st.sampled_from(QUERIES), st.sampled_from(QUERIES))
def test_execution_accuracy_agrees_with_its_definition_on_random_tables(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]], gold: str, sql: str
) -> None:
    folder = tmp_path_factory.mktemp("random")
    with closing(sqlite3.connect(folder / "cats.sqlite")) as connection:
        connection.execute("CREATE TABLE t (name TEXT, age INTEGER, size REAL)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        connection.commit()
    example = Example("1", "Which?", Schema(()), gold, "cats.sqlite", "test", "", gold)
    (scored,) = score(Dataset(folder, {}), [example], [sql])
    assert scored.correct is brute_force(rows, gold, sql)
