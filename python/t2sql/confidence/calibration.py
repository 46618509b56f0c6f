"""The lowest log-probability of an answer that is trusted, and what it costs: selective answering.

The score is the mean log-probability of an answer's tokens, so that a long statement does not count as less
likely than a short one. El-Yaniv and Wiener, "On the foundations of noise-free selective classification"
(2010), call the fraction of questions that are answered coverage, and the fraction of wrong answers among
those risk.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

TARGET = 0.95
"""The fraction of the trusted answers that should be right."""

LEAST_ANSWERS = 20
"""Trusted answers that a threshold needs: with 19 right of 20, Wilson's 95% interval still begins at 0.76."""


@dataclass(frozen=True)
class Graded:
    """An answer with what is known of it.

    Attributes:
        logprob: Mean natural log-probability of its tokens, at most 0; None where the runtime gives none or
            the answer should never be trusted.
        correct: Whether it is right.
    """

    logprob: float | None
    correct: bool


@dataclass(frozen=True)
class Calibration:
    """A threshold, and what it does on the answers that it was chosen on.

    Attributes:
        min_logprob: Answers with a lower mean log-probability are not trusted; None where no threshold
            reaches the target.
        target: The fraction of trusted answers that should be right.
        n: Answers that the threshold was chosen on.
        answered: Answers that it trusts; 0 where there is no threshold.
        right: Right answers among those.
    """

    min_logprob: float | None
    target: float
    n: int
    answered: int
    right: int


def calibrate(answers: Sequence[Graded], target: float = TARGET) -> Calibration:
    """Choose the lowest threshold above which the fraction of right answers reaches the target.

    Args:
        answers: Graded answers of a validation split.
        target: The fraction, 0 to 1.
    """
    best: tuple[float | None, int, int] = (None, 0, 0)
    for threshold, answered, right in _thresholds(answers):
        if answered >= LEAST_ANSWERS and right >= target * answered and math.isfinite(threshold):
            best = (threshold, answered, right)
    return Calibration(best[0], target, len(answers), best[1], best[2])


def count_trusted(answers: Sequence[Graded], min_logprob: float | None) -> tuple[int, int]:
    """How many answers a threshold trusts, and how many of those are right.

    Args:
        answers: Graded answers.
        min_logprob: The threshold; None trusts all.
    """
    trusted = [
        answer.correct for answer in answers if min_logprob is None or _score(answer.logprob) >= min_logprob
    ]
    return len(trusted), sum(trusted)


def coverage_curve(answers: Sequence[Graded], points: int = 60) -> list[tuple[float, float]]:
    """What thresholds from strict to none would do.

    Args:
        answers: Graded answers.
        points: About how many points there are at most; the last is always that of all answers.

    Returns:
        (fraction of answers that are trusted, fraction of those that are right), both 0 to 1.
    """
    curve = [(answered / len(answers), right / answered) for _, answered, right in _thresholds(answers)]
    step = max(1, len(curve) // points)
    return curve[:-1:step] + curve[-1:]


def _thresholds(answers: Sequence[Graded]) -> list[tuple[float, int, int]]:
    """(threshold, answers at or above it, right ones among them), the highest first; equals go together."""
    ranked = sorted(((_score(answer.logprob), answer.correct) for answer in answers), reverse=True)
    thresholds, right = [], 0
    for count, (score, correct) in enumerate(ranked, 1):
        right += correct
        if count == len(ranked) or ranked[count][0] < score:
            thresholds.append((score, count, right))
    return thresholds


def _score(logprob: float | None) -> float:
    """The value that thresholds compare: an answer without a log-probability is trusted last."""
    return -math.inf if logprob is None or math.isnan(logprob) else logprob
