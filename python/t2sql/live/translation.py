"""A statement in SQLite's dialect, written in another database's.

Nothing here decides what may run: what is written here is read and checked as if it had been written so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from t2sql.live import sqlite_dates as dates
from t2sql.live.characters import check_characters
from t2sql.live.dialects import OWN, MariaDBFromSQLite, mark_double_quotes, sqlglot_warnings_dropped
from t2sql.live.formats import formatted
from t2sql.live.sqlite_json import translate_json
from t2sql.sql import SqlError

Translate = Callable[[exp.Anonymous, str], exp.Expr | None]
"""What a call of SQLite's is in a dialect; None if there is nothing that means the same."""

_PERCENT = re.compile(r"%[-+ 0#]*\d*(\.\d+)?[sdifgeuxXc]")


def sqlite_use(node: exp.Expr, dialect: str) -> str | None:
    """Whether a call, read in another database's dialect, can only be meant as SQLite's.

    Args:
        node: A node of the statement's tree, read in the database's own dialect.
        dialect: sqlglot's name of that dialect.

    Returns:
        Words for an error, such as "date with 'now'"; None if it can be the database's own.
    """
    if dialect == "sqlite":
        return None
    if isinstance(node, exp.Max | exp.Min) and (node.expressions or node.args.get("count")):
        return f"{node.sql_name().lower()} of several values"
    if (
        isinstance(node, exp.Substring)
        and dialect == "postgres"
        and isinstance(node.args.get("start"), exp.Neg)
    ):
        return "substring from the end"
    if isinstance(node, exp.Glob) and dialect in ("postgres", "mysql"):
        return "GLOB"
    if not isinstance(node, exp.Anonymous):
        return None
    name = node.name.lower()
    texts = [
        item.name.lower() if isinstance(item, exp.Literal) and item.is_string else None
        for item in node.expressions
    ]
    if name in dates.FUNCTIONS and texts:
        if "now" in texts or any(text is not None and dates.is_modifier(text) for text in texts[1:]):
            return f"{name} with 'now' or a modifier"
        if (
            name == "strftime"
            and texts[0] is not None
            and "%" in texts[0]
            and (len(texts) < 2 or texts[1] is None)
        ):
            return "strftime with the format first"
    if (
        name == "substr"
        and dialect == "postgres"
        and len(node.expressions) > 1
        and isinstance(node.expressions[1], exp.Neg)
    ):
        return "substr from the end"
    if name == "format" and texts and texts[0] is not None and _PERCENT.search(texts[0]):
        plain = dialect == "postgres" and not _PERCENT.search(texts[0].replace("%s", ""))
        return None if plain or "{" in texts[0] else "format with %"
    return None


def from_sqlite(sql: str, dialect: str) -> str:
    """Write a statement of SQLite's dialect in another.

    Args:
        sql: The statement.
        dialect: sqlglot's name of the other dialect.

    Returns:
        The statement, unchecked.

    Raises:
        SqlError: It is not one statement of SQLite's dialect, or calls what the other dialect has nothing
            like.
    """
    try:
        with sqlglot_warnings_dropped():
            check_characters(sql, OWN["sqlite"])
            trees = [tree for tree in sqlglot.parse(sql, read="sqlite") if tree is not None]
            if len(trees) != 1 or not isinstance(trees[0], exp.Query | exp.Values):
                raise SqlError("syntax", "not one SELECT", sql)
            tree = trees[0]
            mark_double_quotes(tree, sql)
            _translate(tree, dialect, sql)
            for name in tree.find_all(exp.Identifier):
                if not name.args.get("quoted") and _means_more(name.name, dialect):
                    name.set("quoted", True)
            writer = MariaDBFromSQLite if dialect == "mysql" else dialect
            return tree.sql(dialect=writer, comments=False, unsupported_level=ErrorLevel.RAISE)
    except (SqlglotError, ValueError) as error:
        raise SqlError("syntax", str(error).splitlines()[0][:200], sql) from None


@cache
def _means_more(word: str, dialect: str) -> bool:
    """Whether a name of SQLite's is a keyword of another dialect, such as session_user."""
    try:
        return not isinstance(sqlglot.parse_one(word, read=OWN[dialect]), exp.Column)
    except SqlglotError:
        return True


def _translate(tree: exp.Expr, dialect: str, sql: str) -> None:
    for date in list(tree.find_all(exp.TimeToStr, exp.Date)):
        dates.translate_node(date, dialect)
    for node in list(tree.find_all(exp.Anonymous)):
        name = node.name.lower()
        translate = _TRANSLATIONS.get(name)
        if translate is None:
            continue
        new = translate(node, dialect)
        if new is None:
            raise SqlError("other", f"{dialect} has nothing like this use of the function {name}", sql)
        node.replace(new)
    translate_json(tree, dialect)
    for kind, change in _KINDS.items():
        for found in list(tree.find_all(kind)):
            new = change(found, dialect)
            if new is not None:
                found.replace(new)


def _total(node: exp.Anonymous, dialect: str) -> exp.Expr | None:
    if len(node.expressions) != 1:
        return None
    outer: exp.Expr = node
    while isinstance(outer.parent, exp.Filter | exp.Window) and outer.parent.this is outer:
        outer = outer.parent
    sum_of = exp.Sum(this=node.expressions[0])
    if outer is node:
        return _or_zero(sum_of)
    node.replace(sum_of)
    outer.replace(_or_zero(outer.copy()))
    # The call has been replaced already.
    return sum_of


def _or_zero(node: exp.Expr) -> exp.Expr:
    return exp.Coalesce(
        this=exp.Cast(this=node, to=exp.DataType.build("double")), expressions=[exp.Literal.number("0.0")]
    )


def _printf(node: exp.Anonymous, dialect: str) -> exp.Expr | None:
    if dialect == "duckdb":
        return exp.Anonymous(this="PRINTF", expressions=node.expressions)
    return formatted(node.expressions, dialect)


def _format(node: exp.Format, dialect: str) -> exp.Expr | None:
    arguments = [node.this, *node.expressions]
    if dialect == "duckdb":
        return exp.Anonymous(this="PRINTF", expressions=arguments)
    return formatted(arguments, dialect)


def _collate(node: exp.Collate, dialect: str) -> exp.Expr | None:
    """SQLite's collations, whose names a server may give to anything, as functions."""
    if node.expression.name.lower() == "nocase":
        return exp.Lower(this=node.this)
    return node.this if node.expression.name.lower() in ("binary", "rtrim") else None


def _glob(node: exp.Glob, dialect: str) -> exp.Expr | None:
    pattern = node.expression
    if dialect == "duckdb" or not isinstance(pattern, exp.Literal):
        return None
    regex = "".join({"*": ".*", "?": ".", "[": "[", "]": "]"}.get(c, re.escape(c)) for c in pattern.name)
    text = exp.Literal.string(f"^{regex}$")
    if dialect == "mysql":
        text = exp.Literal.string(f"^(?-i){regex}$")
        place = exp.Anonymous(this="REGEXP_INSTR", expressions=[node.this, text])
        return exp.GT(this=place, expression=exp.Literal.number(0))
    return exp.RegexpLike(this=node.this, expression=text)


def _substring(node: exp.Substring, dialect: str) -> exp.Expr | None:
    start = node.args.get("start")
    if dialect != "postgres" or not isinstance(start, exp.Neg):
        return None
    end = exp.Right(this=node.this, expression=start.this)
    length = node.args.get("length")
    return end if length is None else exp.Left(this=end, expression=length)


def _hex(node: exp.Expr, dialect: str) -> exp.Expr | None:
    if dialect != "postgres":
        return None
    data = exp.Anonymous(this="CONVERT_TO", expressions=[node.this, exp.Literal.string("UTF8")])
    return exp.Upper(this=exp.Anonymous(this="ENCODE", expressions=[data, exp.Literal.string("hex")]))


def _of_several(node: exp.Expr, dialect: str) -> exp.Expr | None:
    """SQLite's max(a, b) is NULL where one of them is; PostgreSQL's GREATEST passes over it."""
    if dialect != "postgres":
        return None
    missing = exp.or_(*(value.copy().is_(exp.null()) for value in (node.this, *node.expressions)))
    return exp.Case(ifs=[exp.If(this=exp.not_(missing), true=node.copy())])


def _unicode(node: exp.Expr, dialect: str) -> exp.Expr | None:
    name = {"postgres": "ASCII", "mysql": "ORD"}.get(dialect)
    return exp.Anonymous(this=name, expressions=[node.this]) if name else None


def _date(kind: str) -> Translate:
    return lambda node, dialect: dates.moment_as(node.expressions, kind, dialect)


@dataclass(frozen=True)
class _Renamed:
    """A call of another name in each dialect."""

    names: dict[str, str]

    def __call__(self, node: exp.Anonymous, dialect: str) -> exp.Expr:
        return exp.Anonymous(this=self.names.get(dialect, node.name), expressions=node.expressions)


_TRANSLATIONS: dict[str, Translate] = {
    "total": _total,
    "printf": _printf,
    "date": _date("date"),
    "datetime": _date("timestamp"),
    "time": _date("time"),
    "julianday": lambda node, dialect: dates.julian_day(node.expressions, dialect),
    "unixepoch": lambda node, dialect: dates.unix_epoch(node.expressions, dialect),
    "strftime": lambda node, dialect: dates.formatted_date(node.expressions, dialect),
    "octet_length": _Renamed({"duckdb": "STRLEN"}),
    "quote": _Renamed({"postgres": "QUOTE_NULLABLE"}),
    "trunc": _Renamed({}),
    "log10": _Renamed({}),
}

_KINDS: dict[type[exp.Expr], Callable[..., exp.Expr | None]] = {
    exp.Format: _format,
    exp.Collate: _collate,
    exp.Glob: _glob,
    exp.Greatest: _of_several,
    exp.Least: _of_several,
    exp.Substring: _substring,
    exp.Hex: _hex,
    exp.Unicode: _unicode,
}
