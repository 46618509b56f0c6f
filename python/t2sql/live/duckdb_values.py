"""Values of DuckDB that its driver cannot give as they are, and the statement that gives them as text."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from t2sql.sql import Row

_LOSING = re.compile(r"INTERVAL|_NS\b", re.IGNORECASE)
"""Types of which the driver drops a part: months, of which it makes 30 days each, and nanoseconds."""
_MOMENT = re.compile(r"^(DATE|TIMESTAMP)", re.IGNORECASE)
_INFINITIES = frozenset({datetime.date.max, datetime.date.min, datetime.datetime.max, datetime.datetime.min})
"""What the driver makes of infinite dates; some are dates that people write as well."""


def losing_columns(types: Sequence[object]) -> set[int]:
    """The indices of the columns whose values the driver does not give whole.

    Args:
        types: The types of the columns, as the driver describes them.
    """
    return {index for index, name in enumerate(types) if _LOSING.search(str(name))}


def infinite_columns(types: Sequence[object], rows: Sequence[Row]) -> set[int]:
    """The indices of the columns of dates that may hold infinite ones.

    Args:
        types: The types of the columns, as the driver describes them.
        rows: The rows as the driver gives them.
    """
    moments = [index for index, name in enumerate(types) if _MOMENT.match(str(name))]
    return {index for index in moments if any(_is_infinite(row[index]) for row in rows)}


def _is_infinite(value: object) -> bool:
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None) in _INFINITIES
    return isinstance(value, datetime.date) and value in _INFINITIES


def with_texts(sql: str, count: int, as_text: set[int]) -> str:
    """The statement with some of its columns as texts; the rows stay in their order.

    Args:
        sql: A SELECT.
        count: How many columns it has.
        as_text: The indices of those that become texts.
    """
    columns = (f"CAST(#{n + 1} AS VARCHAR)" if n in as_text else f"#{n + 1}" for n in range(count))
    return f"SELECT {', '.join(columns)} FROM ({sql}) AS t2sql"
