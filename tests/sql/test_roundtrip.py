"""A statement read into a tree and written again says the same: same tree, same rows, same scores."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from t2sql.evaluate.logical import logical_form
from t2sql.prompt import DEFAULT_FORMAT, NO_HINTS, parse_prompt, render_prompt
from t2sql.schema import Column, Schema, Table
from t2sql.sql import Result, literal, quote, same_result, same_statement

pytestmark = pytest.mark.slow

NAME = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Z"), exclude_characters=",:"), min_size=1, max_size=6
)
VALUE = st.one_of(
    st.integers(-1000, 1000),
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3)),
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Z")), max_size=8),
)
AGGREGATES = ["COUNT", "MIN", "MAX", "SUM", "AVG"]


@st.composite
def statements(draw: st.DrawFn) -> tuple[Schema, str]:
    """A schema with odd names, and a statement over it."""
    names = draw(st.lists(NAME, min_size=2, max_size=5, unique_by=str.lower))
    table = draw(NAME)
    column = st.sampled_from(names).map(quote)
    value = VALUE.map(literal)
    aggregate = st.builds("{}({})".format, st.sampled_from(AGGREGATES), column)
    several = st.lists(column, min_size=2, max_size=3, unique=True).map(", ".join)
    selected = draw(st.one_of(column, aggregate, st.just("COUNT(*)"), several))
    sign = st.sampled_from(["=", "<>", "<", ">", "<=", ">="])
    condition = st.one_of(
        st.builds("{} {} {}".format, column, sign, value),
        st.builds("{} IS NULL".format, column),
        st.builds("{} IN ({}, {})".format, column, value, value),
        st.builds("{} BETWEEN {} AND {}".format, column, st.integers(0, 5), st.integers(3, 9)),
        st.builds("{} LIKE 'a%'".format, column),
    )
    conditions = draw(st.lists(condition, max_size=3))
    sql = f"SELECT {draw(st.sampled_from(['', 'DISTINCT ']))}{selected} FROM {quote(table)}"
    if conditions:
        sql += " WHERE " + draw(st.sampled_from([" AND ", " OR "])).join(conditions)
    if draw(st.booleans()):
        sql += f" ORDER BY {draw(column)}{draw(st.sampled_from(['', ' DESC']))}"
    if draw(st.booleans()):
        sql += f" LIMIT {draw(st.integers(1, 5))}"
    return Schema((Table(table, tuple(Column(name) for name in names)),)), sql


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        yield connection


@settings(max_examples=150, deadline=None)
@given(statements())
def test_sql_to_tree_to_sql_says_the_same(connection: sqlite3.Connection, case: tuple[Schema, str]) -> None:
    schema, sql = case
    tree = sqlglot.parse_one(sql, read="sqlite")
    again = tree.sql(dialect="sqlite")
    assert sqlglot.parse_one(again, read="sqlite") == tree
    assert same_statement(sql, again)
    assert logical_form(sql) == logical_form(again)
    first, second = (rows_of(connection, schema.tables[0], text) for text in (sql, again))
    assert same_result(first, second, ordered=True)


def rows_of(connection: sqlite3.Connection, table: Table, sql: str) -> Result:
    name, width = quote(table.name), len(table.columns)
    connection.execute(f"CREATE TABLE {name} ({', '.join(map(quote, table.column_names))})")
    try:
        for row in range(6):
            values = [(row * 7 + at) % 5 if (row + at) % 3 else f"a{row % 2}" for at in range(width)]
            connection.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * width)})", values)
        cursor = connection.execute(sql)
        return Result(tuple(c[0] for c in cursor.description), cursor.fetchall(), False, 0.0)
    finally:
        connection.execute(f"DROP TABLE {name}")


@settings(max_examples=100, deadline=None)
@given(statements(), st.lists(NAME, min_size=1, max_size=5).map(" ".join))
def test_schema_to_prompt_to_parse_gives_schema_question_and_statement(
    case: tuple[Schema, str], question: str
) -> None:
    schema, sql = case
    assert parse_prompt(render_prompt(schema, question) + sql) == (
        schema,
        question,
        sql,
        NO_HINTS,
        DEFAULT_FORMAT,
    )


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("SELECT a FROM t", "select A from T", True),
        ("SELECT a FROM t", 'SELECT "a" FROM [t]', True),
        ("SELECT a FROM t WHERE x != 1", "SELECT a FROM t WHERE ((x) <> (1)) -- x", True),
        ("SELECT a FROM t WHERE x = 'A'", "SELECT a FROM t WHERE x = 'a'", False),
        ("SELECT a FROM t WHERE x = 1", "SELECT a FROM t WHERE x = '1'", False),
        ("SELECT a, b FROM t", "SELECT b, a FROM t", False),
        ("SELECT a FROM t WHERE (x OR y) AND z", "SELECT a FROM t WHERE x OR y AND z", False),
        ("SELECT a FROM t", "SELECT a FROM t LIMIT 1", False),
        ("SELECT COUNT Club FROM 1-2 WHERE No. = 1", "SELECT COUNT Club FROM 1-2 WHERE No. = 1", True),
        ("SELECT COUNT Club FROM 1-2 WHERE No. = 1", "SELECT count Club FROM 1-2 WHERE No. = 1", False),
        ("DELETE FROM t", "delete from t", False),
    ],
)  # fmt: skip
def test_exact_match_is_by_syntax_tree(a: str, b: str, same: bool) -> None:
    assert same_statement(a, b) is same
