"""The formats of records: each is recognized by its keys and read into an `Example`."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches

from t2sql.data.chats import read_chat, read_instruction, schema_in
from t2sql.data.contexts import ANSWERS, CONTEXTS, QUESTIONS, read_question_with_context, read_schema
from t2sql.data.example import Example
from t2sql.data.record import Record, json_type
from t2sql.errors import InputError
from t2sql.prompt import parse_prompt, strip_end_marks

FORMATS = (
    '"prompt" and "completion", "text", "messages" or "conversations", "question", "context" and "answer", '
    'or "instruction" and "output"'
)
"""The keys of the formats that a record may have, for error messages."""

_KNOWN = ("prompt", "completion", "text", "messages", "conversations", *QUESTIONS, *CONTEXTS, *ANSWERS)
_BLANKS = re.compile(r"[\s-]+")


def read_example(value: object, where: str, example_id: str, source: str) -> Example:
    """Read a record of any format.

    Args:
        value: What the record holds.
        where: Its file and place, for error messages.
        example_id: The example's id where the record has none.
        source: The example's source where the record names none.

    Raises:
        InputError: The record has no known format, or something in it is missing or of the wrong type.
    """
    if not isinstance(value, dict):
        raise InputError(
            "the line is not an example", where=where, expected="a JSON object", found=json_type(value)
        )
    record = Record(_with_plain_keys(value), where, expected=FORMATS)
    example = _reader_of(record)(record, example_id, source)
    given = record.identifier("id")
    return example if given is None else replace(example, id=given)


def _with_plain_keys(value: dict[str, object]) -> dict[str, object]:
    """Columns of a table may be called "SQL query": keys in lower case, without blanks."""
    folded: dict[str, object] = {}
    for key, item in value.items():
        folded.setdefault(_BLANKS.sub("_", key.strip().lower()), item)
    return folded


def _reader_of(record: Record) -> Callable[[Record, str, str], Example]:
    fields = record.fields
    question = any(key in fields for key in QUESTIONS)
    context = any(fields.get(key) for key in CONTEXTS)
    answer = any(key in fields for key in ANSWERS)
    if "prompt" in fields and "completion" not in fields and context and answer:
        return read_question_with_context
    if "prompt" in fields or ("completion" in fields and not (question and context)):
        return _read_pair
    if "messages" in fields or "conversations" in fields:
        return read_chat
    if "text" in fields and not (question and context):
        return _read_tutorial_text
    if context and (question or answer):
        return read_question_with_context
    if "instruction" in fields and answer:
        return read_instruction
    if "table_id" in fields:
        raise InputError(
            "a line of WikiSQL's own files",
            where=record.where,
            hint="Name the folder that has them as the source: wikisql:FOLDER",
        )
    if question and answer:
        hint = 'Give the tables of each question, such as in "context": "CREATE TABLE ..."'
        if "db_id" in fields:
            hint = "Give the folder that has tables.json beside this file, or " + hint[0].lower() + hint[1:]
        raise InputError("the line has no schema", where=record.where, found=record.keys, hint=hint)
    raise InputError(
        "the line has no known format",
        where=record.where,
        expected=f"the keys {FORMATS}",
        found=record.keys,
        hint=_nearest_keys(record),
    )


def _nearest_keys(record: Record) -> str | None:
    pairs = [(key, get_close_matches(key, _KNOWN, 1, 0.75)) for key in record.fields if key not in _KNOWN]
    near = [f"'{key}' is perhaps meant as '{match[0]}'" for key, match in pairs if match]
    return "; ".join(near) or None


def _read_tutorial_text(record: Record, example_id: str, source: str) -> Example:
    """Read `text` as the tutorial has it: prompt and answer in one."""
    text = record.string("text")
    try:
        schema, question, answer, *_ = parse_prompt(text)
    except InputError as error:
        raise InputError(
            "the text is not a table, a question and an answer",
            where=record.where,
            expected=error.expected,
            found=error.found,
        ) from error
    if answer is None:
        raise InputError("the text has no answer", where=record.where, expected="SQL after 'A:'")
    prompt = text[: text.index("\nA:", text.index("\nQ:"))].lstrip() + "\nA: "
    return Example(example_id, question, schema, answer, None, source, prompt, answer)


def _read_pair(record: Record, example_id: str, source: str) -> Example:
    """Read `prompt` and `completion`, which are trained on unchanged, and the other keys of our own lines."""
    prompt = record.string("prompt")
    key = next((key for key in ("completion", *ANSWERS) if key in record.fields), "completion")
    completion = strip_end_marks(record.string(key))
    if not completion.strip():
        raise InputError("the completion is empty", where=record.where)
    # A prompt in another form is trained on all the same; its schema may come from elsewhere in the record.
    schema, question = schema_in(prompt), prompt.strip()
    with contextlib.suppress(InputError):
        schema, question, *_ = parse_prompt(prompt)
    if record.fields.get("schema") is not None:
        schema = read_schema(record, "schema")
    return Example(
        id=example_id,
        question=record.optional_string("question") or question,
        schema=schema,
        sql=record.optional_string("sql") if "sql" in record.fields else completion.strip(),
        db=record.optional_string("db"),
        source=record.optional_string("source") or source,
        prompt=prompt,
        completion=completion,
        tags=record.strings("tags"),
        evidence=record.optional_string("evidence") or "",
    )
