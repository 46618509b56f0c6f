"""Names that sqlglot reads as keywords though the databases do not are quoted before it reads a statement."""

from __future__ import annotations

import pytest

from t2sql.live import prepare
from t2sql.live.parser_words import quote_parser_words
from t2sql.schema import read_table_lines


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT AVG(Grant) FROM t WHERE grant > 3", 'SELECT AVG("Grant") FROM t WHERE "grant" > 3'),
        ("SELECT fetch FROM t ORDER BY fetch", 'SELECT "fetch" FROM t ORDER BY "fetch"'),
        ("SELECT a FROM t FETCH FIRST 3 ROWS ONLY", "SELECT a FROM t FETCH FIRST 3 ROWS ONLY"),
        (
            "SELECT t.grant /* a */ , 'grant', \"grant\" FROM t",
            'SELECT t."grant" /* a */ , \'grant\', "grant" FROM t',
        ),
        ("SELECT a FROM t GROUP BY ROLLUP (a)", "SELECT a FROM t GROUP BY ROLLUP (a)"),
        ("SELECT xor FROM t", "SELECT xor FROM t"),
    ],
)
def test_only_names_of_the_schema_are_quoted(sql: str, expected: str) -> None:
    assert quote_parser_words(sql, ["GRANT", "a", "fetch", "rollup"], "sqlite") == expected


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("postgres", "SELECT E'it\\'s grant = 1' FROM t"),
        ("postgres", "SELECT $$it's grant, $$ FROM t"),
        ("postgres", "SELECT $a$ grant = '$a$ FROM t"),
        ("mysql", r"SELECT 'it\'s grant = 1', 'a' FROM t"),
        ("mysql", "SELECT a # grant =\n FROM t"),
        ("duckdb", "SELECT $$it's grant, $$ FROM t"),
        ("sqlite", "SELECT 'grant = ' FROM t"),
        ("sqlite", "SELECT 'grant = FROM t"),
    ],
)
def test_texts_and_comments_of_the_dialect_stay(dialect: str, sql: str) -> None:
    assert quote_parser_words(sql, ["grant"], dialect) == sql


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb", "postgres", "mysql"])
def test_such_a_column_can_be_asked_for(dialect: str) -> None:
    schema = read_table_lines(["tunnels: Grant, Name, fetch"])
    assert "fetch" in prepare("SELECT fetch FROM tunnels", schema, dialect).sql
    assert "Grant" in prepare("SELECT MAX(Grant) FROM tunnels ORDER BY Grant", schema, dialect).sql
