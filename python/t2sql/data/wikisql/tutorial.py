"""The tutorial's text read back: every statement that it can stand for, and the one that runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from t2sql.data.dataset import Example
from t2sql.data.wikisql.statements import AGGREGATES, OPERATORS, Condition, Statement, number
from t2sql.prompt import render_prompt
from t2sql.schema import Column, Schema, Table

_MOST = 500
_MOST_ANDS = 50
_LONGEST_RUN = 6


@dataclass(frozen=True)
class Reading:
    """A statement and the table's columns as it takes them."""

    columns: tuple[str, ...]
    statement: Statement


@dataclass(frozen=True)
class _Part:
    """A condition whose column is still a piece of the columns line."""

    column: str
    operator: str
    value: str
    quoted: bool


def readings(table: str, columns: tuple[str, ...], text: str) -> list[Reading]:
    """What the text can mean over a table whose columns line was split at ", ".

    Names and values are not marked off in it, so that there can be several readings; those with the most
    conditions are returned, for a value that holds a whole condition is none. A name that holds ", " is
    put together again where the text uses it so.
    """
    names = _names(columns, text)
    if text.count(" AND ") > _MOST_ANDS:
        return []
    conditions = _Conditions(names)
    found: dict[Reading, None] = {}
    for aggregate in AGGREGATES:
        for name in names:
            head = f"SELECT {aggregate} {name}" if aggregate else f"SELECT {name}"
            head += f" FROM {table}"
            rest = text[len(head) :]
            if not text.startswith(head) or not (rest == "" or rest.startswith(" WHERE ")):
                continue
            ways = conditions.of(rest.removeprefix(" WHERE ")) if rest else iter([()])
            for parts in islice(ways, _MOST):
                reading = _reading(columns, aggregate, name, parts)
                if reading is not None:
                    found[reading] = None
    most = max((len(reading.statement.conditions) for reading in found), default=0)
    return [reading for reading in found if len(reading.statement.conditions) == most]


def executable(example: Example) -> Example | None:
    """The example with SQL that runs in place of the tutorial's text; None unless there is one reading."""
    if len(example.schema.tables) != 1 or example.sql is None:
        return None
    table = example.schema.tables[0]
    found = readings(table.name, table.column_names, example.sql)
    if len(found) != 1:
        return None
    numbers = {c.column for c in found[0].statement.conditions if not c.text}
    columns = tuple(
        Column(name, "REAL" if at in numbers else "TEXT") for at, name in enumerate(found[0].columns)
    )
    schema = Schema((Table(table.name, columns),))
    sql = found[0].statement.sql(table.name, found[0].columns)
    prompt = render_prompt(schema, example.question)
    return replace(example, schema=schema, sql=sql, prompt=prompt, completion=sql)


def _names(columns: tuple[str, ...], text: str) -> tuple[str, ...]:
    """The columns, and runs of them that stand in the text joined as one name."""
    runs = [
        ", ".join(columns[start:end])
        for start in range(len(columns))
        for end in range(start + 2, min(start + _LONGEST_RUN, len(columns)) + 1)
    ]
    return tuple(dict.fromkeys([*columns, *(run for run in runs if run in text)]))


class _Conditions:
    """Every way to read a text as conditions. What cannot be read from some place on is tried once only."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._readable: dict[str, bool] = {}

    def of(self, rest: str) -> Iterator[tuple[_Part, ...]]:
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
    """Where the value may end, and where the next condition would begin."""
    at = tail.find(" AND ")
    while at >= 0:
        if not quoted or (at > 1 and tail[at - 1] == "'"):
            yield at, at + len(" AND ")
        at = tail.find(" AND ", at + 1)
    if not quoted or (len(tail) > 1 and tail.endswith("'")):
        yield len(tail), None


def _reading(columns: tuple[str, ...], aggregate: str, name: str, parts: tuple[_Part, ...]) -> Reading | None:
    """The columns with the used runs as one; None if a run's piece is used too, or a column's types clash."""
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
    kinds = {(condition.column, condition.text) for condition in conditions}
    if len(kinds) > len({column for column, _ in kinds}):
        return None
    return Reading(tuple(merged), Statement(merged.index(name), aggregate, conditions))


def _condition(column: int, part: _Part) -> Condition:
    value: str | int | float = part.value
    if not part.quoted:
        found = number(part.value)
        value = part.value if found is None else found
    return Condition(column, part.operator, value, part.value, part.quoted)
