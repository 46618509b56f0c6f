"""Benchmarks' statements on their databases."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from t2sql.evaluate.benchmarks.running import Databases
from t2sql.schema import Column, Schema, Table
from t2sql.sql import Result, SqlError

SCHEMA = Schema((Table("players", (Column("name", "TEXT"),)),))


@pytest.fixture()
def database(tmp_path: Path) -> Path:
    path = tmp_path / "tennis.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE players (name TEXT)")
        connection.execute("INSERT INTO players VALUES (CAST(X'41FF42' AS TEXT)), ('Cy')")
    return path


def test_texts_that_are_not_utf_8_are_read_as_each_script_reads_them(database: Path) -> None:
    """Spider's leaves the bytes out, BIRD's fails."""
    with Databases(5.0, skip_bad_text=True) as databases:
        (result,) = databases.run(database, SCHEMA, ["SELECT name FROM players"])
        assert isinstance(result, Result) and result.rows == [("AB",), ("Cy",)]
    with Databases(5.0, skip_bad_text=False) as databases:
        (result,) = databases.run(database, SCHEMA, ["SELECT name FROM players"])
        assert isinstance(result, SqlError)


def test_statements_only_read_and_may_have_texts_in_double_quotes(database: Path) -> None:
    with Databases(5.0, skip_bad_text=True) as databases:
        found, refused = databases.run(
            database, SCHEMA, ['SELECT name FROM players WHERE name = "Cy"', "DELETE FROM players"]
        )
    assert isinstance(found, Result) and found.rows == [("Cy",)]
    assert isinstance(refused, SqlError) and refused.kind == "not_read_only"
