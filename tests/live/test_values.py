"""Every kind of value comes as it is, or as the database's own text, and none takes the others away."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support import live_databases

from t2sql.live import LiveDatabase, open_database

pytestmark = pytest.mark.usefixtures("schema_cache")


def column(database: LiveDatabase, name: str, table: str = "odd") -> list[Any]:
    sql = f"SELECT {name} FROM {table} ORDER BY id"
    return [row[0] for row in database.execute(database.prepare(sql)).rows]


POSTGRES = r"""
    CREATE TYPE status AS ENUM ('active', 'closed');
    CREATE TYPE addr AS (street text, no int);
    CREATE TABLE odd (id int, until timestamptz, born date, t time, tz timetz, iv interval, r daterange,
        dates date[], big numeric(40), nan numeric, inf float8, price money, doc jsonb, void json, half json,
        s status, home addr, bits bit(3), raw bytea, host inet, tags text[]);
    INSERT INTO odd VALUES
    (1, 'infinity', '0044-03-15 BC', '24:00', '24:00:00+02', '1 mon 2 days 03:04:05', '[2024-01-01,infinity)',
     '{infinity,2024-01-01}', 1234567890123456789012345678901234567890, 'NaN', '-Infinity', '1000.5',
     '{"a": 1, "b": [1.5, 12345678901234567890]}', 'null', '"\ud83d"', 'active', '("Main St",5)', '101',
     '\xff', '10.0.0.1/8', '{x,"y z",NULL}'),
    (2, '12000-01-01 00:00+00', '2024-01-01', '12:30', NULL, '-1 year', 'empty', NULL, 1, 1.50, 0.1, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
"""
POSTGRES_VALUES = {
    "until": ["infinity", "12000-01-01 00:00:00+00"],
    "born": ["0044-03-15 BC", datetime.date(2024, 1, 1)],
    "t": ["24:00:00", datetime.time(12, 30)],
    "tz": ["24:00:00+02", None],
    "iv": ["1 mon 2 days 03:04:05", "-1 years"],
    "r": ["[2024-01-01,infinity)", "empty"],
    "dates": [["infinity", datetime.date(2024, 1, 1)], None],
    "big": [Decimal("1234567890123456789012345678901234567890"), Decimal(1)],
    "inf": [float("-inf"), 0.1],
    "price": ["$1,000.50", None],
    "doc": [{"a": 1, "b": [1.5, 12345678901234567890]}, None],
    "void": ["null", None],
    "half": [r'"\ud83d"', None],
    "s": ["active", None],
    "home": ['("Main St",5)', None],
    "bits": ["101", None],
    "raw": [b"\xff", None],
    "tags": [["x", "y z", None], None],
}


def test_values_of_postgres(postgres: Any) -> None:
    with open_database(postgres.new_database("values", POSTGRES)) as database:
        assert {name: column(database, name) for name in POSTGRES_VALUES} == POSTGRES_VALUES
        assert column(database, "nan")[0].is_nan()
        assert [str(value) for value in column(database, "host")] == ["10.0.0.1/8", "None"]


def test_a_text_that_is_in_no_encoding_is_still_read(postgres: Any) -> None:
    postgres.run("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    script = r"CREATE TABLE odd (id int, t text); INSERT INTO odd VALUES (1, E'caf\xe9'), (2, E'\xc3\xa9');"
    postgres.run(script, "ascii")
    with open_database(postgres.url(database="ascii")) as database:
        assert column(database, "t") == ["caf�", "é"]
        found = database.execute(database.prepare("SELECT id FROM odd WHERE t = 'é'")).rows
        assert found == [(2,)]


DUCKDB = r"""
    CREATE TYPE mood AS ENUM ('happy', 'sad');
    CREATE TABLE odd (id INT, iv INTERVAL, day DATE, ts TIMESTAMP, tz TIMESTAMPTZ, t TIME, ns TIMESTAMP_NS,
        big HUGEINT, s STRUCT(a INT, b VARCHAR), m MAP(VARCHAR, INT), keyed MAP(INT[], VARCHAR),
        either UNION(n INT, t VARCHAR), bits BIT, how mood, raw BLOB, list DECIMAL(4, 2)[], doc JSON);
    INSERT INTO odd VALUES
    (1, INTERVAL '3 months 1 day', 'infinity', '-infinity', 'infinity', '24:00:00',
     '2024-01-01 00:00:00.123456789', 170141183460469231731687303715884105727, {'a': 1, 'b': NULL},
     map {'a': 1}, map {[1]: 'x'}, 'abc'::VARCHAR, '101', 'happy', '\xFF'::BLOB, [1.5, NULL], '{"a":[1]}'),
    (2, NULL, '9999-12-31', '12000-01-01', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2, NULL, 'sad', NULL,
     NULL, NULL);
"""
DUCKDB_VALUES = {
    "iv": ["3 months 1 day", None],
    "day": ["infinity", "9999-12-31"],
    "ts": ["-infinity", "12000-01-01 00:00:00"],
    "tz": ["infinity", None],
    "t": ["24:00:00", None],
    "ns": ["2024-01-01 00:00:00.123456789", None],
    "big": [170141183460469231731687303715884105727, None],
    "s": [{"a": 1, "b": None}, None],
    "m": [{"a": 1}, None],
    "keyed": [{"key": [[1]], "value": ["x"]}, None],
    "either": ["abc", 2],
    "bits": ["101", None],
    "how": ["happy", "sad"],
    "raw": [b"\xff", None],
    "list": [[Decimal("1.50"), None], None],
    "doc": ['{"a":[1]}', None],
}


def test_values_of_duckdb(tmp_path: Path, request: Any) -> None:
    with open_database(live_databases.make("duckdb", tmp_path, request, DUCKDB)) as database:
        assert {name: column(database, name) for name in DUCKDB_VALUES} == DUCKDB_VALUES
        sql = "SELECT id, id, iv, day FROM odd ORDER BY id DESC LIMIT 2"
        result = database.execute(database.prepare(sql))
        assert result.columns == ("id", "id", "iv", "day")
        assert result.rows[1] == (1, 1, "3 months 1 day", "infinity")


MARIADB = r"""
    SET SESSION sql_mode = '';
    CREATE TABLE odd (id INT, day DATE, ts DATETIME(6), t TIME, y YEAR, e ENUM('active', 'closed'),
        f SET('a', 'b'), doc JSON, flag BOOLEAN, bits BIT(12), raw VARBINARY(9), big BIGINT UNSIGNED,
        price DECIMAL(65, 2), where_ POINT, u UUID, old VARCHAR(9) CHARACTER SET latin1, emoji VARCHAR(9));
    INSERT INTO odd VALUES
    (1, '0000-00-00', '2024-01-01 00:00:00.5', '-838:59:59', 2024, 'active', 'a,b', '{"a": 1}', TRUE, 2049,
     0xff, 18446744073709551615, 123456789012345678901234567890.25, POINT(1, 2),
     '00000000-0000-0000-0000-000000000001', 'café', '🦜'),
    (2, '2024-02-30', NULL, '24:00:00', NULL, NULL, '', NULL, FALSE, 0, NULL, 0, NULL, NULL, NULL,
     NULL, NULL);
"""
MARIADB_VALUES = {
    "day": ["0000-00-00", "0000-00-00"],
    "ts": [datetime.datetime(2024, 1, 1, 0, 0, 0, 500000), None],
    "t": ["-838:59:59", "24:00:00"],
    "y": [2024, None],
    "e": ["active", None],
    "f": ["a,b", ""],
    "doc": ['{"a": 1}', None],
    "flag": [1, 0],
    "bits": [2049, 0],
    "raw": [b"\xff", None],
    "big": [18446744073709551615, 0],
    "price": [Decimal("123456789012345678901234567890.25"), None],
    "u": ["00000000-0000-0000-0000-000000000001", None],
    "old": ["café", None],
    "emoji": ["🦜", None],
}


def test_values_of_mariadb(mariadb: Any) -> None:
    with open_database(mariadb.new_database("values", MARIADB)) as database:
        assert {name: column(database, name) for name in MARIADB_VALUES} == MARIADB_VALUES
        assert isinstance(column(database, "where_")[0], bytes)
        types = {c.name: c.type for c in database.schema().tables[0].columns}
        assert (types["e"], types["flag"], types["id"], types["big"]) == (
            "ENUM",
            "BOOLEAN",
            "INT",
            "BIGINT UNSIGNED",
        )


def test_values_of_sqlite(tmp_path: Path, request: Any) -> None:
    script = """
        CREATE TABLE odd (id INTEGER, day DATE, n INTEGER);
        INSERT INTO odd VALUES (1, 'someday', CAST(x'63616665ff' AS TEXT)), (2, 9e999, x'00ff'), (3, 5, NULL);
    """
    with open_database(live_databases.make("sqlite", tmp_path, request, script)) as database:
        assert column(database, "day") == ["someday", float("inf"), 5]
        assert column(database, "n") == ["cafe�", b"\x00\xff", None]


@pytest.mark.parametrize(
    ("kind", "definition"),
    [
        ("postgres", "CREATE TYPE mood AS ENUM ('Happy', 'sad'); CREATE TABLE odd (id INT, how mood);"),
        ("postgres", "CREATE DOMAIN mood AS varchar(9); CREATE TABLE odd (id INT, how mood);"),
        ("postgres", "CREATE TABLE odd (id INT, how char(9));"),
        ("duckdb", "CREATE TYPE mood AS ENUM ('Happy', 'sad'); CREATE TABLE odd (id INT, how mood);"),
        ("mariadb", "CREATE TABLE odd (id INT, how ENUM('Happy', 'sad') COLLATE utf8mb4_bin);"),
        ("sqlite", "CREATE TABLE odd (id INT, how VARCHAR(9));"),
    ],
)
def test_letter_case_of_enums_domains_and_padded_texts(
    kind: str, definition: str, tmp_path: Path, request: Any
) -> None:
    script = definition + "INSERT INTO odd VALUES (1, 'Happy'), (2, 'sad');"
    with open_database(live_databases.make(kind, tmp_path, request, script)) as database:
        statement = database.prepare("SELECT id FROM odd WHERE how = 'HAPPY'")
        assert [(change.asked, change.found) for change in statement.changes] == [("HAPPY", "Happy")]
        assert database.execute(statement).rows == [(1,)]


def test_an_enum_is_a_text_for_functions(postgres: Any) -> None:
    script = "CREATE TYPE mood AS ENUM ('Happy', 'sad'); CREATE TABLE odd (id int, how mood);"
    with open_database(
        postgres.new_database("enums", script + "INSERT INTO odd VALUES (1, 'Happy')")
    ) as database:
        for sql, expected in (
            ("SELECT UPPER(how) FROM odd", "HAPPY"),
            ("SELECT COALESCE(how, 'none') FROM odd", "Happy"),
            ("SELECT CASE how WHEN 'x' THEN 1 ELSE 2 END FROM odd", 2),
            ("SELECT id FROM odd WHERE LOWER(how) LIKE 'ha%'", 1),
            ("SELECT MAX(how) FROM odd WHERE how <> 'nothing'", "Happy"),
        ):
            assert database.execute(database.prepare(sql)).rows == [(expected,)], sql


def test_a_value_that_takes_too_long_to_look_up_is_said(tmp_path: Path, request: Any) -> None:
    script = """
        CREATE TABLE few (name VARCHAR(9));
        INSERT INTO few VALUES ('a');
        CREATE VIEW many AS
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000)
            SELECT CAST(i AS TEXT) AS name FROM n;
    """
    with open_database(live_databases.make("sqlite", tmp_path, request, script)) as database:
        sql = "SELECT * FROM many JOIN few ON many.name = few.name WHERE many.name = 'X' AND few.name = 'A'"
        statement = database.prepare(sql)
        assert statement.notes == ("'X' was not looked up in many.name: the table is too large",)
