"""A statement's logical form: what is selected, from where, under which conditions, and the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True)
class Logical:
    """Two statements match logically when their forms are equal.

    Names and text values are lower-cased and numbers spelled one way. `select` holds (aggregate,
    column), in order; `conditions` holds (column and operator, value), in no order; `rest` is grouping,
    ordering, limit and DISTINCT.
    """

    tables: tuple[str, ...]
    select: tuple[tuple[str, str], ...]
    conditions: tuple[tuple[str, str], ...]
    rest: str = ""


@lru_cache(maxsize=4096)
def logical_form(sql: str) -> Logical | None:
    """The form of a statement that sqlglot reads as SQLite; None when it cannot."""
    import sqlglot
    from sqlglot import exp

    try:
        tree = sqlglot.parse_one(sql, read="sqlite")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Query):
        return None
    tree = tree.copy()
    _plain_names(tree)
    if not isinstance(tree, exp.Select) or tree.args.get("with_") or tree.args.get("with"):
        return Logical((), (("", _text(tree)),), ())
    joins = tree.args.get("joins") or []
    source = tree.args.get("from_") or tree.args.get("from")
    tables = [source.this] if source is not None else []
    conditions: list[Any] = []
    for join in joins:
        tables.append(join.this)
        kind = " ".join(str(join.args[key]) for key in ("side", "kind", "method") if join.args.get(key))
        if kind.upper() not in ("", "INNER"):
            conditions.append(exp.Literal.string(f"{kind} join {_text(join.this)}"))
        conditions.extend(_parts(join.args.get("on")))
        conditions.extend(join.args.get("using") or [])
    where = tree.args.get("where")
    conditions.extend(_parts(where.this if where is not None else None))
    return Logical(
        tables=tuple(sorted(_text(table) for table in tables)),
        select=tuple(_selected(item) for item in tree.expressions),
        conditions=tuple(sorted(_condition(part) for part in conditions)),
        rest=" ".join(
            _text(tree.args[key])
            for key in ("distinct", "group", "having", "order", "limit", "offset")
            if tree.args.get(key)
        ),
    )


def _plain_names(tree: Any) -> None:
    """Aliases out, names lower-cased and unquoted, a column's table only where there are several."""
    from sqlglot import exp

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
        literal.set("this", _value(literal.name))
        literal.set("is_string", True)
    for ordered in tree.find_all(exp.Ordered):
        ordered.set("nulls_first", None)


def _parts(node: Any) -> list[Any]:
    """The conditions that AND joins."""
    from sqlglot import exp

    if node is None:
        return []
    if isinstance(node, exp.Paren):
        return _parts(node.this)
    if isinstance(node, exp.And):
        return [*_parts(node.left), *_parts(node.right)]
    return [node]


_FLIPPED = {"EQ": "EQ", "NEQ": "NEQ", "GT": "LT", "LT": "GT", "GTE": "LTE", "LTE": "GTE"}


def _condition(node: Any) -> tuple[str, str]:
    """(the condition without its values, the values)."""
    from sqlglot import exp

    if isinstance(node, exp.Or):
        halves = sorted(_condition(part) for part in _alternatives(node))
        return " or ".join(shape for shape, _ in halves), "\0".join(value for _, value in halves)
    kind = type(node).__name__
    if kind in _FLIPPED:
        left, right = node.this, node.expression
        literal_first = isinstance(left, exp.Literal) and not isinstance(right, exp.Literal)
        both_columns = isinstance(left, exp.Column) and isinstance(right, exp.Column)
        if literal_first or (both_columns and _text(left) > _text(right)):
            node = getattr(exp, _FLIPPED[kind])(this=right.copy(), expression=left.copy())
    node = node.copy()
    values = []
    literals = list(node.find_all(exp.Literal, bfs=False))
    for literal in literals:
        values.append(literal.name)
        if literal is node:
            return "", literal.name
        literal.replace(exp.Placeholder())
    return _text(node), "\0".join(values)


def _alternatives(node: Any) -> list[Any]:
    from sqlglot import exp

    if isinstance(node, exp.Paren):
        return _alternatives(node.this)
    if isinstance(node, exp.Or):
        return [*_alternatives(node.left), *_alternatives(node.right)]
    return [node]


def _selected(item: Any) -> tuple[str, str]:
    from sqlglot import exp

    item = item.unalias()
    if isinstance(item, exp.AggFunc) and type(item) in (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max):
        return type(item).__name__.lower(), _text(item.this)
    return "", _text(item)


def _text(node: Any) -> str:
    return "" if node is None else str(node.sql(dialect="sqlite", comments=False)).lower().strip()


def _value(text: str) -> str:
    """A value as it is compared: letter case ignored, 20.0 the same as 20."""
    text = text.strip().lower()
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def difference(gold: Logical, got: Logical) -> str | None:
    """The first thing in which `got` differs, as a failure class; None when it is the same."""
    if gold.tables != got.tables:
        return "wrong table"
    if gold.select != got.select:
        return _select_difference(gold.select, got.select)
    if Counter(shape for shape, _ in gold.conditions) != Counter(shape for shape, _ in got.conditions):
        return "wrong condition"
    if gold.conditions != got.conditions:
        return "wrong value"
    return None if gold.rest == got.rest else "wrong clause"


def _select_difference(gold: tuple[tuple[str, str], ...], got: tuple[tuple[str, str], ...]) -> str:
    columns, got_columns = ([column for _, column in select] for select in (gold, got))
    if columns == got_columns:
        return "wrong aggregate"
    aggregates, got_aggregates = (Counter(aggregate for aggregate, _ in select) for select in (gold, got))
    # COUNT(*) names no column: against another aggregate, it is the aggregate that is wrong.
    star = "*" in columns or "*" in got_columns
    return "wrong aggregate" if star and aggregates != got_aggregates else "wrong column"
