"""The tables of a database, read from its catalog."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

import sqlalchemy as sa

from t2sql.databases.duckdb_catalog import read_duckdb_catalog
from t2sql.databases.errors import ignore_unknown_types
from t2sql.databases.guessed_keys import guess_keys
from t2sql.databases.inspected_catalog import read_inspected_catalog
from t2sql.databases.mariadb_catalog import read_mariadb_catalog
from t2sql.databases.postgres_catalog import read_postgres_catalog
from t2sql.databases.tables import Catalog, DatabaseTable, resolve_keys
from t2sql.databases.urls import masked_url
from t2sql.errors import InputError
from t2sql.schema import Column, ForeignKey, Schema, Table

_MOST_NAMES = 8
"""An error message lists at most this many tables or schemas, so that it fits a few lines."""


_READERS = {
    "duckdb": read_duckdb_catalog,
    "mysql": read_mariadb_catalog,
    "postgresql": read_postgres_catalog,
}
"""By SQLAlchemy's name of the dialect."""


@dataclass(frozen=True)
class ReadSchema:
    """A database's schema.

    Attributes:
        schema: Its tables and views.
        left_out: Sentences for people about what cannot be read.
        namespaces: What the name of each table is written after; see `DatabaseTable.namespace`.
    """

    schema: Schema
    left_out: tuple[str, ...]
    namespaces: Mapping[str, tuple[str, ...]]


def read_tables(
    engine: sa.Engine, *, views: bool, include: Callable[[str], bool] = lambda name: True
) -> Catalog:
    """Read the tables that have columns, in the order of their names. No row is read.

    A table that cannot be read, such as a view over a table that is gone, is left out and named.

    Args:
        engine: The database.
        views: Whether to read views as well.
        include: Says of a table's name whether the table is read.

    Raises:
        InputError: The database has no table, or `include` rejects all of them.
    """
    reader = _READERS.get(engine.dialect.name)
    if reader is not None:
        catalog = reader(engine, views=views)
    else:
        catalog = read_inspected_catalog(engine, views=views, include=include)
    names = [table.name for table in catalog.tables]
    if not names and not catalog.left_out:
        raise _no_table(engine)
    tables = [table for table in catalog.tables if include(table.name)]
    if names and not tables:
        raise InputError(
            "the recipe takes none of the tables",
            where=_location(engine),
            found=", ".join(names[:_MOST_NAMES]),
        )
    if not tables:
        raise InputError(
            "no table can be read", where=_location(engine), found="; ".join(catalog.left_out[:_MOST_NAMES])
        )
    by_name = {table.name.lower(): table for table in tables}
    resolved = (resolve_keys(table, by_name) for table in tables if table.columns)
    return Catalog(tuple(resolved), catalog.left_out)


def read_schema(engine: sa.Engine) -> ReadSchema:
    """Read the tables and views with their columns, types and keys. No row is read.

    Keys that nobody declared are guessed by names; see `guess_keys`.

    Raises:
        InputError: The database has no table that can be read.
    """
    with ignore_unknown_types():
        catalog = read_tables(engine, views=True)
    tables = [
        replace(table, foreign_keys=(*table.foreign_keys, *guess_keys(table, catalog.tables)))
        for table in catalog.tables
    ]
    schema = Schema(tuple(map(_schema_table, tables)))
    namespaces = {table.name: table.namespace for table in catalog.tables if table.namespace}
    return ReadSchema(schema, catalog.left_out, namespaces)


def _schema_table(table: DatabaseTable) -> Table:
    return Table(
        table.name,
        tuple(
            Column(column.name, column.type, column.name in table.primary_key, comment=column.comment)
            for column in table.columns
        ),
        tuple(
            ForeignKey(column, key.to_table, to_column)
            for key in table.foreign_keys
            for column, to_column in zip(key.columns, key.to_columns, strict=True)
        ),
        table.comment,
    )


def _no_table(engine: sa.Engine) -> InputError:
    """The error for a database without tables; of PostgreSQL, it names the schemas that have some."""
    what, where = "no table in the database", _location(engine)
    if engine.dialect.name == "postgresql":
        inspector = sa.inspect(engine)
        schemas = [name for name in inspector.get_schema_names() if name != "information_schema"]
        filled = [name for name in schemas if inspector.get_table_names(schema=name)]
        if filled:
            return InputError(
                what,
                where=where,
                found=f"tables in the schema {', '.join(filled[:_MOST_NAMES])}",
                hint=f"Choose it in the URL: add ?options=-csearch_path%3D{quote(_written(filled[0]))}",
            )
    return InputError(what, where=where)


def _written(name: str) -> str:
    """The name of a schema as PostgreSQL's search_path reads it."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_$]*", name) else '"' + name.replace('"', '""') + '"'


def _location(engine: sa.Engine) -> str:
    """The database for an error message: SQLite's file, or the URL without its secrets."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            row = connection.exec_driver_sql("PRAGMA database_list").fetchone()
            return str(row[2]) if row else "sqlite"
    return masked_url(engine.url)
