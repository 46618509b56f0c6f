"""Functions that SQLite has and the database's dialect lacks, written with what it has.

A function that the database lacks is never sent: a user may have made one of its name.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from t2sql.sql import SqlError

_OWN = {
    "postgres": frozenset({"char_length", "power", "mod", "date_part", "now", "age", "make_date"}),
    "duckdb": frozenset({"char_length", "power", "mod", "date_part", "now", "age", "make_date"}),
    "mysql": frozenset({"char_length", "power", "mod", "now"}),
}
"""Names that sqlglot does not know as functions, and that these databases have themselves."""

_LACKING: dict[str, tuple[type[exp.Expr], ...]] = {
    "postgres": (
        *(exp.Glob, exp.Hex, exp.Unicode, exp.Typeof, exp.Median, exp.Qualify, exp.ArgMax, exp.ArgMin),
        *(exp.Contains, exp.EndsWith, exp.Monthname, exp.Dayname, exp.LastDay),
    ),
    "duckdb": (exp.Initcap,),
    "mysql": (
        *(exp.Typeof, exp.Median, exp.Qualify, exp.ArgMax, exp.ArgMin, exp.Initcap, exp.SplitPart),
        *(exp.Glob, exp.Corr, exp.CovarPop, exp.CovarSamp, exp.LogicalOr, exp.LogicalAnd),
    ),
}
"""What sqlglot reads, and these databases do not have."""

_MODIFIERS = ("year", "month", "day", "hour", "minute", "second")
"""Units of SQLite's modifiers of dates, as in `date('now', '-30 days')`."""


def translate_functions(tree: exp.Expr, dialect: str, sql: str) -> None:
    """Replace functions of SQLite's by the dialect's own.

    Args:
        tree: The statement's tree; it is changed.
        dialect: sqlglot's name of a server's dialect: "duckdb", "postgres" or "mysql".
        sql: The statement, for errors.

    Raises:
        SqlError: The dialect has neither the function nor something that means the same.
    """
    for lacking in tree.find_all(*_LACKING[dialect]):
        raise SqlError("other", f"{dialect} has no {type(lacking).__name__.upper()}", sql)
    for node in list(tree.find_all(exp.Anonymous)):
        name = node.name.lower()
        if name in _OWN[dialect]:
            continue
        translate = _TRANSLATIONS.get(name)
        if translate is None or not translate(node):
            raise SqlError("other", f"{dialect} has nothing like this use of the function {name}", sql)
    for collation in list(tree.find_all(exp.Collate)):
        _collate(collation)


def _total(node: exp.Anonymous) -> bool:
    if len(node.expressions) != 1:
        return False
    outer: exp.Expr = node
    while isinstance(outer.parent, exp.Filter | exp.Window) and outer.parent.this is outer:
        outer = outer.parent
    sum_of = exp.Sum(this=node.expressions[0])
    if outer is node:
        node.replace(_or_zero(sum_of))
        return True
    node.replace(sum_of)
    outer.replace(_or_zero(outer.copy()))
    return True


def _or_zero(node: exp.Expr) -> exp.Expr:
    return exp.Coalesce(
        this=exp.Cast(this=node, to=exp.DataType.build("double")), expressions=[exp.Literal.number("0.0")]
    )


def _moment(arguments: list[exp.Expr]) -> exp.Expr | None:
    """A time with SQLite's modifiers, as a timestamp; None if a modifier is not known."""
    if not arguments:
        return exp.Cast(this=exp.CurrentTimestamp(), to=exp.DataType.build("timestamp"))
    start, *modifiers = arguments
    if isinstance(start, exp.Literal) and start.name.lower() == "now":
        start = exp.CurrentTimestamp()
    moment: exp.Expr = exp.Cast(this=start, to=exp.DataType.build("timestamp"))
    for modifier in modifiers:
        if not (isinstance(modifier, exp.Literal) and modifier.is_string):
            return None
        words = modifier.name.lower().split()
        if words[:2] == ["start", "of"] and len(words) == 3 and words[2] in ("year", "month", "day"):
            moment = exp.TimestampTrunc(this=moment, unit=exp.var(words[2].upper()))
            continue
        if len(words) != 2 or words[1].rstrip("s") not in _MODIFIERS:
            return None
        try:
            amount = int(words[0])
        except ValueError:
            return None
        interval = exp.Interval(
            this=exp.Literal.string(str(abs(amount))), unit=exp.var(words[1].rstrip("s").upper())
        )
        moment = (exp.Sub if amount < 0 else exp.Add)(this=moment, expression=interval)
    return moment


def _as_type(name: str) -> Callable[[exp.Anonymous], bool]:
    """What writes a moment as a value of a type."""

    def translate(node: exp.Anonymous) -> bool:
        moment = _moment(node.expressions)
        if moment is None:
            return False
        node.replace(exp.Cast(this=exp.Paren(this=moment), to=exp.DataType.build(name)))
        return True

    return translate


def _julianday(node: exp.Anonymous) -> bool:
    moment = _moment(node.expressions)
    if moment is None:
        return False
    seconds = exp.Extract(this=exp.var("EPOCH"), expression=exp.Paren(this=moment))
    # SQLite counts days from noon, 2440587.5 of them before 1970.
    days = exp.Div(this=seconds, expression=exp.Literal.number("86400.0"), typed=False, safe=False)
    node.replace(exp.Paren(this=exp.Add(this=days, expression=exp.Literal.number("2440587.5"))))
    return True


def _collate(node: exp.Collate) -> None:
    """Write SQLite's collations, whose names a server may give to anything, as functions."""
    if node.expression.name.lower() == "nocase":
        node.replace(exp.Lower(this=node.this))
    else:
        node.replace(node.this)


_TRANSLATIONS: dict[str, Callable[[exp.Anonymous], bool]] = {
    "total": _total,
    "date": _as_type("date"),
    "datetime": _as_type("timestamp"),
    "time": _as_type("time"),
    "julianday": _julianday,
}
