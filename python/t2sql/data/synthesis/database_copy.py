"""A bounded copy of the user's database as an SQLite file, on which the generated statements run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from t2sql.data.rng import Rng
from t2sql.data.synthesis.private_columns import PrivateColumns, private_columns, replace_values
from t2sql.data.synthesis.profiles import TableProfile, profile_tables
from t2sql.data.synthesis.recipe import Recipe
from t2sql.data.synthesis.recipe_names import check_names
from t2sql.data.synthesis.row_queries import RowReader
from t2sql.data.synthesis.row_sampler import sample_rows
from t2sql.data.synthesis.schema_tables import schema_table
from t2sql.data.synthesis.values import Row
from t2sql.databases import (
    DatabaseColumn,
    DatabaseTable,
    database_name,
    guess_keys,
    masked_url,
    open_engine,
    read_tables,
)
from t2sql.errors import InputError
from t2sql.schema import Schema
from t2sql.sql import quote


@dataclass(frozen=True)
class DatabaseCopy:
    """A bounded copy of a database.

    Attributes:
        name: What the database is called.
        path: The SQLite file.
        schema: The schema of all tables.
        tables: The profiles of the tables that have rows.
        warnings: Sentences for people about what was left out.
        private: The columns of which no value was copied.
    """

    name: str
    path: Path
    schema: Schema
    tables: list[TableProfile]
    warnings: tuple[str, ...]
    private: PrivateColumns


def copy_database(url: str, folder: Path, recipe: Recipe, *, seed: int, with_private: bool) -> DatabaseCopy:
    """Read the tables of a database and some of their rows, and write them to an SQLite file.

    Args:
        url: The database.
        folder: Where the file goes.
        recipe: Which tables and how many rows are read.
        seed: The seed of the random choices.
        with_private: Whether values of columns that look private are copied.

    Raises:
        InputError: The database cannot be read, or no table has rows.
    """
    name = database_name(url)
    warnings: list[str] = []
    with open_engine(url) as engine:
        all_names: list[str] = []

        def include(table: str) -> bool:
            all_names.append(table)
            return recipe.includes(table)

        catalog = read_tables(engine, views=recipe.views, include=include)
        warnings += catalog.left_out
        warnings += check_names(recipe, all_names, catalog.tables)
        tables, clashes = _without_clashes(catalog.tables)
        if clashes:
            warnings.append(f"left out, for SQLite cannot tell their names apart: {', '.join(clashes)}")
        with closing(RowReader(url)) as reader:
            rows, unreadable = sample_rows(reader, tables, recipe.rows, Rng(f"rows/{seed}"))
            warnings += unreadable
    if recipe.guess_keys:
        tables = [_with_guessed_keys(table, tables, rows) for table in tables]
    private = set() if with_private else private_columns(tables, rows, recipe)
    if private:
        names = ", ".join(f"{table}.{column}" for table, column in sorted(private))
        warnings.append(f"columns that look private, of which no value was taken: {names}")
    rows = replace_values(tables, rows, private)
    profiles = profile_tables(tables, rows, private, recipe)
    if not profiles:
        raise InputError("no table has rows", where=masked_url(url), found=f"{len(tables)} empty tables")
    path = folder / f"{name}.sqlite"
    _write(path, tables, rows)
    schema = Schema(tuple(schema_table(table, rows[table.name], private, recipe) for table in tables))
    return DatabaseCopy(name, path, schema, profiles, tuple(warnings), private)


def _without_clashes(tables: Iterable[DatabaseTable]) -> tuple[list[DatabaseTable], list[str]]:
    """Keep the first of the names that differ only in letter case, which other databases tell apart."""
    by_name: dict[str, DatabaseTable] = {}
    clashes = []
    for table in tables:
        if _folded(table.name) in by_name:
            clashes.append(table.name)
            continue
        columns: dict[str, DatabaseColumn] = {}
        for column in table.columns:
            if _folded(column.name) in columns:
                clashes.append(f"{table.name}.{column.name}")
            columns.setdefault(_folded(column.name), column)
        names = {column.name for column in columns.values()}
        keys = tuple(key for key in table.foreign_keys if names.issuperset(key.columns))
        by_name[_folded(table.name)] = replace(table, columns=tuple(columns.values()), foreign_keys=keys)
    names = {table.name for table in by_name.values()}
    return [
        replace(table, foreign_keys=tuple(key for key in table.foreign_keys if key.to_table in names))
        for table in by_name.values()
    ], clashes


def _folded(name: str) -> str:
    """Fold letter case as SQLite does: of ASCII letters only."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def _with_guessed_keys(
    table: DatabaseTable, tables: list[DatabaseTable], rows: dict[str, list[Row]]
) -> DatabaseTable:
    """Let `customer_id` refer to the table whose rows are customers, if its values are keys there."""
    by_name = {target.name: target for target in tables}
    guessed = []
    for key in guess_keys(table, tables):
        target = by_name[key.to_table]
        own, to = table.column_names.index(key.columns[0]), target.column_names.index(key.to_columns[0])
        values = {row[own] for row in rows[table.name]} - {None}
        if values and values <= {row[to] for row in rows[target.name]}:
            guessed.append(key)
    return replace(table, foreign_keys=(*table.foreign_keys, *guessed))


def _write(path: Path, tables: list[DatabaseTable], rows: dict[str, list[Row]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for table in tables:
            parts = [f"{quote(column.name)} {_affinity(column.affinity)}".strip() for column in table.columns]
            for key in table.foreign_keys:
                own, target = (", ".join(map(quote, names)) for names in (key.columns, key.to_columns))
                parts.append(f"FOREIGN KEY ({own}) REFERENCES {quote(key.to_table)} ({target})")
            connection.execute(f"CREATE TABLE {quote(table.name)} ({', '.join(parts)})")
            marks = ", ".join("?" for _ in table.columns)
            connection.executemany(f"INSERT INTO {quote(table.name)} VALUES ({marks})", rows[table.name])
        targets = dict.fromkeys(
            (key.to_table, key.to_columns) for table in tables for key in table.foreign_keys
        )
        for number, (name, columns) in enumerate(targets):
            key_columns = ", ".join(map(quote, columns))
            connection.execute(f"CREATE INDEX t2sql_{number} ON {quote(name)} ({key_columns})")
        connection.commit()


def _affinity(type_name: str) -> str:
    """Quote the type, so that SQLite accepts it in a statement, whatever it is called."""
    return quote(type_name) if type_name else ""
