"""The uncertainty of a fraction of right answers, and whether two models differ on the same questions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

Z95 = 1.959963984540054
"""The 97.5% quantile of the standard normal distribution: a two-sided interval of 95%."""


def wilson(k: float, n: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a binomial fraction.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference" (1927). Unlike the
    normal approximation it stays within 0 and 1, also for few questions and for fractions close to 0 or 1.

    Args:
        k: How many answers are right; with parts of answers, the interval is rather too wide.
        n: How many there are.
        z: Quantile of the standard normal distribution; the default gives 95%.

    Returns:
        The interval's lower and upper end, fractions of 1; (0, 1) when `n` is 0.

    Raises:
        ValueError: `k` is negative or above `n`.
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n}")
    if n == 0:
        return 0.0, 1.0
    fraction = k / n
    square = z * z
    centre = (fraction + square / (2 * n)) / (1 + square / n)
    half = z / (1 + square / n) * math.sqrt(fraction * (1 - fraction) / n + square / (4 * n * n))
    low = 0.0 if k == 0 else max(0.0, centre - half)
    high = 1.0 if k == n else min(1.0, centre + half)
    return low, high


def mcnemar(broken: int, fixed: int) -> float:
    """The exact two-sided p value of McNemar's test: a binomial test of the questions that changed sides.

    Args:
        broken: Questions that only the first model answers rightly.
        fixed: Questions that only the second model answers rightly.

    Returns:
        The probability of a difference of this size or larger between two equally good models, at most 1.
    """
    n = broken + fixed
    if n == 0:
        return 1.0
    tail = sum(math.comb(n, i) for i in range(min(broken, fixed) + 1))
    # int / int: for many questions neither side fits a float, their quotient does.
    return min(1.0, 2 * tail / (1 << n))


def paired_interval(both: int, broken: int, fixed: int, n: int, z: float = Z95) -> tuple[float, float]:
    """The interval of the difference between two fractions of right answers to the same questions.

    Method 10 of R. G. Newcombe, "Improved confidence intervals for the difference between binomial
    proportions based on paired data" (Statistics in Medicine 17, 1998): Wilson's intervals of the two
    fractions, joined with the correlation of the answers.

    Args:
        both: Questions that both models answered rightly.
        broken: Questions that only the first model answered rightly.
        fixed: Questions that only the second model answered rightly.
        n: All questions.
        z: Quantile of the standard normal distribution; the default gives 95%.

    Returns:
        The lower and the upper end of the second fraction minus the first; (-1, 1) when `n` is 0.

    Raises:
        ValueError: A count is negative, or they are more than `n`.
    """
    neither = n - both - broken - fixed
    if min(both, broken, fixed, neither) < 0:
        raise ValueError(f"{both}, {broken} and {fixed} of {n}")
    if n == 0:
        return -1.0, 1.0
    first, second = (both + broken) / n, (both + fixed) / n
    (low1, high1), (low2, high2) = wilson(both + broken, n, z), wilson(both + fixed, n, z)
    phi = _correlation(both, broken, fixed, neither)
    below, above = second - low2, high1 - first
    lower = math.sqrt(max(0.0, below**2 - 2 * phi * below * above + above**2))
    below, above = first - low1, high2 - second
    upper = math.sqrt(max(0.0, below**2 - 2 * phi * below * above + above**2))
    difference = (fixed - broken) / n
    return max(-1.0, difference - lower), min(1.0, difference + upper)


def _correlation(both: int, broken: int, fixed: int, neither: int) -> float:
    """The phi coefficient of two models' answers, with Newcombe's correction for continuity."""
    product = (both + broken) * (fixed + neither) * (both + fixed) * (broken + neither)
    if product == 0:
        return 0.0
    determinant = float(both * neither - broken * fixed)
    if determinant > 0:
        determinant = max(0.0, determinant - (both + broken + fixed + neither) / 2)
    return determinant / math.sqrt(product)


@dataclass(frozen=True)
class Paired:
    """Two models on the questions that both answered.

    Attributes:
        n: How many questions both answered.
        broken: Ids of the questions that only the first model answered rightly.
        fixed: Ids of the questions that only the second model answered rightly.
        p: McNemar's exact two-sided p value.
        interval: 95% interval of the difference, (fixed - broken) / n; see `paired_interval`.
    """

    n: int
    broken: tuple[str, ...]
    fixed: tuple[str, ...]
    p: float
    interval: tuple[float, float]


def paired(first: Mapping[str, bool], second: Mapping[str, bool]) -> Paired:
    """Compare two models question by question.

    Args:
        first: For each question's id, whether the first model's answer is right.
        second: The same of the second model; ids that only one of them has are left out.
    """
    shared = [question for question in first if question in second]
    broken = tuple(question for question in shared if first[question] and not second[question])
    fixed = tuple(question for question in shared if second[question] and not first[question])
    both = sum(first[question] and second[question] for question in shared)
    interval = paired_interval(both, len(broken), len(fixed), len(shared))
    return Paired(len(shared), broken, fixed, mcnemar(len(broken), len(fixed)), interval)
