"""What a prompt is made of beside the schema, and what is read back from one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from t2sql.prompt.formats import DEFAULT_FORMAT, PromptFormat
from t2sql.schema import ColumnValue, Schema


@dataclass(frozen=True)
class PromptHints:
    """What helps to answer one question; a format shows it or leaves it out.

    Attributes:
        values: Values of the database that words of the question mean, the likeliest first.
        evidence: What the data set says beside the question; "" for nothing.
        answered: Other questions and their statements, which every format shows before the question.
    """

    values: tuple[ColumnValue, ...] = ()
    evidence: str = ""
    answered: tuple[tuple[str, str], ...] = ()


NO_HINTS = PromptHints()


class ParsedPrompt(NamedTuple):
    """What `parse_prompt` reads from a text.

    Attributes:
        schema: The tables and columns, with as much about them as the prompt has.
        question: The question, on one line.
        answer: The text after `A:`; None if there is no answer.
        hints: The values and the evidence that the prompt has.
        prompt_format: A format that writes all of it again.
    """

    schema: Schema
    question: str
    answer: str | None
    hints: PromptHints = NO_HINTS
    prompt_format: PromptFormat = DEFAULT_FORMAT


def on_one_line(text: str) -> str:
    """A text with single blanks in place of all white space."""
    return " ".join(text.split())
