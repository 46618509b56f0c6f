"""How many bytes the parts of a prompt take, for a schema that has to be cut."""

from __future__ import annotations

from dataclasses import dataclass

from t2sql.prompt.formats import PromptFormat
from t2sql.prompt.texts import PromptHints
from t2sql.prompt.version2 import column_text, shown_comment
from t2sql.prompt.version2_hints import hint_lines, names_line
from t2sql.schema import Column, Schema, Table

_TABLE_BYTES = {1: 20, 2: 8}
"""By version, what a prompt has around a table's names ("table: ", "columns: "), rounded up."""
_COLUMN_BYTES = 2
"""The ", " between columns."""


@dataclass(frozen=True)
class PromptSizes:
    """The sizes of tables and columns in prompts of one format.

    Attributes:
        schema: All tables.
        prompt_format: The format.
    """

    schema: Schema
    prompt_format: PromptFormat

    def table(self, table: Table) -> int:
        """The bytes of a table's lines, or of a table with some of its columns."""
        comment = 0
        if "comments" in self.prompt_format.parts:
            comment = len(shown_comment(table.name, table.comment).encode()) + 3
        around = len(table.name.encode()) + comment + _TABLE_BYTES[self.prompt_format.version]
        return around + sum(self.column(table, column) for column in table.columns)

    def column(self, table: Table, column: Column) -> int:
        """The bytes of a column in its table's line."""
        if self.prompt_format.version == 1:
            text = column.name
        else:
            text = column_text(table, column, self.schema, self.prompt_format)
        return len(text.encode()) + _COLUMN_BYTES

    def hints(self, question: str, hints: PromptHints) -> int:
        """The bytes of the lines beside the tables and the question."""
        if self.prompt_format.version == 1:
            return 0
        lines = hint_lines(self.schema, self.prompt_format, hints)
        if "names" in self.prompt_format.parts:
            lines.append(names_line(self.schema, self.prompt_format, question))
        return sum(len(line.encode()) + 1 for line in lines)
