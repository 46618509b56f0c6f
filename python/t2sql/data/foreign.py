"""Lines as other projects write them: chat messages, and questions with CREATE TABLE as context."""

from __future__ import annotations

import contextlib
import re
from functools import lru_cache
from typing import Any

from t2sql import schema as schemas
from t2sql.data.dataset import Example
from t2sql.data.executable import with_single_quotes
from t2sql.errors import InputError
from t2sql.prompt import parse_prompt, render_prompt, strip_end_marks
from t2sql.schema import Schema

_DDL = re.compile(r"CREATE\s+TABLE\b.*\)", re.IGNORECASE | re.DOTALL)


def schema_in(text: str) -> Schema:
    """The schema that a text's CREATE TABLE statements describe; one of no table where there are none."""
    found = _DDL.search(text)
    if found is not None:
        with contextlib.suppress(InputError):
            return _read_ddl(found.group())
    return Schema(())


def from_context(record: dict[str, Any], where: str, id: str, source: str) -> Example:
    """`question`, `context` (CREATE TABLE …) and `answer`, as sql-create-context has them."""
    question, context, answer = (
        _text(record.get(key), key, where) for key in ("question", "context", "answer")
    )
    try:
        schema = _read_ddl(context)
    except InputError as error:
        raise InputError(
            "the context is no schema", where=where, expected="CREATE TABLE statements", found=error.found
        ) from error
    sql = with_single_quotes(strip_end_marks(answer).rstrip("; "), schema)
    return Example(
        id, " ".join(question.split()), schema, sql, None, source, render_prompt(schema, question), sql
    )


def from_messages(messages: Any, where: str, id: str, source: str) -> Example:
    """A chat as mlx-lm has it. The last answer is learned; what comes before it is the prompt.

    Where the messages hold a schema (table and columns lines, or CREATE TABLE) and one question, the
    prompt is ours; otherwise it is the messages' text as it stands.
    """
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise InputError("'messages' is of the wrong type", where=where, expected="a list of objects")
    roles = [str(message.get("role")) for message in messages]
    if "user" not in roles or roles[-1] != "assistant":
        found = ", ".join(roles) or "none"
        raise InputError(
            "the messages are no question and answer", where=where, expected="user, assistant", found=found
        )
    texts = [_text(message.get("content"), "content", where) for message in messages]
    completion = strip_end_marks(texts[-1])
    before = "\n".join(text.strip() for text in texts[:-1])
    if roles.count("user") == 1:
        asked = texts[roles.index("user")]
        ours = _our_prompt(before) or _with_ddl(before, asked)
        if ours is not None:
            schema, question = ours
            prompt = render_prompt(schema, question)
            return Example(id, question, schema, completion, None, source, prompt, completion)
    return Example(
        id, texts[-2].strip(), schema_in(before), completion, None, source, before + "\n", completion
    )


def _our_prompt(text: str) -> tuple[Schema, str] | None:
    """Read as table, columns and Q lines; the question may come without its "Q:"."""
    head, _, last = text.rpartition("\n")
    for form in (text, f"{head}\nQ: {last}"):
        with contextlib.suppress(InputError):
            schema, question, _ = parse_prompt(form)
            return schema, question
    return None


def _with_ddl(text: str, asked: str) -> tuple[Schema, str] | None:
    schema = schema_in(text)
    question = " ".join(_DDL.sub(" ", asked).replace(";", " ").split())
    return (schema, question) if schema.tables and question else None


@lru_cache(maxsize=1024)
def _read_ddl(text: str) -> Schema:
    return schemas.read_ddl(text)


def _text(value: Any, key: str, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"the line has no '{key}'", where=where, expected="a text", found=repr(value)[:40])
    return value
