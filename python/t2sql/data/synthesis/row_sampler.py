"""Rows of the user's tables: a bounded number of each, so that large tables take no longer."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import uuid
from typing import Any, TypeAlias

import sqlalchemy as sa

from t2sql.data.rng import Rng
from t2sql.databases import DatabaseTable, ForeignKeyConstraint, driver_message

Value: TypeAlias = str | int | float | None
"""A value as SQLite stores it; bytes are not copied."""

Row: TypeAlias = tuple[Value, ...]
"""A row: one value for each column."""

_KEYS_PER_STATEMENT = 400
"""SQLite before 3.32 takes at most 999 parameters in a statement; other databases take more."""

_ROUNDS = 4
"""How often random keys are drawn. With gaps among the keys, one round finds too few rows."""

_LONGEST_TEXT = 10_000
"""Characters of a text that are copied; longer ones take part in no question."""

_LARGEST_INTEGER = 2**63


def sample_rows(
    connection: sa.Connection, tables: list[DatabaseTable], most: int, rng: Rng
) -> tuple[dict[str, list[Row]], list[str]]:
    """Read at most `most` rows of each table, and in addition the rows that their foreign keys refer to.

    Args:
        connection: The user's database.
        tables: The tables.
        most: The most rows of a table, before those that keys refer to.
        rng: The source of random choices.

    Returns:
        The rows of each table, by its name, and sentences for people about tables that cannot be read; such a
        table has no rows.
    """
    rows: dict[str, list[Row]] = {}
    unreadable = []
    for table in tables:
        try:
            rows[table.name] = _sample(connection, table, most, rng)
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated:
                raise
            # Of a foreign server that is away, a view that divides by zero, a damaged page.
            connection.rollback()
            rows[table.name] = []
            unreadable.append(f"no row of {table.name} is taken: {driver_message(error.orig or error)}")
    whole = {name for name, sampled in rows.items() if len(sampled) < most}
    by_name = {table.name: table for table in tables}
    # Twice, so that the rows that were added get the rows that they refer to.
    for _ in range(2):
        for table in tables:
            for edge in table.foreign_keys:
                if edge.to_table not in whole and len(edge.columns) == 1:
                    _add_targets(connection, edge, by_name, rows, most)
    return rows, unreadable


def _sample(connection: sa.Connection, table: DatabaseTable, most: int, rng: Rng) -> list[Row]:
    """Read all rows if there are few, else those with random keys, or the first if keys are not numbers."""
    query = _select(table)
    first = _fetch(connection, query.limit(most + 1))
    if len(first) <= most:
        return first
    key = _number_key(connection, table)
    if key is None:
        return first[:most]
    low, high = connection.execute(
        sa.select(sa.func.min(key), sa.func.max(key)).select_from(_from(table))
    ).one()
    if not isinstance(low, int) or not isinstance(high, int):
        return first[:most]
    sampled: dict[int, Row] = {}
    for _ in range(_ROUNDS):
        wanted = sorted({rng.between(low, high) for _ in range(most)} - sampled.keys())
        for at in range(0, len(wanted), _KEYS_PER_STATEMENT):
            some = _select(table, key).where(key.in_(wanted[at : at + _KEYS_PER_STATEMENT]))
            for row in connection.execute(some):
                sampled[row[0]] = tuple(sqlite_value(value) for value in row[1:])
        if len(sampled) >= most:
            break
    if len(sampled) >= most:
        return [sampled[number] for number in sorted(rng.sample(sorted(sampled), most))]
    # Most numbers are not keys: the first rows make up the difference.
    rows = [sampled[number] for number in sorted(sampled)]
    there = set(rows)
    return [*rows, *(row for row in first if row not in there)][:most]


def _number_key(connection: sa.Connection, table: DatabaseTable) -> Any:
    """Return a column of whole numbers by which the database finds rows without reading the whole table."""
    if len(table.primary_key) == 1:
        column: Any = sa.column(table.primary_key[0])
        value = connection.execute(sa.select(column).select_from(_from(table)).limit(1)).scalar()
        if isinstance(value, int):
            return column
    if connection.dialect.name == "sqlite" and "rowid" not in {name.lower() for name in table.column_names}:
        key: Any = sa.literal_column("rowid")
        try:
            connection.execute(sa.select(key).select_from(_from(table)).limit(1))
        except sa.exc.OperationalError:
            return None
        return key
    return None


def _add_targets(
    connection: sa.Connection,
    edge: ForeignKeyConstraint,
    tables: dict[str, DatabaseTable],
    rows: dict[str, list[Row]],
    most: int,
) -> None:
    child, parent = tables[edge.table], tables[edge.to_table]
    at, to = child.column_names.index(edge.columns[0]), parent.column_names.index(edge.to_columns[0])
    there = {row[to] for row in rows[parent.name]}
    missing = dict.fromkeys(
        row[at] for row in rows[child.name] if row[at] is not None and row[at] not in there
    )
    wanted = list(missing)[:most]
    column: Any = sa.column(edge.to_columns[0])
    for start in range(0, len(wanted), _KEYS_PER_STATEMENT):
        query = _select(parent).where(column.in_(wanted[start : start + _KEYS_PER_STATEMENT]))
        rows[parent.name] += _fetch(connection, query.limit(most))


def _select(table: DatabaseTable, *before: Any) -> Any:
    columns = [sa.null() if column.binary else sa.column(column.name) for column in table.columns]
    return sa.select(*before, *columns).select_from(_from(table))


def _from(table: DatabaseTable) -> Any:
    # DuckDB reads a schema's tables only by the schema's name; of one called like its file, see its catalog.
    return sa.table(table.name, schema=table.namespace[0] if len(table.namespace) == 1 else None)


def _fetch(connection: sa.Connection, query: Any) -> list[Row]:
    return [tuple(sqlite_value(value) for value in row) for row in connection.execute(query)]


def sqlite_value(value: object) -> Value:
    """Convert what any driver returns to what SQLite stores: numbers, texts and NULL. Bytes become NULL."""
    if value is None or isinstance(value, (bytes, memoryview, bytearray)):
        return None
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value if -_LARGEST_INTEGER <= value < _LARGEST_INTEGER else str(value)
    if isinstance(value, float):
        # Neither JSON nor a statement can say the others.
        return value if math.isfinite(value) else None
    if isinstance(value, decimal.Decimal):
        whole = value.is_finite() and value.as_tuple().exponent == 0 and abs(value) < _LARGEST_INTEGER
        return int(value) if whole else sqlite_value(float(value))
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)[:_LONGEST_TEXT]
    if isinstance(value, uuid.UUID):
        return str(value)
    return str(value)[:_LONGEST_TEXT]
