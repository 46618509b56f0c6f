"""How sure a share of right answers is, and whether two models differ on the same questions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

Z95 = 1.959963984540054


def wilson(k: int, n: int, z: float = Z95) -> tuple[float, float]:
    """The Wilson score interval of k right out of n, 95% by default; (0, 1) when nothing was asked."""
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n}")
    if n == 0:
        return 0.0, 1.0
    share = k / n
    square = z * z
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    low = 0.0 if k == 0 else max(0.0, centre - half)
    high = 1.0 if k == n else min(1.0, centre + half)
    return low, high


def mcnemar(broken: int, fixed: int) -> float:
    """The exact two-sided p of McNemar's test, from the questions on which two models disagree."""
    n = broken + fixed
    if n == 0:
        return 1.0
    tail = sum(math.comb(n, i) for i in range(min(broken, fixed) + 1))
    return min(1.0, 2 * tail / 2**n)


@dataclass(frozen=True)
class Paired:
    """Two models on the questions that both answered: `broken` were right only in the first."""

    n: int
    broken: tuple[str, ...]
    fixed: tuple[str, ...]
    p: float


def paired(first: Mapping[str, bool], second: Mapping[str, bool]) -> Paired:
    """Compare question by question, by id."""
    shared = [id for id in first if id in second]
    broken = tuple(id for id in shared if first[id] and not second[id])
    fixed = tuple(id for id in shared if second[id] and not first[id])
    return Paired(len(shared), broken, fixed, mcnemar(len(broken), len(fixed)))
