"""What a program that reads nothing gets right: the figure that a model has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from t2sql.evaluate.scores import Summary, score, summarize

if TYPE_CHECKING:
    from t2sql.data import Dataset, Example


@dataclass(frozen=True)
class Baseline:
    """Always `shape`, the commonest query shape of the training split, filled in without reading."""

    shape: str
    summary: Summary

    def to_dict(self) -> dict[str, Any]:
        low, high = self.summary.interval
        return {
            "shape": self.shape,
            "n": self.summary.n,
            "correct": self.summary.correct,
            "accuracy": self.summary.accuracy,
            "interval": [low, high],
            "measure": self.summary.measure,
        }


def common_shape_baseline(
    dataset: Dataset, examples: Sequence[Example] | None = None, *, split: str = "test"
) -> Baseline:
    """Score it on `examples`, or on a whole split."""
    from t2sql.data import baseline_answers, commonest_shape

    chosen = list(examples) if examples is not None else dataset.split(split)
    answers = baseline_answers(dataset, chosen)
    return Baseline(commonest_shape(dataset.train), summarize(score(dataset, chosen, answers)))
