"""A statement, or the tutorial's text, as WikiSQL's query by indices: what its official scores compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from t2sql.evaluate.tutorial_text import TextCondition, TextQuery, read_tutorial_text
from t2sql.evaluate.wikisql_query import AGGREGATES, OPERATORS, Condition, Query
from t2sql.runs import records
from t2sql.schema import Schema


@dataclass(frozen=True)
class Prediction:
    """A line of a predictions file as the official script reads it.

    Attributes:
        query: The predicted query as JSON, not yet checked; the script reads it only without an error.
        error: What kept the model from predicting one, if anything did.
    """

    query: records.Json = None
    error: records.Json = None

    @classmethod
    def from_json(cls, line: records.JsonObject) -> Prediction:
        """Read a line of the official format, or of t2sql's own (`sql` and `schema`), which is translated."""
        sql = line.get("sql")
        if "query" in line or "error" in line or not isinstance(sql, str):
            return cls(line.get("query"), line.get("error"))
        try:
            table = Schema.from_dict(line["schema"]).tables[0]
        except (ValueError, KeyError, IndexError):
            return cls(error="no schema")
        for tutorial in (False, True):
            query = query_of(sql, table.name, table.column_names, tutorial=tutorial)
            if query is not None:
                return cls(query.to_json())
        return cls(error="no WikiSQL query")


def query_of(sql: str, table: str, columns: Sequence[str], *, tutorial: bool = False) -> Query | None:
    """A statement over one table as WikiSQL's query.

    Args:
        sql: SQL, or the tutorial's text.
        table: The table's name, which decides where it ends in the tutorial's text.
        columns: The table's columns, in order. Names compare without letter case; of columns with one name,
            the first is meant.
        tutorial: Whether `sql` is the tutorial's text.

    Returns:
        The query; None when the statement is of another kind or names another column.
    """
    text = read_tutorial_text(sql, table, columns) if tutorial else _read_sql(sql)
    if text is None:
        return None
    indices = {name.lower(): index for index, name in reversed(list(enumerate(columns)))}
    try:
        return Query(
            indices[text.column.lower()],
            AGGREGATES.index(text.aggregate.upper()),
            tuple(
                Condition(indices[part.column.lower()], OPERATORS.index(part.operator), part.value)
                for part in text.conditions
            ),
        )
    except (KeyError, ValueError):
        return None


def _read_sql(sql: str) -> TextQuery | None:
    """The parts of a statement that sqlglot reads and WikiSQL can express; None for any other."""
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
    conditions = [condition for part in parts if (condition := _condition(part)) is not None]
    if not isinstance(selected, exp.Column) or len(conditions) < len(parts):
        return None
    table = tree.find(exp.Table)
    return TextQuery(table.name if table else "", aggregate, selected.name, tuple(conditions))


def _condition(part: exp.Expr) -> TextCondition | None:
    operators: dict[type[exp.Expr], str] = {exp.EQ: "=", exp.GT: ">", exp.LT: "<"}
    operator = operators.get(type(part))
    if operator is None or not isinstance(part.this, exp.Column):
        return None
    value, minus = part.expression, ""
    if isinstance(value, exp.Neg):
        value, minus = value.this, "-"
    return (
        TextCondition(part.this.name, operator, minus + value.name)
        if isinstance(value, exp.Literal)
        else None
    )
