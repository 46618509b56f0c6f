"""The order of values of any kind in a column, and the search for words in rows."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from t2sql.sql import value_text

Value: TypeAlias = Any
"""A database's value: a number, text, bytes, None, or a type of the database's own."""
Row: TypeAlias = Sequence[Value]


def ordered_rows(rows: Sequence[Row], column: int, down: bool) -> list[Row]:
    """The rows in the order of a column: numbers, then texts without regard to case, then other values.

    Rows without a value come last, whichever way the others are sorted.

    Args:
        rows: The rows.
        column: The column's place, from 0.
        down: Whether the highest value is on top.
    """
    known = [row for row in rows if row[column] is not None]
    known.sort(key=lambda row: _rank(row[column]), reverse=down)
    return [*known, *(row for row in rows if row[column] is None)]


def is_number(value: Value) -> bool:
    """Whether a value is a number, which stands right and is first sorted with the highest on top."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def find_cell(rows: Sequence[Row], words: str, start: tuple[int, int]) -> tuple[int, int] | None:
    """The next cell after `start`, from the last row on to the first, whose text has these words.

    Args:
        rows: The rows.
        words: What to look for, in any letter case.
        start: Row and column after which the search begins.
    """
    wanted = words.lower()
    if not rows or not wanted:
        return None
    row, column = start
    for offset in range(len(rows) + 1):
        index = (row + offset) % len(rows)
        for place, value in enumerate(rows[index]):
            seen = (offset == 0 and place <= column) or (offset == len(rows) and place > column)
            if not seen and wanted in value_text(value).lower():
                return index, place
    return None


def _rank(value: Value) -> tuple[int, float | str | bytes]:
    if isinstance(value, bool | int | float | Decimal):
        # NaN has no place among numbers.
        return (0, float(value)) if value == value else (1, "")
    if isinstance(value, bytes | bytearray | memoryview):
        return (3, bytes(value))
    return (2, value_text(value).lower())
