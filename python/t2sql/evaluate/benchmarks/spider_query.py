"""A statement as Spider's script understands it: a set of clauses, columns by the names of their tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from t2sql.schema import Schema

ALL_COLUMNS = "*"
"""What stands for the column in COUNT(*)."""


class UnreadableError(ValueError):
    """Spider's script cannot parse the statement."""


@dataclass(frozen=True)
class ColumnUnit:
    """A column, maybe under an aggregate.

    Attributes:
        aggregate: max, min, count, sum, avg or none.
        column: `table.column` in lower case, or `ALL_COLUMNS`.
        distinct: Whether DISTINCT stands before it; None where that does not count.
    """

    aggregate: str
    column: str
    distinct: bool | None


@dataclass(frozen=True)
class ValueUnit:
    """A column, or two with an operator between them.

    Attributes:
        operator: none, +, -, * or /.
        first: The left column.
        second: The right one; None without an operator.
    """

    operator: str
    first: ColumnUnit
    second: ColumnUnit | None


Value: TypeAlias = "float | str | ColumnUnit | Query | None"
"""The right side of a comparison; None where values do not count."""


@dataclass(frozen=True)
class Condition:
    """A comparison.

    Attributes:
        negated: Whether NOT stands before the operator.
        operator: The operator in lower case.
        unit: The left side.
        value: The right side.
        upper: What follows BETWEEN's AND.
    """

    negated: bool
    operator: str
    unit: ValueUnit
    value: Value
    upper: Value


Conditions: TypeAlias = tuple[Condition | str, ...]
"""Comparisons, with "and" or "or" between any two."""


@dataclass(frozen=True)
class Order:
    """ORDER BY.

    Attributes:
        direction: asc or desc, the last one that is written, for all units.
        units: What is ordered by.
    """

    direction: str
    units: tuple[ValueUnit, ...]


@dataclass(frozen=True)
class Query:
    """A SELECT.

    Attributes:
        distinct: Whether DISTINCT follows SELECT; None where that does not count.
        select: Aggregate and unit of each result column.
        tables: Names of tables in lower case, and subqueries.
        joins: The conditions after ON.
        where: The conditions after WHERE.
        group: The columns after GROUP BY.
        having: The conditions after HAVING.
        order: ORDER BY; None without.
        limit: Whether there is a LIMIT. Its number does not count.
        intersect: The query after INTERSECT.
        except_: The query after EXCEPT.
        union: The query after UNION.
    """

    distinct: bool | None
    select: tuple[tuple[str, ValueUnit], ...]
    tables: tuple[str | Query, ...]
    joins: Conditions = ()
    where: Conditions = ()
    group: tuple[ColumnUnit, ...] = ()
    having: Conditions = ()
    order: Order | None = None
    limit: bool = False
    intersect: Query | None = None
    except_: Query | None = None
    union: Query | None = None

    @property
    def comparisons(self) -> list[Condition]:
        """All comparisons after ON, WHERE and HAVING."""
        return [*comparisons(self.joins), *comparisons(self.where), *comparisons(self.having)]

    @property
    def connectives(self) -> list[str]:
        """What stands between comparisons, after ON, WHERE and HAVING."""
        return [*connectives(self.joins), *connectives(self.where), *connectives(self.having)]


def comparisons(conditions: Conditions) -> list[Condition]:
    """The comparisons of some conditions."""
    return [part for part in conditions if isinstance(part, Condition)]


def connectives(conditions: Conditions) -> list[str]:
    """What stands between the comparisons."""
    return [part for part in conditions if isinstance(part, str)]


def columns_by_table(schema: Schema) -> dict[str, tuple[str, ...]]:
    """The columns of each table, in lower case, as the parser needs them."""
    return {table.name.lower(): tuple(name.lower() for name in table.column_names) for table in schema.tables}
