"""Values as JSON has them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""What `json.dumps` writes."""

JsonObject: TypeAlias = Mapping[str, Json]
"""A JSON object."""


def plain(value: Any) -> Any:
    """JSON's own types: NaN and infinity become null, NumPy's and MLX's scalars numbers, paths text."""
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        to_dict = getattr(value, "to_dict", None)
        if callable(to_dict):
            return plain(to_dict())
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    item = getattr(value, "item", None)
    if callable(item):
        return plain(item())
    return str(value)
