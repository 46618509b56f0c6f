"""Foreign keys that nobody declared, guessed by names: `customer_id` refers to the table of customers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from t2sql.schema.tables import Column, ForeignKey, Schema, Table
from t2sql.schema.words import row_nouns, split_name

_NUMBER = re.compile(r"INT|NUM|DEC|REAL|FLOA|DOUB|SERIAL", re.IGNORECASE)


def with_guessed_keys(schema: Schema) -> Schema:
    """The schema with the keys that are guessed beside those that it has."""
    tables = [
        replace(table, foreign_keys=(*table.foreign_keys, *guess_keys(table, schema.tables)))
        for table in schema.tables
    ]
    return Schema(tuple(tables))


def guess_keys(table: Table, tables: Iterable[Table]) -> Iterator[ForeignKey]:
    """Guess which columns of a table refer to another one; columns of a declared key are passed over.

    A column whose name is a table's, in the singular, and "id" refers to that table's primary key if that is
    one column of the same kind of type; in a table without one, to its column "id".

    Args:
        table: The table whose columns are looked at.
        tables: All tables.
    """
    declared = {key.column for key in table.foreign_keys}
    targets = [(row_nouns(target.name)[0].lower(), target) for target in tables if target.name != table.name]
    for column in table.columns:
        words = [word.lower() for word in split_name(column.name)]
        if len(words) < 2 or words[-1] != "id" or column.name in declared:
            continue
        for noun, target in targets:
            key = _key(target) if noun == " ".join(words[:-1]) else None
            if key is not None and _is_number(key) == _is_number(column):
                yield ForeignKey(column.name, target.name, key.name)


def _is_number(column: Column) -> bool:
    return _NUMBER.search(column.type) is not None


def _key(table: Table) -> Column | None:
    names = table.primary_key or tuple(name for name in table.column_names if name.lower() == "id")
    if len(names) != 1:
        return None
    return next((column for column in table.columns if column.name == names[0]), None)
