"""WikiSQL's statements, and the two ways to write them: SQL that runs, and the tutorial's text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from t2sql.sql import literal, quote

AGGREGATES = ("", "MAX", "MIN", "COUNT", "SUM", "AVG")
OPERATORS = ("=", ">", "<")
"""The data set stores an index into these: `agg_ops` and `cond_ops` of its lib/query.py."""

Value: TypeAlias = str | int | float
"""A value in a condition."""


@dataclass(frozen=True)
class Condition:
    """A comparison of a column with a value.

    Attributes:
        column: The column's index.
        operator: One of `OPERATORS`.
        value: The value in the column's type.
        original: The value as the data set or the tutorial's text has it.
        is_text: Whether the column holds texts.
    """

    column: int
    operator: str
    value: Value
    original: Value
    is_text: bool


@dataclass(frozen=True)
class Statement:
    """A statement over one table.

    Attributes:
        column: The index of the column that is asked for.
        aggregate: One of `AGGREGATES`; empty for none.
        conditions: All of them hold.
    """

    column: int
    aggregate: str
    conditions: tuple[Condition, ...]

    def sql(self, table: str, columns: Sequence[str]) -> str:
        """Write SQL that runs, with quoted names and typed values.

        Args:
            table: The table's name.
            columns: The names of all its columns.
        """
        column = quote(columns[self.column])
        text = f"SELECT {f'{self.aggregate}({column})' if self.aggregate else column} FROM {quote(table)}"
        parts = [f"{quote(columns[c.column])} {c.operator} {literal(c.value)}" for c in self.conditions]
        return text + (" WHERE " + " AND ".join(parts) if parts else "")

    def tutorial(self, table: str, columns: Sequence[str]) -> str:
        """Write the tutorial's text, in which names are not quoted, and which no database runs.

        Args:
            table: The table's name.
            columns: The names of all its columns.
        """
        aggregate = f"{self.aggregate} " if self.aggregate else ""
        text = f"SELECT {aggregate}{columns[self.column]} FROM {table}"
        parts = []
        for c in self.conditions:
            value = f"'{c.original}'" if c.is_text else str(c.original)
            parts.append(f"{columns[c.column]} {c.operator} {value}")
        return text + (" WHERE " + " AND ".join(parts) if parts else "")


def parse_number(text: str) -> int | float | None:
    """Read a text as a number, with or without commas between thousands; None if it is not one."""
    bare = text.strip().replace(",", "")
    if not bare or bare[-1] in "+-." or not set(bare) <= set("+-.0123456789"):
        return None
    try:
        return int(bare) if "." not in bare else float(bare)
    except ValueError:
        return None
