"""Everyday statements of each database: how many are let through and run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import live_databases

from t2sql.live import Limits, open_database, prepare
from t2sql.schema import Column, Schema, Table
from t2sql.sql import SqlError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("schema_cache")]

LEAST = 0.95
EVERYDAY = Path(__file__).parent / "everyday"


@pytest.mark.parametrize(("folder", "schema"), [("", "schema.sql"), ("own", "{}.schema.sql")])
@pytest.mark.parametrize(
    ("kind", "file"),
    [("sqlite", "sqlite"), ("duckdb", "duckdb"), ("postgres", "postgresql"), ("mariadb", "mariadb")],
)
def test_everyday_statements_run(
    kind: str, file: str, folder: str, schema: str, tmp_path: Path, request: Any
) -> None:
    statements = live_databases.read_statements(EVERYDAY / folder / f"{file}.sql")
    refused = []
    script = (EVERYDAY / folder / schema.format(file)).read_text(encoding="utf-8")
    url = live_databases.make(kind, tmp_path, request, script)
    with open_database(url) as opened:
        tables = opened.schema()
        for sql in statements:
            try:
                opened.execute(opened.prepare(sql, tables), Limits(timeout=5))
            except SqlError as error:
                refused.append(f"{error.found} | {sql}")
    print(f"{kind}: {len(statements) - len(refused)} of {len(statements)} run", *refused, sep="\n")
    assert len(statements) - len(refused) >= LEAST * len(statements)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
def test_not_like_keeps_its_not(dialect: str) -> None:
    schema = Schema((Table("customers", (Column("id", "INTEGER"), Column("city", "VARCHAR(40)"))),))

    for negated in ("city NOT LIKE 'P%'", "NOT city LIKE 'P%'", "city NOT ILIKE 'P%'"):
        assert "NOT" in prepare(f"SELECT id FROM customers WHERE {negated}", schema, dialect).sql


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb", "postgres", "mysql"])
def test_a_name_before_an_arrow_is_a_column(dialect: str) -> None:
    schema = Schema((Table("events", (Column("id", "INTEGER"), Column("payload", "JSON"))),))
    prepare("SELECT json_array(payload->'$.a') FROM events", schema, dialect)

    with pytest.raises(SqlError, match="no such column: absent"):
        prepare("SELECT json_array(absent->'$.a') FROM events", schema, dialect)
