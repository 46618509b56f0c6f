"""`REGEX=TYPE`: types that a user chooses for the tensors whose names match."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from t2sql.errors import InputError
from t2sql.gguf.types import GgmlType, type_named


@dataclass(frozen=True)
class Override:
    pattern: re.Pattern[str]
    type: GgmlType


def parse_overrides(given: Iterable[str]) -> dict[str, str]:
    """`["ffn_down=q8_0"]` as a mapping; the type follows the last equals sign."""
    parsed: dict[str, str] = {}
    for text in given:
        pattern, equals, type_ = text.rpartition("=")
        if not equals or not pattern or not type_:
            raise InputError("tensor type not understood", expected="REGEX=TYPE", found=text)
        parsed[pattern] = type_
    return parsed


def compile_overrides(given: Mapping[str, str]) -> list[Override]:
    overrides = []
    for pattern, type_ in given.items():
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            raise InputError(
                "pattern of a tensor type is no regular expression", where=pattern, found=str(error)
            ) from None
        overrides.append(Override(compiled, type_named(type_)))
    return overrides


def check_used(overrides: Iterable[Override], names: Iterable[str]) -> None:
    """Refuse a pattern that matches none of the names: it is a slip of the pen, and would go unseen."""
    names = list(names)
    for override in overrides:
        if not any(override.pattern.search(name) for name in names):
            raise InputError(
                "pattern of a tensor type matches no matrix",
                where=override.pattern.pattern,
                expected=f"a regular expression found in a name such as {', '.join(names[:3])}",
                hint="Norms and one-dimensional tensors keep their type; inspect --tensors lists the names",
            )
