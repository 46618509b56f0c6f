"""The rows of the demo's tables, and the SQLite files that hold them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from t2sql.data.demo.domains import DemoTable, Field
from t2sql.data.demo.values import distinct_texts, number_value
from t2sql.data.rng import Rng
from t2sql.schema import Schema
from t2sql.sql import quote

Value = str | int | float


@dataclass(frozen=True)
class DemoDatabase:
    """A table (and its parent, if it has one) with rows; a row maps a column's name to its value."""

    name: str
    tables: tuple[DemoTable, ...]
    rows: dict[str, list[dict[str, Value]]]

    @property
    def schema(self) -> Schema:
        return Schema(tuple(table.to_table() for table in self.tables))

    def connect(self) -> sqlite3.Connection:
        """The database in memory."""
        connection = sqlite3.connect(":memory:")
        self._fill(connection)
        return connection

    def write(self, path: Path) -> None:
        with closing(self.connect()) as memory, closing(sqlite3.connect(path)) as file:
            file.execute("PRAGMA synchronous = OFF")
            memory.backup(file)

    def _fill(self, connection: sqlite3.Connection) -> None:
        # A parent first, so that the keys that point at it hold.
        for table in sorted(self.tables, key=lambda table: table.parent is not None):
            parts = [f"{quote(field.name)} {field.sql_type}" for field in table.fields]
            if table.parent is not None and table.via is not None:
                target = f"{quote(table.parent.name)} ({quote(table.parent.label.name)})"
                parts.append(f"FOREIGN KEY ({quote(table.via.name)}) REFERENCES {target}")
            connection.execute(f"CREATE TABLE {quote(table.name)} ({', '.join(parts)})")
            marks = ", ".join("?" for _ in table.fields)
            connection.executemany(
                f"INSERT INTO {quote(table.name)} VALUES ({marks})",
                [tuple(row[field.name] for field in table.fields) for row in self.rows[table.name]],
            )
        connection.commit()


def fill(rng: Rng, name: str, table: DemoTable) -> DemoDatabase:
    """Rows for a table and its parent. No text occurs in two columns, but for a key and its target."""
    taken: set[str] = set()
    rows = {}
    links: list[str] = []
    if table.parent is not None:
        rows[table.parent.name] = _rows(rng, table.parent, rng.between(10, 18), taken, [])
        links = [str(row[table.parent.label.name]) for row in rows[table.parent.name]]
    rows[table.name] = _rows(rng, table, rng.between(24, 60), taken, links)
    tables: tuple[DemoTable, ...] = (table,) if table.parent is None else (table, table.parent)
    if len(tables) == 2 and rng.chance(0.4):
        tables = (tables[1], tables[0])
    return DemoDatabase(name, tables, rows)


def _rows(rng: Rng, table: DemoTable, n: int, taken: set[str], links: list[str]) -> list[dict[str, Value]]:
    labels = distinct_texts(rng, table.label.values, n, taken)
    columns: dict[str, list[Value]] = {table.label.name: [*labels]}
    for field in table.fields:
        if field.name != table.label.name:
            columns[field.name] = _column(rng, field, len(labels), taken, links)
    return [{name: values[i] for name, values in columns.items()} for i in range(len(labels))]


def _column(rng: Rng, field: Field, n: int, taken: set[str], links: list[str]) -> list[Value]:
    if field.kind != "text":
        return [number_value(rng, field.values) for _ in range(n)]
    choices = links
    if not field.option("via"):
        # Texts repeat, so that a condition on one can hold for several rows.
        choices = distinct_texts(rng, field.values, rng.between(5, 12), taken)
    return [rng.choice(choices) for _ in range(n)]
