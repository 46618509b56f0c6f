"""What stage `compare` records: every model file on every backend, asked the same questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from t2sql.runs.records.codec import ABSENT, Record

FEW_ANSWERS = 20
"""Below so many answers a percentage says more than is known: with 19 right of 19, the 95% interval begins at
83%."""


@dataclass(frozen=True, kw_only=True)
class Trust(Record):
    """How many questions a model answers when the uncertain answers are left out, and how many rightly.

    Attributes:
        min_logprob: The model's threshold: answers whose mean log-probability is lower are uncertain. Null
            where it
            has none; then every answer counts as answered.
        answered: Questions with an answer that is not uncertain.
        right: Correct ones among them.
        curve: For thresholds from strict to none, (fraction of questions answered, fraction of those
            correct).
    """

    min_logprob: float | None = None
    answered: int = 0
    right: int = 0
    curve: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class ComparisonRow(Record):
    """One model on one backend.

    Attributes:
        model: The file's name without its suffix, or the directory's name.
        base: Whether this is the untrained model that the others are compared with.
        path: The file or directory, as it was named when it was compared.
        type: The ggml type (or dtype) that most bytes are stored in.
        bytes: Size of the weight files, in bytes.
        backend: "llama" or "mlx".
        device: What it ran on, such as "cpu".
        weights: How the weights are held in memory: their type, or that they were dequantized.
        load_seconds: Time to load the model, in seconds.
        prompt_tps: Prompt tokens per second, on the three fixed questions asked one at a time.
        gen_tps: Generated tokens per second, on the same.
        answers: The answers to the three fixed questions.
        n: Questions that were scored.
        of: Questions in the split.
        measure: What made an answer correct: "execution", "suite", "logical", "mixed", or "none" of no
            question.
        correct: Correct answers of the `n`.
        exact: Answers that are the gold statement, letter by letter.
        logical: Answers with the gold statement's columns, aggregate and conditions.
        valid: Answers that can be run.
        interval: 95% Wilson interval of the fraction of correct answers.
        classes: Number of answers by outcome ("correct", "wrong column", ...).
        kill_rate: Fraction of similar but wrong statements that the test suites tell from the gold ones; null
            where
            there are no suites.
        cut_off: Answers that the token limit ended.
        batch_seconds: Wall-clock time of answering the `n` questions together, in seconds.
        batch_tokens: Tokens of those answers.
        grammar: Whether answers were restricted to statements over the question's tables, as `ask` does;
            false in records of 0.1.0, which asked freely.
        trust: The uncertain answers; null in a record that has none.
        predictions: The file with the answers; null where they were not stored.
        accuracy: correct / n, or 0 where n is 0.
        name: The same as `model`.
    """

    COMPUTED: ClassVar[tuple[str, ...]] = ("accuracy", "name")

    model: str
    path: str = ""
    type: str = ""
    bytes: int | None = None
    backend: str
    device: str = ""
    weights: str = ""
    load_seconds: float | None = None
    prompt_tps: float | None = None
    gen_tps: float | None = None
    answers: tuple[str, ...] = ()
    n: int = 0
    of: int = 0
    measure: str = "execution"
    correct: int = 0
    exact: int = 0
    logical: int = 0
    valid: int = 0
    interval: tuple[float, float] = (0.0, 1.0)
    classes: dict[str, int] = field(default_factory=dict)
    kill_rate: float | None = None
    cut_off: int = 0
    batch_seconds: float | None = None
    batch_tokens: int | None = None
    grammar: bool = False
    trust: Trust | None = None
    predictions: str | None = None
    base: bool = False

    @property
    def accuracy(self) -> float:
        """Fraction of correct answers; 0 where nothing was scored."""
        return self.correct / self.n if self.n else 0.0

    @property
    def name(self) -> str:
        """What the row is called in tables and in the predictions file's name."""
        return self.model

    @property
    def label(self) -> str:
        """Model and backend, as pairs name what they compare with."""
        return f"{self.model} {self.backend}"


@dataclass(frozen=True, kw_only=True)
class Pair(Record):
    """A model against another, on the questions that both answered.

    Attributes:
        model: The model that is compared; of checkpoints, the step.
        backend: Its backend.
        against: Model and backend that it is compared with.
        n: Questions that both answered.
        broken: Ids of those that only the other answered correctly.
        fixed: Ids of those that only this one answered correctly.
        p: Two-sided p value of McNemar's exact test on the two counts.
        interval: 95% interval of this one's fraction of correct answers minus the other's, by Newcombe's
            method 10; absent in records of 0.1.0.
        questions: The text of the broken and the fixed questions, by id.
    """

    model: str
    backend: str
    against: str
    n: int
    broken: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    p: float = 1.0
    interval: tuple[float, float] | None = field(default=None, metadata=ABSENT)
    questions: dict[str, str] = field(default_factory=dict)

    @property
    def difference(self) -> float:
        """Fraction of correct answers minus the other's."""
        return (len(self.fixed) - len(self.broken)) / self.n if self.n else 0.0


@dataclass(frozen=True, kw_only=True)
class ComparedAnswer(Record):
    """What one row of the comparison answered to a fixed question.

    Attributes:
        name: The row's model.
        backend: The row's backend.
        sql: Its answer.
    """

    name: str
    backend: str
    sql: str


@dataclass(frozen=True, kw_only=True)
class ComparedQuestion(Record):
    """One of the three fixed questions, with the answer of every row.

    Attributes:
        question: The question in words.
        answers: An answer for each row of the comparison, in the rows' order.
    """

    question: str
    answers: tuple[ComparedAnswer, ...] = ()


def asked_most(rows: Sequence[ComparisonRow]) -> list[ComparisonRow]:
    """The rows with the most questions, which can be compared with each other."""
    most = max((row.n for row in rows), default=0)
    return [row for row in rows if row.n == most]


def asked_fewer(rows: Sequence[ComparisonRow]) -> list[ComparisonRow]:
    """The other rows: their figures are of fewer and other questions."""
    most = max((row.n for row in rows), default=0)
    return [row for row in rows if row.n < most]


def best_score(rows: tuple[ComparisonRow, ...]) -> float | None:
    """The highest accuracy of a trained model, among the rows with the most questions; None without any.

    A fraction of a few questions says little, so a row that was asked fewer does not count.
    """
    trained = asked_most([row for row in rows if not row.base and row.n])
    return max((row.accuracy for row in trained), default=None)
