"""Rows for planned databases: plausible, with keys that hold, and with rows that nothing refers to."""

from __future__ import annotations

import datetime
from bisect import bisect
from typing import TypeAlias

from t2sql.data.demo.values import distinct_texts, number_value, pool, text_value
from t2sql.data.demo.world_plans import PlannedColumn, PlannedTable
from t2sql.data.rng import Rng

Cell: TypeAlias = str | int | float
"""A value of a row."""

_REFERRED = 0.8
"""The fraction of a table's rows that others refer to; "which have none" needs the rest."""

_ROWS = (9, 26)
_CHILD_ROWS = (16, 40)


def fill_tables(rng: Rng, tables: list[PlannedTable]) -> dict[str, list[tuple[Cell, ...]]]:
    """Draw the rows of each table, by its name.

    Args:
        rng: The source of random choices.
        tables: The tables of a database.
    """
    by_key = {table.key: table for table in tables}
    columns: dict[str, dict[str, list[Cell]]] = {}
    taken: set[str] = set()

    def fill(table: PlannedTable) -> None:
        if table.name in columns:
            return
        parents = [by_key[column.refers_to] for column in table.columns if column.refers_to]
        columns[table.name] = {}
        for parent in parents:
            fill(parent)
        columns[table.name] = _columns(rng, table, by_key, columns, taken)

    for table in tables:
        fill(table)
    return {
        table.name: list(zip(*(columns[table.name][c.name] for c in table.columns), strict=True))
        for table in tables
    }


def _columns(
    rng: Rng,
    table: PlannedTable,
    by_key: dict[str, PlannedTable],
    filled: dict[str, dict[str, list[Cell]]],
    taken: set[str],
) -> dict[str, list[Cell]]:
    refers = any(column.refers_to for column in table.columns)
    n = rng.between(*(_CHILD_ROWS if refers else _ROWS))
    label = next(column for column in table.columns if column.name == table.label)
    out: dict[str, list[Cell]] = {}
    if not table.is_link:
        out[label.name] = _labels(rng, label, n, taken)
        n = len(out[label.name])
    else:
        out |= _pairs(rng, table, by_key, filled, n)
        n = len(next(iter(out.values())))
    for column in table.columns:
        if column.name in out:
            continue
        if column.refers_to:
            keys = _keys(by_key, filled, column)
            out[column.name] = _references(rng, keys, n)
        else:
            out[column.name] = _values(rng, column, n)
    return out


def _labels(rng: Rng, label: PlannedColumn, n: int, taken: set[str]) -> list[Cell]:
    kind, *limits = label.values.split(" ")
    if kind == "int":
        return list(rng.sample(range(int(limits[0]), int(limits[1]) + 1), n))
    return list(distinct_texts(rng, label.values, n, taken))


def _keys(
    by_key: dict[str, PlannedTable], filled: dict[str, dict[str, list[Cell]]], column: PlannedColumn
) -> list[Cell]:
    parent = by_key[column.refers_to]
    key = next(c for c in parent.columns if c.values.startswith("key"))
    return filled[parent.name][key.name]


def _references(rng: Rng, keys: list[Cell], n: int) -> list[Cell]:
    """Draw references, to some rows much more often than to others."""
    some = rng.sample(keys, max(2, round(len(keys) * _REFERRED)))
    weights = [1 / (1 + index) ** 0.6 for index in range(len(some))]
    total = sum(weights)
    bounds = [sum(weights[: index + 1]) for index in range(len(some))]
    return [some[min(bisect(bounds, rng.random() * total), len(some) - 1)] for _ in range(n)]


def _pairs(
    rng: Rng,
    table: PlannedTable,
    by_key: dict[str, PlannedTable],
    filled: dict[str, dict[str, list[Cell]]],
    n: int,
) -> dict[str, list[Cell]]:
    one, other = (column for column in table.columns if column.refers_to)
    left = _references(rng, _keys(by_key, filled, one), n)
    right = _references(rng, _keys(by_key, filled, other), n)
    pairs = list(dict.fromkeys(zip(left, right, strict=True)))
    return {one.name: [a for a, _ in pairs], other.name: [b for _, b in pairs]}


def _values(rng: Rng, column: PlannedColumn, n: int) -> list[Cell]:
    kind, _, rest = column.values.partition(" ")
    if kind == "key":
        start = rng.choice((0, 0, 0, 100, 1000))
        letter = column.name[0].upper()
        return [f"{letter}{i:03d}" if rest == "code" else start + i for i in range(1, n + 1)]
    if kind in ("int", "dec", "year"):
        return [number_value(rng, column.values) for _ in range(n)]
    if kind == "flag":
        return [int(rng.chance(0.6)) for _ in range(n)]
    if kind == "date":
        low, high = (int(year) for year in rest.split(" "))
        first = datetime.date(low, 1, 1).toordinal()
        days = datetime.date(high, 12, 31).toordinal() - first
        return [datetime.date.fromordinal(first + rng.below(days)).isoformat() for _ in range(n)]
    if kind == "of":
        options = rest.split(";")
        options = rng.sample(options, rng.between(3, 7))
        if all(option.isdigit() for option in options):
            return [int(rng.choice(options)) for _ in range(n)]
        return [rng.choice(options) for _ in range(n)]
    if kind == "mail":
        return [f"{rng.choice(pool('first')).lower()}{rng.between(1, 99)}@example.org" for _ in range(n)]
    if kind in ("person", "code", "first", "last", "address", "site"):
        return [text_value(rng, column.values) for _ in range(n)]
    # Texts repeat, so that a condition on one can hold for several rows.
    choices = distinct_texts(rng, column.values, rng.between(3, max(3, min(9, n // 3))), set())
    return [rng.choice(choices) for _ in range(n)]
