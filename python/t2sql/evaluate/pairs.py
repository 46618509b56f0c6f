"""Answers to the same questions side by side: what one model broke and fixed against another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from t2sql.evaluate.stats import paired
from t2sql.runs import records


@dataclass(frozen=True)
class Answers:
    """Which questions a model answered rightly.

    Attributes:
        model: The model's name; of checkpoints, the step.
        backend: What answered: "llama", "mlx", or "file" for answers that came in a file.
        correct: For each question's id, whether the answer is right.
        questions: The questions in words, by id.
    """

    model: str
    backend: str
    correct: Mapping[str, bool]
    questions: Mapping[str, str]

    @property
    def label(self) -> str:
        """Model and backend, which name the answers in a pair."""
        return f"{self.model} {self.backend}"


def pair(against: Answers, answers: Answers) -> records.Pair:
    """Compare a model with another on the questions that both answered.

    Args:
        against: The answers of the model that is compared with.
        answers: The answers of the model that is compared.
    """
    result = paired(against.correct, answers.correct)
    return records.Pair(
        model=answers.model,
        backend=answers.backend,
        against=against.label,
        n=result.n,
        broken=result.broken,
        fixed=result.fixed,
        p=result.p,
        interval=result.interval,
        questions={question: answers.questions[question] for question in (*result.broken, *result.fixed)},
    )


def pairs(answers: Sequence[Answers], references: Sequence[str] = ()) -> list[records.Pair]:
    """Compare everyone with the first, and with the models that `references` names.

    Args:
        answers: The answers of each model on each backend.
        references: Names of models; of one with several backends, the first is compared with.
    """
    firsts = [answers[0]] if answers else []
    for name in references:
        firsts += [a for a in answers if a.model == name and a.model != answers[0].model][:1]
    return [pair(first, other) for first in firsts for other in answers if other.label != first.label]
