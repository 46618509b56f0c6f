"""Examples' prompts written anew in another format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from t2sql.data.dataset import Dataset
from t2sql.data.example import Example, with_evidence
from t2sql.errors import InputError
from t2sql.prompt import (
    DEFAULT_FORMAT,
    ParsedPrompt,
    PromptFormat,
    PromptHints,
    parse_prompt,
    render_prompt,
)
from t2sql.schema import Schema


def in_format(examples: Sequence[Example], prompt_format: PromptFormat, folder: Path | None) -> list[Example]:
    """The examples with prompts in a format; a prompt that is in none of ours stays as it is.

    Args:
        examples: The examples.
        prompt_format: The format.
        folder: The dataset's directory, where the examples' databases are; None where there are none.
    """
    return [_in_format(example, prompt_format) for example in examples]


def asked_in(
    dataset: Dataset | None, examples: Sequence[Example], prompt_format: PromptFormat | None
) -> list[str]:
    """The prompts of questions in a format.

    Args:
        dataset: Where the questions come from; None where that is no directory.
        examples: The questions.
        prompt_format: The format; None leaves the prompts as they are.
    """
    own = DEFAULT_FORMAT if dataset is None else dataset.prompt_format
    if prompt_format is not None and prompt_format != own:
        examples = in_format(examples, prompt_format, None if dataset is None else dataset.path)
    return [example.prompt for example in examples]


def _in_format(example: Example, prompt_format: PromptFormat) -> Example:
    parsed = parsed_if_ours(example.prompt)
    if parsed is None:
        return example
    schema = example.schema if _same_names(example.schema, parsed.schema) else parsed.schema
    question = parsed.question.removesuffix(with_evidence("", example.evidence))
    if prompt_format.version == 1:
        question = with_evidence(question, example.evidence)
    hints = PromptHints(evidence=example.evidence)
    return replace(example, prompt=render_prompt(schema, question, prompt_format, hints))


def parsed_if_ours(prompt: str) -> ParsedPrompt | None:
    """What a prompt says; None if it is not one that `render_prompt` writes, but for example a chat's."""
    try:
        parsed = parse_prompt(prompt)
    except InputError:
        return None
    again = render_prompt(parsed.schema, parsed.question, parsed.prompt_format, parsed.hints)
    return parsed if again == prompt else None


def _same_names(schema: Schema, other: Schema) -> bool:
    return render_prompt(schema, "") == render_prompt(other, "")
