"""Databases as they come: locked, encrypted, empty, large, oddly named, with views and circles of keys."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from support import databases

from t2sql import data, sql
from t2sql.data import SPLITS, Dataset
from t2sql.data.rng import Rng
from t2sql.data.synthesis.database_copy import _without_clashes
from t2sql.data.synthesis.row_queries import RowReader
from t2sql.data.synthesis.row_sampler import sample_rows
from t2sql.databases import DatabaseColumn, DatabaseTable, engine, open_engine, read_tables
from t2sql.errors import InputError

pytestmark = pytest.mark.slow


def make(path: Path, out: Path, examples: int = 80, recipe: Path | None = None) -> Dataset:
    source = data.DataSource(databases.url(path), examples=examples, recipe=recipe)
    made = data.prepare(source, out)
    for split in SPLITS:
        for example in made.split(split):
            sql.execute(made.db_path(example) or path, example.sql or "")
    return made


def statements(made: Dataset) -> str:
    return "\n".join(example.sql or "" for split in SPLITS for example in made.split(split))


def test_a_source_that_names_no_database_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such database"):
        data.prepare("sqlite:///nowhere.db", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_path_without_a_scheme_is_a_source(tmp_path: Path) -> None:
    path = databases.shop(tmp_path / "shop.file")
    data.prepare(str(path), tmp_path / "out")
    assert (tmp_path / "out" / "db" / "shop.sqlite").is_file()


def test_a_locked_database_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.2)
    path = databases.shop(tmp_path / "shop.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(InputError, match=r"cannot be read.*locked.*close it"):
            make(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_encrypted_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.db"
    path.write_bytes(bytes(range(256)) * 32)
    with pytest.raises(InputError, match=r"cannot be read.*not a database.*encrypted"):
        make(path, tmp_path / "out")


def test_an_empty_file_and_empty_tables_are_refused(tmp_path: Path) -> None:
    (tmp_path / "nothing.db").write_bytes(b"")
    with pytest.raises(InputError, match="no table in the database"):
        make(tmp_path / "nothing.db", tmp_path / "out")
    bare = databases.build(tmp_path / "bare.db", "CREATE TABLE a (x); CREATE TABLE b (y)")
    with pytest.raises(InputError, match=r"no table has rows.*2 empty tables"):
        make(bare, tmp_path / "out")


def test_the_database_is_only_read(tmp_path: Path) -> None:
    path = databases.shop(tmp_path / "shop.db")
    before = path.read_bytes()
    path.chmod(0o444)
    make(path, tmp_path / "out")
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out", "shop.db"]


def test_without_declared_keys_joins_are_guessed_from_names_and_values(tmp_path: Path) -> None:
    script = """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INT, shop_id INT, total INT);
    CREATE TABLE shops (id INTEGER PRIMARY KEY, name TEXT);
    """
    rows = {
        "customers": [(i, f"Name {i}", databases.CITIES[i % 5]) for i in range(1, 31)],
        # No shop has these numbers, so shop_id is no key.
        "orders": [(i, i % 30 + 1, i + 500, i * 7 % 50) for i in range(1, 90)],
        "shops": [(i, f"Shop {i}") for i in range(1, 5)],
    }
    path = databases.build(tmp_path / "keyless.db", script, rows)
    found = statements(make(path, tmp_path / "out"))
    assert "JOIN customers ON orders.customer_id = customers.id" in found and "JOIN shops" not in found
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("guess_keys = false\n")
    assert "JOIN" not in statements(make(path, tmp_path / "off", recipe=recipe))


def test_views_are_left_out_or_read_as_tables(tmp_path: Path) -> None:
    script = """
    CREATE TABLE orders (id INTEGER PRIMARY KEY, city TEXT, total INT);
    CREATE VIEW big_orders AS SELECT id, city, total FROM orders WHERE total > 20;
    CREATE TABLE gone (x); CREATE VIEW broken AS SELECT x FROM gone; DROP TABLE gone;
    """
    rows = {"orders": [(i, databases.CITIES[i % 5], i * 7 % 50) for i in range(1, 90)]}
    path = databases.build(tmp_path / "views.db", script, rows)
    assert "big_orders" not in statements(make(path, tmp_path / "out"))
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("views = true\n")
    found = statements(make(path, tmp_path / "with", recipe=recipe))
    assert "FROM big_orders" in found and "broken" not in found


def test_reserved_spaced_quoted_and_emoji_names_are_quoted(tmp_path: Path) -> None:
    script = """
    CREATE TABLE "order" ("group" INTEGER PRIMARY KEY, "select" TEXT, "the ""best"" name" TEXT,
                          "Größe 📏" REAL);
    CREATE TABLE "🛒 cart `x`" (id INTEGER PRIMARY KEY, "group id" INT REFERENCES "order" ("group"),
                                "a'b" INT, "[c]" TEXT);
    """
    rows = {
        "order": [(i, f"Thing {i}", databases.CITIES[i % 5], i * 1.5) for i in range(1, 40)],
        "🛒 cart `x`": [(i, i % 39 + 1, i * 3 % 17, databases.CITIES[i % 3]) for i in range(1, 90)],
    }
    path = databases.build(tmp_path / "odd.db", script, rows)
    found = statements(make(path, tmp_path / "out", examples=300))
    for name in (
        '"order"',
        '"group"',
        '"the ""best"" name"',
        '"Größe 📏"',
        '"🛒 cart `x`"',
        '"a\'b"',
        '"[c]"',
    ):
        assert name in found, name
    assert 'JOIN "order" ON "🛒 cart `x`"."group id" = "order"."group"' in found


def test_names_that_differ_in_case_alone_stay_apart_where_sqlite_tells_them_apart(tmp_path: Path) -> None:
    script = 'CREATE TABLE "Ära" (id INTEGER PRIMARY KEY, "É" INT); CREATE TABLE "ära" ("É" INT, "é" INT);'
    rows = {"Ära": [(i, i * 3) for i in range(20)], "ära": [(i, i % 4) for i in range(20)]}
    path = databases.build(tmp_path / "case.db", script, rows)
    found = statements(data.prepare(data.DataSource(databases.url(path), examples=60), tmp_path / "out"))
    assert 'FROM "Ära"' in found and 'FROM "ära"' in found and '"é"' in found


def test_of_names_that_sqlite_cannot_tell_apart_the_first_is_kept() -> None:
    def table(name: str, *columns: str) -> DatabaseTable:
        return DatabaseTable(name, tuple(DatabaseColumn(c, "TEXT", "TEXT", False) for c in columns), (), ())

    kept, clashes = _without_clashes([table("Users", "Name", "name", "É", "é"), table("users", "x")])
    assert [(t.name, t.column_names) for t in kept] == [("Users", ("Name", "É", "é"))]
    assert clashes == ["Users.name", "users"]


def test_a_million_rows_are_sampled_without_reading_them_all(tmp_path: Path) -> None:
    script = """
    CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
    CREATE TABLE events (id INTEGER PRIMARY KEY, parent_id INT REFERENCES parents, kind TEXT, size INT);
    CREATE TABLE log (line TEXT, at TEXT);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
    INSERT INTO events SELECT i * 3, i % 200000 + 1, char(65 + i % 7), i * 7919 % 1000 FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
    INSERT INTO parents SELECT i, 'Parent ' || i, char(65 + i % 5) FROM n;
    INSERT INTO log SELECT kind || size, '2020-01-' || (10 + size % 19) FROM events;
    """
    path = databases.build(tmp_path / "large.db", script)
    began = time.process_time()
    made = make(path, tmp_path / "out")
    # Of the processor's time, since the machine may be busy; reading every row takes many times as long.
    assert time.process_time() - began < 20
    assert "JOIN parents" in statements(made)
    with closing(sqlite3.connect(made.db_path(made.train[0]) or "")) as connection:
        for table, low, high in (("events", 1000, 1000), ("log", 1000, 1000), ("parents", 1500, 2000)):
            assert low <= connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] <= high
        # From all over the table, with the rows that the sampled keys point at.
        assert connection.execute("SELECT MIN(id) < 100000 AND MAX(id) > 2900000 FROM events").fetchone() == (
            1,
        )
        orphans = "SELECT COUNT(*) FROM events WHERE parent_id NOT IN (SELECT id FROM parents)"
        assert connection.execute(orphans).fetchone() == (0,)


def test_circles_of_keys_and_keys_into_nothing_are_lived_with(tmp_path: Path) -> None:
    script = """
    CREATE TABLE staff (id INTEGER PRIMARY KEY, name TEXT, boss_id INT REFERENCES staff,
                        team_id INT REFERENCES teams);
    CREATE TABLE teams (id INTEGER PRIMARY KEY, title TEXT, lead_id INT REFERENCES staff (id),
                        gone_id INT REFERENCES gone (id), odd INT REFERENCES staff (no_such_column));
    """
    rows = {
        "staff": [(i, f"Name {i}", i // 2, i % 6 + 1) for i in range(1, 60)],
        "teams": [(i, f"Team {i}", i * 5, 7, 3) for i in range(1, 7)],
    }
    path = databases.build(tmp_path / "circle.db", script, rows)
    found = statements(make(path, tmp_path / "out", examples=200))
    assert "JOIN teams ON staff.team_id = teams.id" in found
    assert "JOIN staff ON teams.lead_id = staff.id" in found
    assert "gone" not in found.replace("gone_id", "")


def test_composite_keys_join_on_every_column(tmp_path: Path) -> None:
    script = """
    CREATE TABLE rooms (building TEXT, number INT, seats INT, PRIMARY KEY (building, number));
    CREATE TABLE lessons (id INTEGER PRIMARY KEY, building TEXT, room INT, topic TEXT,
                          FOREIGN KEY (building, room) REFERENCES rooms (building, number));
    """
    rooms = [(letter, number, number * 7 % 40) for letter in "ABC" for number in range(1, 9)]
    lessons = [(i, "ABC"[i % 3], i % 8 + 1, f"Topic {i % 11}") for i in range(1, 90)]
    path = databases.build(tmp_path / "rooms.db", script, {"rooms": rooms, "lessons": lessons})
    joined = "JOIN rooms ON lessons.building = rooms.building AND lessons.room = rooms.number"
    assert joined in statements(make(path, tmp_path / "out", examples=150))


def test_odd_values_are_lived_with(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE odd (id INTEGER PRIMARY KEY, mixed, raw BLOB, day DATE, long TEXT, n REAL, kind TEXT)"
    )
    rows: list[tuple[object, ...]] = [
        (i, (1, "x", None, b"\xff")[i % 4], b"\x00", "no date", "word " * 60, float("inf"), "two\nlines")
        for i in range(1, 20)
    ]
    rows += [(i, 2.5, None, "2020-13-99", "", 1e300, "%_'\"") for i in range(20, 40)]
    path = databases.build(tmp_path / "odd.db", script, {"odd": rows})
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE odd SET kind = CAST(x'ff61' AS TEXT) WHERE id < 5")
        connection.commit()
    make(path, tmp_path / "out", examples=40)


def test_a_view_that_never_ends_takes_nothing_else_away(tmp_path: Path) -> None:
    path = tmp_path / "views.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("""
            CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);
            INSERT INTO t VALUES (1, 'a'), (2, 'b');
            CREATE VIEW rows_without_end AS
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;
            CREATE VIEW counts_without_end AS SELECT COUNT(*) AS c FROM rows_without_end;
            CREATE VIEW huge AS SELECT hex(zeroblob(900000000)) AS x;
        """)
    url = databases.url(path)
    with open_engine(url) as opened:
        tables = list(read_tables(opened, views=True).tables)
    with closing(RowReader(url, seconds=2)) as reader:
        rows, unreadable = sample_rows(reader, tables, 5, Rng("views"))
    assert {name: len(sampled) for name, sampled in rows.items()} == {
        "t": 2,
        "rows_without_end": 5,
        "counts_without_end": 0,
        "huge": 0,
    }
    assert unreadable == [
        "no row of counts_without_end is taken: it took longer than 2 s",
        "no row of huge is taken: it needs more memory than a statement may use",
    ]
