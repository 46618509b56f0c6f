"""A dataset's `dataset.json`: where the examples come from, and how their prompts are written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from t2sql.errors import InputError
from t2sql.plain import JsonObject, parse_json
from t2sql.prompt import DEFAULT_FORMAT, PromptFormat

INFO_FILE = "dataset.json"


@dataclass(frozen=True)
class DatasetInfo:
    """The content of `dataset.json`, for people: where the examples come from.

    Attributes:
        source: The source, without a password.
        version: The source's version or style, if it has one.
        seed: The seed of the random choices.
        counts: The number of examples in each split.
        prompt_format: The format of the examples' prompts.
    """

    source: str
    version: str | None
    seed: int
    counts: dict[str, int]
    prompt_format: PromptFormat

    def to_dict(self) -> JsonObject:
        """Return the content of the file as JSON."""
        return {
            "source": self.source,
            "version": self.version,
            "seed": self.seed,
            "counts": self.counts,
            "prompt_format": self.prompt_format.name,
        }


def read_prompt_format(folder: Path) -> PromptFormat:
    """The format of a dataset's prompts; version 1 where there is no `dataset.json`, or it names none.

    Args:
        folder: The dataset's directory.

    Raises:
        InputError: It names a format that this version does not know.
    """
    path = folder / INFO_FILE
    try:
        document = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return DEFAULT_FORMAT
    name = document.get("prompt_format") if isinstance(document, dict) else None
    if name is None:
        return DEFAULT_FORMAT
    try:
        return PromptFormat.of(str(name))
    except InputError as error:
        hint = "The dataset is of a newer version of t2sql: upgrade"
        raise InputError(
            error.what, where=path, expected=error.expected, found=error.found, hint=hint
        ) from None
