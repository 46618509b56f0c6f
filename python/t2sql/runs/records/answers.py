"""Answers to be scored, in the forms in which people and the benchmarks' own scripts have them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from t2sql.errors import InputError
from t2sql.text_files import read_text

_LINES = 'JSON lines with "sql", and "id" where not every question is answered; or a statement a line'
_STATEMENTS = (
    *("sql", "prediction", "predicted_sql", "pred_sql", "pred", "predicted", "generated_sql"),
    *("query", "completion", "output", "answer", "response"),
)
"""The keys of a statement, the first that is there."""

_IDS = ("id", "question_id", "example_id")
_BIRD = "\t----- bird -----\t"
"""What BIRD's scripts write between a statement and its database."""

_LONGEST = 1 << 28


@dataclass(frozen=True)
class Answer:
    """A statement, and maybe the question that it answers.

    Attributes:
        sql: The statement.
        id: The question's id; without it, answers and questions go together in order.
    """

    sql: str
    id: str | None = None


def read_answers(path: Path) -> list[Answer]:
    """Read a file of answers.

    It has JSON lines, one JSON list, an object of statements by id (BIRD), or a statement on each line, maybe
    with a tab and the database after it (Spider).

    Raises:
        InputError: The file cannot be read, or a line is not an answer; the error names the line.
    """
    text = read_text(path, most=_LONGEST).rstrip()
    if not text:
        return []
    if text.lstrip()[0] in "[{" and (document := _document(text)) is not None:
        return [_answer(value, f"{path}[{index}]") for index, value in enumerate(document)]
    # Only "\n" ends a line: statements may hold other characters that str.splitlines splits at.
    lines = [line.strip() for line in text.split("\n")]
    if not any(line.startswith("{") for line in lines):
        return [Answer(line.partition("\t")[0]) for line in lines]
    return list(_from_json_lines(path, lines))


def _from_json_lines(path: Path, lines: list[str]) -> Iterator[Answer]:
    for number, line in enumerate(lines, 1):
        if line:
            where = f"{path}:{number}"
            try:
                yield _answer(json.loads(line), where)
            except (ValueError, RecursionError) as error:
                raise _not_an_answer(where, f"not JSON: {error}") from None


def _document(text: str) -> list[object] | None:
    """The answers of one JSON document; None if the text is lines."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(document, list):
        return document
    if isinstance(document, dict) and not document.keys() & {*_STATEMENTS, *_IDS}:
        return [
            {"id": key, "sql": value.partition(_BIRD)[0] if isinstance(value, str) else value}
            for key, value in document.items()
        ]
    return None


def _answer(value: object, where: str) -> Answer:
    if isinstance(value, str):
        return Answer(value.partition(_BIRD)[0].strip())
    if not isinstance(value, dict):
        raise _not_an_answer(where, "no object")
    key = next((key for key in _STATEMENTS if key in value), "sql")
    sql = value.get(key)
    if not isinstance(sql, str):
        raise _not_an_answer(where, f"no '{key}'" if sql is None else f"'{key}' is not a text")
    given = next((value[key] for key in _IDS if value.get(key) is not None), None)
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    if given is not None and (isinstance(given, bool) or not isinstance(given, str | int)):
        raise _not_an_answer(where, "an id that is no text and no whole number")
    return Answer(sql.strip(), None if given is None else str(given))


def _not_an_answer(where: str, found: str) -> InputError:
    return InputError("the line is not an answer", where=where, expected=_LINES, found=found)
