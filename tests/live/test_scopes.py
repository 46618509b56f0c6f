"""What a statement can name: the schema's tables and columns in scope, and nothing else of the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import live_databases

from t2sql.live import Limits, LiveDatabase, open_database
from t2sql.sql import SqlError

pytestmark = pytest.mark.usefixtures("schema_cache")

TRAPS = """
    CREATE SCHEMA hidden;
    CREATE TABLE hidden.secrets (secret text);
    INSERT INTO hidden.secrets VALUES ('trapped');
    CREATE FUNCTION evil_attr(customers) RETURNS text LANGUAGE sql AS $$ SELECT 'trapped' $$;
    CREATE FUNCTION total(varchar) RETURNS text LANGUAGE sql AS $$ SELECT 'trapped' $$;
    CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS $$ SELECT 'trapped' $$;
    CREATE FUNCTION joined(varchar, text) RETURNS text LANGUAGE sql AS $$ SELECT 'trapped' $$;
    CREATE OPERATOR || (FUNCTION = joined, LEFTARG = varchar, RIGHTARG = text);
    GRANT USAGE ON SCHEMA hidden TO reader;

"""

SYSTEM = (
    "pg_shadow",
    "pg_stat_activity",
    "pg_hba_file_rules",
    "sqlite_master",
    "sqlite_schema",
    "duckdb_tables",
    "secrets",
)


@pytest.fixture(scope="module", params=live_databases.KINDS)
def database(
    request: Any, tmp_path_factory: pytest.TempPathFactory, schema_cache: Path
) -> Iterator[LiveDatabase]:
    script = live_databases.SCRIPT
    if request.param == "postgres":
        script += TRAPS
    url = live_databases.make(request.param, tmp_path_factory.mktemp("live"), request, script)
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").url("owner", url.rpartition("/")[2])
    with open_database(url) as opened:
        yield opened


def rows(database: LiveDatabase, sql: str) -> list[Any]:
    return database.execute(database.prepare(sql), Limits(timeout=5)).rows


@pytest.mark.parametrize("table", SYSTEM)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM {t} WHERE EXISTS (WITH {t} AS (SELECT 1) SELECT 1)",
        "WITH a AS (SELECT 1), b AS (SELECT * FROM {t}), {t} AS (SELECT 1) SELECT * FROM b",
        "SELECT * FROM {t} UNION SELECT * FROM (WITH {t} AS (SELECT 1) SELECT * FROM {t}) AS x",
        "WITH {t} AS (SELECT * FROM {t}) SELECT * FROM {t}",
        "SELECT (SELECT * FROM {t}) FROM (WITH {t} AS (SELECT 1) SELECT * FROM {t}) AS x",
        "SELECT * FROM (WITH {t} AS (SELECT 1 AS n) SELECT n FROM {t}) AS x JOIN {t} ON 1 = 1",
        "SELECT * FROM hidden.{t}",
        "SELECT * FROM pg_catalog.{t}",
    ],
)
def test_a_table_outside_the_schema_is_refused(database: LiveDatabase, table: str, sql: str) -> None:
    with pytest.raises(SqlError):
        rows(database, sql.format(t=table))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("WITH pg_shadow AS (SELECT 5 AS n) SELECT n FROM pg_shadow", [(5,)]),
        (
            "WITH orders AS (SELECT * FROM orders WHERE total > 6) SELECT COUNT(*), MIN(orders.total) > 6 "
            "FROM orders",
            [(2, True)],
        ),
        ("WITH a AS (SELECT 1 AS n), b AS (SELECT n + 1 AS n FROM a) SELECT a.n, b.n FROM a, b", [(1, 2)]),
        ("WITH t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 4) SELECT SUM(n) FROM t", [(10,)]),
        (
            "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 4) "
            "SELECT COUNT(*) FROM t",
            [(4,)],
        ),
        (
            "WITH a AS (SELECT 1 AS n) SELECT n FROM a "
            "UNION ALL SELECT n FROM (WITH a AS (SELECT 2 AS n) SELECT n FROM a) AS x ORDER BY n",
            [(1,), (2,)],
        ),
        (
            "SELECT name FROM customers AS c WHERE EXISTS "
            "(SELECT 1 FROM orders AS o WHERE o.customer_id = c.id AND o.total > 7.5)",
            [("Wang Junjian",)],
        ),
        ('SELECT city AS "Town", COUNT(*) AS n FROM customers GROUP BY town HAVING n > 1', [("Paris", 2)]),
        ("SELECT UPPER(city) AS session_user FROM customers ORDER BY session_user LIMIT 1", [("LIMA",)]),
        ("SELECT 7 AS customers FROM customers ORDER BY customers || '' LIMIT 1", [(7,)]),
        ("SELECT total(id) FROM customers WHERE id < 0", [(0,)]),
        ("SELECT total(total) > 32 FROM orders", [(True,)]),
        ('SELECT id FROM customers WHERE city = "Oslo"', [(2,)]),
        ("SELECT LOWER(city) || '!' FROM customers WHERE id = 2", [("oslo!",)]),
        ("SELECT x.c FROM (SELECT city AS c, id FROM customers) AS x WHERE x.id = 2", [("Oslo",)]),
        ("SELECT COUNT(*) FROM (SELECT DISTINCT city FROM customers)", [(3,)]),
    ],
)
def test_ordinary_names_find_their_rows(database: LiveDatabase, sql: str, expected: list[Any]) -> None:
    assert rows(database, sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT c.evil_attr FROM customers c",
        "SELECT evil_attr FROM customers",
        "SELECT c.row_to_json FROM customers c",
        "SELECT customers.to_json FROM customers",
        "SELECT x.row_to_json FROM (SELECT 1 AS a) AS x",
        "SELECT (SELECT c.evil_attr FROM customers c) FROM (SELECT 1 AS evil_attr) AS c",
        "SELECT c FROM customers c",
        "SELECT customers FROM customers",
        "SELECT COUNT(c.*) FROM customers c",
        "SELECT COUNT(c) FROM customers c",
        "SELECT id FROM customers c ORDER BY c",
        "SELECT id FROM customers c GROUP BY id, c.evil_attr",
        "SELECT id FROM customers c JOIN orders o ON o.evil_attr = c.id",
        "SELECT a.id FROM customers a JOIN customers b USING (evil_attr)",
        "SELECT SUM(id) OVER (ORDER BY c.evil_attr) FROM customers c",
        "SELECT evil_attr(customers) FROM customers",
        "SELECT id FROM customers WHERE evil_attr = 'x'",
        "SELECT total(name) FROM customers",
        "SELECT public.lower(name) FROM customers",
        "SELECT customers.customers.id FROM customers",
        "SELECT ctid FROM customers",
        "SELECT c.tableoid FROM customers c",
        "SELECT id FROM customers UNION SELECT id FROM orders ORDER BY evil_attr",
        *(
            f"SELECT {word} {rest}".strip()
            for word in (
                "current_user",
                "session_user",
                "user",
                "current_role",
                "current_catalog",
                "current_schema",
                "CURRENT_USER()",
                "system_user",
            )
            for rest in ("", "AS a FROM customers ORDER BY a")
        ),
        "SELECT CAST('customers' AS regclass)",
        "SELECT id FROM customers ORDER BY name COLLATE evil",
    ],
)
def test_what_is_no_column_in_scope_calls_nothing(database: LiveDatabase, sql: str) -> None:
    try:
        found = rows(database, sql)
    except SqlError:
        return
    # SQLite's total is translated: the text's number, and no function of that name.
    assert sql == "SELECT total(name) FROM customers" and found == [(0.0,)], found


@pytest.mark.parametrize(
    "code", ["200b", "2060", "feff", "00a0", "3000", "2028", "2029", "00ad", "202e", "0"]
)
def test_a_character_that_two_readers_see_differently_is_refused(database: LiveDatabase, code: str) -> None:
    character = chr(int(code, 16))
    for sql in (
        f"SELECT sql AS x{character}FROM{character}duckdb_views",
        f"SELECT id{character}FROM customers",
        f"SELECT id FROM customers{character}",
        f"SELECT id /* {character} */ FROM customers",
    ):
        with pytest.raises(SqlError, match=r"outside of quotes|null character"):
            database.prepare(sql)
    if code != "0":
        sql = f"SELECT '{character}' AS \"a{character}b\""
        assert rows(database, sql) == [(character,)]


@pytest.mark.parametrize("sql", ["SELECT 0b11", "SELECT 1_0", "SELECT id FROM customers WHERE id = 1x"])
def test_a_number_right_before_a_name_is_not_read_as_both(database: LiveDatabase, sql: str) -> None:
    try:
        written = database.prepare(sql).sql
    except SqlError:
        return
    assert written in ("SELECT b'11'", "SELECT 10")


def test_every_name_that_a_server_gets_is_quoted(database: LiveDatabase) -> None:
    sql = database.prepare("SELECT c.city AS user FROM customers c WHERE c.id IN (SELECT id FROM orders)").sql
    if database.dialect != "sqlite":
        mark = "`" if database.dialect == "mysql" else '"'
        for name in ("user", "c", "city", "customers", "orders", "id"):
            assert f"{mark}{name}{mark}" in sql and f" {name}" not in sql, sql


def test_a_wrong_name_is_answered_with_near_ones(database: LiveDatabase) -> None:
    with pytest.raises(SqlError, match="no such column: citty; there is city"):
        database.prepare("SELECT citty FROM customers")
    with pytest.raises(SqlError, match="no such table: customer; there is customers"):
        database.prepare("SELECT city FROM customer")


@pytest.mark.parametrize("name", ["lower", "total", "~~*", "Count"])
def test_a_macro_by_the_name_of_duckdbs_own_function_is_refused(
    name: str, tmp_path: Path, request: Any
) -> None:
    arguments = "a, b" if name == "~~*" else "a"
    script = live_databases.SCRIPT + f"CREATE MACRO \"{name}\"({arguments}) AS 'trapped';"
    with open_database(live_databases.make("duckdb", tmp_path, request, script)) as opened:
        for sql in (
            "SELECT LOWER(city) FROM customers",
            "SELECT total(id) FROM customers",
            "SELECT city LIKE 'x' FROM customers",
            "SELECT COUNT(id) FROM customers",
        ):
            try:
                assert "trapped" not in repr(rows(opened, sql))
            except SqlError as error:
                assert name in str(error)


def test_a_file_that_is_called_as_its_schema(tmp_path: Path, request: Any) -> None:
    url = live_databases.make("duckdb", tmp_path, request)
    path = Path(url.removeprefix("duckdb:///"))
    path.rename(tmp_path / "main.duckdb")
    with open_database(f"duckdb:///{tmp_path}/main.duckdb") as opened:
        assert rows(opened, "SELECT COUNT(*) FROM customers") == [(4,)]
