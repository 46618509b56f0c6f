"""The tutorial's text, which no database runs: names with spaces unquoted, aggregates without parentheses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from t2sql.evaluate.logical import LogicalForm, comparable_value

_HEAD = re.compile(r"\s*SELECT\s+(?:(MAX|MIN|COUNT|SUM|AVG)(?:\s+|\s*(?=\()))?", re.IGNORECASE)
_OPERATOR = re.compile(r"\s*(=|>|<|OP)\s*", re.IGNORECASE)
_FROM = re.compile(r"\s+FROM\s+", re.IGNORECASE)
_WHERE = re.compile(r"\s+WHERE\s+", re.IGNORECASE)
_AND = re.compile(r"\s+AND\s+", re.IGNORECASE)


@dataclass(frozen=True)
class TextCondition:
    """`column operator value`.

    Attributes:
        column: The column's name.
        operator: =, >, < or OP.
        value: The value as it is written, without quotes.
    """

    column: str
    operator: str
    value: str


@dataclass(frozen=True)
class TextQuery:
    """A query over one table, as WikiSQL and the tutorial have them.

    Attributes:
        table: The table's name.
        aggregate: An aggregate function's name, or "".
        column: The selected column.
        conditions: All of which a row has to meet, in the order of the text.
    """

    table: str
    aggregate: str
    column: str
    conditions: tuple[TextCondition, ...]


def read_tutorial_text(sql: str, table: str, columns: Sequence[str]) -> TextQuery | None:
    """Read `SELECT [AGG] COLUMN FROM TABLE [WHERE COLUMN = VALUE AND …]`.

    Args:
        sql: The text.
        table: The table's name. Names and values are unquoted, so only the known names show where they end.
        columns: The table's columns. A name that is not among them is taken as it stands;
            `has_unknown_column` finds it.

    Returns:
        The query, its names lower-cased; None when the text is of another form.
    """
    head = _HEAD.match(sql)
    if head is None:
        return None
    rest = sql[head.end() :]
    marks = list(_FROM.finditer(rest))
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
        column = _bare_name(rest[: mark.start()], columns)
        return TextQuery(_bare_name(name, ()), (head.group(1) or "").lower(), column, tuple(conditions))
    return None


def tutorial_form(sql: str, table: str, columns: Sequence[str]) -> LogicalForm | None:
    """The logical form of the tutorial's text; None when it is of another form.

    Args:
        sql: The text.
        table: The table's name.
        columns: The table's columns.
    """
    query = read_tutorial_text(sql, table, columns)
    if query is None:
        return None
    conditions = [
        (f"{part.column} {part.operator}", comparable_value(part.value)) for part in query.conditions
    ]
    return LogicalForm((query.table,), ((query.aggregate, query.column),), tuple(sorted(conditions)))


def has_unknown_column(form: LogicalForm, columns: Sequence[str]) -> bool:
    """Whether the form names a column that is not among the table's."""
    known = {column.lower() for column in columns} | {"*"}
    used = [column for _, column in form.select] + [shape.rpartition(" ")[0] for shape, _ in form.conditions]
    return any(column not in known for column in used)


def _conditions(body: str, columns: Sequence[str]) -> list[TextCondition] | None:
    if not body.strip():
        return []
    where = _WHERE.match(body)
    if where is None:
        return None
    rest = body[where.end() :]
    conditions: list[TextCondition] = []
    while True:
        split = _split_condition(rest, columns)
        if split is None:
            return None
        column, operator, rest = split
        end, following = _value_end(rest, columns)
        conditions.append(TextCondition(column, operator, _unquoted(rest[:end])))
        if following is None:
            return conditions
        rest = rest[following:]


def _split_condition(rest: str, columns: Sequence[str]) -> tuple[str, str, str] | None:
    """(column, operator, the text after it): the longest known column, else what precedes an operator."""
    for column in sorted(columns, key=len, reverse=True):
        if rest[: len(column)].lower() == column.lower():
            operator = _OPERATOR.match(rest, len(column))
            if operator:
                return column.lower(), operator.group(1).upper(), rest[operator.end() :]
    operator = re.search(r"\s+(=|>|<|OP)\s+", rest, re.IGNORECASE)
    if operator is None or not rest[: operator.start()].strip():
        return None
    return _bare_name(rest[: operator.start()], ()), operator.group(1).upper(), rest[operator.end() :]


def _value_end(rest: str, columns: Sequence[str]) -> tuple[int, int | None]:
    """Where the value ends, and where the next condition begins: at an AND that a condition follows."""
    for mark in _AND.finditer(rest):
        before, after = rest[: mark.start()], rest[mark.end() :]
        if before.startswith("'") and not (len(before) > 1 and before.endswith("'")):
            continue
        if _split_condition(after, columns) is not None:
            return mark.start(), mark.end()
    return len(rest), None


def _bare_name(name: str, columns: Sequence[str]) -> str:
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
