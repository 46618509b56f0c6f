"""The rows of a result as text: for people, as CSV and as JSON."""

from __future__ import annotations

import csv
import datetime
import io
import json
import math
import re
from decimal import Decimal
from typing import Any, Literal, TypeAlias, get_args

from t2sql.sql import Result

RowFormat: TypeAlias = Literal["table", "csv", "json", "parquet"]
FORMATS: tuple[RowFormat, ...] = get_args(RowFormat)
"""How rows can be printed or written."""

Value: TypeAlias = Any
"""What a database's driver returns for one value: None, a number, a text, bytes, a date, a list …"""
JsonValue: TypeAlias = Any
"""A value of JSON's own types."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_MAX_CHARACTERS = 80
"""Of a value on a terminal, so that a row stays on its line."""


def json_value(value: Value) -> JsonValue:
    """A value as JSON has it: dates, exact decimals and infinities as text, bytes as hexadecimal digits."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            return str(value)
        case bytes() | memoryview():
            return value.hex()
        case list() | tuple():
            return [json_value(item) for item in value]
        case dict():
            return {str(key): json_value(item) for key, item in value.items()}
        case datetime.date() | datetime.time():
            return value.isoformat()
    return str(value)


def json_rows(result: Result) -> list[list[JsonValue]]:
    """All rows as JSON has them; see `json_value`."""
    return [[json_value(value) for value in row] for row in result.rows]


def printable(value: Value) -> str:
    """A value on one line of a terminal, shortened, without characters that control the terminal."""
    if value is None:
        return ""
    text = value.hex() if isinstance(value, (bytes, memoryview)) else str(value)
    text = _CONTROL.sub(lambda match: repr(match.group())[1:-1], text)
    return text if len(text) <= _MAX_CHARACTERS else text[: _MAX_CHARACTERS - 1] + "…"


def format_rows(result: Result, row_format: RowFormat) -> str:
    """All rows as one text.

    Args:
        result: The rows.
        row_format: "json" is a document with `columns` and `rows`; anything else is CSV, where NULL is an
            empty field.

    Returns:
        The text, without a line break at its end.
    """
    if row_format == "json":
        document = {"columns": list(result.columns), "rows": json_rows(result)}
        return json.dumps(document, ensure_ascii=False)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(result.columns)
    writer.writerows([["" if value is None else json_value(value) for value in row] for row in result.rows])
    return out.getvalue().rstrip("\n")
