"""Which tables may be joined in one statement: the groups that a grammar has room for, the nearest first."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from t2sql.grammar.sources import Source, Tables
from t2sql.sql import quote

Scope: TypeAlias = frozenset[Source]
"""What follows FROM in a statement."""

MAX_PAIRS = 24
"""Pairs of tables that keys connect, at most."""
MAX_PATHS = 40
"""Groups that connect two tables through others, at most."""
MAX_TWICE = 8
"""Groups of three, of four and of five tables that have a table twice, at most."""
MAX_GROUPS = 72
"""Groups of tables under their own names, at most."""
MAX_NUMBERED = 4
"""Groups of tables that are called T1, T2, ..., at most; each order is one."""
MAX_FIRST = 2
"""Tables that stand alone as T1, at most."""
MAX_JOINED = 6
"""Tables of a group, at most."""
MAX_PATH = 5
"""Tables of a group that connects two that the question does not name, at most."""
MAX_NEAR = 5
"""Tables near the question whose connections through other tables are looked for, at most."""
MAX_STEPS = 320
"""Groups on the way to the groups, at most."""
MAX_COST = 4.0
"""What a group of other tables may cost: four of which the question names none, or more that it names."""
MAX_LINKS = 3
"""The shortest ways between two tables that are groups, at most."""


@dataclass(frozen=True)
class Scopes:
    """The groups of tables that may be joined.

    Attributes:
        alone: Each table without an alias.
        groups: The groups of two tables or more that a statement may end with; single tables as T1 too.
        more: What can be joined to a group or to a part of one, on the way to a larger group.
        left_out: The pairs of tables that keys connect and no group has.
    """

    alone: tuple[Source, ...]
    groups: tuple[Scope, ...]
    more: dict[Scope, tuple[Source, ...]]
    left_out: int = 0

    def __hash__(self) -> int:
        """All else follows from the groups."""
        return hash(self.groups)

    def numbered(self, group: Scope) -> bool:
        """Whether a group's tables are called T1, T2, ..."""
        return next(iter(group)).place > 0


def scopes_of(tables: Tables, relevance: Mapping[str, float]) -> Scopes:
    """Choose the groups of a schema.

    Args:
        tables: The tables.
        relevance: How near each table's name is to the question; groups of such tables come first.
    """
    alone = tuple(Source(index, None) for index in range(len(tables.tables)))
    near = [relevance.get(table.name, 0.0) for table in tables.tables]
    groups = _named(tables, near)
    pairs = {frozenset((edge.left, edge.right)) for edge in tables.edges}
    joined = {frozenset(source.table for source in group) for group in groups if len(group) == 2}
    groups += _numbered(tables, near)
    return Scopes(alone, tuple(groups), _steps(tables, groups), len(pairs - joined))


def _named(tables: Tables, near: list[float]) -> list[Scope]:
    """The groups of tables under their own names."""
    named = [Source(index, quote(table.name)) for index, table in enumerate(tables.tables)]
    cost = _cost(near)

    def nearest(groups: Iterable[Scope], most: int) -> list[Scope]:
        return sorted(dict.fromkeys(groups), key=lambda group: (cost(group), order(group)))[:most]

    pairs = [frozenset((one, other)) for one in named for other in _next(tables, frozenset((one,)))]
    chosen = dict.fromkeys(nearest(pairs, MAX_PAIRS))
    twice = [group for one in named for group in _twice(tables, one)]
    for size in (3, 4, 5):
        chosen |= dict.fromkeys(nearest((group for group in twice if len(group) == size), MAX_TWICE))
    # However far apart two tables are that the question names, they can be joined.
    best = sorted((one for one in named if near[one.table] > 0), key=lambda one: -near[one.table])[:MAX_NEAR]
    for size in (2, 3):
        for some in combinations(best, size):
            chosen |= dict.fromkeys(_connecting(tables, named, some))
    # Questions name values rather than tables: what things can be connected at all comes next.
    things = [one for one in named if not _links(tables, one.table)]
    paths = [group for some in combinations(things, 2) for group in _connecting(tables, named, some)]
    chosen |= dict.fromkeys(nearest((group for group in paths if len(group) <= MAX_PATH), MAX_PATHS))
    return _extended(tables, cost, dict.fromkeys(list(chosen)[:MAX_GROUPS]))


def _extended(tables: Tables, cost: Callable[[Scope], float], chosen: dict[Scope, None]) -> list[Scope]:
    """The groups with what can be joined to them, the nearest to the question first."""
    queue = [(cost(group), order(group), group) for group in chosen]
    heapq.heapify(queue)
    seen = set(chosen)
    while queue and len(chosen) < MAX_GROUPS:
        spent, _, group = heapq.heappop(queue)
        if spent > MAX_COST:
            break
        chosen[group] = None
        if len(group) < MAX_JOINED:
            for source in _next(tables, group):
                larger = group | {source}
                if larger not in seen:
                    seen.add(larger)
                    heapq.heappush(queue, (cost(larger), order(larger), larger))
    return list(chosen)


def _links(tables: Tables, table: int) -> bool:
    """Whether a table does little but connect others."""
    edges = [edge for edge in tables.edges if edge.left == table]
    keys = {pair[0].lower() for edge in edges for pair in edge.pairs}
    columns = tables.tables[table].columns
    own = [column for column in columns if column.name.lower() not in keys and not column.primary_key]
    return len(keys) > 1 and len(own) <= 1


def _twice(tables: Tables, one: Source) -> list[Scope]:
    """A table with two rows of another one, and what each of these refers to."""
    found: list[Scope] = []
    for other in tables.neighbours(one.table):
        several = _may_repeat(tables, other, one.table)
        if not several or other == one.table or (name := tables.second_name(other)) is None:
            continue
        rows = (Source(other, quote(tables.tables[other].name)), Source(other, quote(name), second=True))
        if not _links(tables, other):
            beside = sorted(set(tables.neighbours(one.table)) - {one.table, other})
            found.append(frozenset((one, *rows)))
            found += [frozenset((one, *rows, Source(far, quote(tables.tables[far].name)))) for far in beside]
            continue
        for far in tables.neighbours(other):
            thing = far not in (one.table, other) and not _links(tables, far)
            if thing and not _links(tables, one.table) and (name := tables.second_name(far)):
                ends = (Source(far, quote(tables.tables[far].name)), Source(far, quote(name), second=True))
                found.append(frozenset((one, *rows, *ends)))
    return found


def _may_repeat(tables: Tables, other: int, one: int) -> bool:
    """Whether several rows of a table may belong to one row of another."""
    key = {name.lower() for name in tables.tables[other].primary_key}
    keys = []
    for edge in tables.edges:
        if (edge.left, edge.right) in ((one, other), (other, one)):
            keys.append({pair[edge.right == other].lower() for pair in edge.pairs})
    return len(keys) > 1 or any(not key or not key <= columns for columns in keys)


def _numbered(tables: Tables, near: list[float]) -> list[Scope]:
    """The groups of tables that are called T1 and T2: those of a table with itself first."""
    cost = _cost(near)
    pairs = [
        frozenset((Source(one, "T1", 1), Source(other, "T2", 2)))
        for one in range(len(tables.tables))
        for other in tables.neighbours(one)
    ]
    ranked = sorted(pairs, key=lambda pair: (len({one.table for one in pair}), cost(pair), order(pair)))
    chosen = list(dict.fromkeys(ranked))[:MAX_NUMBERED]
    firsts = [Source(index, "T1", 1) for index in range(len(tables.tables))]
    firsts.sort(key=lambda one: -near[one.table])
    used = [one for pair in chosen for one in sorted(pair, key=Source.order) if one.place == 1]
    alone = list(dict.fromkeys([*used, *firsts]))[:MAX_FIRST]
    return [*(frozenset((one,)) for one in alone), *chosen]


def _cost(near: list[float]) -> Callable[[Scope], float]:
    def cost(scope: Scope) -> float:
        # One table more costs more than the words that it has in common with the question give back, and a
        # table is seldom meant twice.
        distinct = {source.table for source in scope}
        return len(scope) + 1.5 * (len(scope) - len(distinct)) - 0.9 * sum(near[one] for one in distinct)

    return cost


def order(scope: Scope) -> list[tuple[int, int, bool]]:
    """What sorts groups, the same in every process."""
    return sorted(source.order() for source in scope)


def _connecting(tables: Tables, named: list[Source], some: tuple[Source, ...]) -> list[Scope]:
    """The smallest groups that hold some tables; none where they are too far apart."""
    found: list[frozenset[int]] = [frozenset((some[0].table,))]
    for source in some[1:]:
        longer: dict[frozenset[int], None] = {}
        for group in found:
            longer |= dict.fromkeys(group | way for way in _ways(tables, group, source.table))
        found = [group for group in longer if len(group) <= MAX_JOINED][:MAX_LINKS]
    return [frozenset(named[table] for table in group) for group in found]


def _ways(tables: Tables, start: frozenset[int], end: int) -> list[frozenset[int]]:
    """The shortest ways from some tables to another one."""
    ways: list[tuple[int, ...]] = [(table,) for table in sorted(start)]
    seen: set[int] = set(start)
    while ways and len(ways[0]) <= MAX_JOINED:
        arrived = [frozenset(way) for way in ways if way[-1] == end]
        if arrived:
            return arrived[:MAX_LINKS]
        ways = [(*way, table) for way in ways for table in tables.neighbours(way[-1]) if table not in seen]
        seen |= {way[-1] for way in ways}
    return []


def _next(tables: Tables, scope: Scope) -> list[Source]:
    """The tables that can be joined to a group of tables under their own names."""
    held = {(source.table, source.second) for source in scope}
    found: dict[Source, None] = {}
    for source in sorted(scope, key=Source.order):
        for table in tables.neighbours(source.table):
            if (table, False) not in held:
                found[Source(table, quote(tables.tables[table].name))] = None
            elif (table, True) not in held and (name := tables.second_name(table)):
                found[Source(table, quote(name), second=True)] = None
    return list(found)


def _steps(tables: Tables, groups: Iterable[Scope]) -> dict[Scope, tuple[Source, ...]]:
    """What can be joined to each part of a group on the way to it."""
    more: dict[Scope, dict[Source, None]] = {}
    for group in sorted(groups, key=len):
        waiting = [group]
        while waiting:
            whole = waiting.pop()
            more.setdefault(whole, {})
            if len(whole) == 1:
                continue
            for source in sorted(whole, key=Source.order):
                part = whole - {source}
                if not _stands(tables, part, source) or (part not in more and len(more) >= MAX_STEPS):
                    continue
                fresh = part not in more
                more.setdefault(part, {})[source] = None
                if fresh:
                    waiting.append(part)
    return {scope: tuple(sources) for scope, sources in more.items()}


def _stands(tables: Tables, part: Scope, last: Source) -> bool:
    """Whether a part of a group can be joined before its last table."""
    if last.place and last.place <= len(part):
        return False
    names = {(source.table, source.second) for source in part}
    if any(source.second and (source.table, False) not in names for source in part):
        return False
    return connected(tables, part) and any(last.table in tables.neighbours(one.table) for one in part)


def connected(tables: Tables, scope: Scope) -> bool:
    """Whether keys connect all tables of a group."""
    first = next(iter(scope))
    found, waiting = {first}, [first]
    while waiting:
        here = tables.neighbours(waiting.pop().table)
        new = [source for source in scope if source not in found and source.table in here]
        found.update(new)
        waiting += new
    return len(found) == len(scope)
