"""The bodies of the server's answers as types, from which `openapi` describes them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from t2sql.generate import Status
from t2sql.remembered import Origin


class Document(BaseModel):
    """A JSON object that has these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class ErrorDetail(Document):
    """Why a request was refused or failed."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorAnswer(Document):
    """An error in OpenAI's form."""

    error: ErrorDetail


class Health(Document):
    """The server answers."""

    status: Literal["ok"]


class Model(Document):
    """The served model; `prompt_format` says how it was trained to be asked."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: Literal["t2sql"]
    prompt_format: str | None


class Models(Document):
    """The list of the one served model."""

    object: Literal["list"]
    data: list[Model]


class Usage(Document):
    """Counts of tokens."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Logprobs(Document):
    """Log-probabilities in the form of OpenAI's completions."""

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]] | None
    text_offset: list[int]


class CompletionChoice(Document):
    """One of the answers to a prompt."""

    index: int
    text: str
    logprobs: Logprobs | None
    finish_reason: Literal["stop", "length"]


class Completion(Document):
    """Answers to raw prompts."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: Usage


class StatementProblem(Document):
    """Why a statement cannot be run."""

    kind: str
    message: str


class Judgement(Document):
    """How sure an answer is, and what to know beside it."""

    status: Status
    doubts: list[str]
    warnings: list[str]
    error: StatementProblem | None


class ChatMessage(Document):
    """The model's statement as a message."""

    role: Literal["assistant"]
    content: str
    refusal: None


class ChatChoice(Document):
    """One of the answers to a chat."""

    index: int
    message: ChatMessage
    logprobs: None
    finish_reason: Literal["stop", "length"]
    t2sql: Judgement


class Chat(Document):
    """Answers to a chat."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChatChoice]
    usage: Usage


class AnswerTimings(Document):
    """The steps of an answer."""

    load_seconds: float
    prompt_tokens: int
    prompt_seconds: float
    tokens: int
    seconds: float
    prompt_tokens_per_second: float
    tokens_per_second: float


class Candidate(Document):
    """A statement that a beam search found."""

    sql: str
    logprob: float | None
    score: float | None


class Change(Document):
    """A text that was replaced by the database's spelling of it; `column` is "table.column"."""

    column: str
    asked: str
    found: str


class FailedFirst(Document):
    """The model's first statement and why the database refused it; the answer is the second."""

    sql: str
    error: str


class Remembered(Document):
    """The user's own answer to a question."""

    v: Literal[1]
    question: str
    sql: str
    dialect: str
    origin: Origin
    database: str
    tables: str
    time: str


class DatabaseAnswer(Document):
    """The answer to a question over the database; it has rows where the statement was run."""

    sql: str
    status: Status
    doubts: list[str]
    warnings: list[str]
    error: StatementProblem | None
    dialect: str
    model_sql: str
    changes: list[Change]
    left_out: list[str]
    first: FailedFirst | None
    remembered: Remembered | None
    logprob: float | None
    min_logprob: float | None
    agreement: float | None
    samples: list[str] | None
    candidates: list[Candidate] | None
    prompt: str
    model: str
    backend: str
    device: str
    weights: str
    finish: Literal["stop", "length"]
    timings: AnswerTimings
    columns: list[str] = []
    rows: list[list[Any]] = []
    truncated: bool = False
    seconds: float = 0.0
