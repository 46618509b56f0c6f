"""MariaDB: which words of a statement are names, texts and numbers, and how long a recursion may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import live_databases

from t2sql.live import open_database, prepare
from t2sql.schema import Column, Schema, Table
from t2sql.sql import SqlError

SCHEMA = Schema((Table("customers", (Column("id", "INTEGER"), Column("city", "VARCHAR(40)"))),))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT `nosuch` FROM customers",
        "SELECT id FROM customers WHERE `town` = 'Paris'",
        "SELECT PROCEDURE FROM customers",
        "SELECT DEFAULT(id) FROM customers",
        "SELECT id FROM customers WHERE city = SEPARATOR",
        "SELECT _utf8'a'",
    ],
)
def test_a_name_that_is_no_column_is_refused_unless_it_is_in_double_quotes(sql: str) -> None:
    with pytest.raises(SqlError):
        prepare(sql, SCHEMA, "mysql")


@pytest.mark.parametrize("more", ["", " AND date('now', '-1 day') IS NOT NULL"])
def test_a_word_in_double_quotes_that_is_no_column_is_a_text(more: str) -> None:
    sql = prepare(f'SELECT "id" FROM customers WHERE `city` = "Paris"{more}', SCHEMA, "mysql").sql

    assert sql.startswith("SELECT `id` FROM `customers` WHERE `city` = 'Paris'")


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        ("SELECT 0x41 + 0", "SELECT 0x41 + 0"),
        ("SELECT x'41'", "SELECT x'41'"),
        ("SELECT 0b101 + 0", "SELECT b'101' + 0"),
    ],
)
def test_hexadecimal_numbers_and_bits_mean_what_they_mean_in_mariadb(sql: str, written: str) -> None:
    assert prepare(sql, SCHEMA, "mysql").sql == written


@pytest.mark.parametrize("kind", ["duckdb", "postgres", "mariadb"])
def test_a_text_that_says_yes_is_true_and_any_other_matches_no_boolean(
    kind: str, tmp_path: Path, request: Any, schema_cache: Path
) -> None:
    with open_database(live_databases.make(kind, tmp_path, request)) as database:
        for text, found in (("yes", [1, 3, 4]), ("False", [2]), ("often", [])):
            sql = f"SELECT id FROM customers WHERE is_active = '{text}' ORDER BY id"
            assert database.execute(database.prepare(sql)).rows == [(id,) for id in found]


def test_a_recursion_is_not_cut_off_after_a_thousand_rounds(
    tmp_path: Path, request: Any, schema_cache: Path
) -> None:
    numbers = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5000)"
    with open_database(live_databases.make("mariadb", tmp_path, request)) as database:
        assert database.execute(database.prepare(f"{numbers} SELECT COUNT(*) FROM t")).rows == [(5000,)]
