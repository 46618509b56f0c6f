"""The tutorial's text parsed: every statement that it can mean, and SQL that runs if there is only one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from t2sql.data.example import Example
from t2sql.data.wikisql.statements import AGGREGATES, OPERATORS, Condition, Statement, Value, parse_number
from t2sql.prompt import render_prompt
from t2sql.schema import Column, Schema, Table

_MOST_READINGS = 500
_MOST_ANDS = 50
"""Limits for hostile texts. WikiSQL has at most four conditions, and a handful of readings for each text."""

_LONGEST_NAME = 6
"""A column's name is put together from at most this many pieces of the columns line."""


@dataclass(frozen=True)
class Reading:
    """One meaning of a text.

    Attributes:
        columns: The table's columns, where pieces that belong together are one name.
        statement: The statement, whose column indices refer to `columns`.
    """

    columns: tuple[str, ...]
    statement: Statement


@dataclass(frozen=True)
class _Part:
    """A condition whose column is still a name.

    Attributes:
        column: The name.
        operator: One of `OPERATORS`.
        value: The text after the operator, without its quotes.
        quoted: Whether the value is in quotes.
    """

    column: str
    operator: str
    value: str
    quoted: bool


def readings(table: str, columns: tuple[str, ...], text: str) -> list[Reading]:
    """Return what a text can mean.

    The text does not show where names and values end, so it can have several readings. Those with the most
    conditions are returned, since a value that contains a whole condition is unlikely. A name with ", " in it
    is put together again where the text uses it.

    Args:
        table: The table's name.
        columns: The pieces of the prompt's columns line, split at ", ".
        text: The statement in the tutorial's form.
    """
    names = _names(columns, text)
    if text.count(" AND ") > _MOST_ANDS:
        return []
    conditions = _Conditions(names)
    candidates: dict[Reading, None] = {}
    for aggregate in AGGREGATES:
        for name in names:
            head = f"SELECT {aggregate} {name}" if aggregate else f"SELECT {name}"
            head += f" FROM {table}"
            rest = text[len(head) :]
            if not text.startswith(head) or not (rest == "" or rest.startswith(" WHERE ")):
                continue
            ways = conditions.of(rest.removeprefix(" WHERE ")) if rest else iter([()])
            for parts in islice(ways, _MOST_READINGS):
                reading = _reading(columns, aggregate, name, parts)
                if reading is not None:
                    candidates[reading] = None
    most = max((len(reading.statement.conditions) for reading in candidates), default=0)
    return [reading for reading in candidates if len(reading.statement.conditions) == most]


def executable(example: Example) -> Example | None:
    """Replace the tutorial's text by SQL that runs; None unless the text has exactly one reading."""
    if len(example.schema.tables) != 1 or example.sql is None:
        return None
    table = example.schema.tables[0]
    all_readings = readings(table.name, table.column_names, example.sql)
    if len(all_readings) != 1:
        return None
    reading = all_readings[0]
    numeric = {c.column for c in reading.statement.conditions if not c.is_text}
    columns = tuple(
        Column(name, "REAL" if index in numeric else "TEXT") for index, name in enumerate(reading.columns)
    )
    schema = Schema((Table(table.name, columns),))
    sql = reading.statement.sql(table.name, reading.columns)
    prompt = render_prompt(schema, example.question)
    return replace(example, schema=schema, sql=sql, prompt=prompt, completion=sql)


def _names(columns: tuple[str, ...], text: str) -> tuple[str, ...]:
    """Return the columns, and runs of neighbours that occur in the text joined as one name."""
    runs = [
        ", ".join(columns[start:end])
        for start in range(len(columns))
        for end in range(start + 2, min(start + _LONGEST_NAME, len(columns)) + 1)
    ]
    return tuple(dict.fromkeys([*columns, *(run for run in runs if run in text)]))


class _Conditions:
    """Enumerates the ways to read a text as conditions. Ends that cannot be read are remembered."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._readable: dict[str, bool] = {}

    def of(self, rest: str) -> Iterator[tuple[_Part, ...]]:
        """Yield every way to read the text after WHERE, or after an AND."""
        for part, after in self._first(rest):
            if after is None:
                yield (part,)
            elif self._can_read(after):
                yield from ((part, *more) for more in self.of(after))

    def _can_read(self, rest: str) -> bool:
        if rest not in self._readable:
            firsts = self._first(rest)
            self._readable[rest] = any(after is None or self._can_read(after) for _, after in firsts)
        return self._readable[rest]

    def _first(self, rest: str) -> Iterator[tuple[_Part, str | None]]:
        for name in self._names:
            for operator in OPERATORS:
                head = f"{name} {operator} "
                if not rest.startswith(head):
                    continue
                tail = rest[len(head) :]
                quoted = tail.startswith("'")
                for end, after in _ends(tail, quoted):
                    value = tail[1 : end - 1] if quoted else tail[:end]
                    yield _Part(name, operator, value, quoted), None if after is None else tail[after:]


def _ends(tail: str, quoted: bool) -> Iterator[tuple[int, int | None]]:
    """Yield the indices where the value may end, and where the next condition would begin."""
    end = tail.find(" AND ")
    while end >= 0:
        if not quoted or (end > 1 and tail[end - 1] == "'"):
            yield end, end + len(" AND ")
        end = tail.find(" AND ", end + 1)
    if not quoted or (len(tail) > 1 and tail.endswith("'")):
        yield len(tail), None


def _reading(columns: tuple[str, ...], aggregate: str, name: str, parts: tuple[_Part, ...]) -> Reading | None:
    """Merge the pieces of used names; None if a piece is also used alone, or a column's types clash."""
    used = [name, *(part.column for part in parts)]
    merged = list(columns)
    for run in used:
        pieces = run.split(", ")
        if run in merged:
            continue
        starts = [i for i in range(len(merged)) if merged[i : i + len(pieces)] == pieces]
        if not starts:
            return None
        merged[starts[0] : starts[0] + len(pieces)] = [run]
    if not set(used) <= set(merged):
        return None
    conditions = tuple(_condition(merged.index(part.column), part) for part in parts)
    kinds = {(condition.column, condition.is_text) for condition in conditions}
    if len(kinds) > len({column for column, _ in kinds}):
        return None
    return Reading(tuple(merged), Statement(merged.index(name), aggregate, conditions))


def _condition(column: int, part: _Part) -> Condition:
    value: Value = part.value
    if not part.quoted:
        number = parse_number(part.value)
        value = part.value if number is None else number
    return Condition(column, part.operator, value, part.value, part.quoted)
