"""Parts of queries, drawn over a scope: conditions, columns and aggregates."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from t2sql.data.rng import NoSample, Rng
from t2sql.data.synthesis.condition_sampler import ColumnValues, ConditionSampler, read_values
from t2sql.data.synthesis.conditions import Comparison, Connective, Where
from t2sql.data.synthesis.profiles import TEMPORAL_ROLES, ColumnProfile, TableProfile
from t2sql.data.synthesis.query import Aggregate, OrderBy
from t2sql.data.synthesis.recipe import Recipe
from t2sql.data.synthesis.scopes import Scope

_ROWS_READ = 400
"""Rows of each scope from which conditions are drawn: enough that values vary, few enough to be quick."""

_FUNCTIONS = ("AVG", "AVG", "AVG", "MAX", "MAX", "MIN", "SUM")
_LIMITS = (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 5)
_SEVERAL = (
    ("AVG", "MIN", "MAX"),
    ("MIN", "MAX"),
    ("MAX", "MIN"),
    ("AVG", "MAX"),
    ("MAX", "AVG"),
    ("MIN", "AVG"),
)


class QueryParts:
    """Draws parts of queries."""

    def __init__(self, rng: Rng, recipe: Recipe, connection: sqlite3.Connection) -> None:
        """Prepare to draw.

        Args:
            rng: The source of random choices.
            recipe: The weights of conditions.
            connection: The copy of the database.
        """
        self.rng = rng
        self._recipe = recipe
        self._connection = connection
        self._values: dict[Scope, ColumnValues] = {}

    def comparisons(
        self,
        scope: Scope,
        n: int,
        *besides: ColumnProfile | None,
        connective: Connective = "AND",
        on: TableProfile | None = None,
    ) -> tuple[Comparison, ...]:
        """Draw comparisons that one row meets.

        Args:
            scope: The tables.
            n: How many.
            besides: Columns that are not compared.
            connective: How they will be connected.
            on: The table that the first of them is on.

        Raises:
            NoSample: This attempt came to nothing.
        """
        if scope not in self._values:
            self._values[scope] = read_values(self._connection, scope, _ROWS_READ)
        sampler = ConditionSampler(self.rng, self._recipe, self._values[scope])
        name = None if on is None else on.name

        def first(column: ColumnProfile) -> bool:
            return column not in besides and (name is None or column.table == name)

        def free(column: ColumnProfile) -> bool:
            return column not in besides

        choices: list[Callable[[ColumnProfile], bool]] = [first, *([free] * (n - 1))]
        found = sampler.sample(choices)
        if connective != "AND" and any(comparison.op == "IN" for comparison in found):
            # "a or b or c" would not show what belongs together.
            raise NoSample
        return found

    def maybe(self, scope: Scope, counts: tuple[int, ...], *besides: ColumnProfile | None) -> Where:
        """Draw as many conditions as one of `counts`; in a join, the first is on the table joined last.

        None is on a column of the first table that tells its rows apart: one row is not counted.
        """
        n = self.rng.choice(counts)
        on = scope.tables[-1] if scope.joins else None
        names = (column for column in scope.base.columns if column.role in ("name", "key"))
        return Where(self.comparisons(scope, n, *besides, *names, on=on)) if n else Where()

    def columns(
        self, table: TableProfile, fixed: tuple[ColumnProfile, ...] = ()
    ) -> tuple[ColumnProfile, ...]:
        """Draw one to four columns of a table, its label most often, and none of `fixed`.

        Raises:
            NoSample: It has no such column.
        """
        columns = [column for column in table.columns if column.selectable and column not in fixed]
        keys = {name for key in table.foreign_keys for name in key.columns}
        columns = [c for c in columns if c.role != "key" or self.rng.chance(0.05 if c.name in keys else 0.2)]
        if not columns:
            raise NoSample
        label = table.label
        n = min(self.rng.choice((1, 1, 1, 1, 1, 1, 2, 2, 2, 3)), len(columns))
        if label in columns and self.rng.chance(0.72):
            others = self.rng.sample([column for column in columns if column != label], n - 1)
            return (label, *others) if self.rng.chance(0.85) else tuple(self.rng.shuffled([label, *others]))
        return tuple(self.rng.sample(columns, n))

    def measure(self, table: TableProfile, *besides: ColumnProfile) -> Aggregate:
        """Draw an aggregate of a column.

        Raises:
            NoSample: The table has no column for it.
        """
        function = self.rng.choice(_FUNCTIONS)
        roles = ("number",) if function in ("AVG", "SUM") else ("number", "number", *TEMPORAL_ROLES)
        return Aggregate(function, self.one(table, *roles, besides=besides))

    def measures(self, table: TableProfile) -> tuple[Aggregate, ...]:
        """Draw one aggregate, or several of one column.

        Raises:
            NoSample: The table has no column for it.
        """
        if not self.rng.chance(0.3):
            return (self.measure(table),)
        column = self.one(table, "number")
        if self.rng.chance(0.2):
            other = self.one(table, "number", besides=(column,))
            function = self.rng.choice(("AVG", "MAX", "MIN"))
            return (Aggregate(function, column), Aggregate(function, other))
        return tuple(Aggregate(function, column) for function in self.rng.choice(_SEVERAL))

    def one(self, table: TableProfile, *roles: str, besides: tuple[ColumnProfile, ...] = ()) -> ColumnProfile:
        """Draw a column of one of the roles; a role that is given twice is drawn twice as often.

        Raises:
            NoSample: The table has none.
        """
        columns = [
            column
            for role in roles
            for column in table.columns
            if column.role == role and column not in besides
        ]
        if not columns:
            raise NoSample
        return self.rng.choice(columns)

    def order(self, table: TableProfile) -> OrderBy:
        """Draw an order by a column, most often with a limit.

        Raises:
            NoSample: The table has no column for it.
        """
        limit = self.rng.choice(_LIMITS) if self.rng.chance(0.72) else None
        texts = ("name",) if limit is None else ()
        column = self.one(table, "number", "number", *texts, *TEMPORAL_ROLES)
        descending = self.rng.chance(0.6) if column.role != "name" else self.rng.chance(0.2)
        return OrderBy(column, descending, limit)
