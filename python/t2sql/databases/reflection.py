"""The tables of a database, read from its catalog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import ReflectedColumn

from t2sql.databases.errors import driver_message, ignore_unknown_types
from t2sql.databases.mariadb_catalog import read_mariadb_catalog
from t2sql.databases.tables import (
    Catalog,
    DatabaseColumn,
    DatabaseTable,
    ForeignKeyConstraint,
    resolve_keys,
)
from t2sql.databases.urls import masked_url
from t2sql.errors import InputError
from t2sql.schema import Column, ForeignKey, Schema, Table

_MOST_NAMES = 8
"""An error message lists at most this many tables or schemas, so that it fits a few lines."""


@dataclass(frozen=True)
class ReadSchema:
    """A database's schema.

    Attributes:
        schema: Its tables and views.
        left_out: Sentences for people about what cannot be read.
    """

    schema: Schema
    left_out: tuple[str, ...]


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
    if engine.dialect.name == "mysql":
        catalog = read_mariadb_catalog(engine, views=views)
    else:
        catalog = _inspect(engine, views, include)
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

    Raises:
        InputError: The database has no table that can be read.
    """
    with ignore_unknown_types():
        catalog = read_tables(engine, views=True)
    return ReadSchema(Schema(tuple(_schema_table(table) for table in catalog.tables)), catalog.left_out)


def _inspect(engine: sa.Engine, views: bool, include: Callable[[str], bool]) -> Catalog:
    """The catalog as SQLAlchemy's inspector reads it; tables that are not included have no columns."""
    inspector = sa.inspect(engine)
    names = list(inspector.get_table_names())
    if views:
        names += inspector.get_view_names()
    tables, left_out = [], []
    for name in sorted(name for name in names if not name.lower().startswith("sqlite_")):
        if not include(name):
            tables.append(DatabaseTable(name, (), (), ()))
            continue
        try:
            tables.append(_read_table(engine, inspector, name))
        except sa.exc.SQLAlchemyError as error:
            if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
                raise
            cause = error.orig if isinstance(error, sa.exc.StatementError) and error.orig else error
            left_out.append(f"{name} is left out: {driver_message(cause)}")
    return Catalog(tuple(tables), tuple(left_out))


def _schema_table(table: DatabaseTable) -> Table:
    return Table(
        table.name,
        tuple(Column(column.name, column.type, column.name in table.primary_key) for column in table.columns),
        tuple(
            ForeignKey(column, key.to_table, to_column)
            for key in table.foreign_keys
            for column, to_column in zip(key.columns, key.to_columns, strict=True)
        ),
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
                hint=f"Choose it in the URL: add ?options=-csearch_path%3D{quote(filled[0])}",
            )
    return InputError(what, where=where)


def _read_table(engine: sa.Engine, inspector: sa.Inspector, name: str) -> DatabaseTable:
    columns = tuple(_column(engine, column) for column in inspector.get_columns(name))
    primary_key = tuple(inspector.get_pk_constraint(name).get("constrained_columns") or ())
    foreign_keys = tuple(
        ForeignKeyConstraint(
            name, tuple(key["constrained_columns"]), key["referred_table"], tuple(key["referred_columns"])
        )
        for key in inspector.get_foreign_keys(name)
    )
    return DatabaseTable(name, columns, primary_key, foreign_keys)


def _column(engine: sa.Engine, column: ReflectedColumn) -> DatabaseColumn:
    name, sql_type = column["name"], column["type"]
    if isinstance(sql_type, sa.types.NullType):
        return DatabaseColumn(name, "TEXT", "", False)
    try:
        type_text = " ".join(sql_type.compile(dialect=engine.dialect).split())
    except sa.exc.CompileError:
        type_text = "TEXT"
    binary = isinstance(sql_type, sa.types.LargeBinary)
    if engine.dialect.name == "sqlite":
        return DatabaseColumn(name, type_text, type_text, binary)
    affinity = "TEXT"
    if isinstance(sql_type, sa.types.Integer | sa.types.Boolean):
        affinity = "INTEGER"
    elif isinstance(sql_type, sa.types.Numeric):
        affinity = "REAL"
    return DatabaseColumn(name, type_text, affinity, binary)


def _location(engine: sa.Engine) -> str:
    """The database for an error message: SQLite's file, or the URL without its secrets."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            row = connection.exec_driver_sql("PRAGMA database_list").fetchone()
            return str(row[2]) if row else "sqlite"
    return masked_url(engine.url)
