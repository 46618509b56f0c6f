"""The tables that a query reads, and how they are joined."""

from __future__ import annotations

from dataclasses import dataclass

from t2sql.data.synthesis.profiles import ColumnProfile, TableProfile
from t2sql.databases import ForeignKeyConstraint
from t2sql.sql import quote


@dataclass(frozen=True)
class Scope:
    """The tables that a query reads.

    Attributes:
        tables: The first is what a question asks about; the others are joined to it.
        joins: The foreign key along which each further table is joined to one before it. The further table
            may hold the key or be what it refers to.
    """

    tables: tuple[TableProfile, ...]
    joins: tuple[ForeignKeyConstraint, ...] = ()

    @property
    def base(self) -> TableProfile:
        """The table that a question asks about."""
        return self.tables[0]

    @property
    def columns(self) -> tuple[ColumnProfile, ...]:
        """The columns of all tables."""
        return tuple(column for table in self.tables for column in table.columns)

    @property
    def repeats(self) -> bool:
        """Whether a row of the first table may occur several times, as a table refers to one before it."""
        return any(key.table == table.name for table, key in zip(self.tables[1:], self.joins, strict=True))

    def table_of(self, column: ColumnProfile) -> TableProfile:
        """Return the table that a column belongs to."""
        return next(table for table in self.tables if table.name == column.table)

    def name(self, column: ColumnProfile) -> str:
        """Return the column in SQL, with its table if there are several."""
        return f"{quote(column.table)}.{quote(column.name)}" if self.joins else quote(column.name)

    def sql(self) -> str:
        """Return what stands after FROM."""
        text = quote(self.base.name)
        for table, key in zip(self.tables[1:], self.joins, strict=True):
            pairs = " AND ".join(
                f"{quote(key.table)}.{quote(column)} = {quote(key.to_table)}.{quote(to_column)}"
                for column, to_column in zip(key.columns, key.to_columns, strict=True)
            )
            text += f" JOIN {quote(table.name)} ON {pairs}"
        return text
