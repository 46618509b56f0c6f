"""A few texts of each column, put into a schema for a prompt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from t2sql.schema import Schema
from t2sql.values.index import ColumnSamples


def with_samples(schema: Schema, samples: Iterable[ColumnSamples]) -> Schema:
    """The schema with these samples, and no others, as the values of its columns.

    Args:
        schema: The tables.
        samples: Texts of their columns; letter case of names is ignored, as SQLite does.
    """
    texts = {(one.table.lower(), one.column.lower()): one.texts for one in samples}
    tables = [
        replace(
            table,
            columns=tuple(
                replace(column, values=texts.get((table.name.lower(), column.name.lower()), ()))
                for column in table.columns
            ),
        )
        for table in schema.tables
    ]
    return Schema(tuple(tables))
