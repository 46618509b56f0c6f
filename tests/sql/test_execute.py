"""Statements run read-only, bounded, and without the double-quoted-string trap."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from t2sql.errors import InputError
from t2sql.schema import read_table_lines
from t2sql.sql import SqlError, check, execute, is_ordered, literal, open_reader, quote


@pytest.fixture()
def db(tmp_path: Path) -> Path:
    path = tmp_path / "odd name #1?.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute('CREATE TABLE films (Title TEXT, "Release Year" INTEGER, "a`b" REAL, "c""d" TEXT)')
        rows = [("Alien", 1979, 8.5, "x"), ("O'Brother", 2000, 7.7, "y"), ("Up", 2009, 8.3, None)]
        connection.executemany("INSERT INTO films VALUES (?, ?, ?, ?)", rows)
        connection.commit()
    return path


def kind_of(db: Path, sql: str, **limits: float) -> str:
    with pytest.raises(SqlError) as caught:
        execute(db, sql, **limits)  # type: ignore[arg-type]
    return caught.value.kind


def test_a_quoted_name_and_a_doubled_quote_run(db: Path) -> None:
    result = execute(db, """SELECT "Release Year", "a`b" FROM films WHERE Title = 'O''Brother'""")
    assert result.columns == ("Release Year", "a`b")
    assert result.rows == [(2000, 7.7)]
    assert execute(db, 'SELECT "c""d" AS "out" FROM "films" AS "f" WHERE "f".Title = \'Up\'').rows == [
        (None,)
    ]


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ('SELECT "Realease Year" FROM films', "unknown_column"),
        ('SELECT Title FROM films WHERE "Alien" = Title', "unknown_column"),
        ('SELECT Title FROM films WHERE Title = "Alien"', "unknown_column"),
        ("SELECT Year FROM films", "unknown_column"),
        ("SELECT Title FROM movies", "unknown_table"),
        ("SELEC Title FROM films", "syntax"),
        ("SELECT Release Year year FROM films", "syntax"),
        ("SELECT Title FROM films WHERE Title = 'Al", "syntax"),
        ("", "syntax"),
        ("-- nothing", "syntax"),
        ("SELECT 1; SELECT 2", "multiple"),
        ("SELECT 1; DROP TABLE films", "multiple"),
        ("DELETE FROM films", "not_read_only"),
        ("INSERT INTO films (Title) VALUES ('x')", "not_read_only"),
        ("UPDATE films SET Title = 'x'", "not_read_only"),
        ("DROP TABLE films", "not_read_only"),
        ("CREATE TEMP TABLE t (a)", "not_read_only"),
        ("PRAGMA user_version", "not_read_only"),
        ("PRAGMA query_only = OFF", "not_read_only"),
        ("SELECT * FROM pragma_table_info('films')", "not_read_only"),
        ("ATTACH ':memory:' AS other", "not_read_only"),
        ("BEGIN", "not_read_only"),
        ("VACUUM INTO 'x'", "not_read_only"),
        ("SELECT load_extension('x')", "not_read_only"),
        ("SELECT nothing_like_it(1)", "other"),
        ("SELECT zeroblob(1000000000)", "memory"),
        ("SELECT randomblob(1000000000)", "memory"),
        ("SELECT replace(hex(zeroblob(8000000)), '0', 'ten zeros')", "memory"),
        (f"SELECT '{'x' * 200_000}'", "memory"),
        ("/* a comment first */ DROP TABLE films", "not_read_only"),
        ("SELECT 1 /* one */; -- two\nDELETE FROM films", "multiple"),
        ("ATTACH 'other.sqlite' AS other; SELECT 1", "not_read_only"),
        ("ALTER TABLE films ADD COLUMN x", "not_read_only"),
        ("WITH x AS (SELECT 1) DELETE FROM films", "not_read_only"),
        ("SELECT * FROM films; ;SELECT 2", "multiple"),
        ("CREATE TABLE stolen AS SELECT * FROM films", "not_read_only"),
        ("ANALYZE", "not_read_only"),
        ("SELECT \x00", "syntax"),
        ("SELECT '\ud800'", "other"),
    ],
)
def test_what_is_refused_has_a_kind(db: Path, sql: str, kind: str) -> None:
    before = db.read_bytes()
    assert kind_of(db, sql) == kind
    assert db.read_bytes() == before


def test_an_endless_statement_is_stopped(db: Path) -> None:
    started = time.monotonic()
    sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
    assert kind_of(db, sql, timeout=0.2) == "timeout"
    assert time.monotonic() - started < 20


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "


@pytest.mark.parametrize(
    "sql",
    [
        ENDLESS + "SELECT COUNT(*) FROM n a, n b",
        ENDLESS + "SELECT i FROM n ORDER BY i DESC",
        ENDLESS + "SELECT group_concat(i) FROM n",
        ENDLESS + "SELECT i FROM n WHERE i < 0",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT MAX(i) FROM n",
        f"SELECT COUNT(*) FROM {', '.join(f'films f{i}' for i in range(20))}",
    ],
)
def test_what_never_ends_is_stopped_whatever_it_does(db: Path, sql: str) -> None:
    started = time.monotonic()
    assert kind_of(db, sql, timeout=0.1) == "timeout"
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "sql",
    [
        ENDLESS + "SELECT randomblob(1000000) FROM n",
        ENDLESS + "SELECT zeroblob(1000000), i FROM n",
        "SELECT " + ", ".join(["zeroblob(200000)"] * 40),
        f"SELECT * FROM {', '.join(f'films f{i}' for i in range(12))}",
    ],
)
def test_a_huge_result_is_cut_off(db: Path, sql: str) -> None:
    result = execute(db, sql, max_bytes=5_000_000)
    assert result.truncated
    assert len(result.rows) <= 10_000


def test_one_row_cannot_take_all_memory(db: Path) -> None:
    assert kind_of(db, "SELECT " + ", ".join(["zeroblob(16000000)"] * 30), timeout=60) == "memory"
    assert execute(db, "SELECT COUNT(*) FROM films").rows == [(3,)]


def test_a_comment_does_not_keep_a_statement_from_running(db: Path) -> None:
    assert execute(db, "-- why\nSELECT /* ; */ COUNT(*) FROM films -- ; DROP TABLE films\n;").rows == [(3,)]


def test_a_statement_is_cancelled_from_outside(db: Path) -> None:
    asked = iter([False, False, True])
    with pytest.raises(SqlError) as caught:
        execute(db, ENDLESS + "SELECT COUNT(*) FROM n", timeout=30, cancelled=lambda: next(asked))
    assert caught.value.kind == "cancelled"


def test_an_interrupt_inside_a_statement_is_not_swallowed(db: Path) -> None:
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        execute(db, ENDLESS + "SELECT COUNT(*) FROM n", timeout=30)
    assert time.monotonic() - started < 20


def test_a_locked_database_is_not_the_statements_fault(db: Path) -> None:
    with closing(sqlite3.connect(db, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(InputError, match=r"cannot be read.*locked") as caught:
            execute(db, "SELECT 1 FROM films", timeout=0.1)
    assert not isinstance(caught.value, SqlError)


@pytest.mark.parametrize(
    "sql", ["SELECT json('{')", "SELECT malformed FROM films", 'SELECT "disk i/o error".x']
)
def test_an_error_whose_words_are_those_of_a_broken_file_is_the_statements(sql: str, db: Path) -> None:
    with pytest.raises(SqlError):
        execute(db, sql)


def test_statements_follow_each_other_on_one_reader(db: Path) -> None:
    with open_reader(db) as reader:
        assert reader.check("SELECT nothing FROM films") is not None
        assert reader.execute("SELECT :x + 1", {"x": 1}).rows == [(2,)]
        with pytest.raises(SqlError):
            reader.execute("PRAGMA query_only = OFF")
        with pytest.raises(SqlError):
            reader.execute(ENDLESS + "SELECT COUNT(*) FROM n", timeout=0.05)
        assert reader.execute("SELECT COUNT(*) FROM films").rows == [(3,)]


def test_rows_beyond_the_limit_are_left_and_said(db: Path) -> None:
    sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    result = execute(db, sql, max_rows=5)
    assert result.truncated
    assert [row[0] for row in result.rows] == [1, 2, 3, 4, 5]
    assert not execute(db, "SELECT Title FROM films", max_rows=3).truncated


def test_a_missing_or_foreign_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such database"):
        execute(tmp_path / "none.sqlite", "SELECT 1")
    (tmp_path / "text.sqlite").write_text("not a database, but long enough to be looked at " * 30)
    with pytest.raises(InputError, match="cannot be read"):
        execute(tmp_path / "text.sqlite", "SELECT 1")


@pytest.mark.parametrize("on", ["schema", "db"])
def test_check_says_what_would_be_refused_and_runs_nothing(db: Path, on: str) -> None:
    where = read_table_lines(["films: Title, Release Year"]) if on == "schema" else db
    assert check(where, 'SELECT "Release Year" FROM films') is None
    assert (
        check(where, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n")
        is None
    )
    wrong = {
        'SELECT "Year" FROM films': "unknown_column",
        "SELECT 1 FROM actors": "unknown_table",
        "SELECT Release Year AS x y FROM films": "syntax",
        " ; ": "syntax",
        "SELECT 1; SELECT 2": "multiple",
        "DROP TABLE films": "not_read_only",
    }
    for sql, kind in wrong.items():
        error = check(where, sql)
        assert error is not None and error.kind == kind, sql


@pytest.mark.parametrize(
    ("sql", "ordered"),
    [
        ("SELECT a FROM t ORDER BY a", True),
        ("SELECT a FROM t order  by a LIMIT 3", True),
        ("SELECT a FROM (SELECT a FROM t ORDER BY a)", False),
        ("SELECT 'ORDER BY' FROM t -- ORDER BY a", False),
        ('SELECT "ORDER" FROM t', False),
        ("SELECT a FROM t", False),
    ],
)
def test_only_an_outer_order_by_makes_the_order_count(sql: str, ordered: bool) -> None:
    assert is_ordered(sql) is ordered


@pytest.mark.parametrize("name", ["Release Year", "order", "1-10", 'a"b', "straße", "", "a`b", "x"])
def test_any_name_and_value_survives_quoting(tmp_path: Path, name: str) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE {quote(name)} ({quote(name)} TEXT)")
        connection.execute(f"INSERT INTO {quote(name)} VALUES ({literal(name)})")
        assert connection.execute(f"SELECT {quote(name)} FROM {quote(name)}").fetchall() == [(name,)]


def test_plain_names_stay_bare() -> None:
    assert [quote(name) for name in ("Name", "release_year", "Group")] == ["Name", "release_year", '"Group"']
    assert [literal(value) for value in (3, 2.5, None, "it's")] == ["3", "2.5", "NULL", "'it''s'"]


@pytest.mark.parametrize("timeout", [float("nan"), float("inf"), 0, -1, 1e9])
def test_a_time_limit_out_of_its_range_is_refused(db: Path, timeout: float) -> None:
    with pytest.raises(InputError, match=r"timeout is out of range: expected 0\.001 to 86400 s, found"):
        execute(db, "SELECT 1", timeout=timeout)


def test_a_number_of_rows_out_of_its_range_is_refused(db: Path) -> None:
    with pytest.raises(InputError, match="max_rows is out of range"):
        execute(db, "SELECT 1", max_rows=-1)
