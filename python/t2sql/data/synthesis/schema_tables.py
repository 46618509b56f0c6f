"""Tables of a database as a schema shows them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from t2sql.data.synthesis.private_columns import PrivateColumns
from t2sql.data.synthesis.recipe import Recipe
from t2sql.data.synthesis.values import Row
from t2sql.databases import DatabaseTable
from t2sql.schema import Column, ForeignKey, Table

_SAMPLE_VALUES = 3
"""How many values of a column its schema shows."""


def schema_table(table: DatabaseTable, rows: Sequence[Row], private: PrivateColumns, recipe: Recipe) -> Table:
    """Return a table as a schema shows it, with a few values of each column.

    Args:
        table: The table.
        rows: Its rows.
        private: The columns of which no value is shown.
        recipe: It says how long a value may be.
    """
    columns = []
    for index, column in enumerate(table.columns):
        values = dict.fromkeys(value for row in rows if (value := row[index]) is not None)
        short = [v for v in values if (len(v) <= recipe.value_length if isinstance(v, str) else isfinite(v))]
        sample = () if (table.name, column.name) in private else tuple(short[:_SAMPLE_VALUES])
        key = column.name in table.primary_key
        columns.append(Column(column.name, column.type, key, sample, column.comment))
    keys = tuple(
        ForeignKey(ours, key.to_table, theirs)
        for key in table.foreign_keys
        for ours, theirs in zip(key.columns, key.to_columns, strict=True)
    )
    return Table(table.name, tuple(columns), keys, table.comment)
