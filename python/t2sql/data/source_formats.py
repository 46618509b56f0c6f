"""The format of the prompts that a source has or gets."""

from __future__ import annotations

from pathlib import Path

from t2sql.data.info import INFO_FILE, read_prompt_format
from t2sql.data.source_kinds import kind_of
from t2sql.prompt import DEFAULT_FORMAT, PromptFormat


def source_prompt_format(source: str) -> PromptFormat:
    """The format of the prompts that a source has or gets by itself.

    Raises:
        InputError: There is no such source, or it names a format that this version does not know.
    """
    return read_prompt_format(Path(source)) if kind_of(source) == "a directory" else DEFAULT_FORMAT


def has_prompt_format(source: str) -> bool:
    """Whether a source is a dataset, whose prompts are in a format already."""
    return (Path(source) / INFO_FILE).is_file()
