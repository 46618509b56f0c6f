"""What is known of a scored answer, and the sums over many.

docs/scores.md says what each score means and where it comes from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from t2sql.evaluate.stats import wilson

Measure = Literal["execution", "suite", "logical"]
"""By what an answer is right: its rows on the example's database, its rows on a generated test suite (where
there is no database), or its logical form (where the gold statement is not SQL)."""

CORRECT = "correct"
OUTCOMES = (
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
"""What an answer is: right, or wrong in the first of these ways."""


@dataclass(frozen=True)
class SuiteStrength:
    """How much a test suite can tell.

    Attributes:
        killed: Neighbours of the gold statement with another result on some database of the suite. The more
            are killed, the less likely does a wrong answer pass.
        neighbours: All neighbours that were made: statements that differ from the gold one in one place.
    """

    killed: int
    neighbours: int


@dataclass(frozen=True)
class Scored:
    """One answer and its scores.

    Attributes:
        id: The question's id.
        sql: The answer.
        gold: The question's gold statement.
        correct: Whether the answer is right by `measure`.
        exact: Whether it is the gold statement, apart from letter case and quotes of names, keywords, spaces,
            comments and parentheses that change nothing.
        logical: Whether its logical form is the gold statement's.
        valid: Whether SQLite would run it on the question's tables, however long that takes.
        outcome: One of `OUTCOMES`.
        measure: By what `correct` was decided.
        suite: The test suite's strength, where `measure` is "suite".
        doubtful: Whether what the database says of it is a doubt: it does not run, returns no value, or looks
            for a text that the database does not have. False where there is none, or nobody asked.
    """

    id: str
    sql: str
    gold: str
    correct: bool
    exact: bool
    logical: bool
    valid: bool
    outcome: str
    measure: Measure
    suite: SuiteStrength | None = None
    doubtful: bool = False


@dataclass(frozen=True)
class Summary:
    """How many of a set of answers are right, by each score.

    Attributes:
        n: Answers.
        correct: Right answers.
        exact: Answers with an exact match.
        logical: Answers with the gold statement's logical form.
        valid: Answers that run.
        measure: By what answers are right: a `Measure`, "mixed" of several, "none" without answers.
        classes: Number of answers by outcome, in the order of `OUTCOMES`, without outcomes of no answer.
        kill_rate: Fraction of all suites' neighbours that the suites kill, 0 to 1; None without suites.
    """

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
        """Fraction of right answers, 0 to 1; 0 without answers."""
        return self.correct / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95% interval of `accuracy`."""
        return wilson(self.correct, self.n)


def summarize(scored: Sequence[Scored]) -> Summary:
    """Add up the scores of answers."""
    measures: set[str] = {answer.measure for answer in scored}
    classes = Counter(answer.outcome for answer in scored)
    suites = [answer.suite for answer in scored if answer.suite is not None]
    neighbours = sum(suite.neighbours for suite in suites)
    return Summary(
        n=len(scored),
        correct=sum(answer.correct for answer in scored),
        exact=sum(answer.exact for answer in scored),
        logical=sum(answer.logical for answer in scored),
        valid=sum(answer.valid for answer in scored),
        measure=measures.pop() if len(measures) == 1 else "mixed" if measures else "none",
        classes={name: classes[name] for name in OUTCOMES if classes[name]},
        kill_rate=sum(suite.killed for suite in suites) / neighbours if neighbours else None,
    )
