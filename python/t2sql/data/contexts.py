"""Records with a question, its schema and its statement, under the keys that data sets use."""

from __future__ import annotations

import re
from functools import lru_cache

from t2sql.data.example import Example, with_evidence
from t2sql.data.record import Record, json_type
from t2sql.errors import InputError
from t2sql.prompt import parse_prompt, render_prompt, strip_end_marks
from t2sql.schema import Schema, read_ddl
from t2sql.sql import with_single_quotes

QUESTIONS = ("question", "sql_prompt", "nl_question", "natural_language", "natural_language_query", "nlq")
"""The keys of a question: sql-create-context and Spider; gretelai; others."""

CONTEXTS = (
    *("context", "sql_context", "schema", "ddl", "db_schema", "database_schema", "table_schema"),
    *("create_table", "create_table_statement", "create_statement", "tables"),
)
"""The keys of a schema."""

ANSWERS = ("answer", "sql", "query", "sql_query", "gold_sql", "gold", "output", "response", "target")
"""The keys of a statement."""

_FENCED = re.compile(r"\s*```\w*[ \t]*\n?(.*?)\n?[ \t]*```\s*\Z", re.DOTALL)


def read_question_with_context(record: Record, example_id: str, source: str) -> Example:
    """Read a question, its schema and its answer, such as `question`, `context` and `answer`.

    These are the keys of https://huggingface.co/datasets/b-mc2/sql-create-context. Others are in `QUESTIONS`,
    `CONTEXTS` and `ANSWERS`.

    Args:
        record: The record.
        example_id: The example's id.
        source: The example's source.

    Raises:
        InputError: A text is missing, or the context cannot be read.
    """
    question = record.text(_first(record, QUESTIONS if "prompt" not in record.fields else ("prompt",)))
    context_key = next(key for key in CONTEXTS if record.fields.get(key))
    answer = record.text(_first(record, ANSWERS))
    schema = read_schema(record, context_key)
    sql = with_single_quotes(without_fence(answer).rstrip("; \n"), schema)
    question = " ".join(question.split())
    # BIRD's evidence says what the question leaves out; a model needs it to answer.
    evidence = " ".join(str(record.fields.get("evidence") or "").split())
    question = with_evidence(question, evidence)
    prompt = render_prompt(schema, question)
    return Example(example_id, question, schema, sql, None, source, prompt, sql, evidence=evidence)


def read_schema(record: Record, key: str) -> Schema:
    """Read a schema as a data set has it: `Schema.to_dict`'s JSON, CREATE TABLE statements, or table lines.

    Args:
        record: The record.
        key: The key of the schema in it.

    Raises:
        InputError: It cannot be read.
    """
    value = record.fields[key]
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        value = ";\n".join(value)
    what = "the line's schema cannot be read" if key == "schema" else f"the {key} is not a schema"
    if isinstance(value, str):
        try:
            return _read_text(value)
        except InputError as error:
            place = f"{record.where}, {key}, {error.where}" if error.where else record.where
            raise InputError(
                what, where=place, expected="CREATE TABLE statements", found=error.found
            ) from error
    try:
        return Schema.from_dict(value)
    except ValueError as error:
        raise InputError(
            what,
            where=record.where,
            expected='CREATE TABLE statements, or {"tables": [...]}',
            found=str(error) if isinstance(value, dict) else json_type(value),
        ) from error


def without_fence(text: str) -> str:
    """Return an answer without end marks, and without a Markdown fence around the whole of it."""
    text = strip_end_marks(text)
    fenced = _FENCED.match(text)
    return fenced.group(1).strip() if fenced else text


def _first(record: Record, keys: tuple[str, ...]) -> str:
    """The first of the keys that the record has; without any, the first of all."""
    return next((key for key in keys if key in record.fields), keys[0])


@lru_cache(maxsize=1024)
def read_ddl_once(text: str) -> Schema:
    """Read CREATE TABLE statements; data sets repeat the same ones for many questions.

    Raises:
        InputError: They cannot be read.
    """
    return read_ddl(text)


def _read_text(text: str) -> Schema:
    if text.lstrip().startswith("table:"):
        return parse_prompt(f"{text.strip()}\nQ: -").schema
    return read_ddl_once(text)
