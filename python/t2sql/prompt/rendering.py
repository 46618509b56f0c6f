"""Prompts written and read, in every format."""

from __future__ import annotations

from t2sql.prompt.end_marks import strip_end_marks
from t2sql.prompt.formats import DEFAULT_FORMAT, WHOLE_FORMAT, WITHOUT_NAMES, PromptFormat
from t2sql.prompt.texts import NO_HINTS, ParsedPrompt, PromptHints, on_one_line
from t2sql.prompt.version1 import not_a_prompt, parse_tables, table_lines
from t2sql.prompt.version2 import parse_schema, schema_lines
from t2sql.prompt.version2_hints import NAMES_MARK, hint_lines, names_line, read_hints
from t2sql.schema import Schema


def render_prompt(
    schema: Schema,
    question: str,
    prompt_format: PromptFormat = DEFAULT_FORMAT,
    hints: PromptHints = NO_HINTS,
) -> str:
    """Return the prompt of a question.

    It has the lines of the tables, in version 2 perhaps lines with hints, then `Q: ` with the question on one
    line, in version 2 perhaps a line with the names that it mentions, then `A: `. Answered questions of the
    hints stand before it, in the same form.

    Args:
        schema: The tables.
        question: The question, in words.
        prompt_format: What the lines look like, and which parts of schema and hints they show.
        hints: What there is beside the schema.
    """
    if prompt_format.version == 1:
        lines = table_lines(schema)
    else:
        lines = [*schema_lines(schema, prompt_format), *hint_lines(schema, prompt_format, hints)]
    for known, sql in hints.answered:
        lines += [*_question_lines(schema, known, prompt_format), "A: " + on_one_line(sql)]
    lines += _question_lines(schema, question, prompt_format)
    return "\n".join(lines) + "\nA: "


def _question_lines(schema: Schema, question: str, prompt_format: PromptFormat) -> list[str]:
    lines = ["Q: " + on_one_line(question)]
    if "names" in prompt_format.parts and (names := names_line(schema, prompt_format, question)):
        lines.append(names)
    return lines


def render_retry(prompt: str, question: str, sql: str, error: str) -> str:
    """Return the prompt that asks again after a statement failed.

    It is the first prompt, the failed statement as its answer, then a `Q: ` line with the error and the
    question, and `A: `.

    Args:
        prompt: The first prompt.
        question: The question, in words.
        sql: The failed statement.
        error: The database's message.
    """
    return f"{prompt}{on_one_line(sql)}\nQ: {on_one_line(error)}. {on_one_line(question)}\nA: "


def prompt_text(prompt: str) -> str:
    """Return the prompt for a runtime that takes text: without the space that the answer begins with."""
    return prompt.rstrip(" ")


def parse_prompt(text: str) -> ParsedPrompt:
    """Read a rendered prompt of any version, with or without an answer, or one of the tutorial's lines.

    Raises:
        InputError: A line is missing or cannot be read.
    """
    lines = strip_end_marks(text).strip().split("\n")
    hints, prompt_format = NO_HINTS, DEFAULT_FORMAT
    if lines[0].startswith("table "):
        schema, index = parse_schema(lines)
        hints, index = read_hints(schema, lines, index)
        prompt_format = WITHOUT_NAMES
    else:
        schema, index = parse_tables(lines)
    if not schema.tables:
        raise not_a_prompt("a 'table:' line", lines, index)
    if index == len(lines) or not lines[index].startswith("Q:"):
        raise not_a_prompt("a 'Q:' line", lines, index)
    rest = "\n".join(lines[index:]).removeprefix("Q:")
    question, mark, answer = rest.partition("\nA:")
    if prompt_format.version == 2 and NAMES_MARK in question:
        question, prompt_format = question.partition(NAMES_MARK)[0], WHOLE_FORMAT
    answer = answer.strip() if mark else ""
    return ParsedPrompt(schema, on_one_line(question), answer or None, hints, prompt_format)
