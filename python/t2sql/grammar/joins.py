"""The joins of a schema: two or three tables along their keys, in every order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from t2sql.schema import ForeignKey, Schema, Table
from t2sql.sql import quote


@dataclass(frozen=True)
class Key:
    """A whole foreign key.

    Attributes:
        child: The table that holds it.
        parent: The table that it points at.
        parts: Its columns.
    """

    child: Table
    parent: Table
    parts: tuple[ForeignKey, ...]

    def on(self) -> list[str]:
        """What follows ON, cut where a key of fewer columns would end."""
        child, parent = quote(self.child.name), quote(self.parent.name)
        pairs = [f"{child}.{quote(part.column)} = {parent}.{quote(part.to_column)}" for part in self.parts]
        return [pairs[0], *(f" AND {pair}" for pair in pairs[1:])]


def whole_keys(schema: Schema) -> list[Key]:
    """The foreign keys between different tables of a schema.

    A schema lists the columns of a key one by one. Those to one table are one key as long as each points at
    another column: two keys to one table point at the same column twice.
    """
    keys: list[Key] = []
    for table in schema.tables:
        groups: dict[str, list[list[ForeignKey]]] = {}
        for part in table.foreign_keys:
            group = groups.setdefault(part.to_table.lower(), [[]])
            if any(other.to_column == part.to_column for other in group[-1]):
                group.append([])
            group[-1].append(part)
        for name, parts in groups.items():
            parent = schema.table(name)
            if parent is not None and parent != table:
                keys.extend(Key(table, parent, tuple(key)) for key in parts)
    return keys


def joined_tables(schema: Schema, most_triples: int) -> Iterator[tuple[list[Table], list[list[str]]]]:
    """Groups of tables, and what follows FROM to join them.

    Args:
        schema: The tables and their keys.
        most_triples: How many groups of three tables there may be.

    Yields:
        The tables of a group, and each way to join them: the first table's name and the pieces after it.
    """
    keys = whole_keys(schema)
    tables = {table.name: table for key in keys for table in (key.child, key.parent)}
    for joins in (1, 2):
        groups: dict[frozenset[str], list[list[str]]] = {}
        for table in tables.values():
            for names, pieces in _extensions(keys, [table.name], [quote(table.name)], joins):
                group = frozenset(names)
                if group in groups or joins == 1 or len(groups) < most_triples:
                    groups.setdefault(group, []).append(pieces)
        for group, ways in groups.items():
            yield [tables[name] for name in tables if name in group], ways


def _extensions(
    keys: list[Key], names: list[str], pieces: list[str], joins: int
) -> Iterator[tuple[list[str], list[str]]]:
    """Extend some tables by so many joins, in every way."""
    if joins == 0:
        yield names, pieces
        return
    for key in keys:
        first, *more = key.on()
        for here, new in ((key.child, key.parent), (key.parent, key.child)):
            if here.name in names and new.name not in names:
                join = [f" JOIN {quote(new.name)} ON {first}", *more]
                yield from _extensions(keys, [*names, new.name], [*pieces, *join], joins - 1)
