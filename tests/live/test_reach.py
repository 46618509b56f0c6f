"""Whatever is let through reads only the schema's tables, by listed functions, by the database's own word."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import live_databases, reach
from support.random_statements import Writer

from t2sql.live import LiveDatabase, open_database
from t2sql.sql import SqlError

pytestmark = pytest.mark.usefixtures("schema_cache")

COUNT = int(os.environ.get("T2SQL_RANDOM_STATEMENTS", "300"))
ATTACKS = Path(__file__).parent / "attacks.sql"


@pytest.fixture(scope="module", params=live_databases.KINDS)
def opened(
    request: Any, tmp_path_factory: pytest.TempPathFactory, schema_cache: Path
) -> Iterator[tuple[LiveDatabase, reach.Unexpected]]:
    kind = request.param
    url = live_databases.make(
        kind, tmp_path_factory.mktemp("reach"), request, live_databases.SCRIPT + live_databases.trap(kind)
    )
    if kind in ("postgres", "mariadb"):
        # The worst case: the role may do everything, and only t2sql stands before it.
        role = "owner" if kind == "postgres" else "root"
        url = request.getfixturevalue(kind).url(role, url.rpartition("/")[2])
    with open_database(url) as database:
        for unexpected in reach.BY_KIND[kind](url.replace("postgresql+psycopg", "postgresql")):
            yield database, unexpected


def reached(opened: tuple[LiveDatabase, reach.Unexpected], statements: list[str]) -> tuple[int, int]:
    """How many statements are let through, and how many of them the database takes; none reaches further."""
    database, unexpected = opened
    schema = database.schema()
    through = taken = 0
    for sql in statements:
        try:
            written = database.prepare(sql, schema).sql
        except SqlError:
            continue
        through += 1
        try:
            found = unexpected(written)
        except Exception:
            # The database refuses it: an ambiguous name, another number of columns.
            continue
        taken += 1
        assert not found, (sql, written)
    print(f"{database.dialect}: {len(statements)} written, {through} let through, {taken} run")
    return through, taken


@pytest.mark.slow
def test_random_statements(opened: tuple[LiveDatabase, reach.Unexpected]) -> None:
    writer = Writer(20)
    _, taken = reached(opened, [writer.statement() for _ in range(COUNT)])
    assert taken > COUNT // 20


@pytest.mark.slow
def test_attacks(opened: tuple[LiveDatabase, reach.Unexpected]) -> None:
    lines = [line for line in ATTACKS.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    assert len(lines) > 300
    reached(opened, lines)
