"""Values written in strict types, where SQLite is loose and PostgreSQL and DuckDB are not.

A comparison of two kinds is one of texts; a text in SUM or AVG is the number that it begins with, as in
SQLite; LIKE ignores letter case and looks at the text of any value; 1 is true for a boolean column.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time

from sqlglot import exp

from t2sql.live.kinds import Kind, declared_type, kind_of

_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_EQUAL = (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ)
_NUMBER = re.compile(r"\s*[-+]?\d+(\.\d*)?([eE][-+]?\d{1,2})?\s*", re.ASCII)
_NUMBER_START = r"^\s*[-+]?[0-9]+(?:\.[0-9]+)?"
_TRUTHS = {
    **dict.fromkeys(("t", "true", "yes", "on", "y", "1"), True),
    **dict.fromkeys(("f", "false", "no", "off", "n", "0"), False),
}
_ADDABLE = re.compile(r"interval|money", re.IGNORECASE)
_COMPARABLE = re.compile(r"interval|money|inet|\[|range|enum", re.IGNORECASE)
_COMPARING = (
    exp.Group,
    exp.Ordered,
    exp.Distinct,
    exp.Count,
    exp.Window,
    exp.Rollup,
    exp.Cube,
    exp.GroupingSets,
)
"""What compares the values that stand in it."""
_UNCOMPARABLE = re.compile(r"json$|xml|point|polygon|\bbox|path|circle", re.IGNORECASE)
UNCOMPARABLE = re.compile(r"json|xml|point|polygon|\bbox|path|circle|uuid|bytea|bit", re.IGNORECASE)
"""Types that PostgreSQL has no MIN and MAX for."""


def adapt_types(tree: exp.Expr, dialect: str) -> None:
    """Adapt the values of a statement to the types that they are compared with or calculated from.

    Args:
        tree: The statement's tree, its names resolved; it is changed.
        dialect: sqlglot's name of the database's dialect.
    """
    if dialect != "mysql":
        for aggregate in list(tree.find_all(exp.Sum, exp.Avg, exp.Min, exp.Max)):
            _adapt_aggregate(aggregate, dialect)
        _adapt_likes(tree, dialect)
    if dialect == "postgres":
        _enums_as_texts(tree)
        _adapt_uncomparable(tree)
        _adapt_rounds(tree)
    for comparison in list(tree.find_all(*_COMPARED)):
        sides = _comparable(
            [comparison.this, comparison.expression], dialect, equal=isinstance(comparison, _EQUAL)
        )
        if sides is not None:
            comparison.set("this", sides[0])
            comparison.set("expression", sides[1])
    for between in list(tree.find_all(exp.Between)):
        sides = _comparable([between.this, between.args["low"], between.args["high"]], dialect, equal=False)
        if sides is not None:
            for key, side in zip(("this", "low", "high"), sides, strict=True):
                between.set(key, side)
    for membership in list(tree.find_all(exp.In)):
        _adapt_membership(membership, dialect)


def _adapt_likes(tree: exp.Expr, dialect: str) -> None:
    for like in list(tree.find_all(exp.Like, exp.ILike)):
        text = like.this if kind_of(like.this) in ("text", None) else as_text(like.this)
        pattern = like.expression
        if dialect == "postgres" and isinstance(pattern, exp.Literal) and pattern.is_string:
            trailing = len(pattern.name) - len(pattern.name.rstrip("\\"))
            if trailing % 2:
                # A pattern that ends in its escape character is an error as soon as a row gets that far.
                pattern = exp.Literal.string(pattern.name + "\\")
        # sqlglot has NOT among the arguments, or around the node, by its version.
        like.replace(exp.ILike(**{**like.args, "this": text, "expression": pattern}))


def _enums_as_texts(tree: exp.Expr) -> None:
    """Write values of enums as texts where a function or CASE takes them: PostgreSQL has none for enums."""
    for column in list(tree.find_all(exp.Column)):
        caller = column.parent
        takes = isinstance(caller, exp.Func | exp.Case | exp.If) and not isinstance(
            caller, exp.AggFunc | exp.Cast
        )
        if takes and declared_type(column) == "ENUM":
            column.replace(as_text(column))


def as_text(node: exp.Expr) -> exp.Expr:
    """An expression's value as text."""
    if isinstance(node, exp.Literal):
        return exp.Literal.string(node.name)
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
        return exp.Literal.string(f"-{node.this.name}")
    return exp.Cast(this=node.copy(), to=exp.DataType.build("text"))


def _comparable(sides: list[exp.Expr], dialect: str, *, equal: bool) -> list[exp.Expr] | None:
    """Two or more expressions as they can be compared; None if they can be as they are."""
    kinds = [kind_of(side) for side in sides]
    if None in kinds or not any(side.find(exp.Column) for side in sides):
        return None
    if dialect == "mysql" and sum(not isinstance(side, exp.Literal) for side in sides) > 1:
        # It compares everything, and texts of two columns may be in collations that do not mix.
        return None
    others = {kind for side, kind in zip(sides, kinds, strict=True) if not isinstance(side, exp.Literal)}
    if len(others) == 1:
        fitted = [_fitted(side, next(iter(others)), equal=equal) for side in sides]
        if all(side is not None for side in fitted):
            return [side for side in fitted if side is not None]
    if set(kinds) == {"boolean", "number"} and "boolean" in others:
        return [as_integer(s) if kind == "boolean" else s for s, kind in zip(sides, kinds, strict=True)]
    if (len(set(kinds)) == 1 and kinds[0] != "other") or others == set(kinds) == {"date", "timestamp"}:
        return None
    return [side if kind == "text" else as_text(side) for side, kind in zip(sides, kinds, strict=True)]


def _fitted(side: exp.Expr, kind: Kind | None, *, equal: bool) -> exp.Expr | None:
    """A side as a value of a kind; None if it is a literal that is none."""
    if not isinstance(side, exp.Literal):
        return None if kind == "other" else side
    text = side.name
    if kind == "text":
        return exp.Literal.string(text)
    if kind == "number":
        return (
            side
            if not side.is_string
            else exp.Literal.number(text.strip())
            if _NUMBER.fullmatch(text)
            else None
        )
    if kind == "boolean" and equal:
        # MariaDB would take every text for 0.
        truth = _TRUTHS.get(text.lower())
        return None if truth is None else exp.Boolean(this=truth)
    if kind in ("date", "timestamp", "time") and side.is_string:
        return side if _is_time(text, kind) else None
    return None


def can_be(text: str, kind: Kind | None) -> bool:
    """Whether a text is written as a value of a kind; True for kinds that are not judged."""
    if kind not in ("number", "boolean", "date", "timestamp", "time"):
        return True
    return _fitted(exp.Literal.string(text), kind, equal=True) is not None


def _is_time(text: str, kind: Kind) -> bool:
    try:
        if kind == "time":
            time.fromisoformat(text)
        elif kind == "date":
            date.fromisoformat(text)
        else:
            datetime.fromisoformat(text)
    except ValueError:
        return False
    return re.match(r"\d{4}-|\d{2}:", text) is not None


def as_integer(node: exp.Expr) -> exp.Expr:
    """A boolean as 0 or 1."""
    return exp.Cast(this=node.copy(), to=exp.DataType.build("int"))


def _adapt_membership(node: exp.In, dialect: str) -> None:
    query = node.args.get("query")
    if query is None:
        sides = _comparable([node.this, *node.expressions], dialect, equal=True)
        if sides is not None:
            node.set("this", sides[0])
            node.set("expressions", sides[1:])
        return
    inner = query.this if isinstance(query, exp.Subquery) else query
    if not isinstance(inner, exp.Select) or len(inner.expressions) != 1:
        return
    item = inner.expressions[0]
    sides = _comparable([node.this, item], dialect, equal=True)
    if sides is not None:
        node.set("this", sides[0])
        inner.set("expressions", [sides[1]])


def _adapt_aggregate(node: exp.Expr, dialect: str) -> None:
    distinct = node.this if isinstance(node.this, exp.Distinct) else None
    values = distinct.expressions if distinct is not None else [node.this]
    if len(values) != 1 or not isinstance(values[0], exp.Column):
        return
    value, kind, declared = values[0], kind_of(values[0]), declared_type(values[0])
    new: exp.Expr | None = None
    if isinstance(node, exp.Sum | exp.Avg):
        if kind == "boolean":
            new = as_integer(value)
        elif kind not in ("number", None) and not _ADDABLE.search(declared):
            new = _as_number(value, dialect)
    elif isinstance(node, exp.Min | exp.Max):
        if kind == "boolean":
            new = as_integer(value)
        elif kind == "other" and not _COMPARABLE.search(declared):
            new = as_text(value)
    if new is not None:
        value.replace(new)


def _as_number(node: exp.Expr, dialect: str) -> exp.Expr:
    """The number that a text begins with, 0 for none, as SQLite's."""
    text = as_text(node)
    pattern = exp.Literal.string(_NUMBER_START)
    start: exp.Expr = exp.Substring(this=text, start=pattern)
    if dialect == "duckdb":
        start = exp.Anonymous(this="REGEXP_EXTRACT", expressions=[text, pattern])
    start = exp.Anonymous(this="NULLIF", expressions=[start, exp.Literal.string("")])
    number = exp.Cast(this=start, to=exp.DataType.build("double"))
    zero = exp.Anonymous(this="COALESCE", expressions=[number, exp.Literal.number("0")])
    present = exp.Not(this=exp.Is(this=node.copy(), expression=exp.null()))
    return exp.Case(ifs=[exp.If(this=present, true=zero)])


def _adapt_uncomparable(tree: exp.Expr) -> None:
    """PostgreSQL neither sorts nor groups json: its text is."""
    for select in list(tree.find_all(exp.Select)):
        compared = _compared_items(select)
        for column in list(select.find_all(exp.Column)):
            place = column.parent
            while isinstance(place, exp.Paren | exp.Tuple | exp.Alias):
                place = place.parent
            top = place is select and column.find_ancestor(exp.Select) is select
            item = column.parent if isinstance(column.parent, exp.Alias) else column
            if not (isinstance(place, _COMPARING) or (top and id(item) in compared)):
                continue
            if _UNCOMPARABLE.search(declared_type(column)) and column.find_ancestor(exp.Select) is select:
                text = as_text(column)
                column.replace(exp.alias_(text, column.name, quoted=True) if item is column and top else text)


def _compared_items(select: exp.Select) -> set[int]:
    """The items of a SELECT list, by id, whose values the query or the one around it compares."""
    items = select.expressions
    distinct, operation = select.args.get("distinct"), select.parent
    by_all = distinct is not None and not distinct.args.get("on")
    in_set = isinstance(operation, exp.SetOperation)
    if select.args.get("group") or by_all or in_set:
        return {id(item) for item in items}
    order = select.args.get("order")
    terms = [term.this for term in order.expressions] if order is not None else []
    positions = {int(term.name) for term in terms if isinstance(term, exp.Literal) and term.name.isdigit()}
    names = {term.name for term in terms if isinstance(term, exp.Column) and not term.table}
    return {
        id(item)
        for number, item in enumerate(items, 1)
        if number in positions or (isinstance(item, exp.Alias) and item.alias in names)
    }


def _adapt_rounds(tree: exp.Expr) -> None:
    """PostgreSQL rounds a double to whole numbers only."""
    for call in list(tree.find_all(exp.Anonymous)):
        if call.name.lower() in ("round", "trunc") and len(call.expressions) == 2:
            value = call.expressions[0]
            if kind_of(value) != "number" or not re.match(
                "numeric|decimal", declared_type(value), re.IGNORECASE
            ):
                value.replace(exp.Cast(this=value.copy(), to=exp.DataType.build("decimal")))
