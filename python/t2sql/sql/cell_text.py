"""One value of a result as text: for people, as CSV and as JSON."""

from __future__ import annotations

import datetime
import json
import math
from decimal import Decimal
from typing import Any, TypeAlias

from t2sql.text import one_line, shorten

Value: TypeAlias = Any
"""What a database's driver returns for one value: None, a number, a text, bytes, a date, a list …"""
JsonValue: TypeAlias = Any
"""A value of JSON's own types."""

_MAX_CELLS = 80
"""Of a value on a terminal, so that a row stays on its line."""
_MAX_EXACT = 2**53 - 1
"""The largest integer that programs read exactly which hold numbers as float64, such as JavaScript."""
_FLOAT_DIGITS = 15
"""Significant digits of a float64 that are its own and no trace of the binary system, as SQLite shows it."""
_PADDED_DIGITS = 6
"""Digits after the point above which zeros at the end are no one's: PostgreSQL's AVG of integers has 16."""


def json_value(value: Value) -> JsonValue:
    """A value as JSON has it.

    Dates, exact decimals, infinities, and integers beyond 2^53 that many readers would round, are text; bytes
    are hexadecimal digits.
    """
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if abs(value) <= _MAX_EXACT else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            # Python writes 0.00000000 as 0E-8; no database does.
            return f"{value:f}"
        case bytes() | memoryview():
            return value.hex()
        case list() | tuple():
            return [json_value(item) for item in value]
        case dict():
            return {str(key): json_value(item) for key, item in value.items()}
        case datetime.date() | datetime.time():
            return value.isoformat()
    return str(value)


def printable(value: Value, cells: int = _MAX_CELLS) -> str:
    """A value on one line of a terminal, shortened, without characters that control the terminal.

    NULL is NULL, lists and structs are JSON. A float has 15 significant digits, and of a decimal with more
    than six digits after the point the zeros at its end are left out; programs read CSV or JSON.

    Args:
        value: The value.
        cells: The terminal's cells that it may take.
    """
    match value:
        case None:
            text = "NULL"
        case float() if math.isfinite(value):
            text = repr(float(f"{value:.{_FLOAT_DIGITS}g}"))
        case Decimal():
            text = _decimal_text(value)
        case bytes() | bytearray() | memoryview():
            text = f"x'{bytes(value[: cells // 2 + 1]).hex()}'"
        case str():
            text = value[: cells * 16]
        case datetime.datetime():
            text = str(value)
        case _:
            text = value_text(value)
    return shorten(one_line(text), cells)


def value_text(value: Value) -> str:
    """A value as a field of CSV has it: whole, NULL an empty text, lists and structs as JSON."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool() | list() | tuple() | dict():
            return json.dumps(json_value(value), ensure_ascii=False)
    return str(json_value(value))


def _decimal_text(value: Decimal) -> str:
    """A decimal as it is, without the zeros that only fill up its digits after the point."""
    text = f"{value:f}"
    whole, point, fraction = text.partition(".")
    if len(fraction) <= _PADDED_DIGITS or not fraction.isdecimal():
        return text
    return f"{whole}{point}{fraction.rstrip('0') or '0'}"
