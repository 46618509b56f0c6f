"""BIRD's measures of one answer: execution accuracy, soft F1 and the reward of R-VES.

The behaviour is that of `evaluation_ex.py`, `evaluation_f1.py` and `evaluation_ves.py` in
github.com/bird-bench/mini_dev.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, pstdev

from t2sql.sql import Row

_REWARDS = ((2.0, 1.25), (1.0, 1.0), (0.5, 0.75), (0.25, 0.5))
"""From which ratio of times on an answer earns how much; below the last, `_LEAST`."""

_LEAST = 0.25
MOST_SCORE = math.sqrt(_REWARDS[0][1])
"""What `ves_score` gives at most, for an answer that takes half the gold statement's time."""


def same_rows(answer: Sequence[Row], gold: Sequence[Row]) -> bool:
    """Tell whether two results have the same rows as sets: neither order nor repetition counts."""
    return set(answer) == set(gold)


def soft_f1(answer: Sequence[Row], gold: Sequence[Row]) -> float:
    """How much of the values is right, 0 to 1.

    The distinct rows are paired in their order, the first with the first. Within a pair a value counts as
    right if it is anywhere in the other row; what counts is divided by the gold row's width.
    """
    if not answer and not gold:
        return 1.0
    answers, golds = list(dict.fromkeys(answer)), list(dict.fromkeys(gold))
    right, only_answer, only_gold = 0.0, 0.0, 0.0
    for ours, expected in zip(answers, golds, strict=False):
        width = len(expected)
        matches = sum(value in expected for value in ours)
        right += matches / width
        only_answer += (len(ours) - matches) / width
        only_gold += sum(value not in ours for value in expected) / width
    only_answer += max(0, len(answers) - len(golds))
    only_gold += max(0, len(golds) - len(answers))
    precision = right / (right + only_answer) if right + only_answer else 0.0
    recall = right / (right + only_gold) if right + only_gold else 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def ves_score(ratios: Sequence[float]) -> float:
    """What a right answer earns for its speed: the square root of its reward.

    Args:
        ratios: Of each round the gold statement's time divided by the answer's.

    Returns:
        0 to `MOST_SCORE`. 0 if no ratio is within three standard deviations of the mean: also of one round,
        and of rounds that are all equal, where the script divides by zero.
    """
    mean, deviation = fmean(ratios), pstdev(ratios)
    usual = [ratio for ratio in ratios if abs(ratio - mean) < 3 * deviation]
    if not usual:
        return 0.0
    ratio = fmean(usual)
    reward = next((reward for least, reward in _REWARDS if ratio >= least), _LEAST)
    return math.sqrt(reward)
