"""The tutorial's SQL, which no database runs: names with spaces unquoted, aggregates without parentheses."""

from __future__ import annotations

import re
from collections.abc import Sequence

from t2sql.evaluate.logical import Logical, _value

_HEAD = re.compile(r"\s*SELECT\s+(?:(MAX|MIN|COUNT|SUM|AVG)(?:\s+|\s*(?=\()))?", re.IGNORECASE)
_OPERATOR = re.compile(r"\s*(=|>|<|OP)\s*", re.IGNORECASE)
_WHERE = re.compile(r"\s+WHERE\s+", re.IGNORECASE)
_AND = re.compile(r"\s+AND\s+", re.IGNORECASE)

Parts = tuple[str, str, list[tuple[str, str, str]]]
"""Aggregate, column, and conditions of column, operator and value."""


def tutorial_form(sql: str, table: str, columns: Sequence[str]) -> Logical | None:
    """The logical form of the tutorial's text; None when it is of another form."""
    read = _read(sql, table, columns)
    if read is None:
        return None
    name, (aggregate, column, conditions) = read
    shapes = [(f"{column} {operator}", _value(value)) for column, operator, value in conditions]
    return Logical((name,), ((aggregate, column),), tuple(sorted(shapes)))


def tutorial_parts(sql: str, table: str, columns: Sequence[str]) -> Parts | None:
    """What the tutorial's text says, values as they are written; None when it is of another form."""
    read = _read(sql, table, columns)
    return read[1] if read is not None else None


def _read(sql: str, table: str, columns: Sequence[str]) -> tuple[str, Parts] | None:
    """Read `SELECT [AGG] COLUMN FROM TABLE [WHERE COLUMN = VALUE AND …]`; None when it is not of that form.

    The names decide where a column or a value ends, so they are given. A name that is not among them
    is kept as it stands; `unknown` finds it.
    """
    head = _HEAD.match(sql)
    if head is None:
        return None
    rest = sql[head.end() :]
    marks = [m for m in re.finditer(r"\s+FROM\s+", rest, re.IGNORECASE)]
    for mark in marks:
        name, body = rest[mark.end() :], None
        if name[: len(table)].lower() == table.lower() and name[len(table) : len(table) + 1] in ("", " "):
            name, body = table, name[len(table) :]
        elif mark is marks[-1]:
            where = _WHERE.search(name)
            name, body = (name[: where.start()], name[where.start() :]) if where else (name, "")
        if body is None:
            continue
        conditions = _conditions(body, columns)
        if conditions is None:
            return None
        column = _bare(rest[: mark.start()], columns)
        aggregate = (head.group(1) or "").lower()
        return _bare(name, ()), (aggregate, column, conditions)
    return None


def unknown(form: Logical, columns: Sequence[str]) -> bool:
    """Whether the form names a column that the table does not have."""
    known = {column.lower() for column in columns} | {"*"}
    used = [column for _, column in form.select] + [shape.rpartition(" ")[0] for shape, _ in form.conditions]
    return any(column not in known for column in used)


def _conditions(body: str, columns: Sequence[str]) -> list[tuple[str, str, str]] | None:
    if not body.strip():
        return []
    where = _WHERE.match(body)
    if where is None:
        return None
    rest = body[where.end() :]
    found: list[tuple[str, str, str]] = []
    while True:
        split = _column(rest, columns)
        if split is None:
            return None
        column, operator, rest = split
        end, after = _value_end(rest, columns)
        found.append((column, operator, _unquoted(rest[:end])))
        if after is None:
            return found
        rest = rest[after:]


def _column(rest: str, columns: Sequence[str]) -> tuple[str, str, str] | None:
    """(column, operator, what follows): the longest known column, else what stands before an operator."""
    for column in sorted(columns, key=len, reverse=True):
        if rest[: len(column)].lower() == column.lower():
            operator = _OPERATOR.match(rest, len(column))
            if operator:
                return column.lower(), operator.group(1).upper(), rest[operator.end() :]
    operator = re.search(r"\s+(=|>|<|OP)\s+", rest, re.IGNORECASE)
    if operator is None or not rest[: operator.start()].strip():
        return None
    return _bare(rest[: operator.start()], ()), operator.group(1).upper(), rest[operator.end() :]


def _value_end(rest: str, columns: Sequence[str]) -> tuple[int, int | None]:
    """Where the value ends, and where the next condition begins: at an AND that a condition follows."""
    for mark in _AND.finditer(rest):
        before, after = rest[: mark.start()], rest[mark.end() :]
        if before.startswith("'") and not (len(before) > 1 and before.endswith("'")):
            continue
        if _column(after, columns) is not None:
            return mark.start(), mark.end()
    return len(rest), None


def _bare(name: str, columns: Sequence[str]) -> str:
    name = name.strip()
    if name.lower() in {column.lower() for column in columns}:
        return name.lower()
    for left, right in (("(", ")"), ('"', '"'), ("`", "`")):
        if len(name) > 1 and name.startswith(left) and name.endswith(right):
            name = name[1:-1].strip()
    return name.lower()


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == "'" else value
