"""A bounded copy of the user's database as an SQLite file, which the generated statements run on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from t2sql.data.rng import Rng
from t2sql.data.synthesis import fields, private, sampling
from t2sql.data.synthesis.fields import Item
from t2sql.data.synthesis.recipe import Recipe
from t2sql.databases import (
    DatabaseColumn,
    DatabaseTable,
    ForeignKeyConstraint,
    database_name,
    masked_url,
    open_engine,
    read_tables,
)
from t2sql.errors import InputError
from t2sql.schema import Column, ForeignKey, Schema, Table
from t2sql.sql import quote

_SHOWN_VALUES = 3


@dataclass(frozen=True)
class Extract:
    """`items` are the tables that have rows; `schema` is of all tables; `warnings` are for people."""

    name: str
    path: Path
    schema: Schema
    items: list[Item]
    warnings: tuple[str, ...]


def extract(url: str, folder: Path, recipe: Recipe, *, seed: int, with_private: bool) -> Extract:
    """Read the database's tables and some of their rows, and write them to `folder`."""
    name = database_name(url)
    warnings = []
    with open_engine(url) as engine:
        tables = read_tables(engine, views=recipe.views, include=recipe.takes)
        tables, clashes = _without_clashes(tables)
        if clashes:
            warnings.append(f"left out, for SQLite cannot tell their names apart: {', '.join(clashes)}")
        with engine.connect() as connection:
            rows = sampling.sample_rows(connection, tables, recipe.rows, Rng(f"rows/{seed}"))
    if recipe.guess_keys:
        tables = [_with_guessed_keys(table, tables, rows) for table in tables]
    held = set() if with_private else private.private_columns(tables, rows, recipe)
    if held:
        names = ", ".join(f"{table}.{column}" for table, column in sorted(held))
        warnings.append(f"columns that look private, of which no value was taken: {names}")
    rows = private.hold_back(tables, rows, held)
    found = fields.items(tables, rows, held, recipe)
    if not found:
        raise InputError("no table has rows", where=masked_url(url), found=f"{len(tables)} empty tables")
    path = folder / f"{name}.sqlite"
    _write(path, tables, rows)
    schema = Schema(tuple(_described(table, rows[table.name], held, recipe) for table in tables))
    return Extract(name, path, schema, found, tuple(warnings))


def _without_clashes(tables: list[DatabaseTable]) -> tuple[list[DatabaseTable], list[str]]:
    """Other databases have names that differ in letter case alone; of those, the first is kept."""
    kept: dict[str, DatabaseTable] = {}
    clashes = []
    for table in tables:
        if _folded(table.name) in kept:
            clashes.append(table.name)
            continue
        columns: dict[str, DatabaseColumn] = {}
        for column in table.columns:
            if _folded(column.name) in columns:
                clashes.append(f"{table.name}.{column.name}")
            columns.setdefault(_folded(column.name), column)
        names = {column.name for column in columns.values()}
        edges = tuple(edge for edge in table.foreign_keys if names.issuperset(edge.columns))
        kept[_folded(table.name)] = DatabaseTable(
            table.name, tuple(columns.values()), table.primary_key, edges
        )
    names = {table.name for table in kept.values()}
    return [
        DatabaseTable(
            t.name, t.columns, t.primary_key, tuple(e for e in t.foreign_keys if e.to_table in names)
        )
        for t in kept.values()
    ], clashes


def _folded(name: str) -> str:
    """SQLite ignores the case of ASCII letters, and of no others."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def _with_guessed_keys(
    table: DatabaseTable, tables: list[DatabaseTable], rows: dict[str, list[sampling.Row]]
) -> DatabaseTable:
    """`customer_id` points at the table whose rows are customers, if its values are keys there."""
    from t2sql.schema import row_nouns, split_name

    edges = list(table.foreign_keys)
    for at, column in enumerate(table.columns):
        words = [word.lower() for word in split_name(column.name)]
        if len(words) < 2 or words[-1] != "id" or any(column.name in edge.columns for edge in edges):
            continue
        values = {row[at] for row in rows[table.name]} - {None}
        for target in tables:
            if target.name == table.name or len(target.primary_key) != 1:
                continue
            key = target.column_names.index(target.primary_key[0])
            called = row_nouns(target.name)[0].lower() == " ".join(words[:-1])
            if called and values and values <= {row[key] for row in rows[target.name]}:
                edges.append(
                    ForeignKeyConstraint(table.name, (column.name,), target.name, target.primary_key)
                )
    return DatabaseTable(table.name, table.columns, table.primary_key, tuple(edges))


def _write(path: Path, tables: list[DatabaseTable], rows: dict[str, list[sampling.Row]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for table in tables:
            parts = [f"{quote(column.name)} {_affinity(column.affinity)}".strip() for column in table.columns]
            for edge in table.foreign_keys:
                ours, theirs = (", ".join(map(quote, names)) for names in (edge.columns, edge.to_columns))
                parts.append(f"FOREIGN KEY ({ours}) REFERENCES {quote(edge.to_table)} ({theirs})")
            connection.execute(f"CREATE TABLE {quote(table.name)} ({', '.join(parts)})")
            marks = ", ".join("?" for _ in table.columns)
            connection.executemany(f"INSERT INTO {quote(table.name)} VALUES ({marks})", rows[table.name])
        targets = dict.fromkeys(
            (edge.to_table, edge.to_columns) for table in tables for edge in table.foreign_keys
        )
        for number, (name, columns) in enumerate(targets):
            listed = ", ".join(map(quote, columns))
            connection.execute(f"CREATE INDEX t2sql_{number} ON {quote(name)} ({listed})")
        connection.commit()


def _affinity(type: str) -> str:
    """The type as SQLite reads it in a statement, whatever it is called."""
    return quote(type) if type else ""


def _described(
    table: DatabaseTable, rows: list[sampling.Row], held: private.Columns, recipe: Recipe
) -> Table:
    columns = []
    for at, column in enumerate(table.columns):
        values = dict.fromkeys(value for row in rows if (value := row[at]) is not None)
        short = [v for v in values if not isinstance(v, str) or len(v) <= recipe.value_length]
        shown = () if (table.name, column.name) in held else tuple(short[:_SHOWN_VALUES])
        key = column.name in table.primary_key
        columns.append(Column(column.name, column.type, key, shown))
    keys = tuple(
        ForeignKey(ours, edge.to_table, theirs)
        for edge in table.foreign_keys
        for ours, theirs in zip(edge.columns, edge.to_columns, strict=True)
    )
    return Table(table.name, tuple(columns), keys)
