"""The least log-probability of an answer that is trusted, and what it costs: selective answering.

The measure is the mean log-probability of an answer's tokens, so that long statements are not held to be
unlikelier than short ones. El-Yaniv and Wiener, "On the foundations of noise-free selective classification"
(2010), call the two sides coverage and risk.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

TARGET = 0.95
"""The share of the trusted answers that should be right."""

LEAST_ANSWERS = 20
"""Of fewer, a share says too little to choose by."""

Judged = tuple[float | None, bool]
"""(the mean log-probability of an answer, whether it was right)"""


@dataclass(frozen=True)
class Calibration:
    """`min_logprob` leaves `answered` of the `n` answers that it was chosen on, of which `right` are right;
    None where no threshold reaches the target."""

    min_logprob: float | None
    target: float
    n: int
    answered: int
    right: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def calibrate(judged: Sequence[Judged], target: float = TARGET) -> Calibration:
    """The lowest threshold above which the share of right answers is `target`."""
    best: tuple[float | None, int, int] = (None, 0, 0)
    for threshold, answered, right in _thresholds(judged):
        if answered >= LEAST_ANSWERS and right >= target * answered and math.isfinite(threshold):
            best = (threshold, answered, right)
    return Calibration(best[0], target, len(judged), best[1], best[2])


def kept(judged: Sequence[Judged], min_logprob: float | None) -> tuple[int, int]:
    """(answers that the threshold lets through, right ones among them)."""
    passed = [right for logprob, right in judged if min_logprob is None or _score(logprob) >= min_logprob]
    return len(passed), sum(passed)


def curve(judged: Sequence[Judged], points: int = 60) -> list[tuple[float, float]]:
    """(coverage, share of right answers) for thresholds from strict to none: at most about `points`."""
    found = [(answered / len(judged), right / answered) for _, answered, right in _thresholds(judged)]
    step = max(1, len(found) // points)
    return found[:-1:step] + found[-1:]


def _thresholds(judged: Sequence[Judged]) -> list[tuple[float, int, int]]:
    """(threshold, answers at or above it, right ones among them), the highest first; equals go together."""
    ranked = sorted(((_score(logprob), right) for logprob, right in judged), reverse=True)
    found, right = [], 0
    for at, (score, correct) in enumerate(ranked, 1):
        right += correct
        if at == len(ranked) or ranked[at][0] < score:
            found.append((score, at, right))
    return found


def _score(logprob: float | None) -> float:
    """An answer of which the runtime says nothing is trusted last."""
    return -math.inf if logprob is None or math.isnan(logprob) else logprob
