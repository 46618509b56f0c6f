"""From SELECT to the end of a statement, table by table: which ones are named already, which are joined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from t2sql.grammar.expressions import Rules, choice
from t2sql.grammar.notations import Node, RuleReference, Terminal, sequence
from t2sql.grammar.scopes import Scope, Scopes
from t2sql.grammar.sources import Source
from t2sql.sql import quote

_JOIN = RuleReference("joined")


@dataclass
class Walk:
    """The rules of what follows FROM in one kind of query.

    A rule stands for the tables that are joined so far and those that SELECT named and that are still to be
    joined, so that a parser follows one rule at each moment, however many groups of tables there are.

    Attributes:
        name: Begins the names of the rules.
        rules: Gets the rules.
        scopes: The groups of tables.
        end: Makes what follows the tables.
        most: Tables, at most.
    """

    name: str
    rules: Rules
    scopes: Scopes
    end: Callable[[Scope], Node]
    most: int
    _follows: dict[tuple[Scope, Scope], Node | None] = field(default_factory=dict)

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
                starts.append(self._from(alone, self._alone(alone, joins=not named)))
        if not any(source.alias is None for source in named):
            for source in self.scopes.firsts:
                scope = frozenset((source,))
                follow = self._joined(scope, named - scope) if named or source.place else None
                if follow is not None:
                    starts.append(self._from(source, follow))
        if not starts:
            return None
        return self.rules.rule(name, lambda: choice(starts))

    def _from(self, source: Source, follow: Node) -> Node:
        return sequence(*_declared(self.rules, source), follow)

    def _alone(self, alone: Source, *, joins: bool) -> Node:
        """The end of a query over one table without an alias, or its joins where SELECT names no table."""
        end = self.end(frozenset((alone,)))
        if not joins:
            return end
        named = Source(alone.table, quote(self.rules.tables.tables[alone.table].name))
        parts = [end, *self._joins(frozenset((named,)), frozenset())]
        return choice(parts)

    def _joined(self, scope: Scope, needed: Scope) -> Node | None:
        """What follows some joined tables; None if no group holds those that are still to come."""
        if not needed <= self.scopes.reached[scope]:
            return None
        if (scope, needed) not in self._follows:
            self._follows[scope, needed] = self._made(scope, needed)
        return self._follows[scope, needed]

    def _made(self, scope: Scope, needed: Scope) -> Node | None:
        # A table under its own name stands alone without it.
        ends = not needed and (len(scope) > 1 or next(iter(scope)).place)
        parts: list[Node] = [self.end(scope)] if ends else []
        name = f"{self.name}_{self.rules.id(scope)}" + (f"_{self.rules.id(needed)}" if needed else "")
        parts += self._joins(scope, needed)
        return self.rules.rule(name, lambda: choice(parts)) if parts else None

    def _joins(self, scope: Scope, needed: Scope) -> list[Node]:
        if len(scope) >= self.most:
            return []
        parts = []
        for source in self.scopes.joined.get(scope, ()):
            larger = scope | {source}
            follow = self._joined(larger, needed - larger)
            if follow is not None:
                keys = [self._keys(other, source) for other in scope]
                parts.append(
                    sequence(
                        _JOIN,
                        *_declared(self.rules, source),
                        " ON ",
                        choice(key for key in keys if key is not None),
                        follow,
                    )
                )
        return parts

    def _keys(self, one: Source, other: Source) -> Node | None:
        """What follows ON, for the keys between two tables, either side first."""
        name = f"on_{one.id}_{other.id}"
        if name in self.rules.rules:
            return RuleReference(name)
        keys = self.rules.tables.keys(one.table, str(one.alias), other.table, str(other.alias))
        if not keys:
            return None
        return self.rules.rule(name, lambda: choice([sequence(key[0], *key[1:]) for key in keys]))


def _declared(rules: Rules, source: Source) -> list[Node]:
    name = quote(rules.tables.tables[source.table].name)
    return [Terminal(name), *([Terminal(f" AS {source.alias}")] if source.place or source.second else [])]
