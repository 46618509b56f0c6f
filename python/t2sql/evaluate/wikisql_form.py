"""A statement, or the tutorial's text, as WikiSQL's query by indices: what its official scores compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from t2sql.evaluate.pseudo import Parts, tutorial_parts
from t2sql.evaluate.wikisql import AGGREGATES, OPERATORS


def query_of(
    sql: str, table: str, columns: Sequence[str], *, tutorial: bool = False
) -> dict[str, Any] | None:
    """`sel`, `agg` and `conds`; None when the statement is of another kind or names another column.

    With `tutorial` it is the tutorial's text, otherwise SQL. Names compare without letter case; of
    columns with one name, the first is meant.
    """
    parts = tutorial_parts(sql, table, columns) if tutorial else _parts(sql)
    if parts is None:
        return None
    places = {name.lower(): at for at, name in reversed(list(enumerate(columns)))}
    aggregate, column, conditions = parts
    try:
        return {
            "sel": places[column.lower()],
            "agg": AGGREGATES.index(aggregate.upper()),
            "conds": [
                [places[name.lower()], OPERATORS.index(sign), value] for name, sign, value in conditions
            ],
        }
    except (KeyError, ValueError):
        return None


def prediction_of(line: Mapping[str, Any]) -> Mapping[str, Any]:
    """A line as the official script reads it; t2sql's own have "sql" and "schema"."""
    if "query" in line or "error" in line or not isinstance(line.get("sql"), str):
        return line
    from t2sql.schema import Schema

    try:
        table = Schema.from_dict(line["schema"]).tables[0]
    except (ValueError, KeyError, IndexError):
        return {"error": "no schema"}
    for tutorial in (False, True):
        query = query_of(line["sql"], table.name, table.column_names, tutorial=tutorial)
        if query is not None:
            return {"query": query}
    return {"error": "no WikiSQL query"}


def _parts(sql: str) -> Parts | None:
    """(aggregate, column, conditions) of a statement that sqlglot reads and WikiSQL can express."""
    import sqlglot
    from sqlglot import exp

    try:
        tree = sqlglot.parse_one(sql, read="sqlite")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
        return None
    if {key for key, value in tree.args.items() if value} - {"expressions", "from", "from_", "where"}:
        return None
    selected, aggregate = tree.expressions[0].unalias(), ""
    if type(selected) in (exp.Max, exp.Min, exp.Count, exp.Sum, exp.Avg):
        aggregate, selected = type(selected).__name__, selected.this
    where = tree.args.get("where")
    clause = where.this if where is not None else None
    parts = list(clause.flatten()) if isinstance(clause, exp.And) else [clause] if clause is not None else []
    conditions = [_condition(part) for part in parts]
    if not isinstance(selected, exp.Column) or None in conditions:
        return None
    return aggregate, selected.name, [condition for condition in conditions if condition is not None]


def _condition(part: Any) -> tuple[str, str, str] | None:
    from sqlglot import exp

    sign = {exp.EQ: "=", exp.GT: ">", exp.LT: "<"}.get(type(part))
    if sign is None or not isinstance(part.this, exp.Column):
        return None
    value, minus = part.expression, ""
    if isinstance(value, exp.Neg):
        value, minus = value.this, "-"
    return (part.this.name, sign, minus + value.name) if isinstance(value, exp.Literal) else None
