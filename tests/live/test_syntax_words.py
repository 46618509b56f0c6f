"""Statements that cannot be read: the words are a person's, and the place is the mistake's."""

from __future__ import annotations

import re

import pytest

from t2sql.live import prepare
from t2sql.schema import read_table_lines
from t2sql.sql import SqlError

SCHEMA = read_table_lines(["goods: name, price"])


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELEC name FROM goods", "expected SELECT, found SELEC"),
        ("SELECT name FROM", "the name of a table is missing (line 1, column 13)"),
        ("SELECT name\nFROM goods\nWHERE", "something is missing after WHERE (line 3, column 1)"),
        ("SELECT count(name FROM goods", "a ) is missing (line 1, column 19)"),
        (
            "SELECT name FROM goods\nWHERE name = 'x",
            "the text that begins with ' has no end (line 2, column 14)",
        ),
        ("SELECT name FROM goods goods goods", '"goods" is not expected here (line 1, column 30)'),
        ("SELECT name FROM goods WHERE price >", "something is missing after > (line 1, column 36)"),
        ("", "no statement"),
    ],
)
def test_a_statement_that_cannot_be_read_says_why_and_where(sql: str, words: str) -> None:
    with pytest.raises(SqlError) as failed:
        prepare(sql, SCHEMA, "sqlite")
    assert failed.value.found == words


@pytest.mark.parametrize("length", range(1, 62))
def test_half_a_statement_names_no_class_of_the_parser(length: int) -> None:
    sql = "SELECT a.name, (SELECT max(b.price) FROM goods AS b) FROM goods AS a"
    try:
        prepare(sql[:length], SCHEMA, "sqlite")
    except SqlError as failed:
        assert not {"class", "Token", "sqlglot", "SENTINEL"} & set(re.findall(r"\w+", str(failed.found)))
