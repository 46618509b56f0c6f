"""Execution match: whether two results are the same."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from decimal import Decimal
from typing import TypeAlias

from t2sql.sql.result import Result, Row

_RELATIVE_TOLERANCE = 1e-6
_ABSOLUTE_TOLERANCE = 1e-9
"""Sums and averages of equal values differ in their last digits when they are added in another order."""

_Number: TypeAlias = int | float | Decimal
_Numbers: TypeAlias = tuple[_Number, ...]


def same_result(gold: Result, got: Result, *, ordered: bool) -> bool:
    """Tell whether two results have the same rows.

    Columns are compared by position, whatever their names. Numbers are compared with a relative tolerance of
    1e-6; an integer equals a float of the same value, and a number never equals a text. A truncated result
    equals nothing.

    Args:
        gold: The result of the gold statement.
        got: The result of the model's statement.
        ordered: Whether the rows have to be in the same order; otherwise each has to occur as often.
    """
    if gold.truncated or got.truncated:
        return False
    if len(gold.columns) != len(got.columns) or len(gold.rows) != len(got.rows):
        return False
    if ordered:
        return all(_same_row(a, b) for a, b in zip(gold.rows, got.rows, strict=True))
    gold_rows, got_rows = gold.rows, got.rows
    try:
        equal = Counter(gold_rows) == Counter(got_rows)
    except TypeError:
        # Lists and structs, which databases other than SQLite have, cannot be counted as they are.
        gold_rows, got_rows = ([tuple(map(_hashable, row)) for row in rows] for rows in (gold_rows, got_rows))
        equal = Counter(gold_rows) == Counter(got_rows)
    if equal:
        return True
    left, right = _numbers_by_rest(gold_rows), _numbers_by_rest(got_rows)
    return left.keys() == right.keys() and all(_match(left[key], right[key]) for key in left)


def _hashable(value: object) -> object:
    match value:
        case list() | tuple():
            return ("list", *map(_hashable, value))
        case dict():
            return ("struct", frozenset((_hashable(key), _hashable(item)) for key, item in value.items()))
        case bytearray() | memoryview():
            return bytes(value)
    return value


def _same_row(a: Row, b: Row) -> bool:
    return all(_same_value(x, y) for x, y in zip(a, b, strict=True))


def _same_value(x: object, y: object) -> bool:
    if isinstance(x, _Number) and isinstance(y, _Number):
        return x == y or math.isclose(x, y, rel_tol=_RELATIVE_TOLERANCE, abs_tol=_ABSOLUTE_TOLERANCE)
    return type(x) is type(y) and x == y


def _numbers_by_rest(rows: list[Row]) -> dict[Row, list[_Numbers]]:
    """Group rows by the values that are compared exactly; of each row, return its numbers in order."""
    groups: dict[Row, list[_Numbers]] = defaultdict(list)
    for row in rows:
        rest = tuple(
            "number" if isinstance(value, _Number) else (type(value).__name__, value) for value in row
        )
        groups[rest].append(tuple(value for value in row if isinstance(value, _Number)))
    return groups


def _match(left: list[_Numbers], right: list[_Numbers]) -> bool:
    """Tell whether the rows pair up, each with one that is the same within the tolerance."""
    if len(left) != len(right):
        return False
    left, right = sorted(left), sorted(right)
    if all(_same_row(a, b) for a, b in zip(left, right, strict=True)):
        return True
    if not left[0] or len(left[0]) == 1:
        return False
    # Sorting can pair rows of several numbers wrongly, so look for a perfect bipartite matching.
    partner: dict[int, int] = {}
    return all(_augment(i, left, right, partner, set()) for i in range(len(left)))


def _augment(
    i: int, left: list[_Numbers], right: list[_Numbers], partner: dict[int, int], visited: set[int]
) -> bool:
    """Look for an augmenting path from left row `i`, and add it to the matching `partner` (right to left)."""
    for j, row in enumerate(right):
        if j not in visited and _same_row(left[i], row):
            visited.add(j)
            if j not in partner or _augment(partner[j], left, right, partner, visited):
                partner[j] = i
                return True
    return False
