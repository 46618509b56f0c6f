"""What can stand after FROM: tables under their own names or as T1, T2, ..., and what joins two of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from t2sql.grammar.column_kinds import Kind, kinds_of
from t2sql.grammar.joins import whole_keys
from t2sql.schema import Column, Schema, Table, row_nouns
from t2sql.sql import quote


class Source(NamedTuple):
    """A table after FROM.

    Attributes:
        table: The index of the table in the schema.
        alias: Its name in the statement; None for a table that stands alone under its own name, whose columns
            are written without it.
        place: 0 for a table under its own name; n for the one that is called Tn, the n-th after FROM.
        second: Whether it stands there under its own name already; it is then called by it and "_2".
    """

    table: int
    alias: str | None
    place: int = 0
    second: bool = False

    @property
    def id(self) -> str:
        """A part of the names of its rules."""
        if self.place:
            return f"{'zabcdefghi'[self.place]}{self.table}"
        return f"u{self.table}" if self.alias is None else f"{'r' if self.second else 'q'}{self.table}"

    def order(self) -> tuple[int, int, bool]:
        """What sorts the tables of a statement."""
        return (self.place, self.table, self.second)


@dataclass(frozen=True)
class Edge:
    """A way to join two tables.

    Attributes:
        left: The index of one table.
        right: The index of the other; the same one where a table refers to itself.
        pairs: Columns of the left and of the right table that are equal.
    """

    left: int
    right: int
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Tables:
    """The tables of a schema, and what the grammar has to know of them.

    Attributes:
        tables: The tables.
        kinds: The kinds of the columns of each.
        edges: The ways to join two of them.
    """

    tables: tuple[Table, ...]
    kinds: tuple[tuple[Kind, ...], ...]
    edges: tuple[Edge, ...]

    @cached_property
    def _hash(self) -> int:
        return hash((self.tables, self.kinds, self.edges))

    def __hash__(self) -> int:
        """Computed once: a schema is large."""
        return self._hash

    @classmethod
    def of(cls, schema: Schema) -> Tables:
        """Read a schema.

        Args:
            schema: The tables.
        """
        kinds = kinds_of(schema)
        loose = {
            (key.child.name, part.column)
            for key in whole_keys(schema)
            for part in key.parts
            if _kind(kinds, key.child, part.column) != _kind(kinds, key.parent, part.to_column)
        }
        # A key may be declared between columns of different types: they are compared all the same.
        by_table = tuple(
            tuple("any" if (table.name, column.name) in loose else kinds[column] for column in table.columns)
            for table in schema.tables
        )
        return cls(schema.tables, by_table, tuple(_edges(schema, kinds)))

    def columns(self, table: int, *kinds: Kind) -> tuple[str, ...]:
        """The columns of some kinds, quoted; those of no known kind are among them, and all without kinds.

        Args:
            table: The table's index.
            kinds: The kinds.
        """
        columns = self.tables[table].columns
        if not kinds:
            return tuple(quote(column.name) for column in columns)
        return tuple(
            quote(column.name)
            for column, kind in zip(columns, self.kinds[table], strict=True)
            if kind in kinds or kind == "any"
        )

    def keys(self, left: int, left_name: str, right: int, right_name: str) -> list[list[str]]:
        """The ways to join two tables, each as its equalities, " AND " before the later ones.

        Args:
            left: The index of one table.
            left_name: What the statement calls it.
            right: The index of the other.
            right_name: What the statement calls that one.
        """
        found = []
        for edge in self._edges_between.get((left, right), ()):
            for ends, turned in (((edge.left, edge.right), False), ((edge.right, edge.left), True)):
                if ends == (left, right):
                    columns = [(b, a) if turned else (a, b) for a, b in edge.pairs]
                    pairs = [(f"{left_name}.{quote(a)}", f"{right_name}.{quote(b)}") for a, b in columns]
                    for ordered in (pairs, [(b, a) for a, b in pairs]):
                        first, *more = (f"{one} = {other}" for one, other in ordered)
                        found.append([first, *(f" AND {pair}" for pair in more)])
        return list(map(list, dict.fromkeys(map(tuple, found))))

    def second_name(self, table: int) -> str | None:
        """What a table is called that is joined a second time; None where a table has that name."""
        name = f"{self.tables[table].name}_2"
        return None if any(other.name.lower() == name.lower() for other in self.tables) else name

    def neighbours(self, table: int) -> tuple[int, ...]:
        """The tables that a table can be joined with, each once; itself where it refers to itself."""
        return self._neighbours.get(table, ())

    @cached_property
    def _neighbours(self) -> dict[int, tuple[int, ...]]:
        found: dict[int, dict[int, None]] = {}
        for edge in self.edges:
            found.setdefault(edge.left, {})[edge.right] = None
        for edge in self.edges:
            found.setdefault(edge.right, {})[edge.left] = None
        return {table: tuple(others) for table, others in found.items()}

    @cached_property
    def _edges_between(self) -> dict[tuple[int, int], list[Edge]]:
        found: dict[tuple[int, int], list[Edge]] = {}
        for edge in self.edges:
            for ends in dict.fromkeys(((edge.left, edge.right), (edge.right, edge.left))):
                found.setdefault(ends, []).append(edge)
        return found


def _kind(kinds: dict[Column, Kind], table: Table, name: str) -> Kind:
    return next((kinds[column] for column in table.columns if column.name.lower() == name.lower()), "any")


def _edges(schema: Schema, kinds: dict[Column, Kind]) -> list[Edge]:
    """Declared keys, and where none joins two tables, columns that are probably the same."""
    index = {table.name.lower(): number for number, table in enumerate(schema.tables)}
    edges = [
        Edge(
            index[key.child.name.lower()],
            index[key.parent.name.lower()],
            tuple((part.column, part.to_column) for part in key.parts),
        )
        for key in whole_keys(schema)
    ]
    for number, table in enumerate(schema.tables):
        edges += [
            Edge(number, number, ((key.column, key.to_column),))
            for key in table.foreign_keys
            if key.to_table.lower() == table.name.lower() and key.column != key.to_column
        ]
    joined = {frozenset((edge.left, edge.right)) for edge in edges}
    referring = {end for edge in edges for a, b in edge.pairs for end in ((edge.left, a), (edge.right, b))}
    alike: list[Edge] = []
    for left, one in enumerate(schema.tables):
        for right, other in enumerate(schema.tables):
            if left == right or {left, right} in joined:
                continue
            for a in one.columns:
                for b in other.columns:
                    if kinds[a] != kinds[b]:
                        continue
                    if _refers(a, one, b, other):
                        edges.append(Edge(left, right, ((a.name, b.name),)))
                        referring |= {(left, a.name), (right, b.name)}
                    elif left < right and _alike(a, b):
                        alike.append(Edge(left, right, ((a.name, b.name),)))
    # Two columns that hold a third table's key are joined by way of it.
    return edges + [
        edge
        for edge in alike
        if (edge.left, edge.pairs[0][0]) not in referring or (edge.right, edge.pairs[0][1]) not in referring
    ]


def _refers(column: Column, own: Table, key: Column, table: Table) -> bool:
    """Whether a column probably holds another table's key.

    It has the key's name, or says in its own name whose key it is: `customer_id` the `id` of customers, `cid`
    that of a company, `msid` a movie's `mid`.
    """
    name, wanted = column.name.lower(), key.name.lower()
    if table.primary_key != (key.name,) or own.primary_key == (column.name,):
        return False
    if name == wanted:
        return wanted != "id"
    if not name.endswith("id") or len(name) < 3:
        return False
    start = name[:-2].rstrip("_")
    if wanted == "id":
        return table.name.lower().startswith(start) or row_nouns(table.name)[0].lower() == start
    letters = iter(name)
    return len(wanted) > 2 and wanted.endswith("id") and all(letter in letters for letter in wanted)


def _alike(one: Column, other: Column) -> bool:
    """Whether two columns of different tables probably mean the same."""
    same = one.name.lower() == other.name.lower() != "id"
    return same and (one.primary_key or other.primary_key or one.name.lower().endswith("id"))
