"""What kind of value a column holds, as far as the grammar needs to know."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from t2sql.schema import Column, Schema

Kind: TypeAlias = Literal["number", "text", "date", "boolean", "other", "any"]
"""Kinds that a statement compares only with their like. "any" is a column of which nothing is known, which
may be compared with all of them; "other" is a type that has few operators, such as JSON."""

_PATTERNS: tuple[tuple[Kind, str], ...] = (
    (
        "other",
        r"\[|list|array|struct|\bmap\b|range|interval|json|uuid|money|\bbit\b|bytea|[bl]ob|binary|^time$",
    ),
    ("other", r"^time\b(?!stamp)|others|geometry|point"),
    ("text", r"char|text|string|clob|enum|^name"),
    ("boolean", r"bool"),
    ("date", r"timestamp|date"),
    ("number", r"int|serial|numeric|decimal|number|real|float|double|year"),
)
_KINDS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PATTERNS)
_NUMBER = re.compile(r"\s*-?\d+(\.\d+)?\s*", re.ASCII)


def kinds_of(schema: Schema) -> dict[Column, Kind]:
    """The kinds of a schema's columns.

    A schema that calls every column TEXT, as one does that was read from names alone, says nothing of types.

    Args:
        schema: The tables.
    """
    columns = [column for table in schema.tables for column in table.columns]
    untyped = all(column.type == "TEXT" for column in columns)
    return {column: _kind(column, untyped) for column in columns}


def _kind(column: Column, untyped: bool) -> Kind:
    declared = column.type.strip()
    if not declared or (untyped and not column.values):
        return "any"
    kind: Kind = next((kind for kind, pattern in _KINDS if pattern.search(declared)), "other")
    if kind == "text" and column.values and all(_is_number(value) for value in column.values):
        # Numbers that were stored as text, as many files have them, are added up all the same.
        return "any"
    return kind


def _is_number(value: str | int | float) -> bool:
    return not isinstance(value, str) or _NUMBER.fullmatch(value) is not None
