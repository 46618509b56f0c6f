"""Everyday statements of each database: how many are let through and run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import live_databases

from t2sql.live import Limits, open_database
from t2sql.sql import SqlError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("schema_cache")]

LEAST = 0.95
EVERYDAY = Path(__file__).parent / "everyday"


@pytest.mark.parametrize(
    ("kind", "file"),
    [("sqlite", "sqlite"), ("duckdb", "duckdb"), ("postgres", "postgresql"), ("mariadb", "mariadb")],
)
def test_everyday_statements_run(kind: str, file: str, tmp_path: Path, request: Any) -> None:
    statements = live_databases.read_statements(EVERYDAY / f"{file}.sql")
    refused = []
    url = live_databases.make(kind, tmp_path, request, (EVERYDAY / "schema.sql").read_text())
    with open_database(url) as opened:
        schema = opened.schema()
        for sql in statements:
            try:
                opened.execute(opened.prepare(sql, schema), Limits(timeout=5))
            except SqlError as error:
                refused.append(f"{error.found} | {sql}")
    print(f"{kind}: {len(statements) - len(refused)} of {len(statements)} run", *refused, sep="\n")
    assert len(statements) - len(refused) >= LEAST * len(statements)
