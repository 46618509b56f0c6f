"""Wordings for generated questions, read from TOML files beside the generators."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from t2sql import schema

NUMBER_WORDS = ("", *schema.NUMBER_WORDS[1:11])
"""The words that questions have for numbers up to ten, by number; zero is not asked for."""


def read_toml(package: str, name: str) -> dict[str, Any]:
    """Read a TOML file that is installed with a package.

    Args:
        package: The package's full name.
        name: The file's name.
    """
    return tomllib.loads(files(package).joinpath(name).read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Templates:
    """Alternative wordings, of which a generator draws one. Slots in braces are filled in with `str.format`.

    Attributes:
        lists: Alternatives by name, such as "openers".
        groups: Groups of alternatives, such as "predicates" with one list for each operator.
    """

    lists: Mapping[str, Sequence[str]]
    groups: Mapping[str, Mapping[str, Sequence[str]]]

    @classmethod
    def from_toml(cls, document: Mapping[str, Any]) -> Templates:
        """Sort the keys of a document: arrays are lists, and tables are groups."""
        return cls(
            {key: value for key, value in document.items() if isinstance(value, list)},
            {key: value for key, value in document.items() if isinstance(value, dict)},
        )
