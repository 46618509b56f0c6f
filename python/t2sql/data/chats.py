"""Records of chats and of instructions, whose texts hold the schema, the question and the statement."""

from __future__ import annotations

import contextlib
import re

from t2sql.data.contexts import ANSWERS, read_ddl_once, without_fence
from t2sql.data.example import Example
from t2sql.data.record import Record
from t2sql.errors import InputError
from t2sql.prompt import parse_prompt, render_prompt
from t2sql.schema import Schema
from t2sql.sql import with_single_quotes

_DDL = re.compile(r"CREATE\s+TABLE\b[^()]*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)[ \t]*;?", re.IGNORECASE)
"""A statement inside a text. A question may follow, with parentheses of its own."""

_ROLES = {
    "human": "user",
    "gpt": "assistant",
    "model": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
}
"""What ShareGPT and others call OpenAI's roles."""


def schema_in(text: str) -> Schema:
    """Read the CREATE TABLE statements of a text; without readable ones the schema has no tables."""
    statements = _DDL.findall(text)
    if statements:
        with contextlib.suppress(InputError):
            return read_ddl_once("\n".join(statements))
    return Schema(())


def read_chat(record: Record, example_id: str, source: str) -> Example:
    """Read a chat: `messages` as OpenAI and mlx-lm have them, or ShareGPT's `conversations`.

    The last answer is the completion, and the rest is the prompt. Where the messages hold a schema (table and
    columns lines, or CREATE TABLE) and one question, the prompt is written in our format; otherwise it is the
    messages' text as it is.

    Args:
        record: The record.
        example_id: The example's id.
        source: The example's source.

    Raises:
        InputError: The messages are not a list of objects that ends with an answer to a user.
    """
    roles, contents = _messages(record)
    completion = without_fence(contents[-1])
    before = "\n".join(content.strip() for content in contents[:-1])
    asked = contents[roles.index("user")] if roles.count("user") == 1 else None
    return _example(before, asked, contents[-2].strip(), completion, (example_id, source))


def read_instruction(record: Record, example_id: str, source: str) -> Example:
    """Read Alpaca's `instruction`, `input` and `output`, in which any part may hold the schema.

    Args:
        record: The record.
        example_id: The example's id.
        source: The example's source.

    Raises:
        InputError: A text is missing or of the wrong type.
    """
    key = next(key for key in ANSWERS if key in record.fields)
    parts = [record.text("instruction"), record.optional_string("input") or ""]
    before = "\n".join(part.strip() for part in parts if part.strip())
    return _example(before, before, before, without_fence(record.text(key)), (example_id, source))


def _example(before: str, asked: str | None, last: str, completion: str, names: tuple[str, str]) -> Example:
    """Make the example of a chat or an instruction.

    Args:
        before: All that comes before the answer.
        asked: The only message of the user; None if there are several.
        last: The last message before the answer.
        completion: The answer.
        names: The example's id and source.
    """
    example_id, source = names
    parsed = _parse_table_lines(before) or _parse_ddl(before, asked) if asked is not None else None
    if parsed is not None:
        schema, question = parsed
        prompt = render_prompt(schema, question)
        completion = with_single_quotes(completion, schema)
        return Example(example_id, question, schema, completion, None, source, prompt, completion)
    schema, prompt = schema_in(before), before + "\n"
    return Example(example_id, " ".join(last.split()), schema, completion, None, source, prompt, completion)


def _messages(record: Record) -> tuple[list[str], list[str]]:
    """Return the messages' roles and contents."""
    key = "messages" if "messages" in record.fields else "conversations"
    messages = record.fields[key]
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise InputError(f"'{key}' is of the wrong type", where=record.where, expected="a list of objects")
    roles = [str(message.get("role") or message.get("from")).lower() for message in messages]
    roles = [_ROLES.get(role, role) for role in roles]
    if "user" not in roles or roles[-1] != "assistant":
        raise InputError(
            "the messages are no question and answer",
            where=record.where,
            expected="user, assistant",
            found=", ".join(roles) or "none",
        )
    return roles, [_content(message, record.where) for message in messages]


def _content(message: dict[str, object], where: str) -> str:
    """The text of a message, which OpenAI's clients may write as a list of parts."""
    key = "value" if "value" in message and "content" not in message else "content"
    parts = message.get(key)
    if isinstance(parts, list):
        texts = [Record(part, where).text("text") for part in parts if isinstance(part, dict)]
        message = {**message, key: "\n".join(texts)}
    return Record(message, where).text(key)


def _parse_table_lines(text: str) -> tuple[Schema, str] | None:
    """Read table, columns and Q lines; the question may lack its "Q:"."""
    head, _, last = text.rpartition("\n")
    for candidate in (text, f"{head}\nQ: {last}"):
        with contextlib.suppress(InputError):
            schema, question, *_ = parse_prompt(candidate)
            return schema, question
    return None


def _parse_ddl(text: str, user_message: str) -> tuple[Schema, str] | None:
    """Read CREATE TABLE statements anywhere in the text; the question is what else the user wrote."""
    schema = schema_in(text)
    question = " ".join(_DDL.sub(" ", user_message).replace(";", " ").split())
    return (schema, question) if schema.tables and question else None
