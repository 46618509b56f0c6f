"""Whether two results say the same."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import Any

from t2sql.sql.execute import Result

Row = tuple[Any, ...]


def same_result(gold: Result, got: Result, *, ordered: bool) -> bool:
    """The same rows: in the same order if `ordered`, else each as often.

    Columns compare by position, whatever their names. Numbers compare with a tolerance of 1e-6 of
    their size, an integer equals a float of its value, a number never equals a text. A result that
    was cut off equals nothing.
    """
    if gold.truncated or got.truncated:
        return False
    if len(gold.columns) != len(got.columns) or len(gold.rows) != len(got.rows):
        return False
    if ordered:
        return all(_same_row(a, b) for a, b in zip(gold.rows, got.rows, strict=True))
    if Counter(gold.rows) == Counter(got.rows):
        return True
    left, right = _by_fixed_part(gold.rows), _by_fixed_part(got.rows)
    return left.keys() == right.keys() and all(_matched(left[key], right[key]) for key in left)


def _same_row(a: Row, b: Row) -> bool:
    return all(_same_value(x, y) for x, y in zip(a, b, strict=True))


def _same_value(x: Any, y: Any) -> bool:
    if _is_number(x) and _is_number(y):
        return bool(x == y) or math.isclose(x, y, rel_tol=1e-6, abs_tol=1e-9)
    return type(x) is type(y) and bool(x == y)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _by_fixed_part(rows: list[Row]) -> dict[Row, list[Row]]:
    """Rows by what compares exactly; what is left of each are its numbers, in order."""
    groups: dict[Row, list[Row]] = defaultdict(list)
    for row in rows:
        fixed = tuple("number" if _is_number(value) else (type(value).__name__, value) for value in row)
        groups[fixed].append(tuple(value for value in row if _is_number(value)))
    return groups


def _matched(left: list[Row], right: list[Row]) -> bool:
    """Whether the rows pair up, each with one that is the same within the tolerance."""
    if len(left) != len(right):
        return False
    left, right = sorted(left), sorted(right)
    if all(_same_row(a, b) for a, b in zip(left, right, strict=True)):
        return True
    if not left[0] or len(left[0]) == 1:
        return False
    partner: dict[int, int] = {}
    return all(_pair(i, left, right, partner, set()) for i in range(len(left)))


def _pair(i: int, left: list[Row], right: list[Row], partner: dict[int, int], seen: set[int]) -> bool:
    """One augmenting path of a bipartite matching: sorting alone can mispair rows of several numbers."""
    for j, row in enumerate(right):
        if j not in seen and _same_row(left[i], row):
            seen.add(j)
            if j not in partner or _pair(partner[j], left, right, partner, seen):
                partner[j] = i
                return True
    return False
