"""What the demo asks: queries as objects, drawn from a database so that they have an answer; their SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from t2sql.data.demo.conditions import Condition, NoCondition, conditions_on, holds, some_conditions
from t2sql.data.demo.databases import DemoDatabase, Value
from t2sql.data.demo.domains import DemoTable, Field
from t2sql.data.rng import Rng
from t2sql.sql import literal, quote

AGGREGATES = ("AVG", "MAX", "MIN", "SUM")

# Examples of each kind, in thousandths of a split.
SHARES = {
    "label": 110,  # SELECT a[, b] WHERE the first column = v
    "equal": 115,  # SELECT a[, b] WHERE x = v
    "compare": 110,  # SELECT a[, b] WHERE n > v
    "two": 190,  # SELECT a[, b] WHERE ... AND ...
    "count": 95,  # COUNT(*), COUNT(DISTINCT a)
    "aggregate": 120,  # AVG, MAX, MIN, SUM
    "top": 120,  # ORDER BY n [DESC] LIMIT k
    "distinct": 40,
    "all": 50,  # SELECT *
    "subquery": 50,  # the child's columns, a condition on the parent
}
# Training has more of what is learned late.
TRAIN_SHARES = SHARES | {"subquery": 100, "two": 180, "all": 40, "equal": 95, "count": 85, "distinct": 40}


@dataclass(frozen=True)
class Query:
    """`conditions` are on `table`, or on its parent when `linked`; `order` is (field, descending, limit)."""

    kind: str
    table: DemoTable
    select: tuple[Field, ...] = ()
    conditions: tuple[Condition, ...] = ()
    aggregate: str | None = None
    order: tuple[Field, bool, int] | None = None
    linked: bool = False

    @property
    def tags(self) -> tuple[str, ...]:
        out = [f"kind:{self.kind}", f"conditions:{len(self.conditions)}"]
        out += [f"aggregate:{self.aggregate}"] if self.aggregate else []
        out += ["order"] if self.order else []
        out += ["subquery"] if self.linked else []
        hard = len(self.conditions) > 1 or self.aggregate or self.order
        return (*out, "hard") if hard else tuple(out)

    def sql(self) -> str:
        """The one way that the demo writes this query."""
        columns = ", ".join(quote(field.name) for field in self.select) or "*"
        if self.kind == "distinct":
            columns = f"DISTINCT {columns}"
        elif self.aggregate == "COUNT":
            columns = f"COUNT(DISTINCT {columns})" if self.select else "COUNT(*)"
        elif self.aggregate:
            columns = f"{self.aggregate}({columns})"
        text = f"SELECT {columns} FROM {quote(self.table.name)}"
        where = " AND ".join(f"{quote(c.field.name)} {c.op} {literal(c.value)}" for c in self.conditions)
        if self.linked:
            parent, via = self.table.parent, self.table.via
            assert parent is not None and via is not None
            keys = f"SELECT {quote(parent.label.name)} FROM {quote(parent.name)} WHERE {where}"
            where = f"{quote(via.name)} IN ({keys})"
        if where:
            text += f" WHERE {where}"
        if self.order:
            field, descending, limit = self.order
            text += f" ORDER BY {quote(field.name)}{' DESC' if descending else ''} LIMIT {limit}"
        return text


def draw(rng: Rng, database: DemoDatabase, kind: str) -> Query | None:
    """A query of a kind, or None when this attempt came to nothing."""
    try:
        return _draw(rng, database, kind)
    except NoCondition:
        return None


def _draw(rng: Rng, database: DemoDatabase, kind: str) -> Query | None:
    table = rng.choice(database.tables)
    rows = database.rows[table.name]
    if kind == "subquery":
        table = next((t for t in database.tables if t.parent is not None), table)
        if table.parent is None:
            return None
        conditions = conditions_on(rng, table.parent, database.rows[table.parent.name], 1)
        select = _select(rng, table, conditions, most=2)
        return Query(kind, table, select, conditions, linked=True)
    if kind == "label":
        value = rng.choice(rows)[table.label.name]
        conditions = (Condition(table.label, "=", value),)
        spoken = [field for field in table.fields if field.option("ask")]
        if spoken and rng.chance(0.45):
            return Query(kind, table, (rng.choice(spoken),), conditions)
        return Query(kind, table, _select(rng, table, conditions, most=3, free_only=True), conditions)
    if kind in ("equal", "compare"):
        found = conditions_on(rng, table, rows, 1, label=False, numeric=kind == "compare")
        return Query(kind, table, _select(rng, table, found), found)
    if kind == "two":
        found = conditions_on(rng, table, rows, 2, label=rng.chance(0.25))
        return Query(kind, table, _select(rng, table, found, most=5), found)
    if kind == "all":
        label = rng.chance(0.3)
        value = rng.choice(rows)[table.label.name]
        found = (
            (Condition(table.label, "=", value),)
            if label
            else some_conditions(rng, table, rows, (1, 1, 1, 2))
        )
        return Query(kind, table, (), found)
    if kind == "count":
        if rng.chance(0.12):
            return Query(kind, table, (_repeating(rng, table),), aggregate="COUNT")
        return Query(
            kind, table, (), some_conditions(rng, table, rows, (0, 1, 1, 1, 1, 2, 2)), aggregate="COUNT"
        )
    if kind == "distinct":
        field = _repeating(rng, table)
        return Query(kind, table, (field,), some_conditions(rng, table, rows, (0, 0, 1), besides=field))
    if kind == "aggregate":
        return _aggregate(rng, table, rows)
    return _top(rng, table, rows)


def _numbers(table: DemoTable) -> list[Field]:
    return [field for field in table.fields if field.kind != "text"]


def _aggregate(rng: Rng, table: DemoTable, rows: list[dict[str, Value]]) -> Query | None:
    name = rng.choice(AGGREGATES)
    fields = [
        field
        for field in _numbers(table)
        if (name != "SUM" or field.option("sum") is not None) and (name != "AVG" or field.kind != "year")
    ]
    if not fields:
        return None
    field = rng.choice(fields)
    found = some_conditions(rng, table, rows, (0, 1, 1, 2), besides=field)
    return Query("aggregate", table, (field,), found, aggregate=name)


def _top(rng: Rng, table: DemoTable, rows: list[dict[str, Value]]) -> Query | None:
    numbers = _numbers(table)
    if not numbers:
        return None
    field = rng.choice(numbers)
    descending = rng.chance(0.6)
    limit = rng.choice((1, 1, 1, 2, 3, 3, 4, 5, 5, 10))
    found = some_conditions(rng, table, rows, (0, 0, 0, 1), besides=field)
    kept = [row[field.name] for row in rows if all(holds(row, c) for c in found)]
    ranked: list[Any] = sorted(kept, reverse=descending)
    # A tie among the rows shown, or at the cut, would leave the answer open.
    if len(ranked) <= limit or len(set(ranked[: limit + 1])) <= limit:
        return None
    others = tuple(f for f in _select(rng, table, found, most=2) if f.name != field.name)
    select = (table.label,) if rng.chance(0.55) or not others else others
    return Query("top", table, select, found, order=(field, descending, limit))


def _repeating(rng: Rng, table: DemoTable) -> Field:
    texts = [
        field for field in table.fields if field.kind == "text" and field not in (table.label, table.via)
    ]
    return rng.choice(texts) if texts else table.label


def _select(
    rng: Rng, table: DemoTable, conditions: tuple[Condition, ...], most: int = 4, *, free_only: bool = False
) -> tuple[Field, ...]:
    """One to `most` columns; one that a condition fixes is asked for only beside others."""
    many = 1 if rng.chance(0.5) else rng.choice([n for n in (2, 2, 2, 3, 3, 4, 4, 5) if n <= max(most, 2)])
    fixed = {condition.field.name for condition in conditions}
    free = [field for field in table.fields if field.name not in fixed]
    if many == 1:
        return (table.label if rng.chance(0.3) and table.label.name not in fixed else rng.choice(free),)
    among = list(table.fields) if many > 2 and not free_only and rng.chance(0.4) else free
    chosen = rng.sample(among, min(many, len(among)))
    # People name what a row is called first, and often go on in the order of the table.
    if rng.chance(0.6):
        chosen = [field for field in table.fields if field in chosen]
    if table.label in chosen and rng.chance(0.7):
        chosen = [table.label, *(field for field in chosen if field != table.label)]
    return tuple(chosen)
