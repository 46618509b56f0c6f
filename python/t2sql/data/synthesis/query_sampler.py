"""Queries of each kind of the recipe, drawn over the tables and the keys between them."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import replace

from t2sql.data.rng import NoSample, Rng
from t2sql.data.synthesis.conditions import (
    AverageComparison,
    Comparison,
    Connective,
    NoRelatedRows,
    RowComparison,
    Where,
)
from t2sql.data.synthesis.profiles import ColumnProfile, TableProfile
from t2sql.data.synthesis.query import Aggregate, GroupCondition, OrderBy, Query, SelectItem
from t2sql.data.synthesis.query_parts import QueryParts
from t2sql.data.synthesis.recipe import Recipe
from t2sql.data.synthesis.related_sampler import RelatedSampler
from t2sql.data.synthesis.scope_paths import ScopePaths
from t2sql.data.synthesis.scopes import Scope

_CONNECTIVES: tuple[Connective, ...] = ("AND", "AND", "AND", "AND", "OR", "OR")
_JOINED_SHAPES: dict[str, float] = {
    "filter": 45,
    "filters": 10,
    "pairs": 12,
    "count": 12,
    "aggregate": 10,
    "group": 6,
    "order": 8,
}
"""The weights of the shapes that a query over tables that are referred to may have."""


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
        self._parts = QueryParts(rng, recipe, connection)
        self._paths = ScopePaths(tables)
        self._related = RelatedSampler(rng, self._parts, self._paths)
        self._uses: Counter[Scope] = Counter()

    def sample(self, kind: str) -> Query | None:
        """Draw a query; None if this attempt came to nothing.

        Args:
            kind: A kind of the recipe, a key of its table [shares].
        """
        scopes = self._paths.of_kind(kind)
        if not scopes:
            return None
        some = [self._rng.choice(scopes) for _ in range(3)]
        scope = min(some, key=lambda scope: self._uses[scope])
        self._uses[scope] += 1
        try:
            if kind == "related":
                return self._related.draw(scope)
            if kind == "none":
                return self._related.none(scope)
            return self._use_every_table(self._draw(kind, scope))
        except NoSample:
            return None

    def _draw(self, kind: str, scope: Scope) -> Query:
        shape = self._rng.weighted_choice(_JOINED_SHAPES) if scope.joins else kind
        parts, base = self._parts, scope.base
        if shape == "select":
            return Query(kind, shape, scope, parts.columns(base))
        if shape == "filter":
            on = scope.tables[-1] if scope.joins else None
            return self._filtered(kind, scope, Where(parts.comparisons(scope, 1, on=on)))
        if shape == "filters":
            return self._filtered(kind, scope, self._several(scope))
        if shape == "nested":
            return self._nested(kind, scope)
        if shape == "distinct":
            column = parts.one(base, "category", "category", "year")
            where = parts.maybe(scope, (0, 0, 1), column)
            return Query(kind, shape, scope, (column,), where, distinct=True)
        if shape == "count":
            return self._count(kind, scope)
        if shape == "aggregate":
            measures = parts.measures(base)
            counts = (1,) if scope.joins else (0, 0, 1, 1, 2)
            where = parts.maybe(scope, counts, *(measure.column for measure in measures))
            return Query(kind, shape, scope, measures, where)
        if shape == "pairs":
            where = parts.maybe(scope, (0, 0, 1)) if self._rng.chance(0.5) else Where()
            return Query(kind, "pairs", scope, self._with_last(scope, base.label), where)
        return self._group(kind, scope) if shape == "group" else self._order(kind, scope)

    def _with_last(self, scope: Scope, *columns: ColumnProfile) -> tuple[ColumnProfile, ...]:
        """Add a column of the table that is joined last, most often its label."""
        last = scope.tables[-1]
        other = last.label if self._rng.chance(0.75) else self._parts.columns(last)[0]
        return (*columns, other)

    def _use_every_table(self, query: Query) -> Query:
        """Select from each joined table that the query does not use yet, except one on the way to another."""
        on_the_way = {key.table for key in query.scope.joins}
        used = {column.table for column in query.used_columns}
        for item in query.scope.tables[1:]:
            if item.name in used | on_the_way:
                continue
            if query.shape not in ("filter", "order", "top", "top_one", "pairs") or not item.label.selectable:
                raise NoSample
            if query.where.connective != "AND":
                raise NoSample
            query = replace(query, select=(*query.select, item.label), shape=_with_pairs(query.shape))
        return query

    def _filtered(self, kind: str, scope: Scope, where: Where) -> Query:
        fixed = tuple(
            part.column for part in where.conditions if not isinstance(part, NoRelatedRows) and part.op == "="
        )
        if not scope.joins and self._rng.chance(0.04):
            return Query(kind, "all", scope, (), where)
        return Query(kind, "filter", scope, self._parts.columns(scope.base, fixed), where)

    def _several(self, scope: Scope) -> Where:
        base = scope.base
        n = self._rng.choice((2, 2, 2, 2, 3))
        connective = self._rng.choice(_CONNECTIVES) if n == 2 else "AND"
        on = scope.tables[-1] if scope.joins else None
        names = (column for column in base.columns if column.role == "name")
        conditions = self._parts.comparisons(scope, n, *names, connective=connective, on=on)
        if connective == "OR" and self._rng.chance(0.5):
            conditions = self._same_column(scope, conditions[0])
        return Where(conditions, connective)

    def _same_column(self, scope: Scope, first: Comparison) -> tuple[Comparison, ...]:
        """Draw another value or threshold for a column: "age is 32 or 33", "below 20 or above 60"."""
        for _ in range(10):
            on = scope.table_of(first.column)
            (second,) = self._parts.comparisons(scope, 1, on=on)
            pair = (first.op, second.op)
            fits = pair == ("=", "=") or pair in ((">", "<"), ("<", ">"))
            if second.column == first.column and fits and second.values != first.values:
                return (first, second)
        raise NoSample

    def _nested(self, kind: str, scope: Scope) -> Query:
        parts = self._parts
        way = self._rng.choice(("connected", "average", "average", "average", "row", "both", "both", "both"))
        if way == "connected":
            connective: Connective = "AND (OR)" if self._rng.chance(0.5) else "(OR) AND"
            conditions = parts.comparisons(scope, 3, connective=connective)
            return self._filtered(kind, scope, Where(conditions, connective))
        if way == "average":
            column = parts.one(scope.base, "number")
            part = AverageComparison(column, self._rng.choice((">", ">", "<")))
            more = parts.comparisons(scope, 1, column) if self._rng.chance(0.2) else ()
            where = Where((part, *more))
            if self._rng.chance(0.15):
                return Query(kind, "count", scope, (Aggregate("COUNT"),), where)
            return self._filtered(kind, scope, where)
        if way == "row":
            return self._filtered(kind, scope, Where((self._than_another(scope),)))
        return self._both(kind, scope)

    def _both(self, kind: str, scope: Scope) -> Query:
        """Ask what rows of two kinds have in common: the districts of small and of large shops."""
        column = self._parts.one(scope.base, "category", "category", "year")
        names = [other for other in scope.base.columns if other.role in ("name", "key")]
        for _ in range(10):
            (first,), (second,) = (self._parts.comparisons(scope, 1, column, *names) for _ in range(2))
            opposite = first.column == second.column and {first.op, second.op} in ({">", "<"}, {"="})
            if opposite and first.values != second.values:
                return Query(kind, "both", scope, (column,), Where((first,)), both=Where((second,)))
        raise NoSample

    def _than_another(self, scope: Scope) -> RowComparison:
        label = scope.base.label
        if label.role != "name":
            raise NoSample
        column = self._parts.one(scope.base, "number")
        for _ in range(20):
            (other,) = self._parts.comparisons(scope, 1)
            if other.column == label and other.op == "=":
                op = self._rng.choice((">", ">", "<"))
                return RowComparison(column, op, label, str(other.values[0]))
        raise NoSample

    def _count(self, kind: str, scope: Scope) -> Query:
        parts = self._parts
        if self._rng.chance(0.16):
            column = parts.one(scope.base, "category", "category", "year")
            where = parts.maybe(scope, (1,) if scope.joins else (0, 0, 1), column)
            return Query(kind, "count_different", scope, (Aggregate("COUNT", column, True),), where)
        where = parts.maybe(scope, (1, 1, 2) if scope.joins else (0, 0, 1, 1, 1, 2))
        return Query(kind, "count", scope, (Aggregate("COUNT"),), where)

    def _group(self, kind: str, scope: Scope) -> Query:
        parts = self._parts
        if scope.joins:
            # Rows counted for each of what they belong to: the label of a table that is joined.
            group = self._rng.choice([item.label for item in scope.tables[1:]])
            if group.role not in ("name", "category"):
                raise NoSample
        else:
            group = parts.one(scope.base, "category", "category", "category", "year")
        own = Scope((scope.base,))
        counted = self._rng.chance(0.65)
        aggregate = Aggregate("COUNT") if counted else parts.measure(scope.base, group)
        keys = (column for column in scope.base.columns if column.role == "key")
        where = parts.maybe(own, (0, 0, 0, 0, 1), group, aggregate.column, *keys)
        ways = ("each", "each", "each", "each", "having", "having", "top", "top", "top", "sorted", "ordered")
        way = self._rng.choice(ways)
        if aggregate.function in ("MAX", "MIN") and way in ("top", "sorted", "ordered"):
            # "The highest of the highest prices" is not asked for.
            way = "each"
        if way == "having":
            return Query(kind, "group_having", scope, (group,), where, group=(group,), having=self.having())
        if way == "top":
            limit = self._rng.choice((1, 1, 1, 1, 1, 1, 1, 2, 3))
            order = OrderBy(aggregate, self._rng.chance(0.8), limit)
            return Query(kind, "group_top", scope, (group,), where, group=(group,), order=order)
        by = OrderBy(aggregate, self._rng.chance(0.6)) if way in ("sorted", "ordered") else None
        if way == "ordered" and counted:
            return Query(kind, "group_ordered", scope, (group,), where, group=(group,), order=by)
        shape = "group_each" if way == "each" else "group_sorted"
        more = () if self._rng.chance(0.75) else self._more(scope, aggregate)
        select: tuple[SelectItem, ...] = (group, aggregate, *more)
        return Query(kind, shape, scope, select, where, group=(group,), order=by)

    def _more(self, scope: Scope, aggregate: Aggregate) -> tuple[Aggregate, ...]:
        """Draw a second aggregate of the same column."""
        if aggregate.column is None or aggregate.function == "SUM":
            return ()
        functions = [name for name in ("AVG", "MIN", "MAX") if name != aggregate.function]
        if aggregate.column.role != "number":
            functions = [name for name in functions if name != "AVG"]
        return (Aggregate(self._rng.choice(functions), aggregate.column),)

    def having(self) -> GroupCondition:
        """Draw a condition on the number of rows of a group, which at least one row is not."""
        limit = self._rng.choice((1, 1, 2, 2, 3, 3, 4, 5))
        op = self._rng.choice((">", ">", ">=", ">=", "<"))
        if limit == 1 and op != ">":
            # Every group has at least one row.
            limit = 2
        return GroupCondition(Aggregate("COUNT"), op, limit)

    def _order(self, kind: str, scope: Scope) -> Query:
        order = self._parts.order(scope.base)
        assert isinstance(order.by, ColumnProfile)
        where = self._parts.maybe(scope, (0, 0, 0, 1), order.by)
        select = self._parts.columns(scope.base, () if self._rng.chance(0.1) else (order.by,))
        shape = "order" if order.limit is None else "top_one" if order.limit == 1 else "top"
        return Query(kind, shape, scope, select, where, order=order)


def _with_pairs(shape: str) -> str:
    return "pairs" if shape == "filter" else shape
