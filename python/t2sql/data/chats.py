"""Records as other projects write them: chats, and questions with CREATE TABLE statements as context."""

from __future__ import annotations

import contextlib
import re
from functools import lru_cache

from t2sql import schema as schemas
from t2sql.data.example import Example
from t2sql.data.record import Record
from t2sql.data.single_quotes import with_single_quotes
from t2sql.errors import InputError
from t2sql.prompt import parse_prompt, render_prompt, strip_end_marks
from t2sql.schema import Schema

_DDL = re.compile(r"CREATE\s+TABLE\b.*\)", re.IGNORECASE | re.DOTALL)


def schema_in(text: str) -> Schema:
    """Read the CREATE TABLE statements of a text; without readable ones the schema has no tables."""
    match = _DDL.search(text)
    if match is not None:
        with contextlib.suppress(InputError):
            return _read_ddl(match.group())
    return Schema(())


def read_question_with_context(record: Record, example_id: str, source: str) -> Example:
    """Read `question`, `context` (CREATE TABLE statements) and `answer`.

    This is the format of https://huggingface.co/datasets/b-mc2/sql-create-context.

    Args:
        record: The record.
        example_id: The example's id.
        source: The example's source.

    Raises:
        InputError: A text is missing, or the context cannot be read.
    """
    question, context, answer = record.text("question"), record.text("context"), record.text("answer")
    try:
        schema = _read_ddl(context)
    except InputError as error:
        raise InputError(
            "the context is not a schema",
            where=record.where,
            expected="CREATE TABLE statements",
            found=error.found,
        ) from error
    sql = with_single_quotes(strip_end_marks(answer).rstrip("; "), schema)
    prompt = render_prompt(schema, question)
    return Example(example_id, " ".join(question.split()), schema, sql, None, source, prompt, sql)


def read_chat(record: Record, example_id: str, source: str) -> Example:
    """Read `messages` as mlx-lm has them. The last answer is the completion, and the rest is the prompt.

    Where the messages hold a schema (table and columns lines, or CREATE TABLE) and one question, the prompt
    is written in our format; otherwise it is the messages' text as it is.

    Args:
        record: The record.
        example_id: The example's id.
        source: The example's source.

    Raises:
        InputError: The messages are not a list of objects that ends with an answer to a user.
    """
    roles, contents = _messages(record)
    completion = strip_end_marks(contents[-1])
    before = "\n".join(content.strip() for content in contents[:-1])
    if roles.count("user") == 1:
        parsed = _parse_table_lines(before) or _parse_ddl(before, contents[roles.index("user")])
        if parsed is not None:
            schema, question = parsed
            prompt = render_prompt(schema, question)
            return Example(example_id, question, schema, completion, None, source, prompt, completion)
    question, prompt = contents[-2].strip(), before + "\n"
    return Example(example_id, question, schema_in(before), completion, None, source, prompt, completion)


def _messages(record: Record) -> tuple[list[str], list[str]]:
    """Return the messages' roles and contents."""
    messages = record.fields["messages"]
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise InputError("'messages' is of the wrong type", where=record.where, expected="a list of objects")
    roles = [str(message.get("role")) for message in messages]
    if "user" not in roles or roles[-1] != "assistant":
        raise InputError(
            "the messages are no question and answer",
            where=record.where,
            expected="user, assistant",
            found=", ".join(roles) or "none",
        )
    return roles, [Record(message, record.where).text("content") for message in messages]


def _parse_table_lines(text: str) -> tuple[Schema, str] | None:
    """Read table, columns and Q lines; the question may lack its "Q:"."""
    head, _, last = text.rpartition("\n")
    for candidate in (text, f"{head}\nQ: {last}"):
        with contextlib.suppress(InputError):
            schema, question, _ = parse_prompt(candidate)
            return schema, question
    return None


def _parse_ddl(text: str, user_message: str) -> tuple[Schema, str] | None:
    """Read CREATE TABLE statements anywhere in the text; the question is what else the user wrote."""
    schema = schema_in(text)
    question = " ".join(_DDL.sub(" ", user_message).replace(";", " ").split())
    return (schema, question) if schema.tables and question else None


@lru_cache(maxsize=1024)  # Data sets repeat the same context for many questions.
def _read_ddl(text: str) -> Schema:
    return schemas.read_ddl(text)
