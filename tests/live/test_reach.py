"""Whatever is let through reads only the schema's tables, by listed functions, by the database's own word."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import live_databases, reach
from support.random_statements import Writer

from t2sql.live import LiveDatabase

pytestmark = pytest.mark.usefixtures("schema_cache")

COUNT = int(os.environ.get("T2SQL_RANDOM_STATEMENTS", "300"))
ATTACKS = Path(__file__).parent / "attacks.sql"


@pytest.fixture(scope="module", params=live_databases.KINDS)
def opened(
    request: Any, tmp_path_factory: pytest.TempPathFactory, schema_cache: Path
) -> Iterator[tuple[LiveDatabase, reach.Unexpected]]:
    with reach.opened(request.param, tmp_path_factory.mktemp("reach"), request) as pair:
        yield pair


def reached(opened: tuple[LiveDatabase, reach.Unexpected], statements: list[str]) -> tuple[int, int]:
    """How many statements are let through, and how many of them the database takes; none reaches further."""
    database, unexpected = opened
    through = taken = 0
    for sql, written, beyond in reach.judged(database, unexpected, statements):
        through += 1
        taken += beyond is not None
        assert not beyond, (sql, written)
    print(f"{database.dialect}: {len(statements)} written, {through} let through, {taken} run")
    return through, taken


@pytest.mark.slow
def test_random_statements(opened: tuple[LiveDatabase, reach.Unexpected]) -> None:
    writer = Writer(20)
    _, taken = reached(opened, [writer.statement() for _ in range(COUNT)])
    assert taken > COUNT // 20


@pytest.mark.slow
def test_attacks(opened: tuple[LiveDatabase, reach.Unexpected]) -> None:
    lines = live_databases.read_statements(ATTACKS)
    assert len(lines) > 300
    reached(opened, lines)
