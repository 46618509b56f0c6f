"""A statement's logical form: what is selected, from where, under which conditions, and the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp


@dataclass(frozen=True)
class LogicalForm:
    """Two statements match logically when their forms are equal.

    Names and text values are lower-cased and numbers are written one way, so that forms compare as text.

    Attributes:
        tables: The tables' names, sorted.
        select: (aggregate or "", column), in order.
        conditions: (column and operator, value), sorted: their order does not matter.
        rest: DISTINCT, grouping, ordering and limit, as SQL.
    """

    tables: tuple[str, ...]
    select: tuple[tuple[str, str], ...]
    conditions: tuple[tuple[str, str], ...]
    rest: str = ""


@lru_cache(maxsize=4096)
def logical_form(sql: str) -> LogicalForm | None:
    """The form of a statement that sqlglot reads as SQLite's SQL; None when it cannot read it."""
    try:
        tree = sqlglot.parse_one(sql, read="sqlite")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Query):
        return None
    _normalize_names(tree)
    if not isinstance(tree, exp.Select) or tree.args.get("with_") or tree.args.get("with"):
        return LogicalForm((), (("", _text(tree)),), ())
    joins = tree.args.get("joins") or []
    source = tree.args.get("from_") or tree.args.get("from")
    tables = [source.this] if source is not None else []
    conditions: list[exp.Expr] = []
    for join in joins:
        tables.append(join.this)
        kind = " ".join(str(join.args[key]) for key in ("side", "kind", "method") if join.args.get(key))
        if kind.upper() not in ("", "INNER"):
            conditions.append(exp.Literal.string(f"{kind} join {_text(join.this)}"))
        conditions.extend(_joined_by_and(join.args.get("on")))
        conditions.extend(join.args.get("using") or [])
    where = tree.args.get("where")
    conditions.extend(_joined_by_and(where.this if where is not None else None))
    return LogicalForm(
        tables=tuple(sorted(_text(table) for table in tables)),
        select=tuple(_selected(item) for item in tree.expressions),
        conditions=tuple(sorted(_shape_and_values(part) for part in conditions)),
        rest=" ".join(
            _text(tree.args[key])
            for key in ("distinct", "group", "having", "order", "limit", "offset")
            if tree.args.get(key)
        ),
    )


def comparable_value(text: str) -> str:
    """A value as forms compare it: letter case ignored, 20.0 the same as 20."""
    text = text.strip().lower()
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def difference(gold: LogicalForm, predicted: LogicalForm) -> str | None:
    """The first way in which `predicted` differs, as one of `scores.OUTCOMES`; None when it does not."""
    if gold.tables != predicted.tables:
        return "wrong table"
    if gold.select != predicted.select:
        return _select_difference(gold.select, predicted.select)
    if Counter(shape for shape, _ in gold.conditions) != Counter(shape for shape, _ in predicted.conditions):
        return "wrong condition"
    if gold.conditions != predicted.conditions:
        return "wrong value"
    return None if gold.rest == predicted.rest else "wrong clause"


def _normalize_names(tree: exp.Expr) -> None:
    """Drop aliases and quotes, lower-case names, and name a column's table only where there are several."""
    names: dict[str, str] = {}
    tables = list(tree.find_all(exp.Table))
    for table in tables:
        names[(table.alias or table.name).lower()] = table.name.lower()
        table.set("alias", None)
    labels = {alias.alias.lower(): alias.this for alias in tree.find_all(exp.Alias) if alias.parent is tree}
    for column in list(tree.find_all(exp.Column)):
        owner = column.table.lower()
        column.set("table", exp.to_identifier(names.get(owner, owner)) if owner and len(tables) > 1 else None)
        label = labels.get(column.name.lower())
        if label is not None and not owner and column.find_ancestor(exp.Order) is not None:
            column.replace(label.copy())
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("this", identifier.name.lower())
        identifier.set("quoted", False)
    for literal in tree.find_all(exp.Literal):
        literal.set("this", comparable_value(literal.name))
        literal.set("is_string", True)
    for ordered in tree.find_all(exp.Ordered):
        ordered.set("nulls_first", None)


def _joined_by_and(node: exp.Expr | None) -> list[exp.Expr]:
    """The conditions that AND joins."""
    if node is None:
        return []
    if isinstance(node, exp.Paren):
        return _joined_by_and(node.this)
    if isinstance(node, exp.And):
        return [*_joined_by_and(node.left), *_joined_by_and(node.right)]
    return [node]


_MIRRORED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
    exp.GT: exp.LT,
    exp.LT: exp.GT,
    exp.GTE: exp.LTE,
    exp.LTE: exp.GTE,
}
"""The comparison that says the same with its sides exchanged."""


def _shape_and_values(node: exp.Expr) -> tuple[str, str]:
    """(the condition with a placeholder for each value, the values)."""
    if isinstance(node, exp.Or):
        halves = sorted(_shape_and_values(part) for part in _joined_by_or(node))
        return " or ".join(shape for shape, _ in halves), "\0".join(value for _, value in halves)
    mirrored = _MIRRORED.get(type(node))
    if mirrored is not None:
        left, right = node.this, node.expression
        literal_first = isinstance(left, exp.Literal) and not isinstance(right, exp.Literal)
        both_columns = isinstance(left, exp.Column) and isinstance(right, exp.Column)
        if literal_first or (both_columns and _text(left) > _text(right)):
            node = mirrored(this=right.copy(), expression=left.copy())
    node = node.copy()
    values = []
    literals = list(node.find_all(exp.Literal, bfs=False))
    for literal in literals:
        values.append(literal.name)
        if literal is node:
            return "", literal.name
        literal.replace(exp.Placeholder())
    return _text(node), "\0".join(values)


def _joined_by_or(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Paren):
        return _joined_by_or(node.this)
    if isinstance(node, exp.Or):
        return [*_joined_by_or(node.left), *_joined_by_or(node.right)]
    return [node]


def _selected(item: exp.Expr) -> tuple[str, str]:
    item = item.unalias()
    if type(item) in (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max):
        return type(item).__name__.lower(), _text(item.this)
    return "", _text(item)


def _text(node: exp.Expr | None) -> str:
    return "" if node is None else node.sql(dialect="sqlite", comments=False).lower().strip()


def _select_difference(gold: tuple[tuple[str, str], ...], predicted: tuple[tuple[str, str], ...]) -> str:
    columns, other_columns = ([column for _, column in select] for select in (gold, predicted))
    if columns == other_columns:
        return "wrong aggregate"
    aggregates, other_aggregates = (Counter(aggregate for aggregate, _ in s) for s in (gold, predicted))
    # COUNT(*) names no column: against another aggregate, it is the aggregate that is wrong.
    star = "*" in columns or "*" in other_columns
    return "wrong aggregate" if star and aggregates != other_aggregates else "wrong column"
