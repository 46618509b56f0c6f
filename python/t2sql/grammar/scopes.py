"""Which tables may be joined in one statement: as many groups of them as the grammar can hold."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from t2sql.grammar.sources import Source, Tables
from t2sql.sql import quote

Scope: TypeAlias = frozenset[Source]
"""What follows FROM in a statement."""

MAX_NAMED = 112
"""Groups of tables under their own names, at most."""
MAX_NUMBERED = 24
"""Groups of tables that are called T1, T2, ..., at most; each order is one."""
MAX_JOINED = 6
"""Tables of a group, at most."""


@dataclass(frozen=True)
class Scopes:
    """The groups of tables that may be joined.

    Attributes:
        alone: Each table without an alias.
        firsts: Each table under its own name and as T1.
        joined: The groups under names and aliases, each table on its own among them, with what each can be
            extended by.
        reached: All tables that can still be joined to a group, and its own.
    """

    alone: tuple[Source, ...]
    firsts: tuple[Source, ...]
    joined: dict[Scope, tuple[Source, ...]]
    reached: dict[Scope, Scope]


def scopes_of(tables: Tables, relevance: Mapping[str, float]) -> Scopes:
    """Choose the groups of a schema.

    Args:
        tables: The tables.
        relevance: How near each table's name is to the question; groups of such tables come first.
    """
    alone = tuple(Source(index, None) for index in range(len(tables.tables)))
    named = [Source(index, quote(table.name)) for index, table in enumerate(tables.tables)]
    numbered = [Source(index, "T1", 1) for index in range(len(tables.tables))]
    chosen: dict[Scope, tuple[Source, ...]] = {}
    for firsts, most in ((named, MAX_NAMED), (numbered, MAX_NUMBERED)):
        groups = _chosen(tables, relevance, firsts, most)
        for group in groups:
            more = [source for source in _next(tables, group) if group | {source} in groups]
            chosen[group] = tuple(more)
    begun = tuple(source for source in (*named, *numbered) if frozenset((source,)) in chosen)
    reached: dict[Scope, Scope] = {}
    for group in sorted(chosen, key=len, reverse=True):
        reached[group] = group.union(*(reached[group | {source}] for source in chosen[group]))
    return Scopes(alone, begun, chosen, reached)


def _chosen(
    tables: Tables, relevance: Mapping[str, float], firsts: list[Source], most: int
) -> dict[Scope, None]:
    """The best groups."""

    def cost(scope: Scope) -> float:
        # A table more costs more than a word in common gives back only where no word is in common.
        distinct = {source.table for source in scope}
        # A second time the same table is seldom meant.
        return (
            len(scope)
            + sum(source.second for source in scope)
            - 0.9 * sum(min(1.0, relevance.get(tables.tables[table].name, 0.0)) for table in distinct)
        )

    queue: list[tuple[bool, float, int, Scope]] = []
    seen: set[Scope] = set()
    for source in firsts:
        scope = frozenset((source,))
        seen.add(scope)
        heapq.heappush(queue, (False, cost(scope), len(seen), scope))
    chosen: dict[Scope, None] = {}
    while queue and len(chosen) < most:
        _, _, _, scope = heapq.heappop(queue)
        chosen[scope] = None
        if len(scope) < MAX_JOINED:
            for source in _next(tables, scope):
                larger = scope | {source}
                if larger not in seen:
                    seen.add(larger)
                    # All pairs first: whatever words the question has, two tables may be joined.
                    heapq.heappush(queue, (len(larger) > 2, cost(larger), len(seen), larger))
    return chosen


def _next(tables: Tables, scope: Scope) -> list[Source]:
    """The tables that can be joined to a group."""
    place = len(scope) + 1 if next(iter(scope)).place else 0
    held = {(source.table, source.second) for source in scope}
    found: dict[Source, None] = {}
    for source in sorted(scope, key=lambda source: (source.place, source.table, source.second)):
        for table in tables.neighbours(source.table):
            if place:
                found[Source(table, f"T{place}", place)] = None
            elif (table, False) not in held:
                found[Source(table, quote(tables.tables[table].name))] = None
            elif (table, True) not in held and (name := tables.second_name(table)):
                found[Source(table, quote(name), second=True)] = None
    return list(found)
