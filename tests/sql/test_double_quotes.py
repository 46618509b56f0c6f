"""A name in double quotes that is no column is a text, as SQLite itself reads it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from t2sql.schema import read_ddl
from t2sql.sql import with_single_quotes

DDL = "CREATE TABLE department (id INT, name TEXT); CREATE TABLE unit (id INT, type TEXT, head TEXT);"
ROWS = """
INSERT INTO department VALUES (1, 'Department'), (2, 'head');
INSERT INTO unit VALUES (1, 'Department', 'Ann'), (2, 'Team', 'Bob'), (3, 'head', 'head');
"""
STATEMENTS = [
    'SELECT head FROM unit WHERE type = "Department"',
    'SELECT head FROM unit WHERE head = "Name"',
    'SELECT head FROM unit WHERE type = "Team"',
    'SELECT head FROM unit WHERE type = "head"',
    'SELECT id FROM department WHERE name IN ("head", "name", "x")',
    'SELECT id FROM department WHERE id = (SELECT id FROM unit WHERE type = "name" AND head <> "Name2")',
    'SELECT T1."head" FROM "unit" AS T1 WHERE "T1"."head" LIKE "%n%"',
    'SELECT head AS "Name" FROM unit ORDER BY "Name"',
    'SELECT type, COUNT(*) FROM unit GROUP BY "type" HAVING COUNT(*) > "0"',
    'SELECT head FROM unit WHERE type BETWEEN "A" AND "Dz" AND head = "Ann"',
    'SELECT head FROM unit WHERE head <> "says ""so"""',
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_means_what_sqlite_itself_reads(statement: str) -> None:
    rewritten = with_single_quotes(statement, read_ddl(DDL))
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(DDL + ROWS)
        expected = connection.execute(statement).fetchall()
        # In backquotes, a name that is no column is an error.
        assert connection.execute(rewritten.replace('"', "`")).fetchall() == expected


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ('SELECT "nmae" FROM department', 'SELECT "nmae" FROM department'),
        ("SELECT id FROM unit WHERE \"tpye\" = 'x'", "SELECT id FROM unit WHERE \"tpye\" = 'x'"),
        (
            'SELECT id FROM unit WHERE type = "x" AND id > 1',
            "SELECT id FROM unit WHERE type = 'x' AND id > 1",
        ),
        ('SELECT id FROM unit WHERE type IN ("x", "y")', "SELECT id FROM unit WHERE type IN ('x', 'y')"),
        ('SELECT id FROM unit WHERE type NOT LIKE "x%"', "SELECT id FROM unit WHERE type NOT LIKE 'x%'"),
    ],
)
def test_of_an_answer_only_operands_are_texts(statement: str, expected: str) -> None:
    assert with_single_quotes(statement, read_ddl(DDL), operands_only=True) == expected


def test_a_statement_that_sqlite_refuses_is_read_by_its_names() -> None:
    schema = read_ddl(DDL)
    assert with_single_quotes('SELECT nosuch("x", "name") FROM unit', schema) == (
        "SELECT nosuch('x', \"name\") FROM unit"
    )
