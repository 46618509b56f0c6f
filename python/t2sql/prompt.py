"""The prompt a model is trained and asked with, and the one place that turns it into token ids."""

from __future__ import annotations

import re
from typing import NamedTuple, NewType, Protocol

from t2sql.errors import InputError
from t2sql.schema import Column, Schema, Table

PromptFormat = NewType("PromptFormat", str)
"""The name of a way to write a question and its schema. A model is asked in the format it was trained in."""

PROMPT_FORMAT = PromptFormat("t2sql.prompt.1")
"""The format that `render_prompt` writes; it is recorded in a run's config and in a GGUF's metadata."""

END_MARKS = ("</s>", "<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<eos>")
"""End-of-text tokens that some data sets write out at the end of a line; they are not trained on as text."""

CHAT_TEMPLATE = (
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
"""The Jinja chat template of a trained model, without a BOS token.

The last user message holds the prompt's lines (`table:`, `columns:`, `Q:`) and becomes the trained prompt. A
system message that holds the table lines goes before it; any other system message is left out.
"""


class Tokenizer(Protocol):
    """What `encode` uses of a tokenizer; those of transformers, and mlx-lm's wrapper of them, have it."""

    @property
    def eos_token(self) -> str | None:
        """The text of the end-of-text token; None if the tokenizer has none."""
        ...

    @property
    def eos_token_id(self) -> int | None:
        """The id of the end-of-text token; None if the tokenizer has none."""
        ...

    @property
    def bos_token_id(self) -> int | None:
        """The id of the token that begins a text; None if the tokenizer has none."""
        ...

    def encode(self, text: str, /) -> list[int]:
        """The token ids of a text, with the BOS and EOS tokens that this tokenizer adds."""
        ...


class ParsedPrompt(NamedTuple):
    """What `parse_prompt` reads from a text.

    Attributes:
        schema: The tables and columns, without types and keys, which a prompt does not have.
        question: The question, on one line.
        answer: The text after `A:`; None if there is no answer.
    """

    schema: Schema
    question: str
    answer: str | None


class EncodedPrompt(NamedTuple):
    """A prompt, or a prompt and its completion, as token ids.

    Attributes:
        ids: The token ids.
        prompt_len: The number of ids at the beginning that are the prompt's.
    """

    ids: list[int]
    prompt_len: int


def chat_template(*, bos: bool = False) -> str:
    """Return `CHAT_TEMPLATE`; with `bos`, for a tokenizer that puts a BOS token before a plain text."""
    return "{{ bos_token }}" + CHAT_TEMPLATE if bos else CHAT_TEMPLATE


def render_prompt(schema: Schema, question: str) -> str:
    """Return the prompt of `PROMPT_FORMAT`.

    For each table it has the lines `table: NAME` and `columns: A, B, C`, then `Q: ` with the question on one
    line, then `A: `. Names are written as they are; types and keys are left out.
    """
    lines = []
    for table in schema.tables:
        lines.append(f"table: {table.name}")
        lines.append("columns: " + ", ".join(table.column_names))
    lines.append("Q: " + " ".join(question.split()))
    return "\n".join(lines) + "\nA: "


def render_retry(schema: Schema, question: str, sql: str, error: str) -> str:
    """Return the prompt that asks again after a statement failed.

    It is the first prompt, the failed statement as its answer, then a `Q: ` line with the error and the
    question, and `A: `.
    """
    first = render_prompt(schema, question) + " ".join(sql.split())
    return f"{first}\nQ: {' '.join(error.split())}. {' '.join(question.split())}\nA: "


def prompt_text(prompt: str) -> str:
    """Return the prompt for a runtime that takes text: without the space that the answer begins with."""
    return prompt.rstrip(" ")


def parse_prompt(text: str) -> ParsedPrompt:
    """Read a rendered prompt, with or without an answer, or one of the tutorial's lines.

    A column name that contains ", " is read as two names.

    Raises:
        InputError: A `table:`, `columns:` or `Q:` line is missing.
    """
    lines = strip_end_marks(text).strip().split("\n")
    tables = []
    index = 0
    while index < len(lines) and lines[index].startswith("table:"):
        name = lines[index].removeprefix("table:").strip()
        index += 1
        if index == len(lines) or not lines[index].startswith("columns:"):
            raise _not_a_prompt("a 'columns:' line after the 'table:' line", lines, index)
        names = lines[index].removeprefix("columns:").strip().split(", ")
        tables.append(Table(name, tuple(Column(column.strip()) for column in names)))
        index += 1
    if not tables:
        raise _not_a_prompt("a 'table:' line", lines, index)
    if index == len(lines) or not lines[index].startswith("Q:"):
        raise _not_a_prompt("a 'Q:' line", lines, index)
    rest = "\n".join(lines[index:]).removeprefix("Q:")
    question, mark, answer = rest.partition("\nA:")
    return ParsedPrompt(
        Schema(tuple(tables)), " ".join(question.split()), (answer.strip() or None) if mark else None
    )


def strip_end_marks(text: str, *more: str) -> str:
    """Remove whitespace and written-out end-of-text tokens from the end of a text.

    Args:
        text: The text.
        more: End-of-text tokens beside `END_MARKS`; empty ones are ignored.
    """
    text = text.rstrip()
    marks = [mark for mark in (*END_MARKS, *more) if mark]
    while mark := next((mark for mark in marks if text.endswith(mark)), None):
        text = text[: -len(mark)].rstrip()
    return text


def encode(tokenizer: Tokenizer, prompt: str, completion: str | None = None) -> EncodedPrompt:
    """Encode a prompt; with a completion, encode both and close them with exactly one end-of-text token.

    The ids of a prompt alone are always the beginning of its ids with a completion. For that a space at the
    prompt's end is left to the completion ("A:" + " SELECT"), since tokenizers join it to the word after it.

    Args:
        tokenizer: Where it puts a BOS token before a text, the ids begin with one.
        prompt: As `render_prompt` returns it.
        completion: The statement; written-out end-of-text tokens at its end are removed.

    Raises:
        InputError: The tokenizer has no end-of-text token, or it merges the completion's beginning with
            whatever comes before it.
    """
    head = prompt_text(prompt)
    ids = _ids(tokenizer, head)
    if completion is None:
        return EncodedPrompt(ids, len(ids))
    eos = tokenizer.eos_token_id
    if eos is None:
        raise InputError("the tokenizer has no end-of-text token", expected="eos_token_id")
    tail = prompt[len(head) :] + strip_end_marks(completion, tokenizer.eos_token or "")
    whole = _ids(tokenizer, head + tail)
    if whole[: len(ids)] == ids:
        return EncodedPrompt([*whole, eos], len(ids))
    return EncodedPrompt([*ids, *_continuation(tokenizer, head, tail), eos], len(ids))


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    """The ids of a text without EOS tokens at its end and with at most one BOS token."""
    ids = list(tokenizer.encode(text))
    eos, bos = tokenizer.eos_token_id, tokenizer.bos_token_id
    while len(ids) > 1 and eos is not None and ids[-1] == eos:
        ids.pop()
    while len(ids) > 1 and bos is not None and ids[0] == ids[1] == bos:
        del ids[0]
    return ids


def _continuation(tokenizer: Tokenizer, head: str, tail: str) -> list[int]:
    """The ids of `tail` inside a text, for a tokenizer that merges it with the end of `head`.

    A tokenizer may add a space or a BOS token at the beginning of a text, so `tail` is encoded after an
    anchor that it does not merge with, and the anchor's ids are cut off.
    """
    anchors = [*re.findall(r"\S+", head)[-1:], *re.findall(r"\S", head)[-1:], ":", ".", "\n", "x"]
    for anchor in anchors:
        anchor_ids = _ids(tokenizer, anchor)
        both = _ids(tokenizer, anchor + tail)
        if both[: len(anchor_ids)] == anchor_ids:
            return both[len(anchor_ids) :]
    raise InputError("the tokenizer merges any text with what precedes it", found=repr(tail[:20]))


def _not_a_prompt(expected: str, lines: list[str], index: int) -> InputError:
    found = repr(lines[index][:60]) if index < len(lines) else "the end"
    return InputError(
        "not a t2sql prompt", where=f"line {index + 1} of the text", expected=expected, found=found
    )
