"""The rows of the demo's tables, and the SQLite files that hold them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from t2sql.data.demo.domains import DemoColumn, DemoTable
from t2sql.data.demo.values import distinct_texts, number_value
from t2sql.data.rng import Rng
from t2sql.schema import Schema
from t2sql.sql import quote

Value: TypeAlias = str | int | float
"""A value of a demo table, which has no NULL."""

DemoRow: TypeAlias = dict[str, Value]
"""A row: the value of each column, by the column's name."""


@dataclass(frozen=True)
class DemoDatabase:
    """A table, perhaps with a parent, and their rows.

    Attributes:
        name: The stem of the database's file.
        tables: One or two tables, in the order of the schema.
        rows: The rows of each table, by its name.
    """

    name: str
    tables: tuple[DemoTable, ...]
    rows: dict[str, list[DemoRow]]

    @property
    def schema(self) -> Schema:
        """The schema of the tables."""
        return Schema(tuple(table.to_table() for table in self.tables))

    def connect(self) -> sqlite3.Connection:
        """Create the database in memory."""
        connection = sqlite3.connect(":memory:")
        self._create(connection)
        return connection

    def write(self, path: Path) -> None:
        """Write the database to an SQLite file."""
        with closing(self.connect()) as memory, closing(sqlite3.connect(path)) as file:
            file.execute("PRAGMA synchronous = OFF")
            memory.backup(file)

    def _create(self, connection: sqlite3.Connection) -> None:
        # Parents first, so that the keys into them hold.
        for table in sorted(self.tables, key=lambda table: table.parent is not None):
            parts = [f"{quote(column.name)} {column.sql_type}" for column in table.columns]
            if table.parent is not None and table.via is not None:
                target = f"{quote(table.parent.name)} ({quote(table.parent.label.name)})"
                parts.append(f"FOREIGN KEY ({quote(table.via.name)}) REFERENCES {target}")
            connection.execute(f"CREATE TABLE {quote(table.name)} ({', '.join(parts)})")
            marks = ", ".join("?" for _ in table.columns)
            connection.executemany(
                f"INSERT INTO {quote(table.name)} VALUES ({marks})",
                [tuple(row[column.name] for column in table.columns) for row in self.rows[table.name]],
            )
        connection.commit()


def fill(rng: Rng, name: str, table: DemoTable) -> DemoDatabase:
    """Draw rows for a table and its parent. No text occurs in two columns, except in a key and its target.

    Args:
        rng: The source of random choices.
        name: The database's name.
        table: The table.
    """
    taken: set[str] = set()
    rows = {}
    parent_labels: list[str] = []
    if table.parent is not None:
        rows[table.parent.name] = _rows(rng, table.parent, rng.between(10, 18), taken, [])
        parent_labels = [str(row[table.parent.label.name]) for row in rows[table.parent.name]]
    rows[table.name] = _rows(rng, table, rng.between(24, 60), taken, parent_labels)
    tables: tuple[DemoTable, ...] = (table,) if table.parent is None else (table, table.parent)
    if len(tables) == 2 and rng.chance(0.4):
        tables = (tables[1], tables[0])
    return DemoDatabase(name, tables, rows)


def _rows(rng: Rng, table: DemoTable, n: int, taken: set[str], parent_labels: list[str]) -> list[DemoRow]:
    labels = distinct_texts(rng, table.label.values, n, taken)
    values: dict[str, list[Value]] = {table.label.name: [*labels]}
    for column in table.columns:
        if column.name != table.label.name:
            values[column.name] = _column_values(rng, column, len(labels), taken, parent_labels)
    return [{name: column[i] for name, column in values.items()} for i in range(len(labels))]


def _column_values(
    rng: Rng, column: DemoColumn, n: int, taken: set[str], parent_labels: list[str]
) -> list[Value]:
    if not column.is_text:
        return [number_value(rng, column.values) for _ in range(n)]
    choices = parent_labels
    if not column.option("via"):
        # Texts repeat, so that a condition on one can hold for several rows.
        choices = distinct_texts(rng, column.values, rng.between(5, 12), taken)
    return [rng.choice(choices) for _ in range(n)]
