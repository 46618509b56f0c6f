"""Whatever is let through touches only the schema's tables, by the database's own word."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support import live_databases
from support.random_statements import Writer

from t2sql.live import open_database
from t2sql.sql import SqlError

pytestmark = pytest.mark.usefixtures("schema_cache")

COUNT = int(os.environ.get("T2SQL_RANDOM_STATEMENTS", "300"))
TABLES = {"customers", "orders", "canary"}

Touched = Callable[[str], set[str]]
"""The tables and functions outside of the system that a statement touches."""


def _in_sqlite(url: str) -> Iterator[Touched]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        read: set[str] = set()

        def note(action: int, table: str | None, *_: object) -> int:
            if action == sqlite3.SQLITE_READ and table:
                read.add(table.lower())
            return sqlite3.SQLITE_OK

        def touched(sql: str) -> set[str]:
            read.clear()
            connection.execute(f"EXPLAIN {sql}").fetchall()
            return set(read)

        connection.set_authorizer(note)
        yield touched


def _in_duckdb(url: str) -> Iterator[Touched]:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(url.removeprefix("duckdb:///"), read_only=True) as connection:

        def touched(sql: str) -> set[str]:
            connection.execute(f"EXPLAIN {sql}").fetchall()
            names = connection.get_table_names(sql, qualified=True)
            return {name.removeprefix("main.").partition(" AS ")[0] for name in names}

        yield touched


def _in_postgres(url: str) -> Iterator[Touched]:
    psycopg = pytest.importorskip("psycopg")

    def names(plan: Any) -> Iterator[str]:
        if isinstance(plan, list):
            for item in plan:
                yield from names(item)
        elif isinstance(plan, dict):
            if "Relation Name" in plan:
                schema = plan["Schema"]
                yield plan["Relation Name"] if schema == "public" else f"{schema}.{plan['Relation Name']}"
            if "Function Name" in plan:
                yield plan["Function Name"]
            for value in plan.values():
                yield from names(value)
        elif isinstance(plan, str) and "evil_attr(" in plan:
            yield plan

    with psycopg.connect(url, autocommit=True) as connection:
        # As a user's own connection has it: a function of the schema would be found.
        def touched(sql: str) -> set[str]:
            plan = connection.execute(f"EXPLAIN (FORMAT JSON, VERBOSE) {sql}").fetchone()[0]
            return set(names(plan if isinstance(plan, list) else json.loads(plan)))

        yield touched


@pytest.mark.parametrize(
    ("kind", "ask"), [("sqlite", _in_sqlite), ("duckdb", _in_duckdb), ("postgres", _in_postgres)]
)
def test_random_statements_reach_only_the_schemas_tables(
    kind: str, ask: Callable[[str], Iterator[Touched]], tmp_path: Path, request: Any
) -> None:
    script = live_databases.SCRIPT
    if kind == "postgres":
        script += """
            CREATE FUNCTION evil_attr(customers) RETURNS text VOLATILE LANGUAGE plpgsql
            AS $$ BEGIN RETURN 'trapped'; END $$;
        """
    url = live_databases.make(kind, tmp_path, request, script)
    if kind == "postgres":
        url = request.getfixturevalue("postgres").url("owner", url.rpartition("/")[2])
    writer, prepared, explained = Writer(20), [], 0
    with open_database(url) as opened:
        schema = opened.schema()
        for _ in range(COUNT):
            sql = writer.statement()
            try:
                prepared.append((sql, opened.prepare(sql, schema).sql))
            except SqlError:
                continue
    for touched in ask(url.replace("postgresql+psycopg", "postgresql")):
        for sql, written in prepared:
            try:
                reached = touched(written)
            except Exception:
                # The database refuses it: an ambiguous name, another number of columns.
                continue
            explained += 1
            assert reached <= TABLES, (sql, written)
    print(f"{kind}: {COUNT} written, {len(prepared)} let through, {explained} run")
    assert explained > COUNT // 20
