"""What a statement may use of a live database: time, memory, and the schema's tables."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support import live_databases

from t2sql.live import Limits, Statement, open_database
from t2sql.sql import SqlError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("schema_cache")]

LIKE = f"SELECT '{'a' * 4000}' LIKE '%a%a%a%a%a%a%a%a%a%a%a%a%b'"


def test_a_function_that_does_not_look_up_is_ended(tmp_path: Path, request: Any) -> None:
    with open_database(live_databases.make("duckdb", tmp_path, request)) as database:
        began = time.monotonic()
        with pytest.raises(SqlError, match="took longer than 1 s"):
            database.execute(database.prepare(LIKE), Limits(timeout=1))
        assert time.monotonic() - began < 30
        rows = database.execute(database.prepare("SELECT COUNT(*) FROM customers"), Limits(timeout=30)).rows
        assert rows == [(4,)]


@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_one_value_cannot_fill_the_memory(kind: str, tmp_path: Path, request: Any) -> None:
    resource = pytest.importorskip("resource")
    with open_database(live_databases.make(kind, tmp_path, request)) as database:
        database.execute(database.prepare("SELECT COUNT(*) FROM customers"))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            sql = "SELECT repeat('a', 300000000) AS x"
            result = database.execute(Statement(sql, database.dialect), Limits(timeout=60))
            assert result.rows == [] and result.truncated
        except SqlError as error:
            assert error.kind == "memory"
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
        assert database.execute(database.prepare("SELECT COUNT(*) FROM customers")).rows == [(4,)]


def test_sqlite_itself_refuses_what_is_not_of_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("""
            CREATE TABLE plain (x TEXT);
            CREATE VIEW seen AS SELECT x, printf('%d', rowid) AS n FROM plain;
            CREATE VIEW tags AS SELECT value, json_extract('{"a": 1}', '$.a') AS one FROM json_each('["t"]');
            CREATE VIRTUAL TABLE notes USING fts5(title, body);
            CREATE VIRTUAL TABLE boxes USING rtree(id, low, high);
            CREATE VIEW ranked AS SELECT title, bm25(notes) < 0 AS good FROM notes WHERE notes MATCH 'b';
            CREATE VIEW inner_boxes AS SELECT n.title, b.id FROM notes n, (SELECT id FROM boxes) b;
            CREATE VIEW listing AS SELECT name FROM pragma_table_list;
            INSERT INTO plain VALUES ('p');
            INSERT INTO notes VALUES ('a', 'b');
            INSERT INTO boxes VALUES (1, 0, 1);
        """)
    with open_database(f"sqlite:///{path}") as database:
        for sql, expected in (
            ("SELECT x FROM plain", [("p",)]),
            ("SELECT n FROM seen", [("1",)]),
            ("SELECT COUNT(*) FROM notes", [(1,)]),
            ("SELECT body FROM notes WHERE title = 'a'", [("b",)]),
            ("SELECT id FROM boxes WHERE low < 1", [(1,)]),
            ("SELECT value, one FROM tags", [("t", 1)]),
            ("SELECT title, good FROM ranked", [("a", 1)]),
            ("SELECT COUNT(*) FROM inner_boxes", [(1,)]),
            ("WITH c AS (SELECT x FROM plain) SELECT COUNT(*) FROM c", [(1,)]),
        ):
            assert database.execute(database.prepare(sql)).rows == expected, sql
        for sql in (
            "SELECT sql FROM sqlite_master",
            "SELECT COUNT(*) FROM sqlite_master",
            "SELECT name FROM pragma_table_list",
            "SELECT name FROM listing",
            "SELECT COUNT(*) FROM listing",
            "SELECT sqlite_version()",
            "SELECT zeroblob(9)",
            "PRAGMA user_version",
        ):
            with pytest.raises(SqlError) as caught:
                database.execute(Statement(sql, "sqlite"))
            assert caught.value.kind == "not_read_only", sql
