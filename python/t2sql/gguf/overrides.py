"""`REGEX=TYPE`: types that a user chooses for the tensors whose names match."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from t2sql.errors import InputError
from t2sql.gguf.ggml_types import GgmlType, type_named


@dataclass(frozen=True)
class Override:
    """One choice.

    Attributes:
        pattern: It is searched for anywhere in a tensor's GGUF name.
        type: The type of the tensors that it matches.
    """

    pattern: re.Pattern[str]
    type: GgmlType


def parse_overrides(texts: Iterable[str]) -> dict[str, str]:
    """Texts such as "ffn_down=q8_0" as a mapping; the type follows the last equals sign.

    Raises:
        InputError: A text has no pattern or no type.
    """
    parsed: dict[str, str] = {}
    for text in texts:
        pattern, equals, type_name = text.rpartition("=")
        if not equals or not pattern or not type_name:
            raise InputError("tensor type not understood", expected="REGEX=TYPE", found=text)
        parsed[pattern] = type_name
    return parsed


def compile_overrides(chosen: Mapping[str, str]) -> list[Override]:
    """The choices in their order.

    Args:
        chosen: Regular expression -> name of a type.

    Raises:
        InputError: An expression does not parse, or a type is unknown.
    """
    overrides = []
    for pattern, type_name in chosen.items():
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            raise InputError(
                "pattern of a tensor type is no regular expression", where=pattern, found=str(error)
            ) from None
        overrides.append(Override(compiled, type_named(type_name)))
    return overrides


def check_used(overrides: Iterable[Override], names: Iterable[str]) -> None:
    """Refuse a pattern that matches no matrix: it is a typing error that would go unnoticed.

    Raises:
        InputError: A pattern matches none of the names.
    """
    names = list(names)
    for override in overrides:
        if not any(override.pattern.search(name) for name in names):
            raise InputError(
                "pattern of a tensor type matches no matrix",
                where=override.pattern.pattern,
                expected=f"a regular expression found in a name such as {', '.join(names[:3])}",
                hint="Norms and one-dimensional tensors keep their type; inspect --tensors lists the names",
            )
