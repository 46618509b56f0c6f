"""What can stand after FROM: tables under their own names or as T1, T2, ..., and what joins two of them."""

from __future__ import annotations

from dataclasses import dataclass

from t2sql.grammar.column_kinds import Kind, kinds_of
from t2sql.grammar.joins import whole_keys
from t2sql.schema import Column, Schema, Table
from t2sql.sql import quote


@dataclass(frozen=True)
class Source:
    """A table after FROM.

    Attributes:
        table: The index of the table in the schema.
        alias: Its name in the statement; None for a table that stands alone under its own name, whose columns
            are written without it.
        place: 0 for a table under its own name; n for the one that is called Tn, the n-th after FROM.
    """

    table: int
    alias: str | None
    place: int = 0

    @property
    def id(self) -> str:
        """A part of the names of its rules."""
        if self.place:
            return f"{'zabcdefghi'[self.place]}{self.table}"
        return f"u{self.table}" if self.alias is None else f"q{self.table}"


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

    @classmethod
    def of(cls, schema: Schema) -> Tables:
        """Read a schema.

        Args:
            schema: The tables.
        """
        kinds = kinds_of(schema)
        by_table = tuple(tuple(kinds[column] for column in table.columns) for table in schema.tables)
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

    def neighbours(self, table: int) -> list[int]:
        """The tables that a table can be joined with, each once; itself where it refers to itself."""
        found = [edge.right for edge in self.edges if edge.left == table]
        found += [edge.left for edge in self.edges if edge.right == table]
        return list(dict.fromkeys(found))


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
    for left, one in enumerate(schema.tables):
        for right, other in enumerate(schema.tables[left + 1 :], left + 1):
            if {left, right} not in joined:
                edges += [
                    Edge(left, right, ((a.name, b.name),))
                    for a in one.columns
                    for b in other.columns
                    if _alike(a, b) and kinds[a] == kinds[b]
                ]
    return edges


def _alike(one: Column, other: Column) -> bool:
    """Whether two columns of different tables probably mean the same."""
    same = one.name.lower() == other.name.lower()
    keyed = one.primary_key or other.primary_key or one.name.lower().endswith("id")
    return same and keyed and one.name.lower() != "id"
