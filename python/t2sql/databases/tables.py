"""The tables of the user's database: what is read of each before any row is."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class DatabaseColumn:
    """A column of the user's database.

    Attributes:
        name: The column's name as the database spells it.
        type: The type in the database's own SQL; TEXT where SQLAlchemy does not know it.
        affinity: The type for a copy of the column in SQLite: the type itself if the database is SQLite, else
            INTEGER, REAL or TEXT; empty where SQLAlchemy does not know the type.
        binary: Whether the values are bytes. They are not read.
        comment: What the database says of it.
    """

    name: str
    type: str
    affinity: str
    binary: bool
    comment: str = ""


@dataclass(frozen=True)
class ForeignKeyConstraint:
    """A foreign key, perhaps of several columns.

    Attributes:
        table: The table that holds the key.
        columns: The key's columns in `table`.
        to_table: The table that the key refers to.
        to_columns: The columns that `columns` refer to, pair by pair.
    """

    table: str
    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]


@dataclass(frozen=True)
class DatabaseTable:
    """A table or a view of the user's database.

    Attributes:
        name: The table's name as the database spells it. No two tables of a catalog have the same.
        columns: The columns, in the table's order.
        primary_key: The names of the primary key's columns; empty if there is none.
        foreign_keys: The keys whose target columns were read as well.
        namespace: What its name is written after in the database's SQL: the name of its schema, in DuckDB
            after its catalog where that is needed; empty for the default.
        comment: What the database says of it.
    """

    name: str
    columns: tuple[DatabaseColumn, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[ForeignKeyConstraint, ...]
    namespace: tuple[str, ...] = ()
    comment: str = ""

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in the table's order."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class Catalog:
    """The tables and views of a database.

    Attributes:
        tables: The tables that can be read, in the order of their names.
        left_out: Sentences for people, each about what is not among them and why.
    """

    tables: tuple[DatabaseTable, ...]
    left_out: tuple[str, ...] = ()


def resolve_keys(table: DatabaseTable, by_name: dict[str, DatabaseTable]) -> DatabaseTable:
    """Keep the keys into tables and columns that were read, with names as their own table spells them.

    Args:
        table: A table.
        by_name: All tables, by their names in small letters.
    """
    resolved = []
    for key in table.foreign_keys:
        target = by_name.get(key.to_table.lower())
        if target is None or len(key.columns) != len(key.to_columns) or not key.columns:
            continue
        spelling = {name.lower(): name for name in target.column_names}
        if {column.lower() for column in key.to_columns} <= spelling.keys():
            to_columns = tuple(spelling[column.lower()] for column in key.to_columns)
            resolved.append(ForeignKeyConstraint(table.name, key.columns, target.name, to_columns))
    return replace(table, foreign_keys=tuple(dict.fromkeys(resolved)))
