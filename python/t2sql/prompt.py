"""The prompt a model is trained and asked with, and the one place that turns it into token ids."""

from __future__ import annotations

import re
from typing import Any

from t2sql.errors import InputError
from t2sql.schema import Column, Schema, Table

PROMPT_FORMAT = "t2sql.prompt.1"
"""Names what `render_prompt` writes; kept in a run's config and in a GGUF's metadata."""

END_MARKS = ("</s>", "<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<eos>")
"""End-of-text as some data sets spell it out at the end of a line; never trained on as letters."""

_TEMPLATE = (
    "{%- set ns = namespace(tables='', text='') -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' and 'columns:' in message['content'] -%}"
    "{%- set ns.tables = message['content'] -%}"
    "{%- elif message['role'] == 'user' -%}"
    "{%- set ns.text = message['content'] -%}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if ns.tables -%}{{ ns.tables | trim }}{{ '\\n' }}{%- endif -%}"
    "{{ ns.text | trim }}{{ '\\nA:' }}"
)

CHAT_TEMPLATE = _TEMPLATE
"""Jinja: the last user message (the table, columns and Q lines) as the trained prompt. For a
tokenizer that puts a BOS first, use `chat_template(bos=True)`."""


def chat_template(*, bos: bool = False) -> str:
    """`CHAT_TEMPLATE`, with the BOS in front when the tokenizer adds one to a plain text.

    A system message that holds the table lines goes before the question; any other is left out.
    """
    return "{{ bos_token }}" + _TEMPLATE if bos else _TEMPLATE


def render_prompt(schema: Schema, question: str) -> str:
    """The prompt of version 1; it ends with ``A: ``."""
    lines = []
    for table in schema.tables:
        lines.append(f"table: {table.name}")
        lines.append("columns: " + ", ".join(table.column_names))
    lines.append("Q: " + " ".join(question.split()))
    return "\n".join(lines) + "\nA: "


def render_retry(schema: Schema, question: str, sql: str, error: str) -> str:
    """The prompt of a question whose first statement failed: that statement, then what was wrong with it."""
    first = render_prompt(schema, question) + " ".join(sql.split())
    return f"{first}\nQ: {' '.join(error.split())}. {' '.join(question.split())}\nA: "


def prompt_text(prompt: str) -> str:
    """What a runtime that takes text is sent: the prompt without the space that the answer begins with."""
    return prompt.rstrip(" ")


def parse_prompt(text: str) -> tuple[Schema, str, str | None]:
    """Read a rendered prompt, or one of the tutorial's lines, back: (schema, question, answer or None).

    A column name that contains ", " cannot be told from two names.
    """
    lines = strip_end_marks(text).strip().split("\n")
    tables = []
    at = 0
    while at < len(lines) and lines[at].startswith("table:"):
        name = lines[at].removeprefix("table:").strip()
        at += 1
        if at == len(lines) or not lines[at].startswith("columns:"):
            raise _unlike("a 'columns:' line after the 'table:' line", lines, at)
        names = lines[at].removeprefix("columns:").strip().split(", ")
        tables.append(Table(name, tuple(Column(column.strip()) for column in names)))
        at += 1
    if not tables:
        raise _unlike("a 'table:' line", lines, at)
    if at == len(lines) or not lines[at].startswith("Q:"):
        raise _unlike("a 'Q:' line", lines, at)
    rest = "\n".join(lines[at:]).removeprefix("Q:")
    question, mark, answer = rest.partition("\nA:")
    return Schema(tuple(tables)), " ".join(question.split()), (answer.strip() or None) if mark else None


def strip_end_marks(text: str, *more: str) -> str:
    """`text` without trailing whitespace and without end-of-text marks spelled out at its end."""
    text = text.rstrip()
    marks = [mark for mark in (*END_MARKS, *more) if mark]
    while mark := next((mark for mark in marks if text.endswith(mark)), None):
        text = text[: -len(mark)].rstrip()
    return text


def encode(tokenizer: Any, prompt: str, completion: str | None = None) -> tuple[list[int], int]:
    """Token ids of prompt, completion and exactly one end of text; and how many are the prompt's.

    A space at the prompt's end belongs to the completion ("A:" + " SELECT"): tokenizers join it to the
    word after it, so ids of a prompt that keeps it would not be the beginning of the training ids.
    `tokenizer` needs `encode` and `eos_token_id`; it puts a BOS first or does not, and so do the ids.
    """
    head = prompt_text(prompt)
    ids = _ids(tokenizer, head)
    if completion is None:
        return ids, len(ids)
    eos = getattr(tokenizer, "eos_token_id", None)
    if eos is None:
        raise InputError("the tokenizer has no end-of-text token", expected="eos_token_id")
    tail = prompt[len(head) :] + strip_end_marks(completion, getattr(tokenizer, "eos_token", None) or "")
    whole = _ids(tokenizer, head + tail)
    if whole[: len(ids)] == ids:
        return [*whole, eos], len(ids)
    return [*ids, *_continuation(tokenizer, head, tail), eos], len(ids)


def _ids(tokenizer: Any, text: str) -> list[int]:
    encoded = tokenizer.encode(text)
    ids = list(getattr(encoded, "ids", encoded))
    eos = getattr(tokenizer, "eos_token_id", None)
    bos = getattr(tokenizer, "bos_token_id", None)
    while len(ids) > 1 and eos is not None and ids[-1] == eos:
        ids.pop()
    while len(ids) > 1 and bos is not None and ids[0] == ids[1] == bos:
        del ids[0]
    return ids


def _continuation(tokenizer: Any, head: str, tail: str) -> list[int]:
    """Ids of `tail` inside a text, for a tokenizer that merges it with the end of `head`.

    A tokenizer may add a space or a BOS at the beginning of a text, so `tail` is encoded after an
    anchor that it does not merge with, and the anchor's ids are cut off.
    """
    anchors = [*re.findall(r"\S+", head)[-1:], *re.findall(r"\S", head)[-1:], ":", ".", "\n", "x"]
    for anchor in anchors:
        before = _ids(tokenizer, anchor)
        both = _ids(tokenizer, anchor + tail)
        if both[: len(before)] == before:
            return both[len(before) :]
    raise InputError("the tokenizer merges any text with what precedes it", found=repr(tail[:20]))


def _unlike(expected: str, lines: list[str], at: int) -> InputError:
    found = repr(lines[at][:60]) if at < len(lines) else "the end"
    return InputError(
        "not a t2sql prompt", where=f"line {at + 1} of the text", expected=expected, found=found
    )
