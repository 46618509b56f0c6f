"""A statement's one-edit neighbours: statements that a test suite has to tell from it."""

from __future__ import annotations

import random
from collections.abc import Iterator

from sqlglot import exp

from t2sql.schema import Schema

MOST = 60
"""Neighbours of a statement, at most: each is run on up to 40 databases."""

_OTHER_COLUMNS = 4
"""Columns that are tried in the place of one; wide tables would crowd out every other kind of edit."""

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.LT, exp.GTE, exp.LTE)
_AGGREGATES = (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max)
_SET_OPERATIONS = (exp.Union, exp.Intersect, exp.Except)


def neighbours(tree: exp.Expr, schema: Schema, *, most: int = MOST, seed: int = 0) -> list[str]:
    """Statements that differ from a statement in one place.

    Another column, aggregate, operator, connective, value or direction; a condition or clause less; DISTINCT
    more or less.

    Args:
        tree: The statement as sqlglot reads it; it is left unchanged.
        schema: Its tables, for other columns.
        most: Where there are more, this many of them are drawn.
        seed: Decides which are drawn.

    Returns:
        Different statements of SQLite's dialect, none of which is `tree`. A few may not run.
    """
    gold = tree.sql(dialect="sqlite")
    texts: dict[str, None] = {}
    for node in list(tree.walk()):
        for edited in _edits(node, tree, schema):
            texts[_with_node(tree, node, edited)] = None
    texts.pop(gold, None)
    if len(texts) <= most:
        return list(texts)
    return random.Random(f"{seed} {gold}").sample(list(texts), most)


def _with_node(tree: exp.Expr, node: exp.Expr, edited: exp.Expr | None) -> str:
    """The statement with one of its nodes replaced, or removed when `edited` is None; the tree stays."""
    parent, key, index = node.parent, node.arg_key, node.index
    if parent is None:
        return edited.sql(dialect="sqlite") if edited is not None else ""
    # To put the node back takes a tenth of the time of copying the tree for each edit.
    args = {name: list(value) if isinstance(value, list) else value for name, value in parent.args.items()}
    node.replace(edited)
    text = tree.sql(dialect="sqlite", copy=False)
    parent.args.clear()
    parent.args.update(args)
    node.parent, node.arg_key, node.index = parent, key, index
    return text


def _edits(node: exp.Expr, tree: exp.Expr, schema: Schema) -> Iterator[exp.Expr | None]:
    """What may stand in the node's place; None for nothing."""
    if isinstance(node, exp.Column):
        yield from _other_columns(node, tree, schema)
        if isinstance(node.parent, exp.Select) and node.arg_key == "expressions":
            yield from (aggregate(this=node.copy()) for aggregate in (exp.Count, exp.Min, exp.Max))
    elif type(node) in _AGGREGATES:
        yield from _other_aggregates(node)
    elif type(node) in _COMPARISONS:
        for other in _COMPARISONS:
            yield other(this=node.this.copy(), expression=node.expression.copy())
    elif isinstance(node, (exp.And, exp.Or)):
        connective = exp.Or if isinstance(node, exp.And) else exp.And
        yield exp.paren(connective(this=node.this.copy(), expression=node.expression.copy()))
        yield node.this.copy()
        yield node.expression.copy()
    elif isinstance(node, exp.Literal):
        yield from _other_values(node, tree)
    elif isinstance(node, (exp.Where, exp.Group, exp.Having, exp.Order, exp.Limit, exp.Offset, exp.Distinct)):
        if not isinstance(node.parent, exp.Count):
            yield None
    elif isinstance(node, (exp.Not, exp.Paren)):
        yield node.this.copy()
    elif isinstance(node, (exp.Like, exp.Between, exp.In, exp.Is)):
        yield exp.not_(node.copy())
    elif isinstance(node, exp.Ordered):
        reversed_order = node.copy()
        reversed_order.set("desc", not node.args.get("desc"))
        yield reversed_order
    elif isinstance(node, exp.Join) and not node.side and node.kind.upper() in ("", "INNER"):
        outer = node.copy()
        outer.set("kind", None)
        outer.set("side", "LEFT")
        if node.args.get("on") is not None or node.args.get("using"):
            yield outer
    elif type(node) in _SET_OPERATIONS:
        yield from _other_set_operations(node)
    if isinstance(node, exp.Select) and not node.args.get("distinct") and not _has_one_row(node):
        distinct = node.copy()
        distinct.set("distinct", exp.Distinct())
        yield distinct


def _has_one_row(select: exp.Select) -> bool:
    """Whether the result has one row whatever the data, so that DISTINCT changes nothing."""
    items = [item.unalias() for item in select.expressions]
    return not select.args.get("group") and all(isinstance(item, exp.AggFunc) for item in items)


def _other_columns(node: exp.Column, tree: exp.Expr, schema: Schema) -> Iterator[exp.Expr]:
    used = {(t.alias or t.name).lower(): t.name for t in tree.find_all(exp.Table)}
    names = [used[node.table.lower()]] if node.table.lower() in used else list(used.values())
    tables = [table for table in map(schema.table, dict.fromkeys(names)) if table is not None]
    owners = [table for table in tables if any(c.lower() == node.name.lower() for c in table.column_names)]
    for table in owners[:1]:
        others = [name for name in table.column_names if name.lower() != node.name.lower()]
        for name in random.Random(node.name).sample(others, min(_OTHER_COLUMNS, len(others))):
            other = node.copy()
            other.set("this", exp.to_identifier(name, quoted=True))
            yield other


def _other_aggregates(node: exp.Expr) -> Iterator[exp.Expr]:
    inner = node.this
    distinct = isinstance(inner, exp.Distinct)
    argument = inner.expressions[0] if distinct and inner.expressions else inner
    if isinstance(argument, exp.Star):
        return
    yield argument.copy()
    yield from (other(this=inner.copy()) for other in _AGGREGATES)
    changed = node.copy()
    changed.set("this", argument.copy() if distinct else exp.Distinct(expressions=[argument.copy()]))
    yield changed


def _other_values(node: exp.Literal, tree: exp.Expr) -> Iterator[exp.Expr]:
    if node.is_string:
        texts = {literal.name for literal in tree.find_all(exp.Literal) if literal.is_string}
        texts |= {node.name.swapcase(), node.name + "x"}
        yield from (exp.Literal.string(text) for text in sorted(texts - {node.name}))
        return
    numbers = {literal.name for literal in tree.find_all(exp.Literal) if not literal.is_string}
    value = float(node.name)
    for step in (-1, 1):
        moved = value + step
        numbers.add(str(int(moved)) if moved.is_integer() else repr(moved))
    if node.find_ancestor(exp.Limit, exp.Offset) is not None:
        numbers = {number for number in numbers if number.isdigit()}
    yield from (exp.Literal.number(number) for number in sorted(numbers - {node.name}))


def _other_set_operations(node: exp.Expr) -> Iterator[exp.Expr]:
    for kind in _SET_OPERATIONS:
        for distinct in (True, False):
            parts = {
                key: value.copy() if isinstance(value, exp.Expr) else value
                for key, value in node.args.items()
            }
            other = kind(**parts)
            other.set("distinct", distinct)
            yield other
