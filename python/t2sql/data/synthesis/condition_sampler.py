"""Conditions drawn from the rows of a scope, so that at least one row meets all of them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from math import floor, isfinite, log10
from typing import TypeAlias

from t2sql.data.rng import NoSample, Rng
from t2sql.data.synthesis.conditions import Comparison
from t2sql.data.synthesis.profiles import ColumnProfile, Role
from t2sql.data.synthesis.recipe import Recipe
from t2sql.data.synthesis.scopes import Scope
from t2sql.data.synthesis.values import Value

ColumnValues: TypeAlias = dict[ColumnProfile, list[Value]]
"""The values of each column, all in the order of the rows."""

_ROLES = {
    "equal": ("number", "year", "date", "flag", "category", "name", "key"),
    "not_equal": ("category", "flag"),
    "compare": ("number", "year", "date", "time"),
    "between": ("number", "year", "date"),
    "like": ("name", "category", "long", "date", "time"),
    "in": ("category", "name", "year"),
    "null": ("number", "year", "date", "time", "category", "name", "long", "mixed", "key"),
}
_RARE: dict[Role, float] = {"key": 0.1, "flag": 0.3}
"""Roles of columns that people seldom ask for by value, and how probably such a column is kept."""

_FEW_NUMBERS, _RARE_NUMBER = 10, 0.2
"""How many numbers a column has that people ask for by value, and how probably another column is kept."""

_TRIES = 8
"""How often another value of a column is drawn before the attempt is given up."""

_WORD = re.compile(r"[^\W_]{3,}")
_PLAIN_TEXT = re.compile(r"[^\x00-\x1f%_\\]+\Z")


def read_values(connection: sqlite3.Connection, scope: Scope, most: int) -> ColumnValues:
    """Read up to `most` rows of a scope.

    Args:
        connection: The copy of the database.
        scope: The tables to read.
        most: The most rows.
    """
    names = ", ".join(scope.name(column) for column in scope.columns)
    rows = connection.execute(f"SELECT {names} FROM {scope.sql()} LIMIT {most}").fetchall()
    return {column: [row[index] for row in rows] for index, column in enumerate(scope.columns)}


class ConditionSampler:
    """Draws comparisons with values of the columns of one scope."""

    def __init__(self, rng: Rng, recipe: Recipe, values: ColumnValues) -> None:
        """Prepare to draw.

        Args:
            rng: The source of random choices.
            recipe: The weights of the operators, and the longest text that a question may have.
            values: The values of the scope's columns.
        """
        self._rng = rng
        self._recipe = recipe
        self._values = values
        self._size = len(next(iter(values.values()), []))
        self._draw: dict[str, Callable[[ColumnProfile, Value], Comparison]] = {
            "equal": self._equal,
            "not_equal": self._not_equal,
            "compare": self._compare,
            "between": self._between,
            "like": self._like,
            "in": self._in,
        }

    def sample(self, choices: Sequence[Callable[[ColumnProfile], bool]]) -> tuple[Comparison, ...]:
        """Draw comparisons with different columns that one row meets.

        Args:
            choices: For each comparison, whether a column may be compared.

        Raises:
            NoSample: This attempt came to nothing.
        """
        if not self._size:
            raise NoSample
        row = self._rng.below(self._size)
        out: list[Comparison] = []
        for among in choices:
            used = {comparison.column for comparison in out}
            free = [column for column in self._values if column not in used and among(column)]
            out.append(self._comparison(row, free))
        return tuple(out)

    def _comparison(self, row: int, free: list[ColumnProfile]) -> Comparison:
        op = self._rng.weighted_choice(self._recipe.conditions)
        columns = [column for column in free if column.role in _ROLES[op]]
        columns = [
            column for column in columns if column.role not in _RARE or self._rng.chance(_RARE[column.role])
        ]
        if op == "equal":
            # Nobody asks for a weight of exactly 3.7.
            columns = [column for column in columns if column.role != "number" or self._is_asked(column)]
        if op == "in" and self._rng.chance(0.7):
            # Lists of people are rare.
            columns = [column for column in columns if column.role != "name"]
        if op == "null":
            columns = [column for column in columns if any(value is None for value in self._values[column])]
        if not columns:
            raise NoSample
        column = self._rng.choice(columns)
        value = self._values[column][row]
        if op == "null":
            return Comparison(column, "IS NULL" if value is None else "IS NOT NULL")
        if value is None:
            raise NoSample
        comparison = self._draw[op](column, value)
        if any(isinstance(operand, float) and not isfinite(operand) for operand in comparison.values):
            raise NoSample
        return comparison

    def _is_asked(self, column: ColumnProfile) -> bool:
        """Tell whether people ask for a number by its value: a small one, and others now and then."""
        few = len(set(self._values[column])) <= _FEW_NUMBERS
        return column.whole and (few or self._rng.chance(_RARE_NUMBER))

    def _equal(self, column: ColumnProfile, value: Value) -> Comparison:
        return Comparison(column, "=", (self._usable(column, value),))

    def _not_equal(self, column: ColumnProfile, value: Value) -> Comparison:
        other = self._other(column, value)
        return Comparison(column, "<>", (self._usable(column, other),))

    def _compare(self, column: ColumnProfile, value: Value) -> Comparison:
        # A date without a time of day stands for the beginning of the day.
        ops = (">=", "<") if column.role == "time" else (">", ">", ">", ">=", "<", "<", "<", "<=")
        op = self._rng.choice(ops)
        return Comparison(column, op, (self._rounded(column, value),))

    def _between(self, column: ColumnProfile, value: Value) -> Comparison:
        other = self._other(column, value)
        low, high = sorted((self._day(column, value), self._day(column, other)), key=_by_size)
        if low == high:
            raise NoSample
        return Comparison(column, "BETWEEN", (low, high))

    def _like(self, column: ColumnProfile, value: Value) -> Comparison:
        text = str(value)
        if column.role in ("date", "time"):
            return Comparison(column, "LIKE", (f"{text[: self._rng.choice((4, 4, 7))]}-%",))
        words = _WORD.findall(text)
        words = [word for word in words if len(word) < len(text) and _PLAIN_TEXT.match(word)]
        if not words:
            raise NoSample
        way = self._rng.choice(("in", "in", "start", "end"))
        if way == "start" and text.startswith(words[0]):
            many = self._rng.choice((1, 2, 3, len(words[0])))
            return Comparison(column, "LIKE", (f"{words[0][:many]}%",))
        if way == "end" and text.endswith(words[-1]):
            return Comparison(column, "LIKE", (f"%{words[-1]}",))
        return Comparison(column, "LIKE", (f"%{self._rng.choice(words)}%",))

    def _in(self, column: ColumnProfile, value: Value) -> Comparison:
        values = [value]
        for _ in range(self._rng.choice((1, 2, 2, 3))):
            other = self._other(column, value)
            values += [other] if other not in values else []
        if len(values) < 2:
            raise NoSample
        return Comparison(column, "IN", tuple(self._usable(column, v) for v in self._rng.shuffled(values)))

    def _other(self, column: ColumnProfile, value: Value) -> Value:
        for _ in range(_TRIES):
            other = self._values[column][self._rng.below(self._size)]
            if other is not None and other != value:
                return other
        raise NoSample

    def _usable(self, column: ColumnProfile, value: Value) -> Value:
        """Return a value that a question can name."""
        if isinstance(value, str):
            fits = 0 < len(value) <= self._recipe.value_length and _PLAIN_TEXT.match(value)
            if not fits or value != value.strip():
                raise NoSample
        return self._day(column, value)

    def _rounded(self, column: ColumnProfile, value: Value) -> Value:
        """Round a number to two or three digits, as people do who compare."""
        if column.role != "number" or not isinstance(value, (int, float)):
            return self._day(column, value)
        if not value or abs(value) == float("inf"):
            return value
        digits = self._rng.choice((2, 2, 3)) - 1 - floor(log10(abs(value)))
        rounded = round(value, digits)
        return int(rounded) if isinstance(value, int) or rounded == int(rounded) else rounded

    def _day(self, column: ColumnProfile, value: Value) -> Value:
        return str(value)[:10] if column.role == "time" else value


def _by_size(value: Value) -> tuple[bool, float, str]:
    return (True, 0.0, value) if isinstance(value, str) else (False, float(value or 0), "")
