"""The rows of a result as text: for people, as CSV and as JSON."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias, get_args

from t2sql.sql import JsonValue, Result, Value, json_value, value_text
from t2sql.text import json_text

RowFormat: TypeAlias = Literal["table", "csv", "json", "parquet"]
FORMATS: tuple[RowFormat, ...] = get_args(RowFormat)
"""How rows can be printed or written."""

_NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s$')


def json_rows(result: Result) -> list[list[JsonValue]]:
    """All rows as JSON has them; see `json_value`."""
    return [[json_value(value) for value in row] for row in result.rows]


def format_rows(result: Result, row_format: RowFormat) -> str:
    """All rows as one text.

    Args:
        result: The rows.
        row_format: "json" is a document with `columns` and `rows`; anything else is CSV as PostgreSQL's COPY
            writes it: NULL is an empty field, an empty text is "".

    Returns:
        The text, without a line break at its end.
    """
    if row_format == "json":
        return json_text({"columns": list(result.columns), "rows": json_rows(result)})
    return "\n".join(",".join(map(_csv_field, row)) for row in (result.columns, *result.rows))


def _csv_field(value: Value) -> str:
    if value is None:
        return ""
    text = value_text(value)
    if text and not _NEEDS_QUOTES.search(text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
