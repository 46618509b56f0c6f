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


@dataclass(frozen=True)
class Paired:
    """Two models on the questions that both answered.

    Attributes:
        n: How many questions both answered.
        broken: Ids of the questions that only the first model answered rightly.
        fixed: Ids of the questions that only the second model answered rightly.
        p: McNemar's exact two-sided p value.
    """

    n: int
    broken: tuple[str, ...]
    fixed: tuple[str, ...]
    p: float


def paired(first: Mapping[str, bool], second: Mapping[str, bool]) -> Paired:
    """Compare two models question by question.

    Args:
        first: For each question's id, whether the first model's answer is right.
        second: The same of the second model; ids that only one of them has are left out.
    """
    shared = [question for question in first if question in second]
    broken = tuple(question for question in shared if first[question] and not second[question])
    fixed = tuple(question for question in shared if second[question] and not first[question])
    return Paired(len(shared), broken, fixed, mcnemar(len(broken), len(fixed)))
