"""A source, the task of reading it, and what was read: between `prepare` and the readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from t2sql.data.example import Splits
from t2sql.progress import Progress
from t2sql.prompt import PromptFormat

Extend: TypeAlias = Callable[[Splits, Path], Splits]
"""Adds examples to those of a source, given the dataset's directory with the databases."""


@dataclass(frozen=True)
class DataSource:
    """A source, and the options that only some sources have; None where an option is not given.

    Attributes:
        name: The source as the command line takes it; see `source_kinds.SOURCES`.
        style: WikiSQL and files: "sql" for statements that run, or for WikiSQL "tutorial" for its text.
        recipe: Databases and .sql files: a TOML file that says what to generate.
        examples: Databases and .sql files: the number of examples to generate, all splits together. The demo:
            the number of questions of a test split that is made alone.
        private: Databases: whether to use the values of columns that look private.
        strict: Files, directories and layouts: whether a line that cannot be read is an error; otherwise such
            lines are left out.
        remembered: Databases: whether the answers that its user confirmed are trained on; None is yes.
        extend: Called with the examples and the dataset's directory before prompts get their format; it
            returns the examples with more.
        prompt: The format of the prompts; None for that of the source, which is version 1 except for a
            dataset that names another.
    """

    name: str
    style: str | None = None
    recipe: Path | None = None
    examples: int | None = None
    private: bool | None = None
    strict: bool | None = None
    remembered: bool | None = None
    prompt: PromptFormat | None = None
    extend: Extend | None = None


@dataclass(frozen=True)
class Task:
    """A source that is to be read into a new dataset's directory.

    Attributes:
        source: The source and its options.
        folder: The directory; databases go to its folder `db`.
        seed: The seed of all random choices.
        limit: The most examples of each split; a source may return more.
        progress: Called now and then.
        warn: Called with a sentence about what was left out.
    """

    source: DataSource
    folder: Path
    seed: int
    limit: int | None
    progress: Progress | None
    warn: Callable[[str], None]


@dataclass(frozen=True)
class SourceContent:
    """What was read from a source.

    Attributes:
        splits: The examples.
        source: The source's name for `dataset.json`.
        version: Its version or style, if it has one.
    """

    splits: Splits
    source: str
    version: str | None = None
