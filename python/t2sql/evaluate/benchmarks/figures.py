"""A benchmark's figure, with how many questions it is of and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from t2sql.evaluate.stats import wilson
from t2sql.plain import Json

ALL = "all"
"""The level of a figure over all questions."""


@dataclass(frozen=True)
class Figure:
    """The mean of a score over the questions of one level.

    Attributes:
        name: The score's name, such as execution.
        level: How hard the questions are; `ALL` for all of them.
        n: Questions.
        value: The mean, 1 for 100%.
        interval: Wilson's 95% interval. Of a score between 0 and 1 it is wider than need be: no score of this
            mean varies more than one that is 0 or 1.
    """

    name: str
    level: str
    n: int
    value: float
    interval: tuple[float, float]

    def to_json(self) -> dict[str, Json]:
        """The fields by their names."""
        return {
            "name": self.name,
            "level": self.level,
            "n": self.n,
            "value": self.value,
            "interval": list(self.interval),
        }


def figures(
    name: str, scores: Sequence[float], levels: Sequence[str], order: Sequence[str], most: float = 1.0
) -> list[Figure]:
    """The mean of a score for each level that occurs, and for all questions.

    Args:
        name: The score's name.
        scores: The score of each question, 0 to `most`.
        levels: The level of each question.
        order: The levels in the order in which they are to come.
        most: The best score that is possible.
    """
    parts = {level: [s for s, own in zip(scores, levels, strict=True) if own == level] for level in order}
    return [_figure(name, level, part, most) for level, part in _with_all(parts, scores).items() if part]


def _with_all(parts: Mapping[str, Sequence[float]], scores: Sequence[float]) -> dict[str, Sequence[float]]:
    return {**parts, ALL: scores}


def _figure(name: str, level: str, scores: Sequence[float], most: float) -> Figure:
    n, total = len(scores), sum(scores)
    low, high = wilson(min(n, total / most), n)
    return Figure(name, level, n, total / n, (low * most, high * most))
