"""Conditions of a WHERE clause as values, and their SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from t2sql.data.synthesis.profiles import ColumnProfile
from t2sql.data.synthesis.scopes import Scope
from t2sql.data.synthesis.values import Value
from t2sql.databases import ForeignKeyConstraint
from t2sql.sql import literal, quote

Connective: TypeAlias = Literal["AND", "OR", "AND (OR)", "(OR) AND"]
"""How the conditions of a WHERE clause are connected."""


@dataclass(frozen=True)
class Comparison:
    """A comparison of a column with values.

    Attributes:
        column: The column.
        op: One of =, <>, >, >=, <, <=, BETWEEN, IN, LIKE, IS NULL and IS NOT NULL.
        values: The operands. That of LIKE is a pattern with "%" at its beginning, its end or both.
    """

    column: ColumnProfile
    op: str
    values: tuple[Value, ...] = ()

    def sql(self, scope: Scope) -> str:
        """Return the SQL text, for a query over `scope`."""
        name = scope.name(self.column)
        if self.op == "BETWEEN":
            return f"{name} BETWEEN {literal(self.values[0])} AND {literal(self.values[1])}"
        if self.op == "IN":
            return f"{name} IN ({', '.join(literal(value) for value in self.values)})"
        return " ".join([name, self.op, *(literal(value) for value in self.values)])


@dataclass(frozen=True)
class AverageComparison:
    """A comparison of a column with its average over the table.

    Attributes:
        column: The column.
        op: > or <.
    """

    column: ColumnProfile
    op: str

    def sql(self, scope: Scope) -> str:
        """Return the SQL text, for a query over `scope`."""
        name = quote(self.column.name)
        return f"{scope.name(self.column)} {self.op} (SELECT AVG({name}) FROM {quote(self.column.table)})"


@dataclass(frozen=True)
class RowComparison:
    """A comparison of a column with its value in the row of a certain label.

    Attributes:
        column: The column.
        op: > or <.
        label: The column by which the other row is known.
        value: Its value there.
    """

    column: ColumnProfile
    op: str
    label: ColumnProfile
    value: str

    def sql(self, scope: Scope) -> str:
        """Return the SQL text, for a query over `scope`."""
        where = f"{quote(self.label.name)} = {literal(self.value)}"
        other = f"SELECT {quote(self.column.name)} FROM {quote(self.column.table)} WHERE {where}"
        return f"{scope.name(self.column)} {self.op} ({other})"


@dataclass(frozen=True)
class NoRelatedRows:
    """The condition that no row of another table, of some kind, refers to a row.

    Attributes:
        key: The foreign key by which they would refer to it.
        scope: The other table, perhaps with tables that are joined to it.
        where: What such a row would meet.
        nullable: Whether the key may be NULL.
    """

    key: ForeignKeyConstraint
    scope: Scope
    where: Where
    nullable: bool = False

    def sql(self, scope: Scope) -> str:
        """Return the SQL text, for a query over `scope`."""
        target = quote(self.key.to_columns[0])
        if scope.joins:
            target = f"{quote(self.key.to_table)}.{target}"
        key = quote(self.key.columns[0])
        if self.scope.joins:
            key = f"{quote(self.key.table)}.{key}"
        where = self.where.sql(self.scope)
        if self.nullable:
            # With a NULL among the keys, NOT IN holds for no row at all.
            where += f"{' AND' if where else ' WHERE'} {key} IS NOT NULL"
        return f"{target} NOT IN (SELECT {key} FROM {self.scope.sql()}{where})"


Condition: TypeAlias = Comparison | AverageComparison | RowComparison | NoRelatedRows
"""A part of a WHERE clause."""


@dataclass(frozen=True)
class Where:
    """A WHERE clause.

    Attributes:
        conditions: The conditions; without any there is no clause.
        connective: How they are connected. "AND (OR)" means the first and one of the others, "(OR) AND" means
            the last and one of the others.
    """

    conditions: tuple[Condition, ...] = ()
    connective: Connective = "AND"

    def sql(self, scope: Scope) -> str:
        """Return the SQL text, for a query over `scope`."""
        if not self.conditions:
            return ""
        texts = [condition.sql(scope) for condition in self.conditions]
        if self.connective == "AND (OR)":
            return f" WHERE {texts[0]} AND ({' OR '.join(texts[1:])})"
        if self.connective == "(OR) AND":
            return f" WHERE ({' OR '.join(texts[:-1])}) AND {texts[-1]}"
        return " WHERE " + f" {self.connective} ".join(texts)


NO_CONDITION = Where()
"""No clause at all."""
