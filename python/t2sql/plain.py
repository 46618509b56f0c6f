"""Values as JSON has them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""What `json.dumps` writes."""

JsonObject: TypeAlias = Mapping[str, Json]
"""A JSON object."""


@runtime_checkable
class HasToJson(Protocol):
    """A value that knows its form in JSON."""

    def to_json(self) -> object:
        """The value as JSON's own types."""


@runtime_checkable
class HasToDict(Protocol):
    """A dataclass whose form in JSON is not that of its fields."""

    def to_dict(self) -> object:
        """The value as a dictionary."""


@runtime_checkable
class HasItem(Protocol):
    """A scalar of NumPy or MLX."""

    def item(self) -> object:
        """The scalar as Python's own number."""


def parse_json(text: str | bytes) -> Any:
    """What a text of JSON says.

    Raises:
        ValueError: It does not parse, or is nested deeper than Python's parser goes.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def plain(value: object) -> Any:
    """A value as JSON's own types.

    Args:
        value: Anything. NaN and infinity become null, scalars of NumPy and MLX numbers, dataclasses objects,
            sets and tuples lists, and what JSON has no form for, such as paths, its text.
    """
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, HasToJson):
        return plain(value.to_json())
    if is_dataclass(value) and not isinstance(value, type):
        if isinstance(value, HasToDict):
            return plain(value.to_dict())
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, HasItem):
        return plain(value.item())
    return str(value)
