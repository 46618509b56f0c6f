"""A WikiSQL statement, and the two ways to write it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from t2sql.sql import literal, quote

AGGREGATES = ("", "MAX", "MIN", "COUNT", "SUM", "AVG")
OPERATORS = ("=", ">", "<")


@dataclass(frozen=True)
class Condition:
    """`column` is the column's number; `value` is as its column compares, `spelled` as the data set has it.

    `text`: whether the column is of texts.
    """

    column: int
    operator: str
    value: str | int | float
    spelled: str | int | float
    text: bool


@dataclass(frozen=True)
class Statement:
    column: int
    aggregate: str
    conditions: tuple[Condition, ...]

    def sql(self, table: str, columns: Sequence[str]) -> str:
        """SQL that runs: names quoted where they need it, values typed."""
        column = quote(columns[self.column])
        text = f"SELECT {f'{self.aggregate}({column})' if self.aggregate else column} FROM {quote(table)}"
        parts = [f"{quote(columns[c.column])} {c.operator} {literal(c.value)}" for c in self.conditions]
        return text + (" WHERE " + " AND ".join(parts) if parts else "")

    def tutorial(self, table: str, columns: Sequence[str]) -> str:
        """The tutorial's text, which no database runs."""
        aggregate = f"{self.aggregate} " if self.aggregate else ""
        text = f"SELECT {aggregate}{columns[self.column]} FROM {table}"
        parts = []
        for c in self.conditions:
            value = f"'{c.spelled}'" if c.text else str(c.spelled)
            parts.append(f"{columns[c.column]} {c.operator} {value}")
        return text + (" WHERE " + " AND ".join(parts) if parts else "")


def number(text: str) -> int | float | None:
    """The number that a text is, with or without commas between thousands."""
    bare = text.strip().replace(",", "")
    if not bare or bare[-1] in "+-." or not set(bare) <= set("+-.0123456789"):
        return None
    try:
        return int(bare) if "." not in bare else float(bare)
    except ValueError:
        return None
