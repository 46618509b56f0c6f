"""Results compare as bags or lists, with a tolerance for numbers."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2sql.sql import Result, same_result


def result(*rows: tuple[Any, ...], truncated: bool = False) -> Result:
    width = len(rows[0]) if rows else 1
    return Result(tuple(f"c{i}" for i in range(width)), list(rows), truncated, 0.0)


@pytest.mark.parametrize(
    ("gold", "got", "ordered", "same"),
    [
        (result((1,), (2,)), result((2,), (1,)), False, True),
        (result((1,), (2,)), result((2,), (1,)), True, False),
        (result((1,), (1,)), result((1,)), False, False),
        (result((1,), (1,), (2,)), result((1,), (2,), (2,)), False, False),
        (result((0.1 + 0.2,)), result((0.3,)), True, True),
        (result((3,)), result((3.0,)), False, True),
        (result(("3",)), result((3,)), False, False),
        (result((None,)), result((0,)), False, False),
        (result((None,)), result((None,)), False, True),
        (result(("a", 1)), result((1, "a")), False, False),
        (result(("a", 1)), result(("a",)), False, False),
        (result(("A",)), result(("a",)), False, False),
        (result((1,), truncated=True), result((1,)), False, False),
        (result(), result(), False, True),
        (result(([1, 2],)), result(([1, 2],)), False, True),
        (result(({"k": [1]},)), result(({"k": [1]},)), False, True),
        (result(([1],)), result(([2],)), False, False),
        (result(([1], 0.1 + 0.2)), result(([1], 0.3)), False, True),
        (result((Decimal("2.0000"),)), result((2.0,)), False, True),
    ],
)
def test_same_result(gold: Result, got: Result, ordered: bool, same: bool) -> None:
    assert same_result(gold, got, ordered=ordered) is same


def close(x: Any, y: Any) -> bool:
    if isinstance(x, (int, float)) and isinstance(y, (int, float)):
        return math.isclose(x, y, rel_tol=1e-6, abs_tol=1e-9)
    return type(x) is type(y) and bool(x == y)


CELL = st.one_of(
    st.none(), st.sampled_from(["a", "b", "1"]), st.sampled_from([1, 1.0, 1 + 5e-7, 1 + 1e-6, 1 - 5e-7, 2])
)


@settings(deadline=None)
@given(st.lists(st.tuples(CELL, CELL), max_size=4), st.data())
def test_bags_agree_with_trying_every_order(rows: list[tuple[Any, ...]], data: st.DataObject) -> None:
    other = data.draw(
        st.one_of(
            st.permutations(rows), st.lists(st.tuples(CELL, CELL), min_size=len(rows), max_size=len(rows))
        )
    )
    expected = any(
        all(close(x, y) for a, b in zip(rows, order, strict=True) for x, y in zip(a, b, strict=True))
        for order in itertools.permutations(other)
    )
    columns = ("x", "y")
    got = same_result(Result(columns, rows, False, 0), Result(columns, list(other), False, 0), ordered=False)
    assert got is expected
