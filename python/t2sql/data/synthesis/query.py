"""Queries as values: joined tables, columns, conditions, grouping and order; and their SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from t2sql.data.synthesis.profiles import ColumnProfile, TableProfile
from t2sql.data.synthesis.values import Value
from t2sql.databases import ForeignKeyConstraint
from t2sql.sql import literal, quote

Connective: TypeAlias = Literal["AND", "OR", "AND (OR)", "(OR) AND"]
"""How the conditions of a WHERE clause are connected."""


@dataclass(frozen=True)
class Scope:
    """The tables that a query reads.

    Attributes:
        tables: The first is what a row of the result stands for; the others are joined to it.
        joins: The foreign key along which each further table is joined.
    """

    tables: tuple[TableProfile, ...]
    joins: tuple[ForeignKeyConstraint, ...] = ()

    @property
    def base(self) -> TableProfile:
        """The table that a row of the result stands for."""
        return self.tables[0]

    @property
    def columns(self) -> tuple[ColumnProfile, ...]:
        """The columns of all tables."""
        return tuple(column for table in self.tables for column in table.columns)

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
class RelatedRows:
    """A condition on the rows of another table that refer to a row.

    Attributes:
        key: The foreign key by which they refer to it.
        child: The other table.
        comparison: What has to hold for such a row, if anything.
        negated: Whether there must be no such row.
    """

    key: ForeignKeyConstraint
    child: TableProfile
    comparison: Comparison | None = None
    negated: bool = False

    def sql(self, scope: Scope) -> str:
        """Return the SQL text, for a query over `scope`."""
        inner = Scope((self.child,))
        key, target = quote(self.key.columns[0]), quote(self.key.to_columns[0])
        if self.negated:
            # With a NULL among the keys, NOT IN holds for no row at all.
            return f"{target} NOT IN (SELECT {key} FROM {inner.sql()} WHERE {key} IS NOT NULL)"
        where = f" WHERE {self.comparison.sql(inner)}" if self.comparison else ""
        return f"{target} IN (SELECT {key} FROM {inner.sql()}{where})"


Condition: TypeAlias = Comparison | AverageComparison | RelatedRows
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


@dataclass(frozen=True)
class Aggregate:
    """An aggregate function.

    Attributes:
        function: COUNT, SUM, AVG, MIN or MAX.
        column: Its argument; None for COUNT(*).
        distinct: Whether different values are counted.
    """

    function: str
    column: ColumnProfile | None = None
    distinct: bool = False

    def sql(self, scope: Scope) -> str:
        """Return the SQL text, for a query over `scope`."""
        if self.column is None:
            return f"{self.function}(*)"
        return f"{self.function}({'DISTINCT ' if self.distinct else ''}{scope.name(self.column)})"


SelectItem: TypeAlias = ColumnProfile | Aggregate
"""What a query may select or sort by."""


@dataclass(frozen=True)
class OrderBy:
    """ORDER BY, perhaps with LIMIT.

    Attributes:
        by: What the rows are sorted by.
        descending: Whether the highest comes first.
        limit: The number of rows; None for all.
    """

    by: SelectItem
    descending: bool
    limit: int | None = None


@dataclass(frozen=True)
class GroupCondition:
    """HAVING: a comparison of an aggregate with a number.

    Attributes:
        aggregate: The aggregate of each group.
        op: The operator.
        number: The number.
    """

    aggregate: Aggregate
    op: str
    number: int


@dataclass(frozen=True)
class Query:
    """A SELECT statement.

    Attributes:
        kind: A kind of the recipe, a key of its table [shares].
        shape: Which of the shapes of its kind it has; it decides which templates fit.
        scope: The tables.
        select: What is selected; all columns if empty.
        where: The conditions.
        group: The column that rows are grouped by.
        having: The condition on groups.
        order: The order of the result.
        distinct: Whether equal rows are returned once.
    """

    kind: str
    shape: str
    scope: Scope
    select: tuple[SelectItem, ...] = ()
    where: Where = Where()
    group: ColumnProfile | None = None
    having: GroupCondition | None = None
    order: OrderBy | None = None
    distinct: bool = False

    @property
    def aggregate(self) -> Aggregate | None:
        """The first aggregate that is selected."""
        return next((part for part in self.select if isinstance(part, Aggregate)), None)

    @property
    def columns(self) -> tuple[ColumnProfile, ...]:
        """The columns that are selected."""
        return tuple(part for part in self.select if isinstance(part, ColumnProfile))

    @property
    def used_columns(self) -> tuple[ColumnProfile, ...]:
        """Every column of the joined tables that the statement uses, apart from the keys that join them."""
        parts = [*self.select, self.group, self.order.by if self.order else None]
        parts += [part.column for part in self.where.conditions if not isinstance(part, RelatedRows)]
        columns = [part.column if isinstance(part, Aggregate) else part for part in parts]
        return tuple(column for column in columns if column is not None)

    @property
    def tags(self) -> tuple[str, ...]:
        """What the query does, for the example's tags."""
        out = [f"kind:{self.kind}", f"conditions:{len(self.where.conditions)}"]
        out += [f"tables:{len(self.scope.tables)}"]
        out += [f"aggregate:{self.aggregate.function}"] if self.aggregate else []
        out += ["group"] if self.group else []
        out += ["order"] if self.order else []
        return tuple(out)

    @property
    def tables(self) -> tuple[str, ...]:
        """Every table that the statement names."""
        inner = [part.child.name for part in self.where.conditions if isinstance(part, RelatedRows)]
        return (*(table.name for table in self.scope.tables), *inner)

    def sql(self) -> str:
        """Return the statement."""
        what = ", ".join(self._selected(part) for part in self.select) or "*"
        text = f"SELECT {'DISTINCT ' if self.distinct else ''}{what} FROM {self.scope.sql()}"
        text += self.where.sql(self.scope)
        if self.group:
            text += f" GROUP BY {self.scope.name(self.group)}"
        if self.having:
            having = self.having
            text += f" HAVING {having.aggregate.sql(self.scope)} {having.op} {having.number}"
        if self.order:
            text += f" ORDER BY {self._selected(self.order.by)}{' DESC' if self.order.descending else ''}"
            text += f" LIMIT {self.order.limit}" if self.order.limit else ""
        return text

    def _selected(self, part: SelectItem) -> str:
        return self.scope.name(part) if isinstance(part, ColumnProfile) else part.sql(self.scope)
