"""Answers to the same questions side by side: what one model broke and fixed against another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from t2sql.evaluate.stats import paired

if TYPE_CHECKING:
    from t2sql.evaluate.predictions import Predictions


@dataclass(frozen=True)
class Pair:
    """A model against another, on the questions that both answered: the ids of those that only the other
    (`broken`) or only this one (`fixed`) got right, `questions` by these ids, and McNemar's exact p."""

    model: str
    backend: str
    against: str
    n: int
    broken: tuple[str, ...]
    fixed: tuple[str, ...]
    p: float
    questions: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Answers:
    """Who answered, and which questions rightly, by id."""

    model: str
    backend: str
    correct: Mapping[str, bool]
    questions: Mapping[str, str]

    @classmethod
    def of(cls, model: str, predictions: Predictions) -> Answers:
        questions = {example.id: example.question for example in predictions.examples}
        return cls(model, predictions.backend, predictions.correct_by_id, questions)

    @property
    def label(self) -> str:
        return f"{self.model} {self.backend}"


def pair(against: Answers, answers: Answers) -> Pair:
    result = paired(against.correct, answers.correct)
    questions = {id: answers.questions[id] for id in (*result.broken, *result.fixed)}
    return Pair(
        answers.model,
        answers.backend,
        against.label,
        result.n,
        result.broken,
        result.fixed,
        result.p,
        questions,
    )


def pairs(answers: Sequence[Answers], references: Sequence[str] = ()) -> list[Pair]:
    """Everyone against the first, and against the first answers of each model of `references`."""
    firsts = [answers[0]] if answers else []
    for name in references:
        firsts += [a for a in answers if a.model == name and a.model != answers[0].model][:1]
    return [pair(first, other) for first in firsts for other in answers if other.label != first.label]
