"""Files of examples: the formats of their records, each read into an `Example`."""

from __future__ import annotations

import contextlib
from pathlib import Path

from t2sql.data.chats import read_chat, read_question_with_context, schema_in
from t2sql.data.example import Example
from t2sql.data.record import Record, json_type, parse_json
from t2sql.errors import InputError
from t2sql.prompt import parse_prompt, strip_end_marks
from t2sql.schema import Schema

FORMATS = 'the keys "text", "prompt" and "completion", "messages", or "question", "context" and "answer"'
"""The formats that a record may have, for error messages."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_split(path: Path, split: str) -> list[Example]:
    """Read a file of JSON lines; blank lines are skipped.

    Args:
        path: The file.
        split: The split's name, with which the ids of examples begin that have none.

    Raises:
        InputError: The file or a line cannot be read.
    """
    examples = []
    for number, line in enumerate(_read_bytes(path).removeprefix(_BYTE_ORDER_MARK).split(b"\n"), start=1):
        if line.strip():
            where = f"{path}:{number}"
            value = parse_json(line, where)
            examples.append(_read_example(value, where, f"{split}-{number:05d}", path.parent.name))
    return examples


def read_file(path: Path) -> list[Example]:
    """Read a file of examples that is not a split: JSON lines, or one JSON list if its suffix is `.json`.

    Raises:
        InputError: The file or a record in it cannot be read.
    """
    if path.suffix.lower() != ".json":
        return read_split(path, path.stem)
    values = parse_json(_read_bytes(path), str(path))
    if not isinstance(values, list):
        raise InputError(
            "not a list of examples", where=path, expected="a JSON list", found=json_type(values)
        )
    return [
        _read_example(value, f"{path}[{index}]", f"{path.stem}-{index + 1:05d}", path.stem)
        for index, value in enumerate(values)
    ]


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError("the file cannot be read", where=path, found=error.strerror) from error


def _read_example(value: object, where: str, example_id: str, source: str) -> Example:
    if not isinstance(value, dict):
        raise InputError(
            "the line is not an example", where=where, expected="a JSON object", found=json_type(value)
        )
    record = Record(value, where, expected=FORMATS)
    if "prompt" in value or "completion" in value:
        return _read_pair(record, example_id, source)
    if "text" in value:
        return _read_tutorial_text(record, example_id, source)
    if "messages" in value:
        return read_chat(record, example_id, source)
    if "context" in value:
        return read_question_with_context(record, example_id, source)
    raise InputError("the line has no known format", where=where, expected=FORMATS, found=record.keys)


def _read_tutorial_text(record: Record, example_id: str, source: str) -> Example:
    """Read `text` as the tutorial has it: prompt and answer in one."""
    text = record.string("text")
    try:
        schema, question, answer = parse_prompt(text)
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
    completion = strip_end_marks(record.string("completion"))
    if not completion.strip():
        raise InputError("the completion is empty", where=record.where)
    # A prompt in another form is trained on all the same; its schema may come from elsewhere in the record.
    schema, question = schema_in(prompt), prompt.strip()
    with contextlib.suppress(InputError):
        schema, question, _ = parse_prompt(prompt)
    if record.fields.get("schema") is not None:
        try:
            schema = Schema.from_dict(record.fields["schema"])
        except ValueError as error:
            raise InputError(
                "the line's schema cannot be read", where=record.where, found=str(error)
            ) from error
    return Example(
        id=record.optional_string("id") or example_id,
        question=record.optional_string("question") or question,
        schema=schema,
        sql=record.optional_string("sql") if "sql" in record.fields else completion.strip(),
        db=record.optional_string("db"),
        source=record.optional_string("source") or source,
        prompt=prompt,
        completion=completion,
        tags=record.strings("tags"),
    )
