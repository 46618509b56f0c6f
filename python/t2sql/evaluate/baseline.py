"""What a program that reads no question gets right: the figure that a model has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from t2sql.data import Dataset, Example, baseline_answers, commonest_shape
from t2sql.evaluate.judging import score
from t2sql.evaluate.scores import Summary, summarize


@dataclass(frozen=True)
class Baseline:
    """Always the same query shape, filled in without reading the question.

    Attributes:
        shape: The commonest query shape of the training split, such as `SELECT C FROM T WHERE C = V`.
        summary: The scores of the statements that come of it.
    """

    shape: str
    summary: Summary


def common_shape_baseline(
    dataset: Dataset, examples: Sequence[Example] | None = None, *, split: str = "test"
) -> Baseline:
    """Score the commonest query shape of the training split.

    Args:
        dataset: Its training split decides the shape.
        examples: The questions; by default a whole split.
        split: Which one.
    """
    questions = list(examples) if examples is not None else dataset.split(split)
    answers = baseline_answers(dataset, questions)
    return Baseline(commonest_shape(dataset.train), summarize(score(dataset, questions, answers)))
