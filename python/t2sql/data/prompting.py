"""Examples' prompts written anew in another format."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from t2sql import data
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
from t2sql.schema import Schema, with_guessed_keys
from t2sql.values import with_samples


def in_format(examples: Sequence[Example], prompt_format: PromptFormat, folder: Path | None) -> list[Example]:
    """The examples with prompts in a format; a prompt that is in none of ours stays as it is.

    Args:
        examples: The examples.
        prompt_format: The format.
        folder: The dataset's directory, where the examples' databases are; None where there are none.
    """
    if folder is None or not {"values", "samples"} & set(prompt_format.parts):
        return [_in_format(example, prompt_format, None) for example in examples]
    with closing(data.DatabaseTexts(folder)) as texts:
        # Those of a database one after the other, so that its texts are read once.
        order = sorted(range(len(examples)), key=lambda index: examples[index].db or "")
        written = {index: _in_format(examples[index], prompt_format, texts) for index in order}
    return [written[index] for index in range(len(examples))]


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


def _in_format(example: Example, prompt_format: PromptFormat, texts: data.DatabaseTexts | None) -> Example:
    parsed = parsed_if_ours(example.prompt)
    if parsed is None:
        return example
    schema = example.schema if _same_names(example.schema, parsed.schema) else parsed.schema
    question = parsed.question.removesuffix(with_evidence("", example.evidence))
    if prompt_format.version == 1:
        question = with_evidence(question, example.evidence)
    hints = PromptHints(evidence=example.evidence)
    if "keys" in prompt_format.parts:
        schema = with_guessed_keys(schema)
    if "samples" in prompt_format.parts:
        schema = _with_samples(schema, example.db, texts)
    if "values" in prompt_format.parts and texts is not None and example.db is not None:
        hints = replace(hints, values=texts.matches(example.db, question))
    return replace(example, prompt=render_prompt(schema, question, prompt_format, hints))


def _with_samples(schema: Schema, db: str | None, texts: data.DatabaseTexts | None) -> Schema:
    """The schema with the samples of its database; with none where it has no database that can be read."""
    return with_samples(schema, ()) if texts is None or db is None else texts.with_samples(db, schema)


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
