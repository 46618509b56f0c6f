"""Conditions of the demo's queries, drawn so that some rows meet them and some do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from t2sql.data.demo.databases import Value
from t2sql.data.demo.domains import DemoTable, Field
from t2sql.data.rng import Rng

Rows = list[dict[str, Value]]


class NoCondition(Exception):
    """This attempt at a condition came to nothing; the next one may not."""


@dataclass(frozen=True)
class Condition:
    field: Field
    op: str
    value: Value


def some_conditions(
    rng: Rng,
    table: DemoTable,
    rows: Rows,
    counts: tuple[int, ...],
    besides: Field | None = None,
) -> tuple[Condition, ...]:
    """As many conditions as one of `counts`."""
    n = rng.choice(counts)
    return conditions_on(rng, table, rows, n, besides=besides) if n else ()


def conditions_on(
    rng: Rng,
    table: DemoTable,
    rows: Rows,
    n: int,
    *,
    label: bool = False,
    numeric: bool | None = None,
    besides: Field | None = None,
) -> tuple[Condition, ...]:
    """n conditions on different columns that one row meets; `label`: the first fixes the label."""
    row = rng.choice(rows)
    fields = [field for field in table.fields if field not in (table.label, besides)]
    if numeric is not None:
        fields = [field for field in fields if (field.kind != "text") == numeric]
    if len(fields) < n:
        raise NoCondition
    # A second condition is most often on a number.
    chosen = rng.sample(fields, n)
    if n == 2 and rng.chance(0.7):
        texts = [field for field in fields if field.kind == "text"]
        numbers = [field for field in fields if field.kind != "text"]
        if texts and numbers:
            chosen = [rng.choice(texts), rng.choice(numbers)]
    if label:
        chosen = [table.label, *chosen[-1:]] if n == 2 else [table.label]
    out: list[Condition] = []
    for field in chosen[:n]:
        condition = _condition(rng, field, row, rows, equal=numeric is not True)
        if condition is None:
            raise NoCondition
        out.append(condition)
    if not label and n == 2 and not _matter(out, rows) and rng.chance(0.8):
        raise NoCondition
    return tuple(out)


def _condition(rng: Rng, field: Field, row: dict[str, Value], rows: Rows, *, equal: bool) -> Condition | None:
    value = row[field.name]
    if isinstance(value, str):
        return Condition(field, "=", value)
    if equal and field.kind != "dec" and rng.chance(0.15):
        return Condition(field, "=", value)
    op = rng.choice((">", ">", ">=", "<", "<", "<="))
    for _ in range(6):
        limit = _threshold(rng, field, row if op in (">=", "<=") else rng.choice(rows))
        condition = Condition(field, op, limit)
        held = sum(holds(other, condition) for other in rows)
        if holds(row, condition) and held < len(rows):
            return condition
    return None


def _threshold(rng: Rng, field: Field, row: dict[str, Value]) -> Value:
    """A number of the column, or a rounder one near it."""
    value = row[field.name]
    assert not isinstance(value, str)
    if rng.chance(0.4):
        return value
    if isinstance(value, float):
        return int(value) if rng.chance(0.5) else value
    size = 10 ** max(len(str(abs(value))) - 2, 0)
    return value - value % (size if field.kind != "year" else rng.choice((1, 5, 10)))


def holds(row: dict[str, Value], condition: Condition) -> bool:
    left: Any = row[condition.field.name]
    right: Any = condition.value
    return bool(
        {"=": left == right, ">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right}[
            condition.op
        ]
    )


def _matter(conditions: list[Condition], rows: Rows) -> bool:
    """Whether leaving one of the conditions out would let other rows in."""
    both = sum(all(holds(row, c) for c in conditions) for row in rows)
    return all(sum(holds(row, c) for row in rows) > both for c in conditions)
