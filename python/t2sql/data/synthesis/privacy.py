"""What of a database is private, for others who show its values to people or to a model."""

from __future__ import annotations

from dataclasses import dataclass

from t2sql.data.synthesis.private_columns import (
    PrivateColumns,
    holds_private_text,
    private_columns,
    private_texts_of,
)
from t2sql.data.synthesis.recipe import read_recipe
from t2sql.data.synthesis.values import Row
from t2sql.databases import DatabaseTable


@dataclass(frozen=True)
class Privacy:
    """What looks private in a database.

    Attributes:
        columns: (table, column) of each private column.
        texts: Some of the texts of private columns.
    """

    columns: PrivateColumns
    texts: set[str]

    def hides(self, text: str) -> bool:
        """Whether a text of another column is private, or has something private in it."""
        return holds_private_text(text, self.texts)


def judge_privacy(tables: list[DatabaseTable], rows: dict[str, list[Row]]) -> Privacy:
    """Judge which columns look private, by the rules that `data` goes by where a recipe says nothing.

    Args:
        tables: The tables.
        rows: Some rows of each, by the table's name.
    """
    columns = private_columns(tables, rows, read_recipe())
    return Privacy(columns, private_texts_of(tables, rows, columns))
