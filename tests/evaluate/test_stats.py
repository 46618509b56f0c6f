"""Wilson's interval and McNemar's exact test, against their definitions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2sql.evaluate import mcnemar, paired, paired_interval, wilson


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


def test_the_interval_of_a_paired_difference_is_mirrored_when_the_models_change_places() -> None:
    low, high = paired_interval(50, 5, 25, 100)
    assert low < 0.2 < high
    mirrored = paired_interval(50, 25, 5, 100)
    assert math.isclose(-mirrored[1], low) and math.isclose(-mirrored[0], high)
    assert paired_interval(0, 0, 0, 0) == (-1.0, 1.0)
    assert paired_interval(0, 0, 10, 10)[1] == 1.0
    with pytest.raises(ValueError, match="of 3"):
        paired_interval(2, 1, 1, 3)


def test_answers_that_go_together_give_a_narrower_interval() -> None:
    """Of 40 and 60 right of 100: 35 shared right answers are more than chance's 24, 5 are fewer."""
    together, apart = paired_interval(35, 5, 25, 100), paired_interval(5, 35, 55, 100)
    assert together[1] - together[0] < apart[1] - apart[0]


@pytest.mark.parametrize("probabilities", [(0.3, 0.1, 0.2), (0.05, 0.05, 0.3), (0.6, 0.02, 0.08)])
def test_the_interval_of_a_paired_difference_holds_95_times_of_100(
    probabilities: tuple[float, float, float],
) -> None:
    """Every outcome of 30 questions, weighted by its probability."""
    n, (both, broken, fixed) = 30, probabilities
    neither, truth, covered = 1 - sum(probabilities), fixed - broken, 0.0
    for i in range(n + 1):
        for j in range(n + 1 - i):
            for k in range(n + 1 - i - j):
                low, high = paired_interval(i, j, k, n)
                ways = math.comb(n, i) * math.comb(n - i, j) * math.comb(n - i - j, k)
                if low <= truth <= high:
                    covered += ways * both**i * broken**j * fixed**k * neither ** (n - i - j - k)
    assert 0.94 < covered < 0.985
