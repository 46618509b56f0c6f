"""What kind of value an expression has, as far as its types say."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from sqlglot import exp

from t2sql.live.scopes import table_column

Kind: TypeAlias = Literal["text", "number", "boolean", "date", "timestamp", "time", "other"]
"""Kinds that databases compare only with their like. "other" is a type that has few operators."""

_PATTERNS: dict[Kind, str] = {
    "other": r"\[|list|array|struct|\bmap\b|enum|range|interval|json|uuid|money|\bbit\b|bytea|[bl]ob|binary",
    "text": r"^(?!.*name).*(char|text|string|clob)",
    "boolean": r"bool",
    "timestamp": r"timestamp|datetime",
    "date": r"^date",
    "time": r"^time",
    "number": r"int|serial|numeric|decimal|number|real|float|double|year|bignum",
}
_KINDS = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _PATTERNS.items()}
"""The first pattern that a type has says its kind."""


def kind_of_type(declared: str) -> Kind | None:
    """The kind of a column's declared type; None for one without a type."""
    if not declared.strip():
        return None
    return next((kind for kind, pattern in _KINDS.items() if pattern.search(declared)), "other")


def declared_type(node: exp.Expr) -> str:
    """The declared type of the column that an expression is; "" for anything else."""
    while isinstance(node, exp.Paren):
        node = node.this
    column = table_column(node)
    return "" if column is None else column.column.type


def kind_of(node: exp.Expr) -> Kind | None:
    """The kind of an expression's value; None where it is not known.

    Args:
        node: The expression, its names resolved.
    """
    match node:
        case exp.Paren() | exp.Subquery() | exp.Neg() | exp.Max() | exp.Min():
            return kind_of(node.this)
        case exp.Any() | exp.All():
            # Of an array it takes the elements, whose kind is not that of the array.
            return kind_of(node.this) if isinstance(node.this, exp.Query) else None
        case exp.Select():
            return kind_of(node.expressions[0]) if len(node.expressions) == 1 else None
        case exp.Alias():
            return kind_of(node.this)
        case exp.Column():
            return kind_of_type(declared_type(node))
        case exp.Literal():
            return "text" if node.is_string else "number"
        case exp.Boolean():
            return "boolean"
        case exp.Count() | exp.Sum() | exp.Avg():
            return "number"
        case exp.Cast():
            return kind_of_type(node.to.sql())
        case exp.DPipe():
            return "text"
    return None
