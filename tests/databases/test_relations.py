"""Every kind of table and view: what is read, what is left out, and what is said of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support import live_databases

from t2sql.errors import InputError
from t2sql.live import LiveDatabase, open_database
from t2sql.sql import reading_address

pytestmark = pytest.mark.usefixtures("schema_cache")


def names(database: LiveDatabase) -> list[str]:
    return [table.name for table in database.schema().tables]


def rows(database: LiveDatabase, sql: str) -> list[Any]:
    return database.execute(database.prepare(sql)).rows


def sqlite_file(path: Path, script: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


def test_a_virtual_table_whose_module_is_missing_is_left_out_and_named(tmp_path: Path) -> None:
    path = sqlite_file(tmp_path / "vec.db", "CREATE TABLE docs (id INTEGER); INSERT INTO docs VALUES (1);")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE vec_items_chunks (a)")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "INSERT INTO sqlite_master VALUES ('table', 'vec_items', 'vec_items', 0, "
            "'CREATE VIRTUAL TABLE vec_items USING vec0(embedding float[4])')"
        )
        connection.commit()
    with open_database(str(path)) as database:
        assert names(database) == ["docs"]
        assert database.warnings() == ["vec_items is left out: no such module: vec0"]
        assert rows(database, "SELECT id FROM docs") == [(1,)]


def test_virtual_tables_of_sqlite_are_read_without_their_shadow_tables(tmp_path: Path) -> None:
    script = """
        CREATE VIRTUAL TABLE notes USING fts5(title, body);
        INSERT INTO notes VALUES ('a', 'b');
        CREATE VIRTUAL TABLE old USING fts4(title);
        CREATE VIRTUAL TABLE r USING rtree(id, low, high);
        INSERT INTO r VALUES (1, 0, 1);
        CREATE TABLE notes_archive (x);
    """
    with open_database(f"sqlite:///{sqlite_file(tmp_path / 'fts.db', script)}") as database:
        assert names(database) == ["notes", "notes_archive", "old", "r"]
        assert database.schema().tables[0].column_names == ("title", "body")
        assert rows(database, "SELECT title FROM notes WHERE title = 'A'") == [("a",)]
        assert rows(database, "SELECT id FROM r WHERE high > 0") == [(1,)]


def test_kinds_of_tables_of_sqlite(tmp_path: Path) -> None:
    script = """
        CREATE TABLE made (a INTEGER, twice INTEGER AS (a * 2), thrice INTEGER AS (a * 3) STORED) STRICT;
        INSERT INTO made VALUES (1);
        CREATE TABLE keyed (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
        INSERT INTO keyed VALUES ('a', x'ff');
        CREATE TABLE gone (a);
        CREATE VIEW broken AS SELECT a FROM gone;
        CREATE VIEW whole AS SELECT a FROM made;
        DROP TABLE gone;
    """
    with open_database(str(sqlite_file(tmp_path / "kinds.sqlite3", script))) as database:
        assert names(database) == ["keyed", "made", "whole"]
        assert database.warnings() == ["broken is left out: no such table: main.gone"]
        assert rows(database, "SELECT twice, thrice FROM made") == [(2, 3)]
        assert rows(database, "SELECT v FROM keyed WHERE k = 'a'") == [(b"\xff",)]


def test_a_file_in_write_ahead_mode_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "wal.db"
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE t (a)")
        writer.execute("INSERT INTO t VALUES (1)")
        writer.commit()
        with open_database(str(path)) as database:
            assert rows(database, "SELECT a FROM t") == [(1,)]
            writer.execute("INSERT INTO t VALUES (2)")
            writer.commit()
            assert rows(database, "SELECT COUNT(*) FROM t") == [(2,)]


def test_a_file_in_write_ahead_mode_is_read_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "wal.db"
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE t (a)")
        writer.commit()
        monkeypatch.setattr("os.access", lambda folder, mode: False)
        # A log with changes, and a writer that has the file open.
        assert "immutable" not in reading_address(path)
    assert reading_address(path).endswith("?mode=ro&immutable=1")
    with open_database(str(path)) as database:
        assert rows(database, "SELECT COUNT(*) FROM t") == [(0,)]


def test_every_kind_of_relation_of_postgres(postgres: Any) -> None:
    script = """
        CREATE TABLE plain (id int PRIMARY KEY, name text);
        INSERT INTO plain VALUES (1, 'a');
        CREATE MATERIALIZED VIEW summed AS SELECT count(*) AS n FROM plain;
        CREATE MATERIALIZED VIEW unfilled AS SELECT id FROM plain WITH NO DATA;
        CREATE VIEW seen AS SELECT name FROM plain;
        CREATE TABLE parted (id int REFERENCES plain, day date) PARTITION BY RANGE (day);
        CREATE TABLE parted_2024 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        INSERT INTO parted VALUES (1, '2024-05-05');
        CREATE EXTENSION file_fdw;
        CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
        CREATE FOREIGN TABLE outside (line text) SERVER files OPTIONS (program 'echo hello');
        CREATE TABLE made (a int, twice int GENERATED ALWAYS AS (a * 2) STORED);
        INSERT INTO made VALUES (2);
        CREATE TABLE child () INHERITS (plain);
    """
    url = postgres.new_database("relations", script)
    with open_database(url) as database:
        assert names(database) == ["child", "made", "outside", "parted", "plain", "seen", "summed"]
        assert database.warnings() == [
            "public.unfilled is left out: it is a materialized view that was never filled"
        ]
        assert rows(database, "SELECT n FROM summed") == [(1,)]
        assert rows(database, "SELECT twice FROM made") == [(4,)]
        assert [key.to_table for key in database.schema().table("parted").foreign_keys] == ["plain"]
        sql = "SELECT plain.name FROM parted JOIN plain ON parted.id = plain.id"
        assert rows(database, sql) == [("a",)]


def test_what_a_role_may_not_read_is_left_out_and_said(postgres: Any) -> None:
    script = """
        CREATE TABLE open (id int, secret text);
        CREATE TABLE closed (id int);
        CREATE ROLE clerk LOGIN;
        GRANT SELECT (id) ON open TO clerk;
        INSERT INTO open VALUES (1, 'x');
    """
    postgres.new_database("clerks", script)
    with open_database(postgres.url("clerk", "clerks")) as database:
        assert [(t.name, t.column_names) for t in database.schema().tables] == [("open", ("id",))]
        assert database.warnings() == [
            "public.closed is left out: the role may not read it",
            "columns of open that the role may not read are left out: secret",
        ]
        assert rows(database, "SELECT id FROM open") == [(1,)]


def test_several_schemas_on_the_search_path(postgres: Any) -> None:
    script = """
        CREATE SCHEMA "Sales2";
        CREATE SCHEMA crm;
        CREATE TABLE "Sales2".orders (id int PRIMARY KEY, person int);
        CREATE TABLE crm.person (id int PRIMARY KEY, name text);
        CREATE TABLE crm.orders (id int);
        ALTER TABLE "Sales2".orders ADD FOREIGN KEY (person) REFERENCES crm.person;
        INSERT INTO crm.person VALUES (1, 'Ann');
        INSERT INTO "Sales2".orders VALUES (1, 1);
    """
    url = postgres.new_database("several", script)
    path = "?options=-csearch_path%3D%22Sales2%22%2Ccrm"
    with open_database(url + path) as database:
        assert names(database) == ["orders", "person"]
        assert database.warnings() == [
            "crm.orders is left out: a table of the same name comes before it on the search path"
        ]
        sql = "SELECT person.name FROM orders JOIN person ON orders.person = person.id"
        assert rows(database, sql) == [("Ann",)]
        assert rows(database, "SELECT name FROM crm.person WHERE name = 'ANN'") == [("Ann",)]
    with open_database(url) as database, pytest.raises(InputError, match="search_path%3D%22Sales2%22"):
        database.schema()


def test_every_kind_of_relation_of_mariadb(mariadb: Any) -> None:
    script = """
        CREATE TABLE plain (id INT PRIMARY KEY, name VARCHAR(9), twice INT AS (id * 2), hidden INT INVISIBLE);
        INSERT INTO plain (id, name) VALUES (1, 'a');
        CREATE SEQUENCE numbers;
        CREATE TABLE versioned (a INT) WITH SYSTEM VERSIONING;
        CREATE TABLE parted (a INT) PARTITION BY HASH (a) PARTITIONS 2;
        CREATE TABLE pair (a INT, b INT, PRIMARY KEY (a, b));
        CREATE TABLE part (a INT, b INT, p INT, FOREIGN KEY (a, b) REFERENCES pair (a, b),
                           FOREIGN KEY (p) REFERENCES plain (id));
        CREATE VIEW seen AS SELECT name FROM plain;
        CREATE TABLE gone (a INT);
        CREATE VIEW broken AS SELECT a FROM gone;
        DROP TABLE gone;
        CREATE TABLE `odd
``name` (`a``b` INT, `per%s` INT, `c
d` INT);
        INSERT INTO `odd
``name` VALUES (1, 2, 3);
    """
    with open_database(mariadb.new_database("relations", script)) as database:
        assert names(database) == [
            "odd\n`name",
            "pair",
            "part",
            "parted",
            "plain",
            "seen",
            "versioned",
        ]
        assert [w.split(":")[0] for w in database.warnings()] == ["broken is left out"]
        keys = database.schema().table("part").foreign_keys
        assert {(key.column, key.to_table, key.to_column) for key in keys} == {
            ("a", "pair", "a"),
            ("b", "pair", "b"),
            ("p", "plain", "id"),
        }
        assert rows(database, "SELECT twice, hidden FROM plain") == [(2, None)]
        assert rows(database, 'SELECT "a`b", "per%s", "c d" FROM "odd `name"') == [(1, 2, 3)]


def test_views_of_duckdb_over_files_beside_it_are_read_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "shop"
    (folder / "days").mkdir(parents=True)
    (tmp_path / "out.csv").write_text("a\n1\n")
    (folder / "link.csv").symlink_to(tmp_path / "out.csv")
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        for day in (1, 2):
            connection.execute(f"COPY (SELECT {day} AS day) TO 'shop/days/{day}.parquet'")
        connection.execute(f"COPY (SELECT 5 AS a) TO '{folder}/it''s.csv'")
        connection.execute("CREATE VIEW days AS FROM 'shop/days/*.parquet'")
        connection.execute(f"CREATE VIEW one AS FROM read_csv('{folder}/it''s.csv')")
        connection.execute("CREATE VIEW linked AS FROM 'shop/link.csv'")
        connection.execute("CREATE VIEW outside AS FROM 'out.csv'")
        connection.execute("CREATE VIEW secrets AS FROM read_text('/etc/hostname')")
        connection.execute("CREATE TABLE plain (a INT)")
    with open_database(f"duckdb:///{folder}/shop.duckdb") as database:
        assert names(database) == ["days", "one", "plain"]
        assert rows(database, "SELECT SUM(day) FROM days") == [(3,)]
        assert rows(database, "SELECT a FROM one") == [(5,)]
        warnings = database.warnings()
        assert [warning.split(" ")[0] for warning in warnings] == ["linked", "outside", "secrets"]
        assert all("in the database's own folder" in warning for warning in warnings)


def test_all_schemas_of_a_duckdb_file_are_read(tmp_path: Path, request: Any) -> None:
    script = """
        CREATE TABLE orders (id INT);
        CREATE SCHEMA staging;
        CREATE TABLE staging.orders (id INT);
        CREATE TABLE staging.raw (id INT PRIMARY KEY);
        INSERT INTO staging.raw VALUES (7);
        CREATE SEQUENCE numbers;
    """
    with open_database(live_databases.make("duckdb", tmp_path, request, script)) as database:
        assert names(database) == ["orders", "raw"]
        assert database.warnings() == ["staging.orders is left out: there is main.orders as well"]
        assert rows(database, "SELECT id FROM raw") == [(7,)]
        assert rows(database, "SELECT id FROM staging.raw") == [(7,)]


@pytest.mark.parametrize("name", ["sales.parquet", "sales.csv", "duckdb:///sales.parquet"])
def test_a_file_of_data_is_refused_with_what_to_do(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name.removeprefix("duckdb:///")).write_text("a\n1\n")
    with pytest.raises(InputError, match=r"duckdb sales.duckdb \"CREATE VIEW sales AS FROM 'sales"):
        open_database(name)


@pytest.mark.parametrize("kind", live_databases.KINDS)
def test_keys_that_nobody_declared_are_guessed_by_names(kind: str, tmp_path: Path, request: Any) -> None:
    script = """
        CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(9));
        CREATE TABLE invoices (id BIGINT, customer_id INT, shop_id VARCHAR(9), "storeId" INT, plan_id INT);
        CREATE TABLE shop (id INT PRIMARY KEY);
        CREATE TABLE stores (id INT);
    """
    with open_database(live_databases.make(kind, tmp_path, request, script)) as database:
        keys = database.schema().table("invoices").foreign_keys
        assert [(key.column, key.to_table, key.to_column) for key in keys] == [
            ("customer_id", "customers", "id"),
            ("storeId", "stores", "id"),
        ]
