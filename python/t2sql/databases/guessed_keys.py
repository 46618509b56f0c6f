"""Foreign keys that nobody declared, of tables as they are read from a database's catalog."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from t2sql import schema
from t2sql.databases.tables import DatabaseTable, ForeignKeyConstraint
from t2sql.schema import Column, ForeignKey, Table


def guess_keys(table: DatabaseTable, tables: Iterable[DatabaseTable]) -> Iterator[ForeignKeyConstraint]:
    """Guess which columns of a table refer to another one; see `t2sql.schema.guess_keys`.

    Args:
        table: The table whose columns are looked at.
        tables: All tables.
    """
    for key in schema.guess_keys(_plain(table), map(_plain, tables)):
        yield ForeignKeyConstraint(table.name, (key.column,), key.to_table, (key.to_column,))


def _plain(table: DatabaseTable) -> Table:
    return Table(
        table.name,
        tuple(Column(column.name, column.type, column.name in table.primary_key) for column in table.columns),
        tuple(ForeignKey(name, key.to_table, "") for key in table.foreign_keys for name in key.columns),
    )
