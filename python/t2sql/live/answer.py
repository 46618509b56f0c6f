"""A question to a live database: its schema into the prompt, the model's statement checked, perhaps run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from t2sql.errors import ContextError, InputError
from t2sql.live.database import LiveDatabase
from t2sql.live.names import shown_schema
from t2sql.live.relevance import cut
from t2sql.live.rows import json_rows
from t2sql.live.statement import Statement
from t2sql.sql import Result, SqlError
from t2sql.sql.execute import MAX_ROWS, TIMEOUT

if TYPE_CHECKING:
    from t2sql.data.schema import Schema
    from t2sql.generate import Answer, Backend

DEFAULT_CONTEXT = 2048
MAX_QUESTION_CHARACTERS = 20_000
_SHARES = (1.0, 0.7, 0.45, 0.25)


@dataclass(frozen=True)
class LiveAnswer:
    """`sql` is the statement in the database's dialect, the model's own words where it was refused.

    `error` says why it was refused, or could not be run; `result` is there when it was run.
    """

    sql: str
    answer: Answer
    dialect: str
    statement: Statement | None
    left_out: tuple[str, ...]
    result: Result | None
    error: SqlError | None

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


def ask_database(
    ask: Callable[[Schema, str], Answer],
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

    `ask(schema, question)` asks the model; `context` is how many tokens a prompt may have. What a model
    wrote that cannot run is an `error` of the answer and not an exception.
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
    answer, left_out = _fitting(ask, shown_schema(schema), question, context)
    statement: Statement | None = None
    result: Result | None = None
    error: SqlError | None = None
    try:
        statement = database.prepare(answer.sql, schema)
        if execute:
            result = database.execute(statement, timeout=timeout, max_rows=max_rows, cancelled=cancelled)
    except SqlError as problem:
        error = problem
    sql = statement.sql if statement else answer.sql
    return LiveAnswer(sql, answer, database.dialect, statement, left_out, result, error)


def context_of(backend: Backend) -> int:
    """How many tokens a prompt may have."""
    return getattr(backend, "context", None) or DEFAULT_CONTEXT


def _fitting(
    ask: Callable[[Schema, str], Answer], schema: Schema, question: str, context: int
) -> tuple[Answer, tuple[str, ...]]:
    """How many tokens a schema takes is the model's to say: what it refuses is cut further."""
    refusal: ContextError | None = None
    tried = None
    for share in _SHARES:
        part = cut(schema, question, context * share)
        if part.schema == tried:
            continue
        tried = part.schema
        try:
            return ask(part.schema, question), part.left_out
        except ContextError as error:
            refusal = error
    assert refusal is not None
    raise refusal
