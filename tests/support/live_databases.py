"""The same small shop in SQLite, DuckDB, PostgreSQL and MariaDB, with a row that nothing may change."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

KINDS = ("sqlite", "duckdb", "postgres", "mariadb")

MARIADB_MODE = "SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'; "
"""With it, MariaDB reads the scripts of the tests as the others do."""

SCRIPT = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, "Name" VARCHAR(40), city VARCHAR(40), is_active BOOLEAN);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id),
                     total NUMERIC(8, 2), ordered_at DATE);
CREATE TABLE canary (id INTEGER, word VARCHAR(40));
INSERT INTO customers VALUES (1, 'Wang Junjian', 'Paris', TRUE), (2, 'Ann Lee', 'Oslo', FALSE),
                             (3, 'O''Hara', 'Paris', TRUE), (4, NULL, 'LIMA', TRUE);
INSERT INTO orders VALUES (1, 1, 19.90, '2024-01-05'), (2, 1, 5.00, '2024-02-05'), (3, 3, 7.25, '2024-02-06');
INSERT INTO canary VALUES (1, 'alive');
"""

_numbers = itertools.count(1)


def read_statements(path: Path) -> list[str]:
    """The statements of a file, one a line; blank lines and those that begin with # are none."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and line[0] != "#"]


def make(kind: str, folder: Path, request: Any, script: str = SCRIPT) -> str:
    """A database of the script's tables; returns its URL. `request` is pytest's, for the server."""
    path = folder / f"shop-{next(_numbers)}.{kind}"
    if kind == "postgres":
        return str(request.getfixturevalue("postgres").new_database(path.stem, script))
    if kind == "mariadb":
        return str(request.getfixturevalue("mariadb").new_database(path.stem, MARIADB_MODE + script))
    if kind == "duckdb":
        import duckdb

        with duckdb.connect(str(path)) as connection:
            connection.execute(script)
        return f"duckdb:///{path}"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return f"sqlite:///{path}"


_TRAPS = {
    "postgres": """
        CREATE FUNCTION evil_attr(customers) RETURNS text VOLATILE LANGUAGE plpgsql
        AS $$ BEGIN RETURN 'trapped'; END $$;
        CREATE FUNCTION total(integer) RETURNS text VOLATILE LANGUAGE sql AS $$ SELECT 'trapped' $$;
        CREATE FUNCTION lower(integer) RETURNS text VOLATILE LANGUAGE sql AS $$ SELECT 'trapped' $$;
        CREATE FUNCTION evil() RETURNS text VOLATILE LANGUAGE sql AS $$ SELECT 'trapped' $$;
    """,
    "mariadb": "CREATE FUNCTION evil() RETURNS TEXT RETURN 'trapped';",
    "duckdb": "CREATE MACRO evil() AS 'trapped'; CREATE MACRO evil_rows() AS TABLE SELECT 1 AS a;",
}


def trap(kind: str) -> str:
    """Functions that a user made, which no statement may call."""
    return _TRAPS.get(kind, "")
