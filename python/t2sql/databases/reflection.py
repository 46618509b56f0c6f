"""The tables of a database, read from its catalog through SQLAlchemy's inspector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import ReflectedColumn

from t2sql.databases.errors import ignore_unknown_types
from t2sql.databases.urls import masked_url
from t2sql.errors import InputError
from t2sql.schema import Column, ForeignKey, Schema, Table

_MOST_NAMES = 8
"""An error message lists at most this many tables or schemas, so that it fits a few lines."""


@dataclass(frozen=True)
class DatabaseColumn:
    """A column of the user's database.

    Attributes:
        name: The column's name as the database spells it.
        type: The type in the database's own SQL; TEXT where SQLAlchemy does not know it.
        affinity: The type for a copy of the column in SQLite: the type itself if the database is SQLite, else
            INTEGER, REAL or TEXT; empty where SQLAlchemy does not know the type.
        binary: Whether the values are bytes. They are not read.
    """

    name: str
    type: str
    affinity: str
    binary: bool


@dataclass(frozen=True)
class ForeignKeyConstraint:
    """A foreign key, perhaps of several columns.

    Attributes:
        table: The table that holds the key.
        columns: The key's columns in `table`.
        to_table: The table that the key refers to.
        to_columns: The columns that `columns` refer to, pair by pair.
    """

    table: str
    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]


@dataclass(frozen=True)
class DatabaseTable:
    """A table or a view of the user's database.

    Attributes:
        name: The table's name as the database spells it.
        columns: The columns, in the table's order.
        primary_key: The names of the primary key's columns; empty if there is none.
        foreign_keys: The keys whose target columns were read as well.
    """

    name: str
    columns: tuple[DatabaseColumn, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[ForeignKeyConstraint, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in the table's order."""
        return tuple(column.name for column in self.columns)


def read_tables(
    engine: sa.Engine, *, views: bool, include: Callable[[str], bool] = lambda name: True
) -> list[DatabaseTable]:
    """Read the tables that have columns, in the order of their names. No row is read.

    Args:
        engine: The database.
        views: Whether to read views as well; a view over a table that is gone is left out.
        include: Says of a table's name whether the table is read.

    Raises:
        InputError: The database has no table, or `include` rejects all of them.
    """
    inspector = sa.inspect(engine)
    names = list(inspector.get_table_names())
    if views:
        names += inspector.get_view_names()
    names = sorted(name for name in names if not name.lower().startswith("sqlite_"))
    if not names:
        raise _no_table(engine, inspector)
    included = [name for name in names if include(name)]
    if not included:
        raise InputError(
            "the recipe takes none of the tables",
            where=_location(engine),
            found=", ".join(names[:_MOST_NAMES]),
        )
    tables = []
    for name in included:
        try:
            tables.append(_read_table(engine, inspector, name))
        except sa.exc.OperationalError:
            # A view over a table that is gone.
            if name in inspector.get_table_names():
                raise
    by_name = {table.name.lower(): table for table in tables}
    return [_resolve_keys(table, by_name) for table in tables if table.columns]


def read_schema(engine: sa.Engine) -> Schema:
    """Read the tables and views with their columns, types and keys as a `Schema`. No row is read.

    Raises:
        InputError: The database has no table.
    """
    with ignore_unknown_types():
        tables = read_tables(engine, views=True)
    return Schema(tuple(_schema_table(table) for table in tables))


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


def _no_table(engine: sa.Engine, inspector: sa.Inspector) -> InputError:
    """The error for a database without tables; of PostgreSQL, it names the schemas that have some."""
    what, where = "no table in the database", _location(engine)
    if engine.dialect.name == "postgresql":
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


def _resolve_keys(table: DatabaseTable, by_name: dict[str, DatabaseTable]) -> DatabaseTable:
    """Keep the keys into tables and columns that were read, with names as their own table spells them."""
    resolved = []
    for key in table.foreign_keys:
        target = by_name.get(key.to_table.lower())
        if target is None or len(key.columns) != len(key.to_columns) or not key.columns:
            continue
        spelling = {name.lower(): name for name in target.column_names}
        if {column.lower() for column in key.to_columns} <= spelling.keys():
            to_columns = tuple(spelling[column.lower()] for column in key.to_columns)
            resolved.append(ForeignKeyConstraint(table.name, key.columns, target.name, to_columns))
    return replace(table, foreign_keys=tuple(dict.fromkeys(resolved)))


def _location(engine: sa.Engine) -> str:
    """The database for an error message: SQLite's file, or the URL without its secrets."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            row = connection.exec_driver_sql("PRAGMA database_list").fetchone()
            return str(row[2]) if row else "sqlite"
    return masked_url(engine.url)
