"""Names of every kind can be asked for and copied, in every database."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support import live_databases

from t2sql.data.rng import Rng
from t2sql.data.synthesis.row_queries import RowReader
from t2sql.data.synthesis.row_sampler import sample_rows
from t2sql.databases import open_engine, read_tables
from t2sql.live import open_database

pytestmark = pytest.mark.usefixtures("schema_cache")

NAMES = (
    *(
        "select",
        "Group By",
        "user",
        "per%cent",
        "per%s",
        "%(x)s",
        "a.b",
        "it's",
        "back`tick",
        "naïve",
    ),
    *("名前", "a:b", ":x", "?", "x--y", "/*c*/", "{b}", "$1", "@v", "tab\tt", "UPPER", "[br]"),
)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@pytest.mark.slow
@pytest.mark.parametrize("kind", live_databases.KINDS)
def test_names_of_every_kind(kind: str, tmp_path: Path, request: Any) -> None:
    columns = ", ".join(f"{quoted(name)} VARCHAR(5)" for name in NAMES)
    values = ", ".join(f"'{index}'" for index in range(len(NAMES)))
    script = f"CREATE TABLE odd ({columns}); INSERT INTO odd VALUES ({values});"
    for name in NAMES:
        table = quoted(f"t {name}")
        script += f"CREATE TABLE {table} (id INT, {quoted(name)} INT); INSERT INTO {table} VALUES (1, 7);"
    url = live_databases.make(kind, tmp_path, request, script)
    with open_database(url) as database:
        for index, name in enumerate(NAMES):
            shown = quoted(" ".join(name.split()))
            for sql, expected in (
                (f"SELECT {shown} FROM odd WHERE {shown} = '{index}'", str(index)),
                (f"SELECT x.{shown} FROM {quoted('t ' + ' '.join(name.split()))} AS x", 7),
            ):
                assert database.execute(database.prepare(sql)).rows == [(expected,)], sql
    with open_engine(url) as engine:
        tables = list(read_tables(engine, views=True).tables)
    with closing(RowReader(url)) as reader:
        rows, unreadable = sample_rows(reader, tables, 5, Rng("names"))
    assert not unreadable
    assert rows["odd"] == [tuple(str(index) for index in range(len(NAMES)))]
    assert all(len(rows[table.name]) == 1 for table in tables)
