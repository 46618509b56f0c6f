"""One remembered answer, its line in the file, and when it is the answer to a question."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias, get_args

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from t2sql.plain import Json, JsonObject
from t2sql.schema import Schema

VERSION = 1

Origin: TypeAlias = Literal["right", "corrected", "given"]
"""A model's answer that was confirmed, a statement in place of a model's answer, or one without any."""
_ORIGINS: tuple[Origin, ...] = get_args(Origin)


@dataclass(frozen=True)
class RememberedAnswer:
    """A question and its statement. No row of the database is in it.

    Attributes:
        question: The question, in words.
        sql: The statement, in `dialect`.
        dialect: sqlglot's name of the database's dialect.
        origin: How it came about.
        database: The database's URL, without a password.
        tables: A hash of the tables that the statement reads, as they were: see `tables_state`.
        time: When it was remembered, as ISO 8601 in UTC.
    """

    question: str
    sql: str
    dialect: str
    origin: Origin
    database: str
    tables: str
    time: str

    def is_about(self, question: str) -> bool:
        """Whether it was asked in the same words: letter case, blanks and marks at the end do not matter."""
        return question_key(question) == question_key(self.question)

    def fits(self, schema: Schema) -> bool:
        """Whether the tables that the statement reads are still what they were."""
        return self.tables == tables_state(schema, self.sql, self.dialect)

    def to_json(self) -> dict[str, Json]:
        """The answer as JSON's own types."""
        return {"v": VERSION, **asdict(self)}

    def line(self) -> str:
        """The line of the file, without a line break."""
        return json.dumps(self.to_json(), ensure_ascii=False)


def read_answer(document: JsonObject) -> RememberedAnswer:
    """The inverse of `RememberedAnswer.to_json`.

    Raises:
        ValueError: A field is missing or is no text, or there is no such origin or version.
    """
    if document.get("v") != VERSION:
        raise ValueError(f"version {document.get('v')}")
    origin = next((known for known in _ORIGINS if known == document.get("origin")), None)
    if origin is None:
        raise ValueError(f"origin {document.get('origin')!r}")

    def text(name: str) -> str:
        value = document.get(name)
        if not isinstance(value, str):
            raise ValueError(f"no text as {name}")
        return value

    return RememberedAnswer(
        question=text("question"),
        sql=text("sql"),
        dialect=text("dialect"),
        origin=origin,
        database=text("database"),
        tables=text("tables"),
        time=text("time"),
    )


def question_key(question: str) -> str:
    """What two questions share that are the same."""
    return " ".join(question.split()).rstrip("?!. ").casefold()


def tables_state(schema: Schema, sql: str, dialect: str) -> str:
    """A hash of the tables that a statement reads: their columns, types and keys, and not their values.

    Args:
        schema: The database's tables.
        sql: The statement; of one that cannot be parsed, all tables count.
        dialect: sqlglot's name of its dialect.
    """
    read = _tables_read(sql, dialect)
    digest = hashlib.sha256()
    for table in sorted(schema.tables, key=lambda table: table.name):
        if read is not None and table.name.casefold() not in read:
            continue
        columns = [[column.name, column.type, column.primary_key] for column in table.columns]
        keys = [[key.column, key.to_table, key.to_column] for key in table.foreign_keys]
        digest.update(json.dumps([table.name, columns, keys]).encode())
    return digest.hexdigest()[:16]


def _tables_read(sql: str, dialect: str) -> set[str] | None:
    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except (SqlglotError, RecursionError, ValueError):
        return None
    return {table.name.casefold() for table in tree.find_all(exp.Table)}
