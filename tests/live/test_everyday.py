"""Everyday statements of each database: how many are let through and run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import live_databases

from t2sql.live import Limits, open_database
from t2sql.sql import SqlError

pytestmark = pytest.mark.usefixtures("schema_cache")

EVERYDAY = Path(__file__).parent / "everyday"


@pytest.mark.parametrize(
    ("kind", "file", "least"),
    [("sqlite", "sqlite", 0.88), ("duckdb", "duckdb", 0.55), ("postgres", "postgresql", 0.66)],
)
def test_everyday_statements_run(kind: str, file: str, least: float, tmp_path: Path, request: Any) -> None:
    lines = (EVERYDAY / f"{file}.sql").read_text().splitlines()
    statements = [line for line in lines if line.strip() and not line.startswith("--")]
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
    assert len(statements) - len(refused) >= least * len(statements)
