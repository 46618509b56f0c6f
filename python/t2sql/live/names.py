"""Names of tables and columns: how a prompt shows them, and which one a statement means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from sqlglot import exp

from t2sql.schema import Column, Schema, Table

Named = TypeVar("Named", Table, Column)

Namespaces: TypeAlias = Callable[[str], tuple[str, ...]]
"""What a table's name is written after, by the name: its schema, perhaps after its catalog, or nothing."""

_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


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


def shown_name(name: str) -> str:
    """A name as a prompt shows it: on one line, without control characters."""
    return _BLANK.sub(" ", name).strip()


def shown_schema(schema: Schema) -> Schema:
    """A schema as a prompt shows it; names that are only blanks are left out."""
    tables = []
    for table in schema.tables:
        columns = tuple(
            Column(shown_name(column.name), column.type, column.primary_key)
            for column in table.columns
            if shown_name(column.name)
        )
        if columns and shown_name(table.name):
            tables.append(Table(shown_name(table.name), columns, table.foreign_keys))
    return Schema(tuple(tables))


@dataclass(frozen=True)
class TableColumn:
    """A column of the database, and the table that has it."""

    table: Table
    column: Column

    @property
    def name(self) -> str:
        """The column's name for people, such as "customers.city"."""
        return f"{self.table.name}.{self.column.name}"


def fold(name: str) -> str:
    """A name as names are compared: as a prompt shows it, letter case ignored."""
    return shown_name(name).lower()


def find_named(items: Iterable[Named], name: str) -> Named | None:
    """The item of exactly this name, else the first that differs in letter case and blanks only."""
    folded = fold(name)
    similar = [item for item in items if fold(item.name) == folded]
    return next((item for item in similar if item.name == name), similar[0] if similar else None)
