"""The index of a live database's texts: how it is made, what stays out of it, and when it is made again."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support import live_databases

from t2sql.live import LiveDatabase, open_database
from t2sql.values import Limits

SCRIPT = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(40), city CHAR(20), email VARCHAR(60),
                        phone VARCHAR(40), note VARCHAR(200));
INSERT INTO customers VALUES
  (1, 'Wang Junjian', 'Zürich', 'wang@example.org', '+41 44 000 00 01', 'prefers mail'),
  (2, 'Ann Lee', 'PARIS', 'ann@example.org', '+41 44 000 00 02', 'write to ann@example.org'),
  (3, 'Jon Smith', 'São Paulo', 'jon@example.org', '+41 44 000 00 03', 'call 0044 7700 900 123');
"""
PRIVATE = ("example.org", "44 000", "7700")


@pytest.fixture(params=live_databases.KINDS)
def database(request: Any, tmp_path: Path, schema_cache: Path) -> LiveDatabase:
    url = live_databases.make(request.param, tmp_path, request, SCRIPT)
    opened = open_database(url)
    request.addfinalizer(opened.close)
    return opened


def index_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("schemas/*.values"))


def test_values_of_every_kind_of_database_are_matched(database: LiveDatabase, schema_cache: Path) -> None:
    before = set(index_files(schema_cache))
    assert [v.value for v in database.matching_values("orders of ann lee in sao paulo")] == [
        "São Paulo",
        "Ann Lee",
    ]
    statement = database.prepare("SELECT id FROM customers WHERE city = 'zurich'")
    assert [(change.asked, change.found) for change in statement.changes] == [("zurich", "Zürich")]
    assert database.execute(statement).rows == [(1,)]
    statement = database.prepare("SELECT id FROM customers WHERE name = 'Jon Smiht'")
    assert statement.unmatched == ("customers.name has nothing like 'Jon Smiht'; near: 'Jon Smith'",)
    [file] = set(index_files(schema_cache)) - before
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with closing(sqlite3.connect(file)) as index:
        everything = "\n".join(
            map(
                str, [row for t in ("value", "term", "source") for row in index.execute(f"SELECT * FROM {t}")]
            )
        )
    assert not [text for text in (*PRIVATE, "email", "phone") if text in everything]
    # No value of these columns is matched either.
    assert not database.matching_values("who is +41 44 000 00 01 at example.org?")


@pytest.fixture
def shop(tmp_path: Path, schema_cache: Path) -> Path:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE t (id INTEGER, name TEXT); INSERT INTO t VALUES (1, 'Alpha'), (2, 'Beta')"
        )
    return path


def change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)


def names(database: LiveDatabase, question: str) -> list[str]:
    return [value.value for value in database.matching_values(question)]


def test_a_value_that_came_later_is_found(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from t2sql.live import value_store

    with open_database(f"sqlite:///{shop}") as database:
        assert names(database, "alpha or third") == ["Alpha"]
        change(shop, "INSERT INTO t VALUES (3, 'Third')")
        monkeypatch.setattr(value_store, "_REST", 1e9)
        # The index is made anew only after a while; until then the database itself is asked.
        statement = database.prepare("SELECT id FROM t WHERE name = 'THIRD'")
        assert [made.found for made in statement.changes] == ["Third"]
        monkeypatch.setattr(value_store, "_REST", 0.0)
        assert sorted(names(database, "alpha or third")) == ["Alpha", "Third"]


def test_another_schema_has_another_index(shop: Path) -> None:
    with open_database(f"sqlite:///{shop}") as database:
        assert names(database, "alpha") == ["Alpha"]
        change(shop, "DROP TABLE t; CREATE TABLE u (label TEXT); INSERT INTO u VALUES ('Gamma')")
        assert (names(database, "alpha"), names(database, "gamma")) == ([], ["Gamma"])


def test_an_index_is_made_once(shop: Path, schema_cache: Path) -> None:
    url = f"sqlite:///{shop}"
    before = set(index_files(schema_cache))
    with open_database(url) as database:
        assert names(database, "beta") == ["Beta"]
    [file] = set(index_files(schema_cache)) - before
    made = file.stat().st_mtime_ns
    with open_database(url) as database:
        assert names(database, "beta") == ["Beta"]
    assert file.stat().st_mtime_ns == made
    file.write_bytes(b"damaged")
    with open_database(url) as database:
        assert names(database, "beta") == ["Beta"]


def test_a_large_column_is_read_in_part_and_that_is_said(shop: Path) -> None:
    change(
        shop,
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
        "INSERT INTO t SELECT i, 'name ' || i FROM n;"
        "CREATE TABLE u (kind TEXT); INSERT INTO u VALUES ('Rare');",
    )
    with LiveDatabase(f"sqlite:///{shop}", Limits(column_values=1000, values=1001)) as database:
        assert names(database, "what is rare") == ["Rare"]
        assert database.texts_left_out == ("t.name: it has more texts than the 1,000 that were read",)
        # What the index has not is still looked up in the database.
        assert [c.found for c in database.prepare("SELECT id FROM t WHERE name = 'NAME 4999'").changes] == [
            "name 4999"
        ]


def test_without_an_index_nothing_is_read_for_it(shop: Path, schema_cache: Path) -> None:
    before = index_files(schema_cache)
    with LiveDatabase(f"sqlite:///{shop}", None) as database:
        assert names(database, "beta") == []
        assert [c.found for c in database.prepare("SELECT id FROM t WHERE name = 'BETA'").changes] == ["Beta"]
    assert index_files(schema_cache) == before


def test_an_environment_variable_turns_the_index_off(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2SQL_NO_INDEX", "1")
    with open_database(f"sqlite:///{shop}") as database:
        assert names(database, "beta") == []
