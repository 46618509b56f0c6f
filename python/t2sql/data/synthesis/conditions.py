"""Conditions drawn from the rows of a scope, so that one row at least meets all of them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from math import floor, log10

from t2sql.data.rng import Rng
from t2sql.data.synthesis.fields import Field
from t2sql.data.synthesis.queries import Scope, Test
from t2sql.data.synthesis.recipe import Recipe
from t2sql.data.synthesis.sampling import Value

Rows = dict[Field, list[Value]]
"""The columns of a scope's rows."""

_ROLES = {
    "equal": ("number", "year", "date", "flag", "category", "name", "key"),
    "not_equal": ("category", "flag"),
    "compare": ("number", "year", "date", "time"),
    "between": ("number", "year", "date"),
    "like": ("name", "category", "long", "date", "time"),
    "in": ("category", "name", "year"),
    "null": ("number", "year", "date", "time", "category", "name", "long", "mixed", "key"),
}
_RARE = ("key", "flag")
_WORD = re.compile(r"[^\W_]{3,}")
_PLAIN_TEXT = re.compile(r"[^\x00-\x1f%_\\]+\Z")


class Nothing(Exception):
    """This attempt came to nothing; the next one may not."""


def read_rows(connection: sqlite3.Connection, scope: Scope, most: int) -> Rows:
    """Up to `most` rows of the scope, by column."""
    names = ", ".join(scope.name(field) for field in scope.fields)
    rows = connection.execute(f"SELECT {names} FROM {scope.sql()} LIMIT {most}").fetchall()
    return {field: [row[at] for row in rows] for at, field in enumerate(scope.fields)}


class Conditions:
    """Draws tests on the fields of one scope."""

    def __init__(self, rng: Rng, recipe: Recipe, rows: Rows) -> None:
        self.rng = rng
        self.recipe = recipe
        self.rows = rows
        self.size = len(next(iter(rows.values()), []))

    def tests(self, n: int, among: Callable[[Field], bool] = lambda field: True) -> tuple[Test, ...]:
        """n tests on different fields that one row meets."""
        if not self.size:
            raise Nothing
        row = self.rng.below(self.size)
        out: list[Test] = []
        for _ in range(n):
            used = {test.field for test in out}
            free = [field for field in self.rows if field not in used and among(field)]
            out.append(self._test(row, free))
        return tuple(out)

    def _test(self, row: int, free: list[Field]) -> Test:
        op = weighted(self.rng, self.recipe.conditions)
        fields = [field for field in free if field.role in _ROLES[op]]
        fields = [field for field in fields if field.role not in _RARE or self.rng.chance(0.3)]
        if op == "equal":
            # Nobody asks for a weight of exactly 3.7.
            fields = [field for field in fields if field.role != "number" or field.whole]
        if op == "null":
            fields = [field for field in fields if any(value is None for value in self.rows[field])]
        if not fields:
            raise Nothing
        field = self.rng.choice(fields)
        value = self.rows[field][row]
        if op == "null":
            return Test(field, "IS NULL" if value is None else "IS NOT NULL")
        if value is None:
            raise Nothing
        return getattr(self, f"_{op}")(field, value)

    def _equal(self, field: Field, value: Value) -> Test:
        return Test(field, "=", (self._usable(field, value),))

    def _not_equal(self, field: Field, value: Value) -> Test:
        other = self._other(field, value)
        return Test(field, "<>", (self._usable(field, other),))

    def _compare(self, field: Field, value: Value) -> Test:
        # A day compares with times of day as its beginning.
        ops = (">=", "<") if field.role == "time" else (">", ">", ">", ">=", "<", "<", "<", "<=")
        op = self.rng.choice(ops)
        return Test(field, op, (self._rounded(field, value),))

    def _between(self, field: Field, value: Value) -> Test:
        other = self._other(field, value)
        low, high = sorted((self._day(field, value), self._day(field, other)), key=_by_size)
        if low == high:
            raise Nothing
        return Test(field, "BETWEEN", (low, high))

    def _like(self, field: Field, value: Value) -> Test:
        text = str(value)
        if field.role in ("date", "time"):
            return Test(field, "LIKE", (f"{text[: self.rng.choice((4, 4, 7))]}-%",))
        words = _WORD.findall(text)
        words = [word for word in words if len(word) < len(text) and _PLAIN_TEXT.match(word)]
        if not words:
            raise Nothing
        way = self.rng.choice(("in", "in", "start", "end"))
        if way == "start" and text.startswith(words[0]):
            many = self.rng.choice((1, 2, 3, len(words[0])))
            return Test(field, "LIKE", (f"{words[0][:many]}%",))
        if way == "end" and text.endswith(words[-1]):
            return Test(field, "LIKE", (f"%{words[-1]}",))
        return Test(field, "LIKE", (f"%{self.rng.choice(words)}%",))

    def _in(self, field: Field, value: Value) -> Test:
        values = [value]
        for _ in range(self.rng.choice((1, 2, 2, 3))):
            other = self._other(field, value)
            values += [other] if other not in values else []
        if len(values) < 2:
            raise Nothing
        return Test(field, "IN", tuple(self._usable(field, v) for v in self.rng.shuffled(values)))

    def _other(self, field: Field, value: Value) -> Value:
        for _ in range(8):
            other = self.rows[field][self.rng.below(self.size)]
            if other is not None and other != value:
                return other
        raise Nothing

    def _usable(self, field: Field, value: Value) -> Value:
        """A value that a question can name."""
        if isinstance(value, str):
            fits = 0 < len(value) <= self.recipe.value_length and _PLAIN_TEXT.match(value)
            if not fits or value != value.strip():
                raise Nothing
        return self._day(field, value)

    def _rounded(self, field: Field, value: Value) -> Value:
        """A number that people would compare with: of two or three digits."""
        if field.role != "number" or not isinstance(value, (int, float)):
            return self._day(field, value)
        if not value or abs(value) == float("inf"):
            return value
        digits = self.rng.choice((2, 2, 3)) - 1 - floor(log10(abs(value)))
        rounded = round(value, digits)
        return int(rounded) if isinstance(value, int) or rounded == int(rounded) else rounded

    def _day(self, field: Field, value: Value) -> Value:
        return str(value)[:10] if field.role == "time" else value


def weighted(rng: Rng, weights: object) -> str:
    """A name drawn by its weight."""
    pairs = [(str(name), float(weight)) for name, weight in dict(weights).items() if weight]  # type: ignore[call-overload]
    at = rng.random() * sum(weight for _, weight in pairs)
    for name, weight in pairs:
        at -= weight
        if at < 0:
            return name
    return pairs[-1][0]


def _by_size(value: Value) -> tuple[bool, float, str]:
    return (True, 0.0, value) if isinstance(value, str) else (False, float(value or 0), "")
