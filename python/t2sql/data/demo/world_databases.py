"""Invented databases of several tables, as the samplers of `t2sql.data.synthesis` read them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from t2sql.data.demo.world_plans import PlannedColumn, PlannedTable, plan_database
from t2sql.data.demo.world_rows import Cell, fill_tables
from t2sql.data.demo.worlds import World
from t2sql.data.rng import Rng
from t2sql.data.synthesis import Recipe, TableProfile, profile_tables, schema_table
from t2sql.databases import DatabaseColumn, DatabaseTable, ForeignKeyConstraint
from t2sql.schema import Schema
from t2sql.sql import quote


@dataclass(frozen=True)
class WorldDatabase:
    """An invented database.

    Attributes:
        name: The stem of its file.
        schema: Its schema.
        profiles: Its tables, for the samplers.
        tables: Its tables.
        rows: The rows of each table, by its name.
    """

    name: str
    schema: Schema
    profiles: list[TableProfile]
    tables: list[DatabaseTable]
    rows: dict[str, list[tuple[Cell, ...]]]

    def connect(self) -> sqlite3.Connection:
        """Create the database in memory."""
        connection = sqlite3.connect(":memory:")
        for table in self.tables:
            parts = [f"{quote(column.name)} {column.type}" for column in table.columns]
            if table.primary_key:
                parts.append(f"PRIMARY KEY ({', '.join(map(quote, table.primary_key))})")
            for key in table.foreign_keys:
                target = f"{quote(key.to_table)} ({quote(key.to_columns[0])})"
                parts.append(f"FOREIGN KEY ({quote(key.columns[0])}) REFERENCES {target}")
            connection.execute(f"CREATE TABLE {quote(table.name)} ({', '.join(parts)})")
            marks = ", ".join("?" for _ in table.columns)
            connection.executemany(f"INSERT INTO {quote(table.name)} VALUES ({marks})", self.rows[table.name])
        connection.commit()
        return connection

    def write(self, path: Path) -> None:
        """Write the database to an SQLite file."""
        with closing(self.connect()) as memory, closing(sqlite3.connect(path)) as file:
            file.execute("PRAGMA synchronous = OFF")
            memory.backup(file)


def invent_database(
    rng: Rng, name: str, world: World, taken: frozenset[str], recipe: Recipe
) -> WorldDatabase:
    """Invent a database of a subject.

    Args:
        rng: The source of random choices.
        name: The stem of its file.
        world: The subject.
        taken: Names of tables, in small letters, that no table may have.
        recipe: The lengths of texts, for the schema's sample values.
    """
    planned = plan_database(rng, world, taken)
    rows = fill_tables(rng, planned)
    types = _Types.draw(rng)
    by_key = {table.key: table for table in planned}
    tables = [_database_table(table, by_key, rows[table.name], types) for table in planned]
    names = {table.name: table.item for table in planned}
    names |= {f"{table.name}.{column.name}": column.phrase for table in planned for column in table.columns}
    named = replace(recipe, names=names)
    profiles = profile_tables(tables, rows, set(), named)
    by_name = {table.name: table for table in planned}
    profiles = [_worded(profile, by_name[profile.name]) for profile in profiles]
    schema = Schema(tuple(schema_table(table, rows[table.name], set(), named) for table in tables))
    return WorldDatabase(name, schema, profiles, tables, rows)


def _worded(profile: TableProfile, planned: PlannedTable) -> TableProfile:
    words = tuple(planned.words[key.columns[0]] for key in profile.foreign_keys)
    return replace(profile, relations=words, is_link=planned.is_link, label=profile.column(planned.label))


@dataclass(frozen=True)
class _Types:
    """The names of the types of one database.

    Attributes:
        whole: The type of whole numbers.
        text: The type of texts.
        decimal: The type of other numbers.
        day: The type of dates.
    """

    whole: str
    text: str
    decimal: str
    day: str

    @classmethod
    def draw(cls, rng: Rng) -> _Types:
        return cls(
            rng.choice(("INTEGER", "INTEGER", "INT")),
            rng.choice(("TEXT", "TEXT", "VARCHAR(60)")),
            rng.choice(("REAL", "REAL", "DECIMAL(10,1)")),
            rng.choice(("DATE", "DATE", "TEXT")),
        )


def _database_table(
    table: PlannedTable, by_key: dict[str, PlannedTable], rows: list[tuple[Cell, ...]], types: _Types
) -> DatabaseTable:
    columns = []
    for index, column in enumerate(table.columns):
        name = _type(column, rows[0][index], types)
        columns.append(DatabaseColumn(column.name, name, name, binary=False))
    keys = tuple(
        ForeignKeyConstraint(
            table.name, (column.name,), by_key[column.refers_to].name, (_key(by_key, column),)
        )
        for column in table.columns
        if column.refers_to
    )
    primary = tuple(column.name for column in table.columns if column.values.startswith("key"))
    return DatabaseTable(table.name, tuple(columns), primary, keys)


def _key(by_key: dict[str, PlannedTable], column: PlannedColumn) -> str:
    parent = by_key[column.refers_to]
    return next(other.name for other in parent.columns if other.values.startswith("key"))


def _type(column: PlannedColumn, value: Cell, types: _Types) -> str:
    if column.values.startswith("date"):
        return types.day
    if isinstance(value, int):
        return types.whole
    return types.decimal if isinstance(value, float) else types.text
