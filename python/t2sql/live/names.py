"""Names of tables and columns: how a prompt shows them, and which one a statement means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from t2sql.schema import Column, ColumnValue, ForeignKey, Schema, Table

Named = TypeVar("Named", Table, Column)

_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def shown_name(name: str) -> str:
    """A name as a prompt shows it: on one line, without control characters."""
    return _BLANK.sub(" ", name).strip()


def shown_schema(schema: Schema) -> Schema:
    """A schema as a prompt shows it; names that are only blanks are left out."""
    tables = []
    for table in schema.tables:
        columns = tuple(
            replace(column, name=shown_name(column.name), comment=shown_name(column.comment))
            for column in table.columns
            if shown_name(column.name)
        )
        if columns and shown_name(table.name):
            keys = tuple(
                ForeignKey(shown_name(key.column), shown_name(key.to_table), shown_name(key.to_column))
                for key in table.foreign_keys
            )
            tables.append(Table(shown_name(table.name), columns, keys, shown_name(table.comment)))
    return Schema(tuple(tables))


def shown_value(value: ColumnValue) -> ColumnValue:
    """A value whose column has the name that a prompt shows."""
    return replace(value, table=shown_name(value.table), column=shown_name(value.column))


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
