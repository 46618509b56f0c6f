"""Queries of each kind, drawn from a demo database so that they have an answer."""

from __future__ import annotations

from t2sql.data.demo.condition_sampler import ConditionSampler
from t2sql.data.demo.databases import DemoDatabase, DemoRow
from t2sql.data.demo.domains import DemoColumn, DemoTable
from t2sql.data.demo.query import DemoCondition, DemoOrder, DemoQuery
from t2sql.data.rng import NoSample, Rng

_AGGREGATES = ("AVG", "MAX", "MIN", "SUM")

KIND_WEIGHTS = {
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
"""Examples of each kind, in thousandths of a split: enough of each for a score of its own."""

TRAIN_KIND_WEIGHTS = KIND_WEIGHTS | {
    "subquery": 100,
    "two": 180,
    "all": 40,
    "equal": 95,
    "count": 85,
    "distinct": 40,
}
"""The training split has more of what models learn late."""


def sample_query(rng: Rng, database: DemoDatabase, kind: str) -> DemoQuery | None:
    """Draw a query of a kind; None if this attempt came to nothing.

    Args:
        rng: The source of random choices.
        database: The tables and rows to ask about.
        kind: A key of `KIND_WEIGHTS`.
    """
    try:
        return _sample(rng, database, kind)
    except NoSample:
        return None


def _sample(rng: Rng, database: DemoDatabase, kind: str) -> DemoQuery:
    table = rng.choice(database.tables)
    if kind == "subquery":
        return _subquery(rng, database)
    sampler = ConditionSampler(rng, table, database.rows[table.name])
    if kind == "label":
        return _about_one_row(rng, table, sampler)
    if kind in ("equal", "compare"):
        conditions = sampler.sample(1, numeric=kind == "compare")
        return DemoQuery(kind, table, _select(rng, table, conditions), conditions)
    if kind == "two":
        conditions = sampler.sample(2, label=rng.chance(0.25))
        return DemoQuery(kind, table, _select(rng, table, conditions, most=5), conditions)
    if kind == "all":
        by_label = rng.chance(0.3)
        label_condition = sampler.on_label()
        conditions = (label_condition,) if by_label else sampler.sample_some((1, 1, 1, 2))
        return DemoQuery(kind, table, (), conditions)
    if kind == "count":
        if rng.chance(0.12):
            return DemoQuery(kind, table, (_repeating(rng, table),), aggregate="COUNT")
        conditions = sampler.sample_some((0, 1, 1, 1, 1, 2, 2))
        return DemoQuery(kind, table, (), conditions, aggregate="COUNT")
    if kind == "distinct":
        column = _repeating(rng, table)
        return DemoQuery(kind, table, (column,), sampler.sample_some((0, 0, 1), excluded=column))
    if kind == "aggregate":
        return _aggregate(rng, table, sampler)
    return _top(rng, table, sampler, database.rows[table.name])


def _subquery(rng: Rng, database: DemoDatabase) -> DemoQuery:
    """Ask for columns of the child, with a condition on its parent."""
    table = next((table for table in database.tables if table.parent is not None), None)
    if table is None or table.parent is None:
        raise NoSample
    sampler = ConditionSampler(rng, table.parent, database.rows[table.parent.name])
    conditions = sampler.sample(1)
    return DemoQuery("subquery", table, _select(rng, table, conditions, most=2), conditions, linked=True)


def _about_one_row(rng: Rng, table: DemoTable, sampler: ConditionSampler) -> DemoQuery:
    conditions = (sampler.on_label(),)
    spoken = [column for column in table.columns if column.option("ask")]
    if spoken and rng.chance(0.45):
        return DemoQuery("label", table, (rng.choice(spoken),), conditions)
    return DemoQuery("label", table, _select(rng, table, conditions, most=3, free_only=True), conditions)


def _aggregate(rng: Rng, table: DemoTable, sampler: ConditionSampler) -> DemoQuery:
    function = rng.choice(_AGGREGATES)
    columns = [
        column
        for column in table.columns
        if not column.is_text
        and (function != "SUM" or column.option("sum") is not None)
        and (function != "AVG" or column.kind != "year")
    ]
    if not columns:
        raise NoSample
    column = rng.choice(columns)
    conditions = sampler.sample_some((0, 1, 1, 2), excluded=column)
    return DemoQuery("aggregate", table, (column,), conditions, aggregate=function)


def _top(rng: Rng, table: DemoTable, sampler: ConditionSampler, rows: list[DemoRow]) -> DemoQuery:
    numbers = [column for column in table.columns if not column.is_text]
    if not numbers:
        raise NoSample
    column = rng.choice(numbers)
    descending = rng.chance(0.6)
    limit = rng.choice((1, 1, 1, 2, 3, 3, 4, 5, 5, 10))
    conditions = sampler.sample_some((0, 0, 0, 1), excluded=column)
    matching = [row[column.name] for row in rows if all(c.holds(row) for c in conditions)]
    ranked = sorted((value for value in matching if not isinstance(value, str)), reverse=descending)
    # A tie among the rows shown, or at the cut, would leave the answer open.
    if len(ranked) <= limit or len(set(ranked[: limit + 1])) <= limit:
        raise NoSample
    others = tuple(other for other in _select(rng, table, conditions, most=2) if other.name != column.name)
    select = (table.label,) if rng.chance(0.55) or not others else others
    return DemoQuery("top", table, select, conditions, order=DemoOrder(column, descending, limit))


def _repeating(rng: Rng, table: DemoTable) -> DemoColumn:
    """Draw a column of texts that repeat; the label if there is none."""
    texts = [column for column in table.columns if column.is_text and column not in (table.label, table.via)]
    return rng.choice(texts) if texts else table.label


def _select(
    rng: Rng,
    table: DemoTable,
    conditions: tuple[DemoCondition, ...],
    most: int = 4,
    *,
    free_only: bool = False,
) -> tuple[DemoColumn, ...]:
    """Draw one to `most` columns. One that a condition fixes is only asked for beside others, if at all."""
    count = 1 if rng.chance(0.5) else rng.choice([n for n in (2, 2, 2, 3, 3, 4, 4, 5) if n <= max(most, 2)])
    fixed = {condition.column.name for condition in conditions}
    free = [column for column in table.columns if column.name not in fixed]
    if count == 1:
        return (table.label if rng.chance(0.3) and table.label.name not in fixed else rng.choice(free),)
    pool = list(table.columns) if count > 2 and not free_only and rng.chance(0.4) else free
    chosen = rng.sample(pool, min(count, len(pool)))
    # People name what a row is called first, and often go on in the order of the table.
    if rng.chance(0.6):
        chosen = [column for column in table.columns if column in chosen]
    if table.label in chosen and rng.chance(0.7):
        chosen = [table.label, *(column for column in chosen if column != table.label)]
    return tuple(chosen)
