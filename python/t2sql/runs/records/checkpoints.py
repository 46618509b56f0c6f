"""What a run records of its checkpoints: trained, measured, and the chosen one (checkpoints/best.json)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from t2sql.plain import Json
from t2sql.runs.records.codec import ABSENT, Record


@dataclass(frozen=True, kw_only=True)
class TrainedCheckpoint(Record):
    """A checkpoint that training left.

    Attributes:
        step: Optimizer steps done.
        path: Its directory, relative to the run.
        valid_loss: Validation loss of exactly its weights, in nats per token; null where that was not
            measured.
    """

    step: int
    path: str
    valid_loss: float | None = None


@dataclass(frozen=True, kw_only=True)
class ValidationScore(Record):
    """A checkpoint's answers to questions of the validation split.

    Attributes:
        n: Questions that were asked.
        correct: Correct answers.
        accuracy: correct / n.
        interval: 95% Wilson interval of the accuracy.
        exact: Answers that are the gold statement, letter by letter.
        logical: Answers with the gold statement's columns, aggregate and conditions.
        valid: Answers that can be run.
        measure: What made an answer correct: "execution", "suite", "logical", "mixed" or "none".
        kill_rate: Fraction of similar but wrong statements that the test suites tell from the gold ones; null
            where
            there are no suites.
        classes: Number of answers by outcome.
        backend: "llama" or "mlx".
        device: What it ran on.
        weights: How the weights were held in memory.
        seconds: Time for all of it, in seconds.
        answer_seconds: Time of answering alone, in seconds.
        of: Questions in the validation split; absent in events.
        grammar: Whether answers were restricted to statements over the question's tables, as `ask` does;
            absent in records of 0.1.0, which asked freely.
    """

    n: int
    correct: int
    accuracy: float
    interval: tuple[float, float] = (0.0, 1.0)
    exact: int = 0
    logical: int = 0
    valid: int = 0
    measure: str = "execution"
    kill_rate: float | None = None
    classes: dict[str, int] = field(default_factory=dict)
    backend: str = ""
    device: str = ""
    weights: str = ""
    seconds: float | None = None
    answer_seconds: float | None = None
    of: int | None = field(default=None, metadata=ABSENT)
    grammar: bool | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True, kw_only=True)
class TestedCheckpoint(Record):
    """The base model or a checkpoint, as stage `test` measured it.

    Attributes:
        step: The checkpoint's step; 0 is the base model.
        valid_loss: Loss on the validation split, in nats per token.
        test_loss: Loss on the test split, in nats per token.
        test_perplexity: exp(test_loss).
        tokens: Tokens that the test loss is a mean of.
        n: Examples of the test split.
        valid: Its answers to validation questions; absent where none were asked.
        best: Whether it is the chosen checkpoint.
    """

    __test__: ClassVar[bool] = False

    step: int
    valid_loss: float | None = None
    test_loss: float | None = None
    test_perplexity: float | None = None
    tokens: int | None = None
    n: int | None = None
    valid: ValidationScore | None = field(default=None, metadata=ABSENT)
    best: bool = False


@dataclass(frozen=True, kw_only=True)
class ChosenCheckpoint(Record):
    """The checkpoint that a run stands for: checkpoints/best.json.

    Attributes:
        step: Its step.
        valid_loss: Its loss on the validation split, in nats per token.
        select: What chose it: "loss", or "execution" (right answers to validation questions, ties by loss).
        valid_accuracy: Fraction of right answers; absent where it was chosen by loss, as are the next three.
        valid_n: Validation questions that were asked.
        measure: What made an answer right.
        min_logprob: Answers with a lower mean log-probability are uncertain; null where no threshold is good
            enough.
        grammar: The grammar that its answers had, "narrow" or "wide": the one that its training's statements
            need; absent where it is not known.
        path: Its directory, relative to the run; absent in best.json.
    """

    step: int
    valid_loss: float | None = None
    select: Literal["execution", "loss"] = "loss"
    valid_accuracy: float | None = field(default=None, metadata=ABSENT)
    valid_n: int | None = field(default=None, metadata=ABSENT)
    measure: str | None = field(default=None, metadata=ABSENT)
    min_logprob: float | None = None
    grammar: Literal["narrow", "wide"] | None = field(default=None, metadata=ABSENT)
    path: str | None = field(default=None, metadata=ABSENT)

    def to_json(self) -> dict[str, Json]:
        """The record; one that was chosen by loss has no threshold, not even null."""
        document = super().to_json()
        if self.select == "loss" and self.min_logprob is None:
            del document["min_logprob"]
        return document


@dataclass(frozen=True, kw_only=True)
class Threshold(Record):
    """The log-probability from which on answers are trusted, chosen on the validation split.

    Attributes:
        min_logprob: The threshold; null where none lets through answers of which `target` are right.
        target: Fraction of the answers let through that should be right.
        n: Validation questions that it was chosen on.
        answered: Answers that it lets through.
        right: Right ones among them.
    """

    min_logprob: float | None = None
    target: float
    n: int = 0
    answered: int = 0
    right: int = 0
