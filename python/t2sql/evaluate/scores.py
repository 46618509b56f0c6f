"""Scores of answers: exact, logical, valid, and right by what the statement returns.

docs/scores.md says what each means and where it comes from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from t2sql.errors import InputError

if TYPE_CHECKING:
    from t2sql.data import Dataset, Example

Measure = Literal["execution", "suite", "logical"]
Progress = Callable[[int, int, str], None]

CORRECT = "correct"
CLASSES = (
    CORRECT,
    "empty",
    "syntax",
    "unknown column",
    "wrong table",
    "wrong column",
    "wrong aggregate",
    "wrong condition",
    "wrong value",
    "wrong clause",
    "too slow",
    "not executable",
)


@dataclass(frozen=True)
class Scored:
    """One answer. `correct` is by `measure`: what it returns on the example's database, on a suite of
    generated ones where there are no rows, or its logical form where the gold statement is no SQL.
    `klass` is "correct" or what went wrong first. `suite` is (neighbours told apart, neighbours)."""

    id: str
    sql: str
    gold: str
    correct: bool
    exact: bool
    logical: bool
    valid: bool
    klass: str
    measure: Measure
    suite: tuple[int, int] | None = None


@dataclass(frozen=True)
class Summary:
    n: int
    correct: int
    exact: int
    logical: int
    valid: int
    measure: str
    classes: dict[str, int] = field(default_factory=dict)
    kill_rate: float | None = None

    @property
    def accuracy(self) -> float:
        return self.correct / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        from t2sql.evaluate.stats import wilson

        return wilson(self.correct, self.n)


def summarize(scored: Sequence[Scored]) -> Summary:
    measures = {answer.measure for answer in scored}
    classes = Counter(answer.klass for answer in scored)
    suites = [answer.suite for answer in scored if answer.suite is not None]
    neighbours = sum(total for _, total in suites)
    return Summary(
        n=len(scored),
        correct=sum(answer.correct for answer in scored),
        exact=sum(answer.exact for answer in scored),
        logical=sum(answer.logical for answer in scored),
        valid=sum(answer.valid for answer in scored),
        measure=measures.pop() if len(measures) == 1 else "mixed" if measures else "none",
        classes={name: classes[name] for name in CLASSES if classes[name]},
        kill_rate=sum(killed for killed, _ in suites) / neighbours if neighbours else None,
    )


def score(
    dataset: Dataset | None,
    examples: Sequence[Example],
    answers: Sequence[str],
    *,
    timeout: float = 5.0,
    progress: Progress | None = None,
) -> list[Scored]:
    """Score each answer against its example; `dataset` finds the databases."""
    if len(examples) != len(answers):
        raise InputError("answers and questions differ in number", expected=len(examples), found=len(answers))
    from t2sql.evaluate.judge import Judge

    scored = []
    with Judge(dataset, timeout) as judge:
        for done, (example, sql) in enumerate(zip(examples, answers, strict=True), 1):
            scored.append(judge.score(example, sql.strip()))
            if progress is not None:
                progress(done, len(examples), "scoring")
    return scored
