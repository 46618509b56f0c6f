"""Queries about rows and the rows that refer to them: how many, which of them, the most, none."""

from __future__ import annotations

from collections.abc import Callable

from t2sql.data.rng import NoSample, Rng
from t2sql.data.synthesis.conditions import Comparison, NoRelatedRows, Where
from t2sql.data.synthesis.profiles import ColumnProfile, TableProfile
from t2sql.data.synthesis.query import Aggregate, GroupCondition, OrderBy, Query, SelectItem
from t2sql.data.synthesis.query_parts import QueryParts
from t2sql.data.synthesis.scope_paths import ScopePaths
from t2sql.data.synthesis.scopes import Scope

_SHAPES: dict[str, float] = {
    "filter": 20,
    "pairs": 10,
    "exists": 3,
    "count": 5,
    "number": 22,
    "having": 18,
    "most": 20,
    "extreme": 8,
    "both": 4,
}
_SHAPES_THROUGH: dict[str, float] = {
    "filter": 45,
    "pairs": 14,
    "exists": 1,
    "count": 4,
    "number": 6,
    "having": 6,
    "most": 6,
    "both": 14,
}
"""The weights of the shapes over two tables, and over those that a third one lies between."""

_TRIES = 12
"""How often two conditions on one column are drawn before the attempt is given up."""


class RelatedSampler:
    """Draws queries over scopes in which a row of the first table may occur several times."""

    def __init__(self, rng: Rng, parts: QueryParts, paths: ScopePaths) -> None:
        """Prepare to draw.

        Args:
            rng: The source of random choices.
            parts: Draws conditions and columns.
            paths: The paths between the tables.
        """
        self._rng = rng
        self._parts = parts
        self._paths = paths
        self._shapes: dict[str, Callable[[Scope], Query]] = {
            "filter": self._filter,
            "pairs": self._pairs,
            "exists": self._exists,
            "count": self._count,
            "number": self._number,
            "having": self._having,
            "most": self._most,
            "extreme": self._extreme,
            "both": self._both,
        }

    def draw(self, scope: Scope) -> Query:
        """Draw a query over a scope.

        Raises:
            NoSample: This attempt came to nothing.
        """
        shapes = _SHAPES if len(scope.tables) == 2 else _SHAPES_THROUGH
        return self._shapes[self._rng.weighted_choice(shapes)](scope)

    def none(self, scope: Scope) -> Query:
        """Draw a query for the rows of the first table that no row of the second, of some kind, refers to.

        Raises:
            NoSample: This attempt came to nothing.
        """
        key, child = scope.joins[0], scope.tables[1]
        inner, where = Scope((child,)), Where()
        further = self._paths.further(child, key)
        if self._rng.chance(0.4):
            if further and (child.is_link or self._rng.chance(0.4)):
                inner = self._paths.extended(inner, self._rng.choice(further))
                where = Where(self._parts.comparisons(inner, 1, on=inner.tables[-1]))
            elif not child.is_link:
                where = Where(self._parts.comparisons(inner, 1))
        nullable = child.column(key.columns[0]).nullable
        part = NoRelatedRows(key, inner, where, nullable)
        own = Scope((scope.base,))
        more = self._parts.comparisons(own, 1) if self._rng.chance(0.08) else ()
        conditions = Where((*more, part))
        way = self._rng.below(20)
        if way < 4:
            return Query("none", "count", own, (Aggregate("COUNT"),), conditions)
        if way < 6:
            return Query("none", "aggregate", own, (self._parts.measure(scope.base),), conditions)
        return Query("none", "filter", own, self._parts.columns(scope.base), conditions)

    def _last(self, scope: Scope) -> TableProfile:
        return scope.tables[-1]

    def _condition(self, scope: Scope, n: int = 1) -> Where:
        own_keys = [column for table in scope.tables for column in table.columns if column.role == "key"]
        return Where(self._parts.comparisons(scope, n, *own_keys, on=self._last(scope)))

    def _shown(self, table: TableProfile) -> tuple[ColumnProfile, ...]:
        """Draw what a group is called by: the label, perhaps the key or another column with it."""
        label = table.label
        if label.role not in ("name", "category"):
            raise NoSample
        others = [column for column in table.columns if column != label and column.selectable]
        keys = [column for column in others if column.role == "key"]
        way = self._rng.below(20)
        if way < 3 and keys:
            return (keys[0], label)
        if way < 6 and others:
            return (label, self._rng.choice(others))
        return (label,)

    def _filter(self, scope: Scope) -> Query:
        where = self._condition(scope, self._rng.choice((1, 1, 1, 1, 2)))
        return Query("related", "related_filter", scope, self._parts.columns(scope.base), where)

    def _pairs(self, scope: Scope) -> Query:
        last = self._last(scope)
        other = last.label if self._rng.chance(0.7) else self._parts.columns(last)[0]
        if other.role == "key" or scope.base.label.role == "key":
            raise NoSample
        where = Where()
        if self._rng.chance(0.15):
            where = Where(self._parts.comparisons(scope, 1, last.label, other, on=last))
        return Query("related", "pairs", scope, (scope.base.label, other), where)

    def _exists(self, scope: Scope) -> Query:
        scope = self._counted(scope)
        return Query("related", "related_exists", scope, self._parts.columns(scope.base), distinct=True)

    def _count(self, scope: Scope) -> Query:
        """Count what rows of some kind have: the pets of students older than 20."""
        scope = self._counted(scope)
        where = Where(self._parts.comparisons(scope, 1, on=scope.base))
        return Query("related", "related_count", scope, (Aggregate("COUNT"),), where)

    def _number(self, scope: Scope) -> Query:
        """Show each row with the number, or an aggregate, of those that refer to it."""
        scope = self._counted(scope)
        shown = self._shown(scope.base)
        child = scope.tables[1]
        measured = len(scope.joins) == 1 and self._rng.chance(0.25)
        aggregate = self._parts.measure(child) if measured else Aggregate("COUNT")
        where = Where()
        if not child.is_link and self._rng.chance(0.12):
            where = Where(self._parts.comparisons(scope, 1, aggregate.column, on=child))
        order = None
        if self._rng.chance(0.15) and aggregate.function in ("COUNT", "SUM", "AVG"):
            order = OrderBy(aggregate, self._rng.chance(0.6))
        select: tuple[SelectItem, ...] = (*shown, aggregate)
        return Query("related", "related_number", scope, select, where, group=shown, order=order)

    def _counted(self, scope: Scope) -> Scope:
        """Leave out a table that a link leads to: it is not needed to count the links."""
        return Scope(scope.tables[:2], scope.joins[:1])

    def _having(self, scope: Scope) -> Query:
        scope = self._counted(scope)
        shown = self._shown(scope.base)
        limit = self._rng.choice((1, 1, 2, 2, 2, 3, 3, 4, 5))
        op = ">" if limit == 1 else self._rng.choice((">", ">", ">=", ">=", ">=", "<"))
        having = GroupCondition(Aggregate("COUNT"), op, limit)
        return Query("related", "related_having", scope, shown, group=shown, having=having)

    def _most(self, scope: Scope) -> Query:
        scope = self._counted(scope)
        shown = self._shown(scope.base)
        child = scope.tables[1]
        aggregate = Aggregate("COUNT")
        if not child.is_link and self._rng.chance(0.2):
            aggregate = Aggregate("SUM", self._parts.one(child, "number"))
        limit = self._rng.choice((1, 1, 1, 1, 1, 1, 2, 3))
        order = OrderBy(aggregate, self._rng.chance(0.82), limit)
        return Query("related", "related_most", scope, shown, group=shown, order=order)

    def _extreme(self, scope: Scope) -> Query:
        """Ask for the row to which the row with the highest value refers."""
        scope = self._counted(scope)
        if scope.tables[1].is_link:
            raise NoSample
        column = self._parts.one(scope.tables[1], "number", "number", "date", "year")
        order = OrderBy(column, self._rng.chance(0.65), 1)
        select = self._parts.columns(scope.base)
        return Query("related", "related_extreme", scope, select, order=order)

    def _both(self, scope: Scope) -> Query:
        for _ in range(_TRIES):
            first, second = self._condition(scope), self._condition(scope)
            one, other = first.conditions[0], second.conditions[0]
            if not isinstance(one, Comparison) or not isinstance(other, Comparison) or one == other:
                continue
            if one.column == other.column and one.op == other.op == "=":
                return Query("related", "related_both", scope, (scope.base.label,), first, both=second)
        raise NoSample
