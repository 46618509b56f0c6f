"""Parts of a statement's tree that rewriting looks for, and how it is written in the end."""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp
from sqlglot.dialects.sqlite import SQLite

from t2sql.schema import Table
from t2sql.sql import quote

_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


# sqlglot makes this class while it runs, so a type checker does not see one.
class Writer(SQLite.Generator):  # type: ignore[misc, valid-type]
    """SQLite's spelling, with NOT where people write it."""

    def ordered_sql(self, expression: exp.Ordered) -> str:
        """Without NULLS FIRST, which SQLite does anyway."""
        return str(self.sql(expression.this)) + (" DESC" if expression.args.get("desc") else "")

    def exists_sql(self, expression: exp.Exists) -> str:
        """With a blank, and all columns: which ones makes no difference."""
        query = expression.this.copy()
        if isinstance(query, exp.Select):
            query.set("expressions", [exp.Star()])
        return f"EXISTS ({self.sql(query)})"

    def not_sql(self, expression: exp.Not) -> str:
        """`x NOT IN (…)` for `NOT x IN (…)`."""
        inner = expression.this
        if isinstance(inner, exp.In | exp.Like | exp.Between):
            left, _, right = self.sql(inner).partition(self.sql(inner.this))
            return f"{left}{self.sql(inner.this)} NOT{right}"
        if isinstance(inner, exp.Is):
            return f"{self.sql(inner.this)} IS NOT {self.sql(inner.expression)}"
        return super().not_sql(expression)  # type: ignore[no-any-return]


def owner(column: exp.Column, names: set[str]) -> exp.Expr | None:
    """The query that a column's table belongs to, if it is one of some names; else None."""
    name, select = column.table.lower(), column.find_ancestor(exp.Select)
    if name not in names:
        return None
    while isinstance(select, exp.Select):
        nodes = [select.args["from_"].this] if select.args.get("from_") else []
        nodes += [join.this for join in select.args.get("joins") or ()]
        if any(node.alias_or_name.lower() == name for node in nodes):
            return select
        select = select.parent_select
    return None


def direct_columns(select: exp.Select) -> list[exp.Column]:
    """The columns of a query itself, and not of those inside it."""
    return [column for column in select.find_all(exp.Column) if column.find_ancestor(exp.Select) is select]


def hides(column: exp.Column, table: Table) -> bool:
    """Whether the query that a column stands in reads a table, whose name then means the inner one."""
    select = column.find_ancestor(exp.Select)
    return select is not None and any(
        node.name.lower() == table.name.lower()
        for node in select.find_all(exp.Table)
        if node.find_ancestor(exp.Select) is select
    )


def conjuncts(condition: exp.Expr | None) -> list[exp.Expr]:
    """The conditions that AND joins."""
    if condition is None:
        return []
    while isinstance(condition, exp.Paren):
        condition = condition.this
    if isinstance(condition, exp.And):
        return [*conjuncts(condition.this), *conjuncts(condition.expression)]
    if isinstance(condition, exp.Or):
        return [exp.Paren(this=condition)]
    return [condition]


def is_join(condition: exp.Expr, one: str, other: str) -> bool:
    """Whether a condition is an equality of columns of two tables."""
    left, right = condition.args.get("this"), condition.args.get("expression")
    return (
        isinstance(condition, exp.EQ)
        and isinstance(left, exp.Column)
        and isinstance(right, exp.Column)
        and {left.table, right.table} == {one, other}
    )


def joining_order(names: list[str], selected: list[str], conditions: list[exp.Expr]) -> list[str]:
    """The names of joined tables: those that are selected and those between them, then the others.

    Args:
        names: All of them.
        selected: Those of the SELECT list.
        conditions: The conditions that join them, among others.

    Returns:
        The names in an order in which an equality joins each to one before it, as far as there are any.
    """
    near: dict[str, list[str]] = {name: [] for name in names}
    for one in names:
        for other in names:
            if one != other and any(is_join(condition, one, other) for condition in conditions):
                near[one].append(other)
    ordered = (selected or names)[:1]
    while len(ordered) < len(names):
        wanted = set(selected) - set(ordered) or set(names) - set(ordered)
        ways, seen, found = [[name] for name in ordered], set(ordered), list[str]()
        while ways and not found:
            ways = [[*way, name] for way in ways for name in near[way[-1]] if name not in seen]
            seen |= {way[-1] for way in ways}
            found = next((way for way in ways if way[-1] in wanted), [])
        ordered += [name for name in found if name not in ordered] or [
            name for name in names if name not in ordered
        ]
    return ordered


def pair(condition: exp.Expr, first: str) -> tuple[str, str]:
    """The names of the columns of an equality, that of one table first."""
    left, right = condition.this, condition.expression
    return (left.name, right.name) if left.table == first else (right.name, left.name)


def identifier(name: str) -> exp.Identifier:
    """A name, in quotes where it needs them."""
    return exp.to_identifier(name, quoted=quote(name) != name)


def type_literals(node: exp.Expr, kind: str | None) -> None:
    """Literals of the column's type: SQLite compares them as the column's type says."""
    values = [node.args.get(key) for key in ("expression", "low", "high")] + list(
        node.args.get("expressions") or ()
    )
    for value in values:
        negative = isinstance(value, exp.Neg) and isinstance(value.this, exp.Literal)
        if value is None or not (isinstance(value, exp.Literal) or negative):
            continue
        text = value.sql() if negative else value.name
        quoted = isinstance(value, exp.Literal) and value.is_string
        if kind == "number" and quoted and _NUMBER.fullmatch(text):
            value.replace(sqlglot.parse_one(text))
        elif kind in ("text", "date") and not quoted:
            value.replace(exp.Literal.string(text))
