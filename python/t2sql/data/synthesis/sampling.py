"""Rows of the user's tables: a bounded number of each, so that large tables cost no more than small ones."""

from __future__ import annotations

import datetime
import decimal
import json
import uuid
from typing import TYPE_CHECKING, Any

from t2sql.data.rng import Rng
from t2sql.databases import DatabaseTable, ForeignKeyConstraint

if TYPE_CHECKING:
    from sqlalchemy import Connection

Value = str | int | float | None
Row = tuple[Value, ...]

_AT_ONCE = 400
_ROUNDS = 4
_LONGEST_TEXT = 10_000
_LARGEST_INTEGER = 2**63


def sample_rows(
    connection: Connection, tables: list[DatabaseTable], most: int, rng: Rng
) -> dict[str, list[Row]]:
    """At most `most` rows of each table, and beside them those that the sampled rows' keys point at."""
    rows = {table.name: _sample(connection, table, most, rng) for table in tables}
    whole = {name for name, found in rows.items() if len(found) < most}
    by_name = {table.name: table for table in tables}
    # Twice, so that what a row points at brings what it points at in turn.
    for _ in range(2):
        for table in tables:
            for edge in table.foreign_keys:
                if edge.to_table not in whole and len(edge.columns) == 1:
                    _add_targets(connection, edge, by_name, rows, most)
    return rows


def _sample(connection: Connection, table: DatabaseTable, most: int, rng: Rng) -> list[Row]:
    """All rows where there are few; else those under random keys; the first where keys are no numbers."""
    import sqlalchemy as sa

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
    found: dict[int, Row] = {}
    for _ in range(_ROUNDS):
        wanted = sorted({rng.between(low, high) for _ in range(most)} - found.keys())
        for at in range(0, len(wanted), _AT_ONCE):
            some = _select(table, key).where(key.in_(wanted[at : at + _AT_ONCE]))
            for row in connection.execute(some):
                found[row[0]] = tuple(plain(value) for value in row[1:])
        if len(found) >= most:
            break
    if len(found) >= most:
        return [found[number] for number in sorted(rng.sample(sorted(found), most))]
    # Most numbers are no row's: the first rows make up what is missing.
    rows = [found[number] for number in sorted(found)]
    there = set(rows)
    return [*rows, *(row for row in first if row not in there)][:most]


def _number_key(connection: Connection, table: DatabaseTable) -> Any:
    """A column of whole numbers that the database finds rows by without reading the table."""
    import sqlalchemy as sa

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
    connection: Connection,
    edge: ForeignKeyConstraint,
    tables: dict[str, DatabaseTable],
    rows: dict[str, list[Row]],
    most: int,
) -> None:
    import sqlalchemy as sa

    child, parent = tables[edge.table], tables[edge.to_table]
    at, to = child.column_names.index(edge.columns[0]), parent.column_names.index(edge.to_columns[0])
    there = {row[to] for row in rows[parent.name]}
    missing = dict.fromkeys(
        row[at] for row in rows[child.name] if row[at] is not None and row[at] not in there
    )
    wanted = list(missing)[:most]
    column: Any = sa.column(edge.to_columns[0])
    for start in range(0, len(wanted), _AT_ONCE):
        query = _select(parent).where(column.in_(wanted[start : start + _AT_ONCE]))
        rows[parent.name] += _fetch(connection, query.limit(most))


def _select(table: DatabaseTable, *before: Any) -> Any:
    import sqlalchemy as sa

    columns = [sa.null() if column.binary else sa.column(column.name) for column in table.columns]
    return sa.select(*before, *columns).select_from(_from(table))


def _from(table: DatabaseTable) -> Any:
    import sqlalchemy as sa

    return sa.table(table.name)


def _fetch(connection: Connection, query: Any) -> list[Row]:
    return [tuple(plain(value) for value in row) for row in connection.execute(query)]


def plain(value: Any) -> Value:
    """What SQLite stores for a value of any driver: numbers, text and NULL; bytes are not read."""
    if value is None or isinstance(value, (bytes, memoryview, bytearray)):
        return None
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value if -_LARGEST_INTEGER <= value < _LARGEST_INTEGER else str(value)
    if isinstance(value, float):
        return value
    if isinstance(value, decimal.Decimal):
        return (
            int(value)
            if value == value.to_integral_value() and value.as_tuple().exponent == 0
            else float(value)
        )
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)[:_LONGEST_TEXT]
    if isinstance(value, uuid.UUID):
        return str(value)
    return str(value)[:_LONGEST_TEXT]
