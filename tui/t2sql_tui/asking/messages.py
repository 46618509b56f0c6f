"""What crosses the door of the process that holds the models: one of these values at a time, each way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from t2sql.generate import Status


@dataclass(frozen=True)
class Question:
    """Asks a model.

    Attributes:
        model: The model, as it was typed.
        backend: "auto", "llama" or "mlx".
        source: A database or table lines, as it was typed.
        text: The question in words.
    """

    model: str
    backend: str
    source: str
    text: str


@dataclass(frozen=True)
class Cancel:
    """Nobody waits for the answer any more."""


@dataclass(frozen=True)
class Part:
    """A piece of the answer, as soon as it is generated.

    Attributes:
        text: The piece.
    """

    text: str


@dataclass(frozen=True)
class Reply:
    """The whole answer.

    Attributes:
        sql: The statement, in SQLite's dialect.
        notes: What else a person should know, in words.
        tokens: Tokens that were generated.
        tokens_per_second: How fast they were.
        status: Whether there are doubts, or nobody knows.
        doubts: Why the answer may be wrong, in words.
        logprob: Mean natural log-probability of the tokens; None where the runtime gives none.
    """

    sql: str
    notes: tuple[str, ...]
    tokens: int
    tokens_per_second: float
    status: Status = "unrated"
    doubts: tuple[str, ...] = ()
    logprob: float | None = None


@dataclass(frozen=True)
class Problem:
    """There is no answer.

    Attributes:
        text: Why.
    """

    text: str


ToModels: TypeAlias = Question | Cancel
"""What the app sends."""
FromModels: TypeAlias = Part | Reply | Problem
"""What the process sends: parts, then a reply or a problem, for each question."""
