"""What a statement reads and calls, by each database's own word, and what of that is out of bounds."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pymysql
import sqlglot
from sqlglot import exp

from support import live_databases
from t2sql.live import LiveDatabase, open_database
from t2sql.live.allowed import ALLOWED
from t2sql.sql import SqlError

TABLES = frozenset({"customers", "orders", "canary"})

Unexpected = Callable[[str], set[str]]
"""The tables that are not of the schema and the functions that are not listed, of a statement as it runs."""

_POSTGRES_WORDS = frozenset(
    {"varchar", "varying", "numeric", "bpchar", "timestamp", "time", "bit", "interval"}
)
_CALL = re.compile(r"\b((?:\w+\.)?[a-z_][a-z_0-9]*)\(")
_TEXTS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_DUCKDB = """
    ~~ !~~ ~~* !~~* ~~~ + - * / // % ** ^ || & | << >> ~ @ ! <@ @> && -> ->> like_escape ilike_escape
    not_like_escape not_ilike_escape list_value struct_pack array_slice array_extract row main.row
    count_star constant_or_null regexp_full_match list_apply list_filter
"""
_DUCKDB_OPERATORS = frozenset(_DUCKDB.split())
_MARIADB_SECRETS = re.compile(
    r"load_file|benchmark\(|sleep\(|get_lock\(|\buser\(|current_user\(|database\(|version\(|@@|`evil`",
    re.IGNORECASE,
)


def in_sqlite(url: str) -> Iterator[Unexpected]:
    """The authorizer names each table that is read and each function."""
    functions = ALLOWED["sqlite"].functions | ALLOWED["sqlite"].table_functions.keys() | {"->", "->>"}
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        found: set[str] = set()
        # The first use of a virtual table declares it, for which SQLite asks the authorizer too.
        connection.execute("SELECT 1 FROM json_each('[]'), json_tree('[]')").fetchall()

        def note(action: int, first: str | None, second: str | None, *_: object) -> int:
            if action == sqlite3.SQLITE_READ and first and first.lower() not in TABLES:
                found.add(first.lower())
            elif action == sqlite3.SQLITE_FUNCTION and second and second.lower() not in functions:
                found.add(f"{second.lower()}()")
            elif action not in (sqlite3.SQLITE_READ, sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION, 33):
                found.add(f"action {action}")
            return sqlite3.SQLITE_OK

        def unexpected(sql: str) -> set[str]:
            found.clear()
            connection.set_authorizer(note)
            connection.execute(f"EXPLAIN {sql}").fetchall()
            connection.set_authorizer(None)
            return {name for name in found if name not in functions}

        yield unexpected


def in_duckdb(url: str) -> Iterator[Unexpected]:
    """DuckDB's own parse names tables and functions."""
    functions = ALLOWED["duckdb"].functions | ALLOWED["duckdb"].table_functions.keys() | _DUCKDB_OPERATORS
    # DuckDB opens a file in one way only in a process.
    copy = shutil.copy(url.removeprefix("duckdb:///"), url.removeprefix("duckdb:///") + ".copy")
    with duckdb.connect(copy, read_only=True) as connection:

        def called(node: Any) -> Iterator[str]:
            if isinstance(node, dict):
                if node.get("function_name"):
                    yield str(node["function_name"]).lower()
                for value in node.values():
                    yield from called(value)
            elif isinstance(node, list):
                for value in node:
                    yield from called(value)

        def unexpected(sql: str) -> set[str]:
            connection.execute(f"EXPLAIN {sql}").fetchall()
            names = connection.get_table_names(sql, qualified=True)
            tables = {name.removeprefix("main.").partition(" AS ")[0] for name in names} - TABLES
            row = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
            assert row is not None
            return tables | {f"{name}()" for name in called(json.loads(row[0])) if name not in functions}

        yield unexpected


def in_postgres(url: str) -> Iterator[Unexpected]:
    """The plan names relations, functions after FROM, and every call in its expressions."""
    allowed = ALLOWED["postgres"]
    functions = allowed.functions | allowed.table_functions.keys() | _POSTGRES_WORDS

    def parts(plan: Any) -> Iterator[str]:
        if isinstance(plan, list):
            for item in plan:
                yield from parts(item)
        elif isinstance(plan, dict):
            if "Relation Name" in plan and (
                plan["Schema"] != "public" or plan["Relation Name"] not in TABLES
            ):
                yield f"{plan['Schema']}.{plan['Relation Name']}"
            if "Function Name" in plan and plan["Function Name"] not in functions:
                yield f"{plan['Function Name']}()"
            for value in plan.values():
                yield from parts(value)
        elif isinstance(plan, str):
            for name in _CALL.findall(_TEXTS.sub("''", plan)):
                if name.removeprefix("pg_catalog.") not in functions:
                    yield f"{name}()"

    with psycopg.connect(url, autocommit=True) as connection:
        # As a user's own connection has it: a function of the schema would be found.
        def unexpected(sql: str) -> set[str]:
            row = connection.execute(f"EXPLAIN (FORMAT JSON, VERBOSE) {sql}").fetchone()
            assert row is not None
            return set(parts(row[0] if isinstance(row[0], list) else json.loads(row[0])))

        yield unexpected


def in_mariadb(url: str) -> Iterator[Unexpected]:
    """The server's rewritten statement names each table with its database."""
    address = re.fullmatch(r"\w+://(\w+)@127\.0\.0\.1:(\d+)/(.+)", url)
    assert address is not None
    user, port, database = address.groups()
    connection = pymysql.connect(
        host="127.0.0.1", port=int(port), user=user, database=database, autocommit=True, charset="utf8mb4"
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_mode = 'PIPES_AS_CONCAT,NO_UNSIGNED_SUBTRACTION'")

        def unexpected(sql: str) -> set[str]:
            cursor.execute(f"EXPLAIN EXTENDED {sql}")
            cursor.fetchall()
            cursor.execute("SHOW WARNINGS")
            text = next((row[2] for row in cursor.fetchall() if row[1] == 1003), "")
            plain = re.sub(r"'(?:[^'\\]|\\.|'')*'", "''", text)
            found = set(_MARIADB_SECRETS.findall(plain))
            try:
                tables = list(sqlglot.parse_one(text, read="mysql").find_all(exp.Table))
            except sqlglot.errors.SqlglotError:
                return found
            read = {table for table in tables if table.args.get("db")}
            outside = {t.sql() for t in read if t.db != database or t.name.lower() not in TABLES}
            return found | outside

        yield unexpected


BY_KIND: dict[str, Callable[[str], Iterator[Unexpected]]] = {
    "sqlite": in_sqlite,
    "duckdb": in_duckdb,
    "postgres": in_postgres,
    "mariadb": in_mariadb,
}

_ROLES = {"postgres": "owner", "mariadb": "root"}
"""Roles that may do everything: the worst case, in which only t2sql stands before the database."""


@contextmanager
def opened(kind: str, folder: Path, request: Any) -> Iterator[tuple[LiveDatabase, Unexpected]]:
    """The shop with traps, as the role that may do everything, and its own word; `request` is pytest's."""
    url = live_databases.make(kind, folder, request, live_databases.SCRIPT + live_databases.trap(kind))
    if kind in _ROLES:
        url = request.getfixturevalue(kind).url(_ROLES[kind], url.rpartition("/")[2])
    with open_database(url) as database:
        for unexpected in BY_KIND[kind](url.replace("postgresql+psycopg", "postgresql")):
            yield database, unexpected


def judged(
    database: LiveDatabase, unexpected: Unexpected, statements: Iterable[str]
) -> Iterator[tuple[str, str, set[str] | None]]:
    """Each statement that is let through, how it is written, and what it reaches beyond the schema.

    That is None where the database itself refuses it: an ambiguous name, another number of columns.
    """
    schema = database.schema()
    for sql in statements:
        try:
            written = database.prepare(sql, schema).sql
        except SqlError:
            continue
        try:
            beyond: set[str] | None = unexpected(written)
        except Exception:
            beyond = None
        yield sql, written, beyond
