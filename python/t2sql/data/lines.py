"""The formats that examples come in, as JSON lines or as one JSON list, each read into an `Example`."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from t2sql.data.dataset import Example
from t2sql.data.foreign import from_context, from_messages, schema_in
from t2sql.errors import InputError
from t2sql.prompt import parse_prompt, strip_end_marks
from t2sql.schema import Schema

FORMATS = '"text", "prompt" and "completion", "messages", or "question", "context" and "answer"'


def read_split(path: Path, split: str) -> list[Example]:
    """Every line of a file; blank ones are passed over."""
    raw = _bytes(path)
    examples = []
    for number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            examples.append(_read_line(line, f"{path}:{number}", f"{split}-{number:05d}", path.parent.name))
    return examples


def read_file(path: Path) -> list[Example]:
    """A file of examples that is no split: JSON lines, or one list."""
    if path.suffix.lower() != ".json":
        return read_split(path, path.stem)
    records = _json(_bytes(path), str(path))
    if not isinstance(records, list):
        raise InputError("not a list of examples", where=path, expected="a JSON list", found=_kind(records))
    return [
        _example(record, f"{path}[{number}]", f"{path.stem}-{number + 1:05d}", path.stem)
        for number, record in enumerate(records)
    ]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError("the file cannot be read", where=path, found=error.strerror) from error


def _read_line(line: bytes, where: str, id: str, source: str) -> Example:
    return _example(_json(line, where), where, id, source)


def _json(raw: bytes, where: str) -> Any:
    try:
        return json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError("the line is not UTF-8", where=where, found=error.reason) from error
    except json.JSONDecodeError as error:
        raise InputError(
            "the line is not JSON", where=where, expected="a JSON object", found=str(error)
        ) from error
    except RecursionError as error:
        raise InputError("the line is not JSON", where=where, found="too deep a nesting") from error


def _example(record: Any, where: str, id: str, source: str) -> Example:
    if not isinstance(record, dict):
        raise InputError(
            "the line is not an example", where=where, expected="a JSON object", found=_kind(record)
        )
    if "prompt" in record or "completion" in record:
        return _pair(record, where, id, source)
    if "text" in record:
        return _text(_string(record, "text", where), where, id, source)
    if "messages" in record:
        return from_messages(record["messages"], where, id, source)
    if "context" in record:
        return from_context(record, where, id, source)
    keys = ", ".join(map(str, list(record)[:6])) or "no key"
    raise InputError("the line has no known format", where=where, expected=f"the keys {FORMATS}", found=keys)


def _text(text: str, where: str, id: str, source: str) -> Example:
    try:
        schema, question, answer = parse_prompt(text)
    except InputError as error:
        raise InputError(
            "the text is not a table, a question and an answer",
            where=where,
            expected=error.expected,
            found=error.found,
        ) from error
    if answer is None:
        raise InputError("the text has no answer", where=where, expected="SQL after 'A:'")
    start = text.index("\nA:", text.index("\nQ:"))
    return Example(id, question, schema, answer, None, source, text[:start].lstrip() + "\nA: ", answer)


def _pair(record: dict[str, Any], where: str, id: str, source: str) -> Example:
    """`prompt` and `completion`, trained on as they stand, with whatever else the line tells."""
    prompt = _string(record, "prompt", where)
    completion = strip_end_marks(_string(record, "completion", where))
    if not completion.strip():
        raise InputError("the completion is empty", where=where)
    # A prompt of another form is still trained on, and the line may name its schema.
    schema, question = schema_in(prompt), prompt.strip()
    with contextlib.suppress(InputError):
        schema, question, _ = parse_prompt(prompt)
    if record.get("schema") is not None:
        try:
            schema = Schema.from_dict(record["schema"])
        except ValueError as error:
            raise InputError("the line's schema cannot be read", where=where, found=str(error)) from error
    tags = record.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise InputError("'tags' is of the wrong type", where=where, expected="a list of strings")
    return Example(
        id=_optional(record, "id", where) or id,
        question=_optional(record, "question", where) or question,
        schema=schema,
        sql=_optional(record, "sql", where) if "sql" in record else completion.strip(),
        db=_optional(record, "db", where),
        source=_optional(record, "source", where) or source,
        prompt=prompt,
        completion=completion,
        tags=tuple(tags),
    )


def _string(record: dict[str, Any], key: str, where: str) -> str:
    if key not in record:
        keys = ", ".join(map(str, list(record)[:6]))
        raise InputError(f"the line has no '{key}'", where=where, expected=f"the keys {FORMATS}", found=keys)
    if not isinstance(record[key], str):
        raise InputError(
            f"'{key}' is of the wrong type", where=where, expected="a string", found=_kind(record[key])
        )
    return str(record[key])


def _optional(record: dict[str, Any], key: str, where: str) -> str | None:
    return None if record.get(key) is None else _string(record, key, where)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
