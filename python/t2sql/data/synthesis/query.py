"""Queries as values: what is selected from which tables, grouping and order; and their SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from t2sql.data.synthesis.conditions import NO_CONDITION, NoRelatedRows, Where
from t2sql.data.synthesis.profiles import ColumnProfile
from t2sql.data.synthesis.scopes import Scope


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
        both: Conditions of a second query, of the same items, that INTERSECT joins to the first.
        group: The columns that rows are grouped by.
        having: The condition on groups.
        order: The order of the result.
        distinct: Whether equal rows are returned once.
    """

    kind: str
    shape: str
    scope: Scope
    select: tuple[SelectItem, ...] = ()
    where: Where = NO_CONDITION
    both: Where | None = None
    group: tuple[ColumnProfile, ...] = ()
    having: GroupCondition | None = None
    order: OrderBy | None = None
    distinct: bool = False

    @property
    def aggregates(self) -> tuple[Aggregate, ...]:
        """The aggregates that are selected."""
        return tuple(part for part in self.select if isinstance(part, Aggregate))

    @property
    def aggregate(self) -> Aggregate | None:
        """The first aggregate that is selected."""
        return next(iter(self.aggregates), None)

    @property
    def columns(self) -> tuple[ColumnProfile, ...]:
        """The columns that are selected."""
        return tuple(part for part in self.select if isinstance(part, ColumnProfile))

    @property
    def used_columns(self) -> tuple[ColumnProfile, ...]:
        """Every column of the joined tables that the statement uses, apart from the keys that join them."""
        parts = [*self.select, *self.group, self.order.by if self.order else None]
        parts += [part.column for part in self.where.conditions if not isinstance(part, NoRelatedRows)]
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
        inner = [
            table.name
            for part in self.where.conditions
            if isinstance(part, NoRelatedRows)
            for table in part.scope.tables
        ]
        return (*(table.name for table in self.scope.tables), *inner)

    def sql(self) -> str:
        """Return the statement."""
        what = ", ".join(self._selected(part) for part in self.select) or "*"
        text = f"SELECT {'DISTINCT ' if self.distinct else ''}{what} FROM {self.scope.sql()}"
        first = text + self.where.sql(self.scope)
        if self.both is not None:
            return f"{first} INTERSECT {text}{self.both.sql(self.scope)}"
        text = first
        if self.group:
            text += f" GROUP BY {', '.join(map(self.scope.name, self.group))}"
        if self.having:
            having = self.having
            text += f" HAVING {having.aggregate.sql(self.scope)} {having.op} {having.number}"
        if self.order:
            text += f" ORDER BY {self._selected(self.order.by)}{' DESC' if self.order.descending else ''}"
            text += f" LIMIT {self.order.limit}" if self.order.limit else ""
        return text

    def _selected(self, part: SelectItem) -> str:
        return self.scope.name(part) if isinstance(part, ColumnProfile) else part.sql(self.scope)
