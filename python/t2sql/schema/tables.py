"""Columns, tables and schemas, and the JSON that they are stored as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from t2sql.plain import Json, JsonObject


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: The column's name.
        type: The declared SQL type.
        primary_key: Whether the column belongs to the table's primary key.
        values: A few of the values that the column holds. Prompts of version 1 leave them out.
        comment: What the database's owner says of the column; prompts of version 1 leave it out.
    """

    name: str
    type: str = "TEXT"
    primary_key: bool = False
    values: tuple[str | int | float, ...] = ()
    comment: str = ""


@dataclass(frozen=True)
class ColumnValue:
    """A text that a column holds.

    Attributes:
        table: The name of the column's table.
        column: The column's name.
        value: The text.
    """

    table: str
    column: str
    value: str


@dataclass(frozen=True)
class ForeignKey:
    """One column of a foreign key.

    Attributes:
        column: The column of the table that holds the key.
        to_table: The table that it refers to.
        to_column: The column of `to_table` that it refers to.
    """

    column: str
    to_table: str
    to_column: str


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: The table's name.
        columns: The columns, in the table's order.
        foreign_keys: The columns that refer to other tables.
        comment: What the database's owner says of the table; prompts of version 1 leave it out.
    """

    name: str
    columns: tuple[Column, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    comment: str = ""

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in the table's order."""
        return tuple(column.name for column in self.columns)

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The names of the primary key's columns; empty if the table has no primary key."""
        return tuple(column.name for column in self.columns if column.primary_key)


@dataclass(frozen=True)
class Schema:
    """The tables of a database, or those of them that a prompt shows.

    Attributes:
        tables: The tables, in the order of the prompt.
    """

    tables: tuple[Table, ...]

    def table(self, name: str) -> Table | None:
        """Return the table called `name`, or None. Letter case is ignored, as SQLite does."""
        folded = name.lower()
        return next((table for table in self.tables if table.name.lower() == folded), None)

    def to_dict(self) -> JsonObject:
        """Return the schema as JSON: `{"tables": [{"name", "columns", "foreign_keys"}]}`.

        What has its default value is left out: `primary_key`, `values`, `foreign_keys` and `comment`.
        """
        return {"tables": [_table_to_json(table) for table in self.tables]}

    @classmethod
    def from_dict(cls, data: object) -> Schema:
        """Read what `to_dict` returned.

        Raises:
            ValueError: `data` is not a schema in this form.
        """
        try:
            return cls(tuple(_table_from_json(table) for table in _items(_object(data)["tables"])))
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a schema: {error!r}") from error


def _table_to_json(table: Table) -> JsonObject:
    document: dict[str, Json] = {
        "name": table.name,
        "columns": [_column_to_json(column) for column in table.columns],
    }
    if table.foreign_keys:
        document["foreign_keys"] = [
            {"column": key.column, "to_table": key.to_table, "to_column": key.to_column}
            for key in table.foreign_keys
        ]
    if table.comment:
        document["comment"] = table.comment
    return document


def _column_to_json(column: Column) -> JsonObject:
    document: dict[str, Json] = {"name": column.name, "type": column.type}
    if column.primary_key:
        document["primary_key"] = True
    if column.values:
        document["values"] = list(column.values)
    if column.comment:
        document["comment"] = column.comment
    return document


def _table_from_json(data: object) -> Table:
    document = _object(data)
    keys = [_object(key) for key in _items(document.get("foreign_keys", []))]
    return Table(
        str(document["name"]),
        tuple(_column_from_json(column) for column in _items(document["columns"])),
        tuple(ForeignKey(str(key["column"]), str(key["to_table"]), str(key["to_column"])) for key in keys),
        str(document.get("comment", "")),
    )


def _column_from_json(data: object) -> Column:
    document = _object(data)
    name = str(document["name"])
    values = []
    for value in _items(document.get("values", [])):
        if not isinstance(value, str | int | float):
            raise TypeError(f"values of {name!r}")
        values.append(value)
    primary_key = bool(document.get("primary_key", False))
    comment = str(document.get("comment", ""))
    return Column(name, str(document.get("type", "TEXT")), primary_key, tuple(values), comment)


def _object(value: object) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r:.40} is not an object")
    return value


def _items(value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r:.40} is not a list")
    return value
