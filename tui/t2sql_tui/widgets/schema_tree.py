"""The tables of a question's source, with their columns."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Tree

from t2sql.schema import Schema
from t2sql_tui import formatting

SHOWN_COLUMNS = 200
"""Columns of a table that are shown at most."""
EXPANDED_TABLES = 8
"""With no more tables than this, all of them begin unfolded."""


class SchemaTree(Tree[None]):
    """A branch for each table, a leaf for each column."""

    def __init__(self) -> None:
        """Begin without tables."""
        super().__init__("tables", id="schema")
        self.show_root = False
        self.border_title = "Schema"
        self._schema: Schema | None = None

    def show(self, schema: Schema) -> None:
        """Replace the tables; the same ones again stay folded as they are."""
        if schema == self._schema:
            return
        self._schema = schema
        self.clear()
        for table in schema.tables:
            expand = len(schema.tables) <= EXPANDED_TABLES
            node = self.root.add(Text(formatting.plain(table.name, 60)), expand=expand)
            for column in table.columns[:SHOWN_COLUMNS]:
                kind = formatting.plain(column.type, 20) + (" key" if column.primary_key else "")
                node.add_leaf(Text.assemble(formatting.plain(column.name, 60), " ", (kind, "dim")))
