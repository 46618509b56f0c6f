"""Wilson's interval and McNemar's exact test, against their definitions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2sql.evaluate import mcnemar, paired, wilson


def test_wilson_on_known_values() -> None:
    low, high = wilson(80, 100)
    assert (round(low, 4), round(high, 4)) == (0.7112, 0.8666)
    low, high = wilson(0, 10)
    assert (low, round(high, 4)) == (0.0, 0.2775)
    low, high = wilson(10, 10)
    assert (round(low, 4), high) == (0.7225, 1.0)
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(3, 2)


@pytest.mark.slow
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_is_symmetric(case: tuple[int, int]) -> None:
    k, n = case
    low, high = wilson(k, n)
    assert 0 <= low <= k / n <= high <= 1
    mirrored = wilson(n - k, n)
    assert math.isclose(1 - high, mirrored[0], abs_tol=1e-12)
    assert math.isclose(1 - low, mirrored[1], abs_tol=1e-12)


def test_mcnemar_is_the_binomial_test() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 5) == 1.0
    assert math.isclose(mcnemar(0, 5), 2 / 32)
    assert math.isclose(mcnemar(1, 9), 2 * (1 + 10) / 1024)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_a_probability_and_takes_no_side(broken: int, fixed: int) -> None:
    p = mcnemar(broken, fixed)
    assert 0 < p <= 1
    assert p == mcnemar(fixed, broken)


def test_paired_lists_what_broke_and_what_was_fixed_among_the_shared() -> None:
    first = {"a": True, "b": True, "c": False, "d": True}
    second = {"a": True, "b": False, "c": True, "x": True}
    result = paired(first, second)
    assert (result.n, result.broken, result.fixed, result.p) == (3, ("b",), ("c",), 1.0)
