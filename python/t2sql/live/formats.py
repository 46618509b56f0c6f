"""SQLite's printf written without it: its pieces as texts, joined."""

from __future__ import annotations

import re

from sqlglot import exp

_PIECE = re.compile(r"%(?P<flags>[-+ 0,]*)(?P<width>\d*)(?:\.(?P<places>\d+))?(?P<kind>[sdifg%])|[^%]+")


def formatted(arguments: list[exp.Expr], dialect: str) -> exp.Expr | None:
    """What `printf(format, …)` gives, as an expression of PostgreSQL or MariaDB.

    Args:
        arguments: The format and the values.
        dialect: sqlglot's name of the dialect.

    Returns:
        The expression; None if the format has something that cannot be written so.
    """
    if not arguments or not isinstance(arguments[0], exp.Literal):
        return None
    pattern, values = arguments[0].name, list(arguments[1:])
    pieces: list[exp.Expr] = []
    end = 0
    for match in _PIECE.finditer(pattern):
        if match.start() != end:
            return None
        end = match.end()
        kind = match["kind"]
        if kind is None or kind == "%":
            pieces.append(exp.Literal.string(match.group() if kind is None else "%"))
            continue
        if not values or match["flags"] not in ("", "0", "-"):
            return None
        pieces.append(_value(values.pop(0), match, dialect))
    if end != len(pattern) or values:
        return None
    if not pieces:
        return exp.Literal.string("")
    if len(pieces) == 1:
        return pieces[0]
    return exp.Anonymous(this="CONCAT", expressions=pieces)


def _value(value: exp.Expr, match: re.Match[str], dialect: str) -> exp.Expr:
    kind = match["kind"]
    if kind in "di":
        value = exp.Cast(this=value, to=exp.DataType.build("bigint"))
    elif kind == "f":
        places = int(match["places"] or 6)
        value = exp.Cast(this=value, to=exp.DataType.build(f"decimal(38, {min(places, 20)})"))
    text: exp.Expr = exp.Cast(this=value, to=exp.DataType.build("text"))
    if match["width"]:
        left = "-" in match["flags"]
        fill = "0" if match["flags"] == "0" else " "
        width = exp.Literal.number(match["width"])
        name = "RPAD" if left else "LPAD"
        longer = exp.Anonymous(this="GREATEST", expressions=[width, exp.Length(this=text.copy())])
        text = exp.Anonymous(this=name, expressions=[text, longer, exp.Literal.string(fill)])
    return text
