"""A statement's one-edit neighbours: statements that a test suite has to tell from it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.schema import Schema

MOST = 60
_COLUMNS = 4


def neighbours(tree: Any, schema: Schema, *, most: int = MOST, seed: int = 0) -> list[str]:
    """At most so many statements that differ from `tree` in one place: another column, aggregate, operator,
    connective, value or direction, or a condition or clause less."""
    gold = tree.sql(dialect="sqlite")
    found: dict[str, None] = {}
    for at, node in enumerate(tree.walk()):
        for edited in _edits(node, tree, schema):
            found[_with(tree, at, edited)] = None
    found.pop(gold, None)
    texts = list(found)
    if len(texts) <= most:
        return texts
    return random.Random(f"{seed} {gold}").sample(texts, most)


def _with(tree: Any, at: int, edited: Any) -> str:
    """The statement with its node number `at` replaced, or removed when `edited` is None."""
    copy = tree.copy()
    node = next(node for number, node in enumerate(copy.walk()) if number == at)
    if edited is None:
        node.pop()
    elif node is copy:
        copy = edited
    else:
        node.replace(edited)
    return str(copy.sql(dialect="sqlite"))


def _edits(node: Any, tree: Any, schema: Schema) -> Iterator[Any]:
    """What may stand in the node's place; None for nothing."""
    from sqlglot import exp

    comparisons = (exp.EQ, exp.NEQ, exp.GT, exp.LT, exp.GTE, exp.LTE)
    aggregates = (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max)
    operations = (exp.Union, exp.Intersect, exp.Except)
    if isinstance(node, exp.Column):
        yield from _other_columns(node, tree, schema)
        if isinstance(node.parent, exp.Select) and node.arg_key == "expressions":
            yield from (aggregate(this=node.copy()) for aggregate in (exp.Count, exp.Min, exp.Max))
    elif type(node) in aggregates:
        yield from _other_aggregates(node, aggregates)
    elif type(node) in comparisons:
        for other in comparisons:
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
        turned = node.copy()
        turned.set("desc", not node.args.get("desc"))
        yield turned
    elif isinstance(node, exp.Join) and not node.side and node.kind.upper() in ("", "INNER"):
        outer = node.copy()
        outer.set("kind", None)
        outer.set("side", "LEFT")
        if node.args.get("on") is not None or node.args.get("using"):
            yield outer
    elif type(node) in operations:
        yield from _other_operations(node, operations)
    if isinstance(node, exp.Select) and not node.args.get("distinct") and not _is_one_row(node):
        once = node.copy()
        once.set("distinct", exp.Distinct())
        yield once


def _is_one_row(select: Any) -> bool:
    """Whether there is one row whatever the data, so that DISTINCT says nothing."""
    from sqlglot import exp

    items = [item.unalias() for item in select.expressions]
    return not select.args.get("group") and all(isinstance(item, exp.AggFunc) for item in items)


def _other_columns(node: Any, tree: Any, schema: Schema) -> Iterator[Any]:
    from sqlglot import exp

    used = {(t.alias or t.name).lower(): t.name for t in tree.find_all(exp.Table)}
    names = [used[node.table.lower()]] if node.table.lower() in used else list(used.values())
    tables = [table for table in map(schema.table, dict.fromkeys(names)) if table is not None]
    owners = [table for table in tables if any(c.lower() == node.name.lower() for c in table.column_names)]
    for table in owners[:1]:
        others = [name for name in table.column_names if name.lower() != node.name.lower()]
        for name in random.Random(node.name).sample(others, min(_COLUMNS, len(others))):
            other = node.copy()
            other.set("this", exp.to_identifier(name, quoted=True))
            yield other


def _other_aggregates(node: Any, aggregates: tuple[Any, ...]) -> Iterator[Any]:
    from sqlglot import exp

    inner = node.this
    once = isinstance(inner, exp.Distinct)
    plain = inner.expressions[0] if once and inner.expressions else inner
    if isinstance(plain, exp.Star):
        return
    yield plain.copy()
    yield from (other(this=inner.copy()) for other in aggregates)
    changed = node.copy()
    changed.set("this", plain.copy() if once else exp.Distinct(expressions=[plain.copy()]))
    yield changed


def _other_values(node: Any, tree: Any) -> Iterator[Any]:
    from sqlglot import exp

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


def _other_operations(node: Any, operations: tuple[Any, ...]) -> Iterator[Any]:
    for kind in operations:
        for distinct in (True, False):
            other = kind(
                **{key: value.copy() if hasattr(value, "copy") else value for key, value in node.args.items()}
            )
            other.set("distinct", distinct)
            yield other
