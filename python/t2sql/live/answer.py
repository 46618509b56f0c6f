"""A question to a live database: its schema into the prompt, the model's statement checked, perhaps run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from t2sql.errors import ContextError, InputError
from t2sql.generate import Answer, Failed, elected
from t2sql.live.database import LiveDatabase
from t2sql.live.names import shown_schema
from t2sql.live.relevance import Cut, cut
from t2sql.live.rows import json_rows
from t2sql.live.statement import Statement
from t2sql.sql import MAX_ROWS, TIMEOUT, Result, SqlError, same_result

if TYPE_CHECKING:
    from t2sql.generate import Backend
    from t2sql.schema import Schema

DEFAULT_CONTEXT = 2048
MAX_QUESTION_CHARACTERS = 20_000
_SHARES = (1.0, 0.7, 0.45, 0.25)


@dataclass(frozen=True)
class LiveAnswer:
    """`sql` is the statement in the database's dialect, the model's own words where it was refused.

    `error` says why it was refused, or could not be run; `result` is there when it was run. `first` is the
    model's first statement where that failed and it was asked again.
    """

    sql: str
    answer: Answer
    dialect: str
    statement: Statement | None
    left_out: tuple[str, ...]
    result: Result | None
    error: SqlError | None
    first: Failed | None = None

    @property
    def status(self) -> str:
        """One of `t2sql.generate.STATUSES`."""
        return "uncertain" if self.doubts else "repaired" if self.first is not None else "answered"

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the answer may be wrong, in words."""
        cannot = [] if self.error is None else [f"the statement cannot be run: {self.error.found}"]
        return (*cannot, *self.answer.doubts)

    @property
    def warnings(self) -> tuple[str, ...]:
        notes = list(self.answer.warnings)
        if self.left_out:
            shown = ", ".join(self.left_out[:5]) + (" …" if len(self.left_out) > 5 else "")
            notes.append(
                f"the schema does not fit the context: {len(self.left_out)} tables or columns that seemed "
                f"not to matter were left out ({shown})"
            )
        if self.statement is not None:
            notes += [
                f"{c.column}: {c.asked!r} is {c.found!r} in the database" for c in self.statement.changes
            ]
            notes += self.statement.notes
        if self.result is not None and self.result.truncated:
            notes.append(f"there are more rows than the {len(self.result.rows)} that the limits let through")
        return tuple(notes)

    def to_dict(self) -> dict[str, Any]:
        document = self.answer.to_dict() | {
            "sql": self.sql,
            "status": self.status,
            "doubts": list(self.doubts),
            "first": None if self.first is None else asdict(self.first),
            "model_sql": self.answer.sql,
            "dialect": self.dialect,
            "changes": [c.to_dict() for c in self.statement.changes] if self.statement else [],
            "left_out": list(self.left_out),
            "warnings": list(self.warnings),
            "error": None,
        }
        if self.error is not None:
            document["error"] = {"kind": self.error.kind, "message": str(self.error.found)}
        if self.result is not None:
            document["columns"] = list(self.result.columns)
            document["rows"] = json_rows(self.result)
            document["truncated"] = self.result.truncated
            document["seconds"] = self.result.seconds
        return document


Ask = Callable[["Schema", str, "Failed | None"], "Answer"]
"""(schema, question, the statement that failed before) to the model's answer"""


def ask_database(
    ask: Ask,
    database: LiveDatabase,
    question: str,
    *,
    context: int = DEFAULT_CONTEXT,
    execute: bool = False,
    timeout: float = TIMEOUT,
    max_rows: int = MAX_ROWS,
    cancelled: Callable[[], bool] | None = None,
) -> LiveAnswer:
    """Ask for the SQL of a question over a database's tables, and with `execute` for its rows.

    `ask` asks the model; `context` is how many tokens a prompt may have. A statement that the database
    refuses is told to the model once, with the reason; what still cannot run is an `error` of the answer and
    not an exception. Where the answer has several samples, and with `execute`, that one is taken whose rows
    most of them give.
    """
    if not question.strip():
        raise InputError("the question is empty", expected="a question in words")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise InputError(
            "the question is too long",
            expected=f"at most {MAX_QUESTION_CHARACTERS:,} characters",
            found=f"{len(question):,}",
        )
    schema = database.schema()
    limits: dict[str, Any] = {"timeout": timeout, "max_rows": max_rows, "cancelled": cancelled}

    def tried(sql: str) -> _Tried:
        statement = result = None
        try:
            statement = database.prepare(sql, schema)
            if execute:
                result = database.execute(statement, **limits)
        except SqlError as error:
            return _Tried(statement, None, error)
        return _Tried(statement, result, None)

    part, answer = _fitting(ask, shown_schema(schema), question, context)
    if execute and answer.agreement is not None:
        answer = _elected(answer, tried)
    outcome, first = tried(answer.sql), None
    if outcome.error is not None and answer.sql and not (cancelled and cancelled()):
        first = Failed(answer.sql, str(outcome.error.found))
        again = _again(ask, part.schema, question, first)
        if again is not None:
            answer, outcome = again, tried(again.sql)
        else:
            first = None
    sql = outcome.statement.sql if outcome.statement else answer.sql
    return LiveAnswer(
        sql,
        answer,
        database.dialect,
        outcome.statement,
        part.left_out,
        outcome.result,
        outcome.error,
        first,
    )


@dataclass(frozen=True)
class _Tried:
    statement: Statement | None
    result: Result | None
    error: SqlError | None


def _elected(answer: Answer, tried: Callable[[str], _Tried]) -> Answer:
    """By the rows of each sample; one that gives none has no vote."""
    results = {sample.text: tried(sample.text).result for sample in answer.samples}
    ballots = [results[sample.text] for sample in answer.samples]
    return elected(answer, ballots, lambda a, b: same_result(a, b, ordered=False))


def _again(ask: Ask, schema: Schema, question: str, first: Failed) -> Answer | None:
    try:
        return ask(schema, question, first)
    except ContextError:
        return None


def context_of(backend: Backend) -> int:
    """How many tokens a prompt may have."""
    return getattr(backend, "context", None) or DEFAULT_CONTEXT


def _fitting(ask: Ask, schema: Schema, question: str, context: int) -> tuple[Cut, Answer]:
    """How many tokens a schema takes is the model's to say: what it refuses is cut further."""
    refusal: ContextError | None = None
    tried = None
    for share in _SHARES:
        part = cut(schema, question, context * share)
        if part.schema == tried:
            continue
        tried = part.schema
        try:
            return part, ask(part.schema, question, None)
        except ContextError as error:
            refusal = error
    assert refusal is not None
    raise refusal
