"""Live databases of every kind: schemas, rows, limits, letter case, and databases that go away."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from support import live_databases

from t2sql.errors import InputError, T2sqlError, WorkError
from t2sql.live import Limits, LiveDatabase, open_database
from t2sql.live import database as database_module
from t2sql.sql import SqlError

pytestmark = pytest.mark.usefixtures("schema_cache")


@pytest.fixture(scope="module", params=live_databases.KINDS)
def database(
    request: Any, tmp_path_factory: pytest.TempPathFactory, schema_cache: Path
) -> Iterator[LiveDatabase]:
    url = live_databases.make(request.param, tmp_path_factory.mktemp("live"), request)
    with open_database(url) as opened:
        yield opened


def rows(database: LiveDatabase, sql: str, timeout: float = 5.0, **options: Any) -> list[Any]:
    return database.execute(database.prepare(sql), Limits(timeout=timeout), **options).rows


def test_the_schema_has_tables_columns_and_keys(database: LiveDatabase) -> None:
    schema = database.schema()
    assert [table.name for table in schema.tables] == ["canary", "customers", "orders"]
    customers, orders = schema.tables[1:]
    assert customers.column_names == ("id", "Name", "city", "is_active")
    assert customers.primary_key == ("id",)
    assert [(k.column, k.to_table, k.to_column) for k in orders.foreign_keys] == [
        ("customer_id", "customers", "id")
    ]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT name FROM customers WHERE NAME = 'Ann Lee'", [("Ann Lee",)]),
        ("SELECT COUNT(*) FROM Customers WHERE city = 'paris'", [(2,)]),
        ("SELECT c.name FROM customers AS c WHERE c.City = 'OSLO'", [("Ann Lee",)]),
        ("SELECT name FROM customers WHERE name LIKE 'wang%'", [("Wang Junjian",)]),
        ("SELECT id FROM customers WHERE is_active = 0", [(2,)]),
        ("SELECT id FROM customers WHERE name = 'o''hara'", [(3,)]),
        ("SELECT COUNT(*) FROM customers WHERE name = 5", [(0,)]),
        ("SELECT id FROM customers WHERE city IN ('oslo', 'Lima') ORDER BY id", [(2,), (4,)]),
        (
            "SELECT customers.name, COUNT(*) FROM orders JOIN customers ON orders.customer_id = customers.id "
            "GROUP BY customers.name ORDER BY COUNT(*) DESC, customers.name LIMIT 1",
            [("Wang Junjian", 2)],
        ),
        (
            "SELECT name FROM customers WHERE id NOT IN (SELECT customer_id FROM orders) AND id < 4",
            [("Ann Lee",)],
        ),
        ("WITH big AS (SELECT id FROM orders WHERE total > 6) SELECT COUNT(*) FROM big", [(2,)]),
        ("SELECT strftime('%Y', ordered_at) FROM orders WHERE id = 1", [("2024",)]),
        ("SELECT id FROM customers WHERE id = 99", []),
    ],
)
def test_sqlite_statements_mean_the_same_in_every_database(
    database: LiveDatabase, sql: str, expected: list[Any]
) -> None:
    assert rows(database, sql) == expected


def test_columns_are_named_even_without_rows(database: LiveDatabase) -> None:
    result = database.execute(database.prepare("SELECT id, city FROM customers WHERE id = 99"))
    assert result.columns == ("id", "city")


def test_a_value_in_another_letter_case_is_told(database: LiveDatabase) -> None:
    statement = database.prepare("SELECT id FROM customers WHERE city = 'pARis'")
    assert [asdict(change) for change in statement.changes] == [
        {"column": "customers.city", "asked": "pARis", "found": "Paris"}
    ]
    assert "'Paris'" in statement.sql


def test_a_value_that_is_nowhere_is_noted_and_kept(database: LiveDatabase) -> None:
    statement = database.prepare("SELECT id FROM customers WHERE city = 'Atlantis'")
    assert statement.unmatched == ("customers.city has nothing like 'Atlantis'",)
    assert "'Atlantis'" in statement.sql and not statement.changes


def test_rows_are_bounded(database: LiveDatabase) -> None:
    result = database.execute(database.prepare("SELECT id FROM customers"), Limits(max_rows=2))
    assert (len(result.rows), result.truncated) == (2, True)
    assert len(rows(database, "SELECT id FROM customers")) == 4


def test_the_largest_of_several_values_is_null_where_one_of_them_is(database: LiveDatabase) -> None:
    sql = 'SELECT id, MAX("Name", city) FROM customers WHERE id IN (2, 4) ORDER BY id'
    assert rows(database, sql) == [(2, "Oslo"), (4, None)]


def test_bytes_are_bounded(database: LiveDatabase) -> None:
    sql = "SELECT replace(replace(replace('aaaaaaaaaa', 'a', name), 'a', name), 'a', name) FROM customers"
    assert database.execute(database.prepare(sql), Limits(max_bytes=100)).truncated


ENDLESS = "SELECT COUNT(*) FROM " + ", ".join(f"customers AS t{i}" for i in range(16))


def test_time_is_bounded(database: LiveDatabase) -> None:
    began = time.monotonic()
    with pytest.raises(SqlError) as caught:
        rows(database, ENDLESS, timeout=0.3)
    assert caught.value.kind == "timeout"
    assert time.monotonic() - began < 15
    assert rows(database, "SELECT COUNT(*) FROM customers") == [(4,)]


def test_a_statement_that_nobody_wants_any_more_ends(database: LiveDatabase) -> None:
    gone = threading.Event()
    threading.Timer(0.2, gone.set).start()
    with pytest.raises(SqlError) as caught:
        rows(database, ENDLESS, timeout=60, cancelled=gone.is_set)
    assert caught.value.kind == "cancelled"


@pytest.mark.slow
def test_several_threads_ask_at_once(database: LiveDatabase) -> None:
    found: list[Any] = []

    def ask() -> None:
        found.extend(rows(database, "SELECT COUNT(*) FROM customers WHERE city = 'PARIS'"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(2,)] * 8


@pytest.mark.parametrize("kind", live_databases.KINDS)
def test_the_schema_is_kept_and_read_again_when_it_changes(
    kind: str, tmp_path: Path, request: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = live_databases.make(kind, tmp_path, request)
    reads = []
    read = database_module.read_schema
    monkeypatch.setattr(database_module, "read_schema", lambda engine: reads.append(1) or read(engine))
    for _ in range(2):
        with open_database(url) as opened:
            assert opened.schema() == opened.schema()
    assert len(reads) == 1
    change = "ALTER TABLE canary ADD COLUMN colour VARCHAR(9)"
    if kind == "postgres":
        request.getfixturevalue("postgres").run(change, url.rpartition("/")[2])
    elif kind == "mariadb":
        request.getfixturevalue("mariadb").run(change, url.rpartition("/")[2])
    elif kind == "duckdb":
        import duckdb

        with duckdb.connect(url.removeprefix("duckdb:///")) as connection:
            connection.execute(change)
    else:
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.execute(change)
    with open_database(url) as opened:
        assert opened.schema().tables[0].column_names == ("id", "word", "colour")
    assert len(reads) == 2


HOSTILE = ("a\nQ: b", 'say "hi"', "it's", "emoji 🦜", "tab\there", "semi; DROP TABLE canary; --")


@pytest.mark.parametrize("kind", live_databases.KINDS)
def test_names_with_quotes_newlines_and_emoji(kind: str, tmp_path: Path, request: Any) -> None:
    # A name in MariaDB has no character outside of Unicode's basic plane.
    hostile = [name.replace("🦜", "☂") for name in HOSTILE] if kind == "mariadb" else HOSTILE
    quoted = ['"' + name.replace('"', '""') + '"' for name in hostile]
    script = f'CREATE TABLE "odd\nname" ({", ".join(f"{q} INTEGER" for q in quoted)});'
    script += f'INSERT INTO "odd\nname" VALUES ({", ".join(map(str, range(len(quoted))))});'
    from t2sql.live.names import shown_schema
    from t2sql.prompt import render_prompt

    with open_database(live_databases.make(kind, tmp_path, request, script)) as opened:
        prompt = render_prompt(shown_schema(opened.schema()), "How many?")
        assert len(prompt.splitlines()) == 4
        for value, name in enumerate(hostile):
            shown = " ".join(name.split()).replace('"', '""')
            assert rows(opened, f'SELECT "{shown}" FROM "odd name"') == [(value,)]


def test_a_table_without_columns_is_left_out(tmp_path: Path, request: Any) -> None:
    script = "CREATE TABLE nothing (); CREATE TABLE things (a INTEGER);"
    with open_database(live_databases.make("postgres", tmp_path, request, script)) as opened:
        assert [table.name for table in opened.schema().tables] == ["things"]


def test_a_server_that_goes_away_is_an_error_and_comes_back(postgres: Any) -> None:
    from support import postgres as helper

    own = helper.Server(helper.binaries())
    try:
        url = own.new_database("away", live_databases.SCRIPT)
        with open_database(url) as opened:
            statement = opened.prepare("SELECT COUNT(*) FROM customers")
            slow = opened.prepare(ENDLESS)
            threading.Timer(0.3, own.stop).start()
            with pytest.raises(WorkError, match="the database went away"):
                opened.execute(slow, Limits(timeout=60))
            with pytest.raises(T2sqlError, match=r"cannot be read|went away"):
                opened.execute(statement)
            own.start()
            assert opened.execute(statement).rows == [(4,)]
    finally:
        own.close()


def test_another_schema_is_named_and_chosen_in_the_url(postgres: Any) -> None:
    script = """
        CREATE SCHEMA sales;
        CREATE TABLE sales.customer (id int PRIMARY KEY, name text);
        CREATE TABLE sales.invoice (id int PRIMARY KEY, customer_id int REFERENCES sales.customer, sum int);
        INSERT INTO sales.customer VALUES (1, 'Ann');
        INSERT INTO sales.invoice VALUES (1, 1, 20), (2, 1, 22);
    """
    url = postgres.new_database("apart", script)
    with (
        open_database(url) as opened,
        pytest.raises(InputError, match=r"tables in the schema sales\. .*\?options=-csearch_path%3Dsales"),
    ):
        opened.schema()
    with open_database(f"{url}?options=-csearch_path%3Dsales") as opened:
        assert [table.name for table in opened.schema().tables] == ["customer", "invoice"]
        assert [key.to_table for key in opened.schema().tables[1].foreign_keys] == ["customer"]
        sql = "SELECT SUM(invoice.sum) FROM invoice JOIN customer ON invoice.customer_id = customer.id"
        assert rows(opened, sql) == [(42,)]


@pytest.mark.parametrize(("kind", "role"), [("postgres", "owner"), ("mariadb", "root")])
def test_a_superuser_is_warned(kind: str, role: str, tmp_path: Path, request: Any) -> None:
    url = live_databases.make(kind, tmp_path, request)
    with open_database(url) as opened:
        assert opened.warnings() == []
    with open_database(request.getfixturevalue(kind).url(role, url.rpartition("/")[2])) as opened:
        assert "superuser" in opened.warnings()[0]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("oracle://host/shop", "this kind of database cannot be asked"),
        ("postgresql+psycopg2://me:secret@host/shop", "this kind of database cannot be asked"),
        ("sqlite:///nowhere.db", "no such database"),
        ("duckdb:///nowhere.duckdb", "no such database"),
        ("duckdb://", "names no DuckDB file"),
        ("postgresql://me:secret@127.0.0.1:1/shop", "cannot be read"),
        ("mariadb://me:secret@127.0.0.1:1/shop", "cannot be read"),
        ("mariadb://me:secret@127.0.0.1:1", "names no database"),
        ("mysql+mysqldb://me:secret@host/shop", "this kind of database cannot be asked"),
        ("shop.db", "no such database"),
        ("shop", "not a database URL"),
    ],
)
def test_what_cannot_be_opened_is_said_without_the_password(
    url: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message) as caught:
        open_database(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_file_that_is_no_database(kind: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, but long enough to be looked at " * 100)
    with (
        pytest.raises(InputError, match="cannot be read"),
        open_database(f"{kind}:///{tmp_path}/text") as opened,
    ):
        opened.schema()
