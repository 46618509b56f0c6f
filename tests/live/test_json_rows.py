"""Functions that make rows may stand after FROM, where the database has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import live_databases

from t2sql.live import open_database

pytestmark = pytest.mark.usefixtures("schema_cache")

SCRIPT = """
CREATE TABLE t (id INTEGER PRIMARY KEY, tags VARCHAR(40));
INSERT INTO t VALUES (1, '["red", "big"]');
"""


@pytest.mark.parametrize(
    ("kind", "sql"),
    [
        ("sqlite", "SELECT t.id, j.value FROM t, json_each(t.tags) AS j"),
        ("sqlite", "SELECT t.id, value FROM t, json_each(tags)"),
        ("duckdb", "SELECT t.id, j.value ->> '$' FROM t, json_each(t.tags) AS j"),
        ("postgres", "SELECT t.id, j.value FROM t, jsonb_array_elements_text(t.tags::jsonb) AS j"),
        (
            "postgres",
            "SELECT t.id, v FROM t CROSS JOIN LATERAL jsonb_array_elements_text(t.tags::jsonb) AS j (v)",
        ),
    ],
)
def test_json_becomes_rows(kind: str, sql: str, tmp_path: Path, request: Any) -> None:
    with open_database(live_databases.make(kind, tmp_path, request, SCRIPT)) as opened:
        assert sorted(opened.execute(opened.prepare(sql)).rows, reverse=True) == [(1, "red"), (1, "big")]
