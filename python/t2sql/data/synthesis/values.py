"""Values of the user's database as SQLite stores them."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import uuid
from typing import TypeAlias

Value: TypeAlias = str | int | float | None
"""A value as SQLite stores it; bytes are not copied."""

Row: TypeAlias = tuple[Value, ...]
"""A row: one value for each column."""

_LONGEST_TEXT = 10_000
"""Characters of a text that are copied; longer ones take part in no question."""

_LARGEST_INTEGER = 2**63


def sqlite_value(value: object) -> Value:
    """Convert what any driver returns to what SQLite stores: numbers, texts and NULL. Bytes become NULL."""
    if value is None or isinstance(value, (bytes, memoryview, bytearray)):
        return None
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value if -_LARGEST_INTEGER <= value < _LARGEST_INTEGER else str(value)
    if isinstance(value, float):
        # Neither JSON nor a statement can say the others.
        return value if math.isfinite(value) else None
    if isinstance(value, decimal.Decimal):
        whole = value.is_finite() and value.as_tuple().exponent == 0 and abs(value) < _LARGEST_INTEGER
        return int(value) if whole else sqlite_value(float(value))
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)[:_LONGEST_TEXT]
    if isinstance(value, uuid.UUID):
        return str(value)
    return str(value)[:_LONGEST_TEXT]
