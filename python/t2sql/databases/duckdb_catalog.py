"""The tables of a DuckDB file, of all its schemas, from its own catalog."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import sqlalchemy as sa

from t2sql.databases.errors import driver_message
from t2sql.databases.tables import Catalog, DatabaseColumn, DatabaseTable, ForeignKeyConstraint

_TABLES = """
    SELECT schema_name, table_name, false, comment FROM duckdb_tables()
    WHERE NOT internal AND NOT temporary AND database_name = current_database()
    UNION ALL
    SELECT schema_name, view_name, true, comment FROM duckdb_views()
    WHERE NOT internal AND NOT temporary AND database_name = current_database()
"""
_COLUMNS = """
    SELECT schema_name, table_name, column_name, data_type, comment FROM duckdb_columns()
    WHERE NOT internal AND database_name = current_database() ORDER BY table_oid, column_index
"""
_KEYS = """
    SELECT schema_name, table_name, constraint_type, constraint_column_names, referenced_table,
           referenced_column_names
    FROM duckdb_constraints()
    WHERE constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY') AND database_name = current_database()
    ORDER BY constraint_index
"""

_WHOLE = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "BOOLEAN",
)
_REAL = ("DECIMAL", "FLOAT", "DOUBLE", "HUGEINT", "UHUGEINT")


def read_duckdb_catalog(engine: sa.Engine, *, views: bool) -> Catalog:
    """Read the tables of the file. No row is read.

    Of tables of one name, that of the schema `main` is read, or else the first.

    Args:
        engine: A DuckDB file.
        views: Whether to read views as well. One that cannot be read, since a file or a table of it is gone,
            is left out.
    """
    columns: dict[tuple[str, str], list[DatabaseColumn]] = defaultdict(list)
    keys = defaultdict(list)
    tables: dict[str, DatabaseTable] = {}
    left_out: list[str] = []
    with engine.connect() as connection:
        relations = connection.exec_driver_sql(_TABLES).fetchall()
        for schema, table, name, sql_type, comment in connection.exec_driver_sql(_COLUMNS):
            columns[schema, table].append(replace(_column(name, sql_type), comment=comment or ""))
        for schema, name, *key in connection.exec_driver_sql(_KEYS):
            keys[schema, name].append(key)
        catalog = connection.exec_driver_sql("SELECT current_database()").scalar_one()
        for schema, name, is_view, comment in sorted(relations, key=lambda row: (row[0] != "main", *row[:3])):
            if is_view and not views:
                continue
            label = name if schema == "main" else f"{schema}.{name}"
            reason = _reason(connection, schema, name) if is_view else None
            if name in tables:
                reason = f"there is {'.'.join(tables[name].namespace[-1:])}.{name} as well"
            if reason is not None:
                left_out.append(f"{label} is left out: {reason}")
                continue
            # DuckDB cannot tell a schema from a file of the same name.
            namespace = (catalog, schema) if catalog == schema else (schema,)
            table = _table(name, columns[schema, name], keys[schema, name], namespace)
            tables[name] = replace(table, comment=comment or "")
    ordered = sorted(tables.values(), key=lambda table: table.name)
    return Catalog(tuple(ordered), tuple(left_out))


def _reason(connection: sa.Connection, schema: str, name: str) -> str | None:
    """Why a view cannot be read, in DuckDB's words and ours; None if it can."""
    preparer = connection.dialect.identifier_preparer
    view = ".".join(preparer.quote_identifier(part) for part in (schema, name))
    try:
        connection.exec_driver_sql(f"SELECT * FROM {view} LIMIT 0".replace("%", "%%"))
    except sa.exc.SQLAlchemyError as error:
        cause = error.orig if isinstance(error, sa.exc.StatementError) and error.orig else error
        message = driver_message(cause)
        if "disabled by configuration" in message:
            message += " (t2sql lets a view read data files in the database's own folder, and below, only)"
        return message
    return None


def _table(
    name: str,
    columns: list[DatabaseColumn],
    constraints: list[list[object]],
    namespace: tuple[str, ...],
) -> DatabaseTable:
    primary_key: tuple[str, ...] = ()
    foreign_keys = []
    for kind, own, target, to_columns in constraints:
        if kind == "PRIMARY KEY":
            primary_key = _names(own)
        else:
            foreign_keys.append(ForeignKeyConstraint(name, _names(own), str(target), _names(to_columns)))
    return DatabaseTable(name, tuple(columns), primary_key, tuple(foreign_keys), namespace=namespace)


def _names(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _column(name: str, sql_type: str) -> DatabaseColumn:
    nested = sql_type.endswith("]") or sql_type.startswith(("STRUCT", "MAP", "UNION"))
    if sql_type.startswith("ENUM") and not nested:
        return DatabaseColumn(name, "ENUM", "TEXT", False)
    affinity = "TEXT"
    if not nested and sql_type.startswith(_WHOLE):
        affinity = "INTEGER"
    elif not nested and sql_type.startswith(_REAL):
        affinity = "REAL"
    return DatabaseColumn(name, sql_type, affinity, sql_type == "BLOB")
