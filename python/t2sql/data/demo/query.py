"""The demo's queries as values, and the SQL that each is written as."""

from __future__ import annotations

from dataclasses import dataclass

from t2sql.data.demo.databases import DemoRow, Value
from t2sql.data.demo.domains import DemoColumn, DemoTable
from t2sql.sql import literal, quote


@dataclass(frozen=True)
class DemoCondition:
    """A comparison of a column with a value.

    Attributes:
        column: The column.
        op: One of =, >, >=, < and <=.
        value: The value.
    """

    column: DemoColumn
    op: str
    value: Value

    def holds(self, row: DemoRow) -> bool:
        """Tell whether a row meets the condition."""
        left, right = row[self.column.name], self.value
        if self.op == "=":
            return left == right
        # Only columns of numbers are compared by size.
        assert not isinstance(left, str) and not isinstance(right, str)
        if self.op == ">":
            return left > right
        if self.op == "<":
            return left < right
        return left >= right if self.op == ">=" else left <= right


@dataclass(frozen=True)
class DemoOrder:
    """ORDER BY with LIMIT.

    Attributes:
        column: The column that the rows are sorted by.
        descending: Whether the highest value comes first.
        limit: The number of rows.
    """

    column: DemoColumn
    descending: bool
    limit: int


@dataclass(frozen=True)
class DemoQuery:
    """A query over one table, perhaps with a condition on its parent.

    Attributes:
        kind: One of the keys of `KIND_WEIGHTS`.
        table: The table that is asked about.
        select: The columns that are asked for; all of them if empty.
        conditions: All of them hold. They are on `table`, or on its parent if `linked`.
        aggregate: COUNT, AVG, MAX, MIN or SUM.
        order: How the rows are sorted and cut off.
        linked: Whether the conditions are on the parent.
    """

    kind: str
    table: DemoTable
    select: tuple[DemoColumn, ...] = ()
    conditions: tuple[DemoCondition, ...] = ()
    aggregate: str | None = None
    order: DemoOrder | None = None
    linked: bool = False

    @property
    def tags(self) -> tuple[str, ...]:
        """What the query does, for the example's tags."""
        tags = [f"kind:{self.kind}", f"conditions:{len(self.conditions)}"]
        tags += [f"aggregate:{self.aggregate}"] if self.aggregate else []
        tags += ["order"] if self.order else []
        tags += ["subquery"] if self.linked else []
        hard = len(self.conditions) > 1 or self.aggregate or self.order
        return (*tags, "hard") if hard else tuple(tags)

    def sql(self) -> str:
        """Return the one way in which the demo writes this query."""
        columns = ", ".join(quote(column.name) for column in self.select) or "*"
        if self.kind == "distinct":
            columns = f"DISTINCT {columns}"
        elif self.aggregate == "COUNT":
            columns = f"COUNT(DISTINCT {columns})" if self.select else "COUNT(*)"
        elif self.aggregate:
            columns = f"{self.aggregate}({columns})"
        text = f"SELECT {columns} FROM {quote(self.table.name)}"
        where = " AND ".join(f"{quote(c.column.name)} {c.op} {literal(c.value)}" for c in self.conditions)
        if self.linked:
            parent, via = self.table.parent, self.table.via
            assert parent is not None and via is not None
            keys = f"SELECT {quote(parent.label.name)} FROM {quote(parent.name)} WHERE {where}"
            where = f"{quote(via.name)} IN ({keys})"
        if where:
            text += f" WHERE {where}"
        if self.order:
            text += f" ORDER BY {quote(self.order.column.name)}{' DESC' if self.order.descending else ''}"
            text += f" LIMIT {self.order.limit}"
        return text

    def joined_sql(self) -> str:
        """Return the query with the parent joined, where it has conditions on it.

        It returns the same rows, as no two rows of the parent have the same label. Training has this form, as
        people do; valid and test keep the other.
        """
        if not self.linked:
            return self.sql()
        parent, via = self.table.parent, self.table.via
        assert parent is not None and via is not None
        child = quote(self.table.name)
        columns = ", ".join(f"{child}.{quote(column.name)}" for column in self.select) or f"{child}.*"
        on = f"{child}.{quote(via.name)} = {quote(parent.name)}.{quote(parent.label.name)}"
        where = " AND ".join(
            f"{quote(parent.name)}.{quote(c.column.name)} {c.op} {literal(c.value)}" for c in self.conditions
        )
        return f"SELECT {columns} FROM {child} JOIN {quote(parent.name)} ON {on} WHERE {where}"
