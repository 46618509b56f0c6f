"""A question over a database of the demo as an example."""

from __future__ import annotations

from typing import Protocol

from t2sql.data.example import Example
from t2sql.prompt import render_prompt
from t2sql.schema import Schema


class Database(Protocol):
    """A database that the demo writes."""

    @property
    def name(self) -> str:
        """Its name, which is that of its file."""

    @property
    def schema(self) -> Schema:
        """Its tables."""


def make_example(
    example_id: str, database: Database, question: str, sql: str, tags: tuple[str, ...]
) -> Example:
    """Return the example of one question.

    Args:
        example_id: Its id; "" where it gets one later.
        database: The database that the statement runs on.
        question: The question, in words.
        sql: The gold statement.
        tags: What the statement has, for counts.
    """
    return Example(
        id=example_id,
        question=question,
        schema=database.schema,
        sql=sql,
        db=f"db/{database.name}.sqlite",
        source="demo",
        prompt=render_prompt(database.schema, question),
        completion=sql,
        tags=tags,
    )
