"""Conditions, groups and order over the tables that a statement joins."""

from __future__ import annotations

from t2sql.grammar.expressions import (
    AND_OR,
    COMPARABLE,
    COMPARISON,
    DIRECTION,
    LIMIT,
    NUMBER,
    Depth,
    Rules,
    SourceRules,
    choice,
    listed,
)
from t2sql.grammar.notations import Node, Repetition, RuleReference, optional, sequence
from t2sql.grammar.scopes import Scope

MAX_CONDITIONS = 8
"""Conditions that AND and OR join, at most."""
MAX_GROUPED = 3
"""Items of GROUP BY, at most."""
MAX_ORDERED = 3
"""Items of ORDER BY, at most."""


class ScopeRules:
    """The rules over the tables of one FROM."""

    def __init__(self, rules: Rules, scope: Scope) -> None:
        """Name the tables.

        Args:
            rules: Gets the rules.
            scope: The tables.
        """
        self._rules = rules
        self.sources = [SourceRules(rules, source) for source in sorted(scope, key=lambda s: s.id)]
        self.id = rules.id(scope)

    def item(self) -> Node:
        """What can stand after SELECT."""
        return choice([*(source.item() for source in self.sources), "COUNT(*)"])

    def end(self) -> RuleReference:
        """What follows the tables of a statement."""

        def make() -> Node:
            grouped = sequence(self._group(), optional(self._order(grouped=True)))
            return sequence(self.where(0), optional(choice([grouped, self._order(grouped=False)])), LIMIT)

        return self._rules.rule(f"{self.id}_end", make)

    def body(self) -> RuleReference:
        """What follows the tables of a query whose rows have no order."""
        return self._rules.rule(f"{self.id}_bd", lambda: sequence(self.where(1), optional(self._group())))

    def first(self) -> RuleReference:
        """What follows the tables of a query of one row."""

        def make() -> Node:
            grouped = sequence(self._group(), self._order(grouped=True))
            return sequence(self.where(1), choice([grouped, self._order(grouped=False)]), " LIMIT 1")

        return self._rules.rule(f"{self.id}_fi", make)

    def where(self, depth: Depth) -> RuleReference:
        """WHERE, or nothing."""

        def make() -> Node:
            one = self._condition(depth)
            inner = sequence("(", one, Repetition(sequence(AND_OR, one), 1, 3), ")")
            part = choice([one, inner])
            return optional(" WHERE ", part, Repetition(sequence(AND_OR, part), 0, MAX_CONDITIONS - 1))

        return self._rules.rule(f"{self.id}_wh{depth}", make)

    def _condition(self, depth: Depth) -> RuleReference:
        if len(self.sources) == 1:
            return self.sources[0].condition(depth)

        def make() -> Node:
            parts: list[Node | None] = [source.condition(depth) for source in self.sources]
            for index, one in enumerate(self.sources):
                parts += [self._compared(one, other) for other in self.sources[index + 1 :]]
            return choice(parts)

        return self._rules.rule(f"{self.id}_w{depth}", make)

    def _compared(self, one: SourceRules, other: SourceRules) -> Node | None:
        """A comparison of columns of two tables."""

        def make() -> list[Node | None]:
            found: list[Node | None] = []
            for kind in COMPARABLE:
                left, right = one.column(kind), other.column(kind)
                if left is not None and right is not None:
                    found += [sequence(left, COMPARISON, right), sequence(right, COMPARISON, left)]
            return found

        return self._rules.any_of(f"x_{one.id}_{other.id}", make)

    def _measure(self) -> Node:
        def make() -> Node:
            return choice(["COUNT(*)", *(source.aggregate("number") for source in self.sources)])

        return self._rules.rule(f"{self.id}_me", make)

    def _key(self) -> Node:
        if len(self.sources) == 1:
            return self.sources[0].row()
        return self._rules.rule(f"{self.id}_key", lambda: choice(source.row() for source in self.sources))

    def _group(self) -> Node:
        def make() -> Node:
            compared = choice([NUMBER, RuleReference("average")])
            one = sequence(self._measure(), COMPARISON, compared)
            having = optional(" HAVING ", one, Repetition(sequence(AND_OR, one), 0, 2))
            return sequence(" GROUP BY ", listed(self._key(), MAX_GROUPED), having)

        return self._rules.rule(f"{self.id}_gr", make)

    def _order(self, *, grouped: bool) -> Node:
        """ORDER BY; by aggregates only where there are groups, as SQLite has it."""

        def make() -> Node:
            one = choice([self._key(), self._measure()]) if grouped else self._key()
            return sequence(" ORDER BY ", listed(sequence(one, DIRECTION), MAX_ORDERED))

        return self._rules.rule(f"{self.id}_or{int(grouped)}", make)
