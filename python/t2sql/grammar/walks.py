"""What follows FROM, to the end of a query: which tables SELECT named, and which are joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import permutations
from typing import TypeAlias

from t2sql.grammar.expressions import Rules, choice
from t2sql.grammar.notations import Node, RuleReference, Terminal, sequence
from t2sql.grammar.scopes import Scope, Scopes
from t2sql.grammar.sources import Source
from t2sql.sql import quote

Order: TypeAlias = tuple[Source, ...]
"""Tables in the order in which a statement joins them."""

ANY_ORDER = 3
"""Tables that are joined in any order. Of more, those come first that SELECT names, and what joins them."""

_JOIN = RuleReference("joined")


@dataclass
class Walk:
    """The rules of what follows FROM in one kind of query.

    The tables that SELECT named are joined first, or among the first three: a rule for each of them says how.
    From there on a rule stands for the tables that are joined and nothing else, so that a grammar of many
    groups has few rules, and a parser follows one at each moment.

    Attributes:
        name: Begins the names of the rules.
        rules: Gets the rules.
        scopes: The groups of tables.
        end: Makes what follows the tables.
        groups: The groups that such a query may have.
    """

    name: str
    rules: Rules
    scopes: Scopes
    end: Callable[[Scope], Node]
    groups: tuple[Scope, ...]
    _parts: dict[Scope, tuple[Source, ...]] = field(default_factory=dict)
    _orders_to: dict[Source, list[Order]] = field(default_factory=dict)
    _ends: frozenset[Scope] = frozenset()

    def __post_init__(self) -> None:
        """Find the parts of the groups, and the orders in which a few tables can be joined."""
        self._ends = ends = frozenset(self.groups)
        for scope in sorted(self.scopes.more, key=len, reverse=True):
            further = [one for one in self.scopes.more[scope] if scope | {one} in self._parts]
            if further or scope in ends:
                self._parts[scope] = tuple(further)
        for scope in self._parts:
            if len(scope) <= ANY_ORDER:
                for tables in permutations(sorted(scope, key=Source.order)):
                    if self._possible(tables):
                        self._orders_to.setdefault(tables[-1], []).append(tables)

    def source(self, named: Scope) -> Node | None:
        """What follows FROM, to the end of the query.

        Args:
            named: The tables whose columns SELECT has; empty if any will do.

        Returns:
            A reference; None if no group holds them all.
        """
        name = f"{self.name}_f_{self.rules.id(named)}"
        if name in self.rules.rules:
            return RuleReference(name)
        starts: list[Node] = []
        for alone in self.scopes.alone:
            if named <= {alone}:
                starts.append(self._alone(alone, joins=not named))
        if named:
            starts += self._begun((), self._orders(named))
        else:
            starts += [
                self._begun((), [tuple(scope)])[0]
                for scope in self._parts
                if len(scope) == 1 and self.scopes.numbered(scope)
            ]
        return self.rules.rule(name, lambda: choice(starts)) if starts else None

    def _alone(self, alone: Source, *, joins: bool) -> Node:
        """The end of a query over one table without an alias, or its joins where SELECT names no table."""
        parts: list[Node] = [self.end(frozenset((alone,)))]
        if joins:
            parts += self._joins(frozenset((Source(alone.table, self._table(alone)),)))
        return sequence(self._table(alone), choice(parts))

    def _orders(self, named: Scope) -> list[Order]:
        """The orders in which tables are joined until all that SELECT named are among them."""
        found: dict[Order, None] = {}
        for last in sorted(named, key=Source.order):
            found |= dict.fromkeys(
                tables for tables in self._orders_to.get(last, ()) if named.issubset(tables)
            )
        # A single table is the first of every larger group that has it.
        for group in self.groups if len(named) > 1 else ():
            if len(group) > ANY_ORDER and named <= group:
                for first in sorted(named, key=Source.order):
                    tables = self._across(group, first, named)
                    if tables is not None and self._possible(tables):
                        found[tables] = None
        return list(found)

    def _possible(self, tables: Order) -> bool:
        """Whether each table of an order can be joined to those before it."""
        scopes = [frozenset(tables[:count]) for count in range(1, len(tables) + 1)]
        return all(scope in self._parts for scope in scopes) and all(
            last in self._parts[scope] for scope, last in zip(scopes, tables[1:], strict=False)
        )

    def _across(self, group: Scope, first: Source, named: Scope) -> Order | None:
        """The shortest order from one table through a group that has all that SELECT named."""
        tables: list[Source] = [first]
        while not named <= set(tables):
            way = self._way(group, tables, named)
            if way is None:
                return None
            tables += way
        return tuple(tables)

    def _way(self, group: Scope, tables: list[Source], named: Scope) -> list[Source] | None:
        """The tables between those that are joined and the nearest one of SELECT, which is the last."""
        neighbours = self.rules.tables.neighbours
        ways: list[list[Source]] = [[source] for source in tables]
        seen = set(tables)
        while ways:
            longer: list[list[Source]] = []
            for way in ways:
                for source in sorted(group - seen, key=Source.order):
                    if source.table in neighbours(way[-1].table):
                        seen.add(source)
                        longer.append([*way, source])
                        if source in named:
                            return longer[-1][1:]
            ways = longer
        return None

    def _begun(self, joined: Order, orders: Iterable[Order]) -> list[Node]:
        """What follows some tables in orders that begin with them, each common beginning written once."""
        after: dict[Source, list[Order]] = {}
        for tables in orders:
            after.setdefault(tables[len(joined)], []).append(tables)
        parts: list[Node] = []
        for source, further in after.items():
            now = (*joined, source)
            follows = [self._joined(frozenset(now))] if now in further else []
            follows += self._begun(now, [tables for tables in further if tables != now])
            parts.append(sequence(*self._join(frozenset(joined), source), choice(follows)))
        return parts

    def _joined(self, scope: Scope) -> Node:
        """What follows some joined tables."""

        def make() -> Node:
            ends: list[Node] = [self.end(scope)] if scope in self._ends else []
            return choice([*ends, *self._joins(scope)])

        return self.rules.rule(f"{self.name}_{self.rules.id(scope)}", make)

    def _joins(self, scope: Scope) -> list[Node]:
        return [
            sequence(*self._join(scope, source), self._joined(scope | {source}))
            for source in self._parts.get(scope, ())
        ]

    def _join(self, scope: Scope, source: Source) -> list[Node]:
        """A table after FROM, or joined to others."""
        named: list[Node] = [Terminal(self._table(source))]
        if source.place or source.second:
            named.append(Terminal(f" AS {source.alias}"))
        if not scope:
            return named
        joined = self.rules.rule(f"jn_{source.id}", lambda: sequence(_JOIN, *named, " ON "))
        keys = [self._keys(other, source) for other in sorted(scope, key=Source.order)]
        return [joined, choice(key for key in keys if key is not None)]

    def _keys(self, one: Source, other: Source) -> Node | None:
        """What follows ON, for the keys between two tables, either side first."""
        name = f"on_{one.id}_{other.id}"
        if name in self.rules.rules:
            return RuleReference(name)
        keys = self.rules.tables.keys(one.table, str(one.alias), other.table, str(other.alias))
        if not keys:
            return None
        return self.rules.rule(name, lambda: choice([sequence(key[0], *key[1:]) for key in keys]))

    def _table(self, source: Source) -> str:
        return quote(self.rules.tables.tables[source.table].name)
