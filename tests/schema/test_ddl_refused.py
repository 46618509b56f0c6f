"""Statements that seem to create a table and do not parse are named with their line."""

from __future__ import annotations

import pytest

from t2sql.errors import InputError
from t2sql.schema import read_ddl

GOOD = "CREATE TABLE a (id INTEGER);\n\n"


@pytest.mark.parametrize(
    "statement", ["CREATE TABEL x (id INTEGER)", "CREATE TABLE x (id INTEGER) WITHOUT ROWIDD"]
)
def test_a_table_that_does_not_parse_is_named_with_its_line(statement: str) -> None:
    with pytest.raises(InputError, match=r"bad\.sql, line 3.*found CREATE TAB") as caught:
        read_ddl(f"{GOOD}{statement};\n", where="bad.sql")
    assert statement in str(caught.value)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END",
        "CREATE VIRTUAL TABLE v USING fts5(body)",
        "CREATE INDEX i ON a (id)",
        "PRAGMA foreign_keys = ON",
    ],
)
def test_statements_of_other_kinds_are_passed_over(statement: str) -> None:
    assert [table.name for table in read_ddl(f"{GOOD}{statement};\n").tables] == ["a"]
