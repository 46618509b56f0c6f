"""What is written under the grammar runs on every database, whatever the types of its columns."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from support import live_databases
from support.grammars import sample
from support.typed_schemas import typed_schema

from t2sql.grammar import Width, grammar_of
from t2sql.live import Limits, open_database
from t2sql.sql import SqlError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("schema_cache")]

SCHEMAS = int(os.environ.get("T2SQL_TYPED_SCHEMAS", "8"))
STATEMENTS = 500 // SCHEMAS + 1
DIALECTS = {"sqlite": "sqlite", "duckdb": "duckdb", "postgres": "postgres", "mariadb": "mysql"}


@pytest.mark.parametrize("width", ["narrow", "wide"])
@pytest.mark.parametrize("kind", live_databases.KINDS)
def test_statements_of_the_grammar_run(kind: str, width: Width, tmp_path: Path, request: Any) -> None:
    failed = []
    for seed in range(SCHEMAS):
        typed = typed_schema(seed, DIALECTS[kind])
        script = ";\n".join(typed.script)
        draw = random.Random(seed)
        with open_database(live_databases.make(kind, tmp_path, request, script)) as opened:
            schema = opened.schema()
            grammar = grammar_of(schema, width=width)
            for _ in range(STATEMENTS):
                sql = sample(grammar, draw).strip()
                try:
                    opened.execute(opened.prepare(sql, schema), Limits(timeout=10))
                except SqlError as error:
                    failed.append((sql, error.found))
    assert not failed


TYPED = """
CREATE TABLE a (id INTEGER PRIMARY KEY, name VARCHAR(9), day DATE, n INTEGER, ok BOOLEAN);
INSERT INTO a VALUES (1, 'Ann', '2024-01-05', 12, TRUE), (2, '7 apples', '2024-02-01', 20, FALSE);
"""


@pytest.mark.parametrize("kind", live_databases.KINDS)
@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT id FROM a WHERE day LIKE '2024-01%'", [(1,)]),
        ("SELECT id FROM a WHERE n LIKE '1%'", [(1,)]),
        ("SELECT id FROM a WHERE name LIKE 'aNN'", [(1,)]),
        ("SELECT SUM(ok), MAX(ok) FROM a", [(1, 1)]),
        ("SELECT id FROM a WHERE ok > 0", [(1,)]),
        ("SELECT id FROM a WHERE ok = 1 AND ok IN (1, 2)", [(1,)]),
        ("SELECT id FROM a WHERE n = '12'", [(1,)]),
        ("SELECT id FROM a WHERE n = 'twelve'", []),
        ("SELECT id FROM a WHERE name = 7", []),
        ("SELECT id FROM a WHERE day > '2024-01-31'", [(2,)]),
        ("SELECT id FROM a WHERE day = '2024'", []),
        ("SELECT SUM(name) FROM a", [(7,)]),
        ("SELECT name, MAX(n) FROM a", [("7 apples", 20)]),
        ("SELECT name FROM a GROUP BY id ORDER BY n DESC", [("7 apples",), ("Ann",)]),
        ("SELECT DISTINCT name FROM a ORDER BY n DESC", [("7 apples",), ("Ann",)]),
        ("SELECT COUNT(*) FROM a WHERE n IN (SELECT name FROM a)", [(0,)]),
        ("SELECT ROUND(AVG(n), 1) FROM a", [(16,)]),
    ],
)
def test_loose_types_mean_what_they_mean_in_sqlite(
    kind: str, sql: str, rows: list[tuple[object, ...]], typed_databases: dict[str, Any]
) -> None:
    opened = typed_databases[kind]
    found = opened.execute(opened.prepare(sql)).rows
    if sql == "SELECT name, MAX(n) FROM a" and kind == "mariadb":
        assert [row[1] for row in found] == [20]  # MariaDB takes the name of any row.
    else:
        assert found == rows


@pytest.fixture(scope="module")
def typed_databases(
    request: Any, tmp_path_factory: pytest.TempPathFactory, schema_cache: Path
) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("typed")
    urls = {kind: live_databases.make(kind, folder, request, TYPED) for kind in live_databases.KINDS}
    return {kind: open_database(url) for kind, url in urls.items()}
