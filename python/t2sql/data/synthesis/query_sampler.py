"""Queries of each kind of the recipe, drawn over the tables and the keys between them."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import replace

from t2sql.data.rng import NoSample, Rng
from t2sql.data.synthesis.condition_sampler import ColumnValues, ConditionSampler, read_values
from t2sql.data.synthesis.profiles import TEMPORAL_ROLES, ColumnProfile, TableProfile
from t2sql.data.synthesis.query import (
    Aggregate,
    AverageComparison,
    Comparison,
    Connective,
    GroupCondition,
    OrderBy,
    Query,
    RelatedRows,
    Scope,
    Where,
)
from t2sql.data.synthesis.recipe import Recipe

_ROWS_READ = 400
"""Rows of each scope from which conditions are drawn: enough that values vary, few enough to be quick."""

_MOST_PATHS = 5000
"""The most paths of two foreign keys; a schema of hundreds of tables has millions."""

_FUNCTIONS = ("AVG", "MAX", "MIN", "SUM", "AVG", "MAX")
_LIMITS: tuple[int, ...] = (1, 1, 1, 2, 3, 3, 5, 5, 10)
_CONNECTIVES: tuple[Connective, ...] = ("AND", "AND", "AND", "OR")
_JOINED_SHAPES: dict[str, float] = {
    "filter": 45,
    "filters": 15,
    "count": 10,
    "aggregate": 12,
    "group": 12,
    "order": 6,
}
"""The weights of the shapes that a query over several tables may have."""


class QuerySampler:
    """Draws queries. Every table, and every path along foreign keys, is used about equally often."""

    def __init__(
        self, rng: Rng, recipe: Recipe, tables: list[TableProfile], connection: sqlite3.Connection
    ) -> None:
        """Prepare to draw.

        Args:
            rng: The source of random choices.
            recipe: The weights of conditions.
            tables: The tables that may be asked about.
            connection: The copy of the database.
        """
        self._rng = rng
        self._recipe = recipe
        self._connection = connection
        by_name = {table.name: table for table in tables}
        self._keys = [
            key
            for table in tables
            for key in table.foreign_keys
            if key.to_table in by_name and key.to_table != key.table
        ]
        self._by_name = by_name
        self._scopes = {
            "one": [Scope((table,)) for table in tables],
            "join": [Scope((by_name[key.table], by_name[key.to_table]), (key,)) for key in self._keys],
            "join2": self._two_steps(),
        }
        self._uses: Counter[Scope] = Counter()
        self._values: dict[Scope, ColumnValues] = {}

    def sample(self, kind: str) -> Query | None:
        """Draw a query; None if this attempt came to nothing.

        Args:
            kind: A kind of the recipe, a key of its table [shares].
        """
        scopes = self._scopes.get(kind, self._scopes["one"])
        if not scopes:
            return None
        some = [self._rng.choice(scopes) for _ in range(3)]
        scope = min(some, key=lambda scope: self._uses[scope])
        self._uses[scope] += 1
        try:
            return self._use_every_table(self._draw(kind, scope))
        except NoSample:
            return None

    def _two_steps(self) -> list[Scope]:
        """Return scopes of three tables whose result still has one row for each row of the first."""
        scopes = []
        for first in self._keys:
            for second in self._keys:
                chain = second.table == first.to_table and second.to_table != first.table
                fork = second.table == first.table and second.to_table != first.to_table
                if chain or (fork and (first.columns, first.to_table) < (second.columns, second.to_table)):
                    names = (first.table, first.to_table, second.to_table)
                    scopes.append(Scope(tuple(self._by_name[name] for name in names), (first, second)))
                if len(scopes) == _MOST_PATHS:
                    return scopes
        return scopes

    def _conditions(self, scope: Scope) -> ConditionSampler:
        if scope not in self._values:
            self._values[scope] = read_values(self._connection, scope, _ROWS_READ)
        return ConditionSampler(self._rng, self._recipe, self._values[scope])

    def _draw(self, kind: str, scope: Scope) -> Query:
        shape = self._rng.weighted_choice(_JOINED_SHAPES) if scope.joins else kind
        if shape == "select":
            return Query(kind, shape, scope, self._columns(scope, ()))
        if shape == "filter":
            return self._filtered(kind, scope, Where(self._comparisons(scope, 1)))
        if shape == "filters":
            n = self._rng.choice((2, 2, 2, 3))
            connective = self._rng.choice(_CONNECTIVES)
            return self._filtered(
                kind, scope, Where(self._comparisons(scope, n, connective=connective), connective)
            )
        if shape == "nested":
            return self._nested(kind, scope)
        if shape == "distinct":
            column = self._one(scope, "category", "year")
            where = self._maybe(scope, (0, 0, 1), column)
            return Query(kind, shape, scope, (column,), where, distinct=True)
        if shape == "count":
            return self._count(kind, scope)
        if shape == "aggregate":
            aggregate = self._measure(scope)
            where = self._maybe(scope, (1,) if scope.joins else (0, 1, 1, 2), aggregate.column)
            return Query(kind, shape, scope, (aggregate,), where)
        return self._group(kind, scope) if shape == "group" else self._order(kind, scope)

    def _use_every_table(self, query: Query) -> Query:
        """Select from each joined table that the query does not use yet, except one on the way to another."""
        on_the_way = {key.table for key in query.scope.joins}
        used = {column.table for column in query.used_columns}
        for item in query.scope.tables[1:]:
            if item.name in used | on_the_way:
                continue
            if query.shape not in ("filter", "order", "top", "top_one") or not item.label.selectable:
                raise NoSample
            query = replace(query, select=(*query.select, item.label))
        return query

    def _filtered(self, kind: str, scope: Scope, where: Where) -> Query:
        fixed = [
            part.column for part in where.conditions if not isinstance(part, RelatedRows) and part.op == "="
        ]
        if not scope.joins and self._rng.chance(0.06):
            return Query(kind, "all", scope, (), where)
        return Query(kind, "filter", scope, self._columns(scope, tuple(fixed)), where)

    def _nested(self, kind: str, scope: Scope) -> Query:
        way = self._rng.choice(("and_or", "or_and", "average", "having", "having"))
        if way in ("and_or", "or_and"):
            connective: Connective = "AND (OR)" if way == "and_or" else "(OR) AND"
            return self._filtered(
                kind, scope, Where(self._comparisons(scope, 3, connective=connective), connective)
            )
        if way == "average":
            column = self._one(scope, "number")
            part = AverageComparison(column, self._rng.choice((">", ">", "<")))
            more = self._comparisons(scope, 1, column) if self._rng.chance(0.3) else ()
            return self._filtered(kind, scope, Where((part, *more)))
        keys = [key for key in self._keys if key.to_table == scope.base.name and len(key.columns) == 1]
        if not keys:
            raise NoSample
        key = self._rng.choice(keys)
        child = self._by_name[key.table]
        negated = self._rng.chance(0.35)
        comparison = None
        if not negated and self._rng.chance(0.6):
            comparison = self._comparisons(Scope((child,)), 1)[0]
        return self._filtered(kind, scope, Where((RelatedRows(key, child, comparison, negated),)))

    def _count(self, kind: str, scope: Scope) -> Query:
        if self._rng.chance(0.2):
            column = self._one(scope, "category", "name", "year")
            where = self._maybe(scope, (1,) if scope.joins else (0, 1), column)
            return Query(kind, "count_different", scope, (Aggregate("COUNT", column, True),), where)
        where = self._maybe(scope, (1, 1, 2) if scope.joins else (0, 1, 1, 1, 2))
        return Query(kind, "count", scope, (Aggregate("COUNT"),), where)

    def _group(self, kind: str, scope: Scope) -> Query:
        if scope.joins:
            # Rows counted for each of what they belong to: the label of a table that is joined.
            group = self._rng.choice([item.label for item in scope.tables[1:]])
            if group.role not in ("name", "category"):
                raise NoSample
        else:
            group = self._one(scope, "category", "category", "year")
        own = Scope((scope.base,))
        aggregate = Aggregate("COUNT") if self._rng.chance(0.5) else self._measure(own)
        keys = (column for column in scope.base.columns if column.role == "key")
        where = self._maybe(own, (0, 0, 0, 1), group, aggregate.column, *keys)
        ways = ("each", "each", "each", "having", "top", "sorted")
        # "The highest of the highest prices" is not asked for.
        way = self._rng.choice(ways if aggregate.function in ("COUNT", "AVG", "SUM") else ways[:4])
        if way == "having":
            limit = self._rng.choice((1, 2, 2, 3, 5, 10))
            op = self._rng.choice((">", ">", ">=", "<"))
            if limit == 1 and op != ">":
                # Every group has at least one row.
                raise NoSample
            having = GroupCondition(Aggregate("COUNT"), op, limit)
            return Query(kind, "group_having", scope, (group,), where, group, having)
        if way == "top":
            order = OrderBy(aggregate, self._rng.chance(0.75), self._rng.choice((1, 1, 1, 2, 3)))
            return Query(kind, "group_top", scope, (group,), where, group, order=order)
        by = OrderBy(aggregate, self._rng.chance(0.7)) if way == "sorted" else None
        return Query(kind, f"group_{way}", scope, (group, aggregate), where, group, order=by)

    def _order(self, kind: str, scope: Scope) -> Query:
        column = self._one(scope, "number", "number", *TEMPORAL_ROLES)
        where = self._maybe(scope, (0, 0, 1), column)
        select = self._columns(scope, (column,))
        limit = self._rng.choice(_LIMITS) if self._rng.chance(0.75) else None
        shape = "order" if limit is None else "top_one" if limit == 1 else "top"
        return Query(kind, shape, scope, select, where, order=OrderBy(column, self._rng.chance(0.6), limit))

    def _comparisons(
        self, scope: Scope, n: int, *besides: ColumnProfile | None, connective: Connective = "AND"
    ) -> tuple[Comparison, ...]:
        """Draw n comparisons; in a join, at least one of them is on the table that is joined last."""
        conditions = self._conditions(scope)
        comparisons = conditions.sample(n, lambda column: column not in besides)
        joined = {item.name for item in scope.tables[-1:]}
        if scope.joins and not any(comparison.column.table in joined for comparison in comparisons):
            raise NoSample
        if connective != "AND" and any(comparison.op == "IN" for comparison in comparisons):
            # "a or b or c" would not show what belongs together.
            raise NoSample
        return comparisons

    def _maybe(self, scope: Scope, counts: tuple[int, ...], *besides: ColumnProfile | None) -> Where:
        n = self._rng.choice(counts)
        return Where(self._comparisons(scope, n, *besides)) if n else Where()

    def _columns(self, scope: Scope, fixed: tuple[ColumnProfile, ...]) -> tuple[ColumnProfile, ...]:
        """Draw one to four columns, the label more often than others, and at least one of the first table."""
        base = [column for column in scope.base.columns if column.selectable and column not in fixed]
        base = [column for column in base if column.role != "key" or self._rng.chance(0.25)]
        if not base:
            raise NoSample
        n = min(self._rng.choice((1, 1, 1, 2, 2, 3, 4)), len(base))
        label = scope.base.label
        if label in base and self._rng.chance(0.45):
            others = [column for column in base if column != label]
            return (label, *self._rng.sample(others, n - 1))
        chosen = self._rng.sample(base, n)
        for item in scope.tables[1:]:
            if self._rng.chance(0.2) and item.label not in fixed and item.label.selectable:
                chosen.append(item.label)
        return tuple(chosen)

    def _measure(self, scope: Scope) -> Aggregate:
        function = self._rng.choice(_FUNCTIONS)
        roles = ("number",) if function in ("AVG", "SUM") else ("number", *TEMPORAL_ROLES)
        return Aggregate(function, self._one(scope, *roles))

    def _one(self, scope: Scope, *roles: str) -> ColumnProfile:
        """Draw a column of one of the roles; a role that is given twice is drawn twice as often."""
        columns = [column for role in roles for column in scope.base.columns if column.role == role]
        if not columns:
            raise NoSample
        return self._rng.choice(columns)
