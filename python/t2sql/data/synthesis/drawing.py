"""Queries of each kind of the recipe, drawn over the tables and the keys between them."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import replace

from t2sql.data.rng import Rng
from t2sql.data.synthesis.conditions import Conditions, Nothing, Rows, read_rows, weighted
from t2sql.data.synthesis.fields import TIMED, Field, Item
from t2sql.data.synthesis.queries import Average, Having, Measure, Order, Query, Scope, Test, Where
from t2sql.data.synthesis.recipe import Recipe

_READ = 400
_PATHS = 5000
_FUNCTIONS = ("AVG", "MAX", "MIN", "SUM", "AVG", "MAX")
_LIMITS = (1, 1, 1, 2, 3, 3, 5, 5, 10)
_JOINED = {"filter": 45, "filters": 15, "count": 10, "aggregate": 12, "group": 12, "order": 6}


class Drawer:
    """Draws queries; every table, and every path along keys, is used about as often as the others."""

    def __init__(self, rng: Rng, recipe: Recipe, items: list[Item], connection: sqlite3.Connection) -> None:
        self.rng = rng
        self.recipe = recipe
        self.connection = connection
        by_name = {item.name: item for item in items}
        self._edges = [
            edge
            for item in items
            for edge in item.edges
            if edge.to_table in by_name and edge.to_table != edge.table
        ]
        self._by_name = by_name
        self._scopes = {
            "one": [Scope((item,)) for item in items],
            "join": [Scope((by_name[e.table], by_name[e.to_table]), (e,)) for e in self._edges],
            "join2": self._two_steps(),
        }
        self._uses: Counter[Scope] = Counter()
        self._rows: dict[Scope, Rows] = {}

    def draw(self, kind: str) -> Query | None:
        """A query of a kind, or None when this attempt came to nothing."""
        scopes = self._scopes.get(kind, self._scopes["one"])
        if not scopes:
            return None
        some = [self.rng.choice(scopes) for _ in range(3)]
        scope = min(some, key=lambda scope: self._uses[scope])
        self._uses[scope] += 1
        try:
            return self._complete(self._draw(kind, scope))
        except Nothing:
            return None

    def _two_steps(self) -> list[Scope]:
        """Three tables: a key's key, or two keys of one table. One row stays one row of the first."""
        scopes = []
        for first in self._edges:
            for second in self._edges:
                chain = second.table == first.to_table and second.to_table != first.table
                fork = second.table == first.table and second.to_table != first.to_table
                if chain or (fork and (first.columns, first.to_table) < (second.columns, second.to_table)):
                    names = (first.table, first.to_table, second.to_table)
                    scopes.append(Scope(tuple(self._by_name[name] for name in names), (first, second)))
                if len(scopes) == _PATHS:
                    return scopes
        return scopes

    def _conditions(self, scope: Scope) -> Conditions:
        if scope not in self._rows:
            self._rows[scope] = read_rows(self.connection, scope, _READ)
        return Conditions(self.rng, self.recipe, self._rows[scope])

    def _draw(self, kind: str, scope: Scope) -> Query:
        form = weighted(self.rng, _JOINED) if scope.edges else kind
        if form == "select":
            return Query(kind, form, scope, self._columns(scope, ()))
        if form == "filter":
            return self._filtered(kind, scope, Where(self._tests(scope, 1)))
        if form == "filters":
            n = self.rng.choice((2, 2, 2, 3))
            joint = self.rng.choice(("AND", "AND", "AND", "OR"))
            return self._filtered(kind, scope, Where(self._tests(scope, n, joint=joint), joint))
        if form == "nested":
            return self._nested(kind, scope)
        if form == "distinct":
            field = self._one(scope, "category", "year")
            where = self._maybe(scope, (0, 0, 1), field)
            return Query(kind, form, scope, (field,), where, distinct=True)
        if form == "count":
            return self._count(kind, scope)
        if form == "aggregate":
            measure = self._measure(scope)
            where = self._maybe(scope, (1,) if scope.edges else (0, 1, 1, 2), measure.field)
            return Query(kind, form, scope, (measure,), where)
        return self._group(kind, scope) if form == "group" else self._order(kind, scope)

    def _complete(self, query: Query) -> Query:
        """The query, using every table that it joins, but for one on the way to another."""
        on_the_way = {edge.table for edge in query.scope.edges}
        used = {field.table for field in query.fields}
        for item in query.scope.items[1:]:
            if item.name in used | on_the_way:
                continue
            if query.form not in ("filter", "order", "top", "top_one") or not item.label.asked:
                raise Nothing
            query = replace(query, select=(*query.select, item.label))
        return query

    def _filtered(self, kind: str, scope: Scope, where: Where) -> Query:
        fixed = [
            part.field
            for part in where.parts
            if not isinstance(part, Having) and getattr(part, "op", "") == "="
        ]
        if not scope.edges and self.rng.chance(0.06):
            return Query(kind, "all", scope, (), where)
        return Query(kind, "filter", scope, self._columns(scope, tuple(fixed)), where)

    def _nested(self, kind: str, scope: Scope) -> Query:
        way = self.rng.choice(("and_or", "or_and", "average", "having", "having"))
        if way in ("and_or", "or_and"):
            joint = "AND (OR)" if way == "and_or" else "(OR) AND"
            return self._filtered(kind, scope, Where(self._tests(scope, 3, joint=joint), joint))
        if way == "average":
            field = self._one(scope, "number")
            part = Average(field, self.rng.choice((">", ">", "<")))
            more = self._tests(scope, 1, field) if self.rng.chance(0.3) else ()
            return self._filtered(kind, scope, Where((part, *more)))
        edges = [e for e in self._edges if e.to_table == scope.base.name and len(e.columns) == 1]
        if not edges:
            raise Nothing
        edge = self.rng.choice(edges)
        child = self._by_name[edge.table]
        negated = self.rng.chance(0.35)
        test = None
        if not negated and self.rng.chance(0.6):
            test = self._tests(Scope((child,)), 1)[0]
        return self._filtered(kind, scope, Where((Having(edge, child, test, negated),)))

    def _count(self, kind: str, scope: Scope) -> Query:
        if self.rng.chance(0.2):
            field = self._one(scope, "category", "name", "year")
            where = self._maybe(scope, (1,) if scope.edges else (0, 1), field)
            return Query(kind, "count_different", scope, (Measure("COUNT", field, True),), where)
        where = self._maybe(scope, (1, 1, 2) if scope.edges else (0, 1, 1, 1, 2))
        return Query(kind, "count", scope, (Measure("COUNT"),), where)

    def _group(self, kind: str, scope: Scope) -> Query:
        if scope.edges:
            # Rows counted for each of what they belong to: the label of a table that is joined.
            group = self.rng.choice([item.label for item in scope.items[1:]])
            if group.role not in ("name", "category"):
                raise Nothing
        else:
            group = self._one(scope, "category", "category", "year")
        own = Scope((scope.base,))
        measure = Measure("COUNT") if self.rng.chance(0.5) else self._measure(own)
        keys = (field for field in scope.base.fields if field.role == "key")
        where = self._maybe(own, (0, 0, 0, 1), group, measure.field, *keys)
        ways = ("each", "each", "each", "having", "top", "sorted")
        # "The highest of the highest prices" is not asked for.
        way = self.rng.choice(ways if measure.function in ("COUNT", "AVG", "SUM") else ways[:4])
        if way == "having":
            limit = self.rng.choice((1, 2, 2, 3, 5, 10))
            having = (Measure("COUNT"), self.rng.choice((">", ">", ">=", "<")), limit)
            return Query(kind, "group_having", scope, (group,), where, group, having)
        if way == "top":
            order = Order(measure, self.rng.chance(0.75), self.rng.choice((1, 1, 1, 2, 3)))
            return Query(kind, "group_top", scope, (group,), where, group, order=order)
        by = Order(measure, self.rng.chance(0.7)) if way == "sorted" else None
        return Query(kind, f"group_{way}", scope, (group, measure), where, group, order=by)

    def _order(self, kind: str, scope: Scope) -> Query:
        field = self._one(scope, "number", "number", *TIMED)
        where = self._maybe(scope, (0, 0, 1), field)
        select = self._columns(scope, (field,))
        limit = self.rng.choice(_LIMITS) if self.rng.chance(0.75) else None
        form = "order" if limit is None else "top_one" if limit == 1 else "top"
        return Query(kind, form, scope, select, where, order=Order(field, self.rng.chance(0.6), limit))

    def _tests(self, scope: Scope, n: int, *besides: Field | None, joint: str = "AND") -> tuple[Test, ...]:
        """n tests; with a join, one at least is on the table joined last."""
        conditions = self._conditions(scope)
        tests = conditions.tests(n, lambda field: field not in besides)
        joined = {item.name for item in scope.items[-1:]}
        if scope.edges and not any(test.field.table in joined for test in tests):
            raise Nothing
        if joint != "AND" and any(test.op == "IN" for test in tests):
            # "a or b or c" would not say what belongs together.
            raise Nothing
        return tests

    def _maybe(self, scope: Scope, counts: tuple[int, ...], *besides: Field | None) -> Where:
        n = self.rng.choice(counts)
        return Where(self._tests(scope, n, *besides)) if n else Where()

    def _columns(self, scope: Scope, fixed: tuple[Field, ...]) -> tuple[Field, ...]:
        """One to four columns, the label more often than others; with a join, one of the first table."""
        base = [field for field in scope.base.fields if field.asked and field not in fixed]
        base = [field for field in base if field.role != "key" or self.rng.chance(0.25)]
        if not base:
            raise Nothing
        n = min(self.rng.choice((1, 1, 1, 2, 2, 3, 4)), len(base))
        label = scope.base.label
        if label in base and self.rng.chance(0.45):
            others = [field for field in base if field != label]
            return (label, *self.rng.sample(others, n - 1))
        chosen = self.rng.sample(base, n)
        for item in scope.items[1:]:
            if self.rng.chance(0.2) and item.label not in fixed and item.label.asked:
                chosen.append(item.label)
        return tuple(chosen)

    def _measure(self, scope: Scope) -> Measure:
        function = self.rng.choice(_FUNCTIONS)
        roles = ("number",) if function in ("AVG", "SUM") else ("number", *TIMED)
        return Measure(function, self._one(scope, *roles))

    def _one(self, scope: Scope, *roles: str) -> Field:
        """A field of one of the roles; a role named twice is drawn twice as often."""
        fields = [field for role in roles for field in scope.base.fields if field.role == role]
        if not fields:
            raise Nothing
        return self.rng.choice(fields)
