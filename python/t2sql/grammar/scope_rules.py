"""Conditions, groups and order over the tables that a statement joins."""

from __future__ import annotations

from collections.abc import Callable

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
from t2sql.grammar.sources import Source

MAX_CONDITIONS = 8
"""Conditions that AND and OR join, at most."""
MAX_GROUPED = 3
"""Items of GROUP BY, at most."""
MAX_ORDERED = 3
"""Items of ORDER BY, at most."""


class ScopeRules:
    """The rules over the tables of one FROM."""

    def __init__(self, rules: Rules, scope: Scope, smaller: ScopeRules | None) -> None:
        """Name the tables.

        Args:
            rules: Gets the rules.
            scope: The tables.
            smaller: The rules over all tables but one, which this group's rules refer to; None does without.
        """
        self._rules = rules
        self._smaller = smaller
        self._scope = scope
        self.sources = [SourceRules(rules, source) for source in sorted(scope, key=Source.order)]
        known = frozenset[Source]() if smaller is None else smaller._scope
        self._own = [source for source in self.sources if source.source not in known]
        self.id = rules.id(scope)

    def item(self) -> Node:
        """What can stand after SELECT."""
        return choice([*(source.item() for source in self.sources), "COUNT(*)"])

    def end(self) -> RuleReference:
        """What follows the tables of a statement."""
        order = [optional(self._order(grouped=True)), self._order(grouped=False)]
        return self._rules.rule(
            f"{self.id}_end",
            lambda: sequence(
                self._where(0), optional(choice([sequence(self._group(), order[0]), order[1]])), LIMIT
            ),
        )

    def body(self) -> RuleReference:
        """What follows the tables of a query whose rows have no order."""
        return self._rules.rule(f"{self.id}_bd", lambda: sequence(self.where(), optional(self._group())))

    def first(self) -> RuleReference:
        """What follows the tables of a query of one row."""

        def make() -> Node:
            grouped = sequence(self._group(), self._order(grouped=True))
            return sequence(self.where(), choice([grouped, self._order(grouped=False)]), " LIMIT 1")

        return self._rules.rule(f"{self.id}_fi", make)

    def where(self) -> RuleReference:
        """WHERE of a subquery, or nothing."""
        return self._rules.rule(f"{self.id}_wh", lambda: self._where(1))

    def _where(self, depth: Depth) -> Node:
        def make() -> Node:
            one = self._condition(depth)
            return choice([one, sequence("(", one, Repetition(sequence(AND_OR, one), 1, 3), ")")])

        part = self._rules.rule(f"{self.id}_p{depth}", make)
        return optional(" WHERE ", part, Repetition(sequence(AND_OR, part), 0, MAX_CONDITIONS - 1))

    def _condition(self, depth: Depth) -> Node:
        if len(self.sources) == 1:
            return self.sources[0].condition(depth)
        return self._all(f"w{depth}", lambda source: source.condition(depth), compared=True)

    def _measure(self) -> Node | None:
        if len(self.sources) == 1:
            return self.sources[0].aggregate("number")
        return self._all("me", lambda source: source.aggregate("number"))

    def _key(self) -> Node:
        if len(self.sources) == 1:
            return self.sources[0].row()
        return self._all("key", lambda source: source.row())

    def _all(self, name: str, make: Callable[[SourceRules], Node | None], *, compared: bool = False) -> Node:
        """What stands for each of the tables; for a smaller group's there is a rule already."""

        def parts() -> Node:
            shared = [] if self._smaller is None else [self._smaller._all(name, make, compared=compared)]
            found: list[Node | None] = [*shared, *map(make, self._own)]
            if compared:
                found += self._comparisons()
            return choice(found)

        return self._rules.rule(f"{self.id}_{name}", parts)

    def _comparisons(self) -> list[Node | None]:
        """Comparisons of columns of two tables that keys connect."""
        found: list[Node | None] = []
        for index, one in enumerate(self.sources):
            for other in self.sources[index + 1 :]:
                near = other.source.table in self._rules.tables.neighbours(one.source.table)
                if near and (one in self._own or other in self._own):
                    found.append(self._compared(one, other))
        return found

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

    def _group(self) -> Node:
        def make() -> Node:
            compared = choice([NUMBER, RuleReference("average")])
            one = self._rules.rule(f"{self.id}_ha", lambda: sequence(self._measured(), COMPARISON, compared))
            having = optional(" HAVING ", one, Repetition(sequence(AND_OR, one), 0, 2))
            return sequence(" GROUP BY ", listed(self._key(), MAX_GROUPED), having)

        return self._rules.rule(f"{self.id}_gr", make)

    def _measured(self) -> Node:
        return choice(["COUNT(*)", self._measure()])

    def _order(self, *, grouped: bool) -> Node:
        """ORDER BY; by aggregates only where there are groups, as SQLite has it."""

        def make() -> Node:
            one = choice([self._key(), *([self._measured()] if grouped else [])])
            return sequence(" ORDER BY ", listed(sequence(one, DIRECTION), MAX_ORDERED))

        return self._rules.rule(f"{self.id}_or{int(grouped)}", make)
