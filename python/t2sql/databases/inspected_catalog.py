"""The tables of SQLite, and of kinds of databases nobody knows, as SQLAlchemy's inspector reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import ReflectedColumn

from t2sql.databases.errors import driver_message
from t2sql.databases.tables import Catalog, DatabaseColumn, DatabaseTable, ForeignKeyConstraint
from t2sql.errors import InputError
from t2sql.schema import Table, read_ddl

_SQLITE_TABLES = "SELECT type, name, sql FROM main.sqlite_master WHERE type IN ('table', 'view')"

_VIRTUAL = re.compile(r"CREATE\s+VIRTUAL\s+TABLE\b.*?\bUSING\s+[\"'`\[]?(\w+)", re.IGNORECASE | re.DOTALL)

# The tables that a module keeps its own data in: NAME_data and so on, for a virtual table NAME.
# `PRAGMA table_list` says which they are only where the module is there, and not before SQLite 3.37.
_SHADOWS = {
    "fts3": r"content|segments|segdir|docsize|stat",
    "fts4": r"content|segments|segdir|docsize|stat",
    "fts5": r"data|idx|content|docsize|config",
    "rtree": r"node|parent|rowid",
    "rtree_i32": r"node|parent|rowid",
    "geopoly": r"node|parent|rowid",
    "spellfix1": r"vocab",
    "vec0": r"chunks|rowids|info|auxiliary|(vector_|metadata)(chunks|text)?\d+|vector_chunks\d+",
}


def read_inspected_catalog(engine: sa.Engine, *, views: bool, include: Callable[[str], bool]) -> Catalog:
    """Read the tables of the default schema. No row is read.

    Of SQLite, the tables in which virtual tables keep their data are left out without a word.

    Args:
        engine: The database.
        views: Whether to read views as well.
        include: Says of a table's name whether it is inspected; the others come without columns.
    """
    inspector = sa.inspect(engine)
    if engine.dialect.name == "sqlite":
        names = _sqlite_names(engine, views)
    else:
        names = [*inspector.get_table_names(), *(inspector.get_view_names() if views else ())]
    comments = _sqlite_comments(engine) if engine.dialect.name == "sqlite" else {}
    tables, left_out = [], []
    for name in sorted(names):
        if not include(name):
            tables.append(DatabaseTable(name, (), (), ()))
            continue
        try:
            tables.append(_with_comments(_read_table(engine, inspector, name), comments.get(name)))
        except sa.exc.SQLAlchemyError as error:
            if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
                raise
            cause = error.orig if isinstance(error, sa.exc.StatementError) and error.orig else error
            left_out.append(f"{name} is left out: {driver_message(cause)}")
    return Catalog(tuple(tables), tuple(left_out))


def _sqlite_names(engine: sa.Engine, views: bool) -> list[str]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(_SQLITE_TABLES).fetchall()
    shadows = []
    for _, name, sql in rows:
        virtual = _VIRTUAL.match(sql or "")
        if virtual and (suffixes := _SHADOWS.get(virtual[1].lower())):
            shadows.append(re.compile(f"{re.escape(name)}_({suffixes})", re.IGNORECASE))
    return [
        name
        for kind, name, _ in rows
        if (views or kind == "table")
        and not name.lower().startswith("sqlite_")
        and not any(shadow.fullmatch(name) for shadow in shadows)
    ]


def _sqlite_comments(engine: sa.Engine) -> dict[str, Table]:
    """The tables whose statements have comments of the form `-- text`, as these statements define them."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(_SQLITE_TABLES).fetchall()
    tables = {}
    for kind, name, sql in rows:
        if kind == "table" and "--" in (sql or ""):
            with suppress(InputError):
                tables[name] = read_ddl(sql).tables[0]
    return tables


def _with_comments(table: DatabaseTable, commented: Table | None) -> DatabaseTable:
    if commented is None:
        return table
    comments = {column.name: column.comment for column in commented.columns}
    columns = tuple(replace(column, comment=comments.get(column.name, "")) for column in table.columns)
    return replace(table, columns=columns, comment=commented.comment)


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
