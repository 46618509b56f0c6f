"""Tables that connect others along foreign keys."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from t2sql.schema.tables import Schema


def neighbours(schema: Schema) -> dict[str, list[str]]:
    """The tables that a foreign key joins to each table, by name."""
    names = {table.name.lower(): table.name for table in schema.tables}
    joined: dict[str, dict[str, None]] = {table.name: {} for table in schema.tables}
    for table in schema.tables:
        for key in table.foreign_keys:
            target = names.get(key.to_table.lower())
            if target is not None and target != table.name:
                joined[table.name][target] = None
                joined[target][table.name] = None
    return {name: list(others) for name, others in joined.items()}


def shortest_path(joined: dict[str, list[str]], starts: Sequence[str], end: str) -> list[str]:
    """The tables of the shortest way from one of several tables to another; the last alone if there is none.

    Args:
        joined: What `neighbours` returns.
        starts: The tables of which one is the first.
        end: The last table.
    """
    before: dict[str, str | None] = dict.fromkeys(starts)
    queue = deque(starts)
    while queue and end not in before:
        here = queue.popleft()
        for there in joined[here]:
            if there not in before:
                before[there] = here
                queue.append(there)
    path, name = [], end if end in before else None
    while name is not None:
        path.append(name)
        name = before[name]
    return path[::-1] or [end]


def connected(schema: Schema, tables: Sequence[str]) -> tuple[str, ...]:
    """The tables, each after one that it joins, with those that lie between them.

    Args:
        schema: All tables.
        tables: Names of tables, perhaps with repetitions.
    """
    joined = neighbours(schema)
    ordered: dict[str, None] = {}
    for name in tables:
        ordered |= dict.fromkeys(shortest_path(joined, list(ordered), name))
    return tuple(ordered)
