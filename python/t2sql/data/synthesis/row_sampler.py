"""Rows of the user's tables: a bounded number of each, so that large tables take no longer."""

from __future__ import annotations

from dataclasses import replace

from t2sql.data.rng import Rng
from t2sql.data.synthesis.row_queries import RowQuery, RowReader
from t2sql.data.synthesis.values import Row, Value
from t2sql.databases import DatabaseTable, ForeignKeyConstraint
from t2sql.sql import SqlError

_KEYS_PER_STATEMENT = 400
"""SQLite before 3.32 takes at most 999 parameters in a statement; other databases take more."""

_ROUNDS = 4
"""How often random keys are drawn. With gaps among the keys, one round finds too few rows."""


def sample_rows(
    reader: RowReader, tables: list[DatabaseTable], most: int, rng: Rng
) -> tuple[dict[str, list[Row]], list[str]]:
    """Read at most `most` rows of each table, and in addition the rows that their foreign keys refer to.

    Args:
        reader: The user's database.
        tables: The tables.
        most: The most rows of a table, before those that keys refer to.
        rng: The source of random choices.

    Returns:
        The rows of each table, by its name, and sentences for people about tables that cannot be read; such a
        table has no rows.
    """
    rows: dict[str, list[Row]] = {}
    unreadable = {}
    for table in tables:
        try:
            rows[table.name] = _sample(reader, table, most, rng)
        except SqlError as error:
            # Of a foreign server that is away, a view that divides by zero or never ends, a damaged page.
            rows[table.name] = []
            unreadable[table.name] = f"no row of {table.name} is taken: {error.found}"
    whole = {name for name, sampled in rows.items() if len(sampled) < most}
    by_name = {table.name: table for table in tables}
    # Twice, so that the rows that were added get the rows that they refer to.
    for _ in range(2):
        for table in tables:
            for edge in table.foreign_keys:
                if edge.to_table in whole or len(edge.columns) != 1 or edge.to_table in unreadable:
                    continue
                try:
                    _add_targets(reader, edge, by_name, rows, most)
                except SqlError as error:
                    unreadable[edge.to_table] = f"some rows of {edge.to_table} are missing: {error.found}"
    return rows, list(unreadable.values())


def _sample(reader: RowReader, table: DatabaseTable, most: int, rng: Rng) -> list[Row]:
    """Read all rows if there are few, else those with random keys, or the first if keys are not numbers."""
    query = _all_rows(table, most + 1)
    first = reader.fetch(query)
    if len(first) <= most:
        return first
    key = _number_key(reader, table)
    if key is None:
        return first[:most]
    [(low, high)] = reader.fetch(replace(query, key=key, extremes=True))
    if not isinstance(low, int) or not isinstance(high, int):
        return first[:most]
    sampled: dict[Value, Row] = {}
    for _ in range(_ROUNDS):
        wanted = sorted({rng.between(low, high) for _ in range(most)} - sampled.keys())
        for at in range(0, len(wanted), _KEYS_PER_STATEMENT):
            values = tuple(wanted[at : at + _KEYS_PER_STATEMENT])
            columns = (key, *query.columns)
            # A view may have many rows of one number.
            some = replace(query, columns=columns, key=key, values=values, limit=most + len(values))
            for row in reader.fetch(some):
                sampled[row[0]] = row[1:]
        if len(sampled) >= most:
            break
    numbers = sorted(number for number in sampled if isinstance(number, int))
    if len(numbers) >= most:
        return [sampled[number] for number in sorted(rng.sample(numbers, most))]
    # Most numbers are not keys: the first rows make up the difference.
    rows = [sampled[number] for number in numbers]
    there = set(rows)
    return [*rows, *(row for row in first if row not in there)][:most]


def _number_key(reader: RowReader, table: DatabaseTable) -> str | None:
    """Return a column of whole numbers by which the database finds rows without reading the whole table."""
    if len(table.primary_key) == 1:
        name = table.primary_key[0]
        rows = reader.fetch(replace(_all_rows(table, 1), columns=(name,)))
        if rows and isinstance(rows[0][0], int):
            return name
    if reader.has_row_numbers and "rowid" not in {name.lower() for name in table.column_names}:
        try:
            rows = reader.fetch(replace(_all_rows(table, 1), columns=("rowid",)))
        except SqlError:
            return None
        # It is NULL in a view.
        return "rowid" if rows and isinstance(rows[0][0], int) else None
    return None


def _add_targets(
    reader: RowReader,
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
    for start in range(0, len(wanted), _KEYS_PER_STATEMENT):
        values = tuple(wanted[start : start + _KEYS_PER_STATEMENT])
        query = replace(_all_rows(parent, most), key=edge.to_columns[0], values=values)
        rows[parent.name] += reader.fetch(query)


def _all_rows(table: DatabaseTable, most: int) -> RowQuery:
    columns = tuple(None if column.binary else column.name for column in table.columns)
    # DuckDB reads a schema's tables only by the schema's name; of one called like its file, see its catalog.
    namespace = table.namespace[0] if len(table.namespace) == 1 else None
    return RowQuery(table.name, namespace, columns, most)
