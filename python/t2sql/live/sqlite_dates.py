"""SQLite's functions of dates and times, and their modifiers, in other dialects."""

from __future__ import annotations

import re

from sqlglot import exp

FUNCTIONS = frozenset({"date", "time", "datetime", "julianday", "strftime", "unixepoch"})
"""Functions that take a time and modifiers, in small letters."""

_UNITS = ("year", "month", "day", "hour", "minute", "second")
_MODIFIER = re.compile(
    r"[+-]?\d+(\.\d+)?\s+(year|month|day|hour|minute|second)s?|start of (year|month|day)|weekday [0-6]"
    r"|localtime|utc|unixepoch|auto|subsec(ond)?|julianday"
)
_EPOCH_DAY = "2440587.5"
"""The Julian day that 1970 began with; SQLite counts days from noon."""


def is_modifier(text: str) -> bool:
    """Whether a text, in small letters, is one of SQLite's modifiers, such as "-7 days"."""
    return _MODIFIER.fullmatch(text.strip()) is not None


def moment(arguments: list[exp.Expr], dialect: str) -> exp.Expr | None:
    """A time with SQLite's modifiers, as a timestamp.

    Args:
        arguments: The time, and the modifiers; without a time it is now.
        dialect: sqlglot's name of the dialect.

    Returns:
        The expression; None if a modifier is not known.
    """
    now = exp.CurrentTimestamp()
    if not arguments:
        return exp.Cast(this=now, to=exp.DataType.build("timestamp"))
    start, *modifiers = arguments
    texts = [
        item.name.lower().strip() if isinstance(item, exp.Literal) and item.is_string else None
        for item in modifiers
    ]
    if isinstance(start, exp.Literal) and start.name.lower() == "now":
        start = now
    if "unixepoch" in texts:
        name = "FROM_UNIXTIME" if dialect == "mysql" else "TO_TIMESTAMP"
        start = exp.Anonymous(this=name, expressions=[start])
    result: exp.Expr = exp.Cast(this=start, to=exp.DataType.build("timestamp"))
    for text in texts:
        if text is None:
            return None
        if text in ("localtime", "utc", "unixepoch", "auto", "subsec", "subsecond"):
            continue
        changed = _modified(result, text, dialect)
        if changed is None:
            return None
        result = changed
    return result


def _modified(value: exp.Expr, modifier: str, dialect: str) -> exp.Expr | None:
    words = modifier.split()
    if words[:2] == ["start", "of"] and len(words) == 3 and words[2] in ("year", "month", "day"):
        return _truncated(value, words[2], dialect)
    if len(words) != 2 or words[1].rstrip("s") not in _UNITS:
        return None
    try:
        amount = int(words[0])
    except ValueError:
        return None
    unit = exp.var(words[1].rstrip("s").upper())
    interval = exp.Interval(this=exp.Literal.string(str(abs(amount))), unit=unit)
    return (exp.Sub if amount < 0 else exp.Add)(this=value, expression=interval)


def _truncated(value: exp.Expr, unit: str, dialect: str) -> exp.Expr:
    if dialect != "mysql":
        return exp.TimestampTrunc(this=value, unit=exp.var(unit.upper()))
    day = {"year": "%Y-01-01", "month": "%Y-%m-01", "day": "%Y-%m-%d"}[unit]
    text = exp.Anonymous(this="DATE_FORMAT", expressions=[value, exp.Literal.string(day)])
    return exp.Cast(this=text, to=exp.DataType.build("datetime"))


def moment_as(arguments: list[exp.Expr], kind: str, dialect: str) -> exp.Expr | None:
    """A time with modifiers as a value of a type: "date", "time" or "timestamp"."""
    value = moment(arguments, dialect)
    if value is None:
        return None
    kind = "datetime" if dialect == "mysql" and kind == "timestamp" else kind
    return exp.Cast(this=exp.Paren(this=value), to=exp.DataType.build(kind))


def unix_epoch(arguments: list[exp.Expr], dialect: str) -> exp.Expr | None:
    """The seconds since 1970."""
    value = moment(arguments, dialect)
    if value is None:
        return None
    if dialect == "mysql":
        start = exp.Literal.string("1970-01-01")
        return exp.Anonymous(this="TIMESTAMPDIFF", expressions=[exp.var("SECOND"), start, value])
    seconds = exp.Extract(this=exp.var("EPOCH"), expression=exp.Paren(this=value))
    return exp.Cast(this=seconds, to=exp.DataType.build("bigint"))


def julian_day(arguments: list[exp.Expr], dialect: str) -> exp.Expr | None:
    """The days, with a fraction, since noon in 4714 BC."""
    if dialect == "mysql":
        seconds = unix_epoch(arguments, dialect)
    else:
        value = moment(arguments, dialect)
        seconds = (
            None if value is None else exp.Extract(this=exp.var("EPOCH"), expression=exp.Paren(this=value))
        )
    if seconds is None:
        return None
    days = exp.Div(this=seconds, expression=exp.Literal.number("86400.0"), typed=False, safe=False)
    return exp.Paren(this=exp.Add(this=days, expression=exp.Literal.number(_EPOCH_DAY)))


def formatted_date(arguments: list[exp.Expr], dialect: str) -> exp.Expr | None:
    """A time with modifiers as text, by a format such as '%Y-%m'."""
    if not arguments or not isinstance(arguments[0], exp.Literal):
        return None
    value = moment(arguments[1:], dialect)
    return None if value is None else _as_text(arguments[0].name, value, arguments[1:], dialect)


def _as_text(pattern: str, value: exp.Expr, arguments: list[exp.Expr], dialect: str) -> exp.Expr | None:
    text = exp.DataType.build("text")
    if pattern == "%s":
        seconds = unix_epoch(arguments, dialect)
        return None if seconds is None else exp.Cast(this=seconds, to=text)
    if pattern == "%J":
        days = julian_day(arguments, dialect)
        return None if days is None else exp.Cast(this=days, to=text)
    if pattern == "%w" and dialect == "postgres":
        return exp.Cast(this=exp.Extract(this=exp.var("DOW"), expression=exp.Paren(this=value)), to=text)
    if dialect == "mysql":
        written = pattern.replace("%M", "%i").replace("%W", "%u").replace("%f", "%S")
        return exp.Anonymous(this="DATE_FORMAT", expressions=[value, exp.Literal.string(written)])
    if pattern.replace("%f", "").count("%w") and dialect == "postgres":
        return None
    return exp.TimeToStr(this=value, format=exp.Literal.string(pattern))


def translate_node(node: exp.Expr, dialect: str) -> None:
    """Translate what sqlglot has read as a kind of its own: `date(x)` and `strftime(format, x)`."""
    if isinstance(node, exp.Date):
        arguments = [node.this] if node.this is not None else []
        new = moment_as(arguments, "date", dialect)
    else:
        value = node.this.this if isinstance(node.this, exp.TsOrDsToTimestamp) else node.this
        now = isinstance(value, exp.CurrentTimestamp)
        new = formatted_date([node.args["format"], *([] if now else [value])], dialect)
    if new is not None:
        node.replace(new)
