"""Columns and tables in statements that read texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from sqlglot import exp

from t2sql.schema import Column, Table

Namespaces: TypeAlias = Callable[[str], tuple[str, ...]]
"""What a table's name is written after, by the name: its schema, perhaps after its catalog, or nothing."""

_TEXT = re.compile(r"char|text|string|clob|enum", re.IGNORECASE)
_NESTED = re.compile(r"\[|^(struct|map|union|list)\b", re.IGNORECASE)
_CAST = re.compile(r"enum|char\(|character\(", re.IGNORECASE)


def is_text(column: Column) -> bool:
    """Whether a column holds single texts, and not lists or structs of them."""
    declared = column.type or "text"
    return bool(_TEXT.search(declared)) and not _NESTED.search(declared)


def needs_cast(column: Column) -> bool:
    """Whether a column's values have to be cast to text: those of enums, and of char(10) with its blanks."""
    return _CAST.match(column.type) is not None


def quoted_table(table: Table, namespaces: Namespaces) -> exp.Table:
    """A table as a statement names it, its name and what stands before it quoted."""
    parts = (table.name, *reversed(namespaces(table.name)))
    names = {
        key: exp.to_identifier(name, quoted=True)
        for key, name in zip(("this", "db", "catalog"), parts, strict=False)
    }
    return exp.Table(**names)
