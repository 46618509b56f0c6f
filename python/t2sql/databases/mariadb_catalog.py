"""The tables of a MariaDB or MySQL database, from its information_schema.

SQLAlchemy reads the text of SHOW CREATE TABLE line by line, and stumbles over names with line breaks and
backticks and over views whose tables are gone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace

import sqlalchemy as sa

from t2sql.databases.tables import Catalog, DatabaseColumn, DatabaseTable, ForeignKeyConstraint

_TABLES = """
    SELECT table_name, table_type, table_comment FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type NOT IN ('SEQUENCE', 'TEMPORARY', 'TEMPORARY SEQUENCE')
"""
_COLUMNS = """
    SELECT table_name, column_name, data_type, column_type, column_comment FROM information_schema.columns
    WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position
"""
_KEYS = """
    SELECT table_name, constraint_name, column_name, referenced_table_name, referenced_column_name
    FROM information_schema.key_column_usage
    WHERE table_schema = DATABASE()
      AND (constraint_name = 'PRIMARY' OR referenced_table_schema = DATABASE())
    ORDER BY table_name, constraint_name, ordinal_position
"""

_WHOLE = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "year", "bit"})
_REAL = frozenset({"decimal", "float", "double"})
_BINARY = frozenset(
    {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "vector"}
    | {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"}
    | {"geometrycollection"}
)
_DISPLAY_WIDTH = re.compile(r"^((?:tiny|small|medium|big)?int|year)\(\d+\)")
_ATTRIBUTES = re.compile(r" (character set|collate|/\*).*", re.DOTALL)


def read_mariadb_catalog(engine: sa.Engine, *, views: bool) -> Catalog:
    """Read the tables of the database that the URL names. No row is read.

    Args:
        engine: A MariaDB or MySQL database.
        views: Whether to read views as well.
    """
    with engine.connect() as connection:
        database = str(connection.exec_driver_sql("SELECT DATABASE()").scalar_one())
        relations = connection.exec_driver_sql(_TABLES).fetchall()
        columns: dict[str, list[DatabaseColumn]] = defaultdict(list)
        for table, name, data_type, column_type, comment in connection.exec_driver_sql(_COLUMNS):
            column = _column(str(name), _text(data_type), _text(column_type))
            columns[table].append(replace(column, comment=_text(comment)))
        primary_keys: dict[str, list[str]] = defaultdict(list)
        parts: dict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)
        for table, constraint, column, to_table, to_column in connection.exec_driver_sql(_KEYS):
            if to_table is None:
                primary_keys[table].append(column)
            else:
                parts[table, constraint].append((column, to_table, to_column))
    foreign_keys: dict[str, list[ForeignKeyConstraint]] = defaultdict(list)
    for (table, _), pairs in parts.items():
        own, to_tables, to_columns = zip(*pairs, strict=True)
        foreign_keys[table].append(ForeignKeyConstraint(table, own, to_tables[0], to_columns))
    tables, left_out = [], []
    for name, kind, comment in sorted(relations):
        if "VIEW" in kind and not views:
            continue
        if not columns[name]:
            # Where a table cannot be opened, the server says why in place of its comment.
            left_out.append(f"{name} is left out: {_text(comment) or 'the server lists no column of it'}")
            continue
        table = DatabaseTable(
            name,
            tuple(columns[name]),
            tuple(primary_keys[name]),
            tuple(foreign_keys[name]),
            (database,),
            # Of a view it is "VIEW".
            "" if "VIEW" in kind else _text(comment),
        )
        tables.append(table)
    return Catalog(tuple(tables), tuple(left_out))


def _text(value: object) -> str:
    """MySQL 8 gives some columns of its catalog as bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


def _column(name: str, data_type: str, column_type: str) -> DatabaseColumn:
    kind = data_type.lower()
    if column_type.lower() == "tinyint(1)":
        return DatabaseColumn(name, "BOOLEAN", "INTEGER", False)
    if kind in ("enum", "set"):
        return DatabaseColumn(name, kind.upper(), "TEXT", False)
    affinity = "INTEGER" if kind in _WHOLE else "REAL" if kind in _REAL else "TEXT"
    written = _ATTRIBUTES.sub("", _DISPLAY_WIDTH.sub(r"\1", column_type.lower())).upper()
    return DatabaseColumn(name, written, affinity, kind in _BINARY)
