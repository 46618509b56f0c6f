"""What the tools return, as types: an agent gets their JSON schema with the list of tools."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from t2sql.generate import Status
from t2sql.live import LiveAnswer, Statement, json_rows
from t2sql.sql import Result


class Rows(BaseModel):
    """The rows of a statement."""

    columns: list[str] = Field(description="The columns' names.")
    rows: list[list[Any]] = Field(description="The rows; texts stand for what JSON has no type for.")
    truncated: bool = Field(description="Whether there are more rows than the server gives.")

    @classmethod
    def of(cls, result: Result) -> Rows:
        """The rows of a result."""
        return cls(columns=list(result.columns), rows=json_rows(result), truncated=result.truncated)


class StatementCheck(BaseModel):
    """A statement that was checked, and what is known about it."""

    sql: str = Field(description="The statement as the database gets it, in its dialect.")
    replaced: list[str] = Field(description="Texts that were replaced by the database's spelling of them.")
    doubts: list[str] = Field(description="Why it may find nothing or something else than was meant.")
    notes: list[str] = Field(description="What else to know of its texts.")

    @classmethod
    def of(cls, statement: Statement) -> StatementCheck:
        """What a checked statement says of itself."""
        replaced = [f"{change.column}: '{change.asked}' is '{change.found}'" for change in statement.changes]
        return cls(
            sql=statement.sql,
            replaced=replaced,
            doubts=list(statement.unmatched),
            notes=list(statement.notes),
        )


class StatementRows(StatementCheck):
    """A statement with its rows."""

    result: Rows


class QuestionAnswer(BaseModel):
    """The answer to a question."""

    sql: str = Field(description="The statement, in the database's dialect.")
    status: Status = Field(
        description="answered, repaired, remembered: nothing speaks against it; unrated: nobody knows how "
        "often such answers are right; uncertain: see doubts"
    )
    doubts: list[str] = Field(description="Why the answer may be wrong.")
    warnings: list[str] = Field(description="What else to know.")
    error: str | None = Field(description="Why the statement cannot be run; null if it can.")
    result: Rows | None = Field(description="The rows; null if the statement was not run.")

    @classmethod
    def of(cls, answer: LiveAnswer) -> QuestionAnswer:
        """What an agent needs of an answer."""
        return cls(
            sql=answer.sql,
            status=answer.status,
            doubts=list(answer.doubts),
            warnings=list(answer.warnings),
            error=None if answer.error is None else str(answer.error.found),
            result=None if answer.result is None else Rows.of(answer.result),
        )
