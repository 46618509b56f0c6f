"""What a database looks like: columns, tables, schemas, and the forms they are read from."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2sql.errors import InputError

TABLE_SYNTAX = '"NAME: COLUMN, COLUMN", such as "students: Name, Age"'


@dataclass(frozen=True)
class Column:
    """`values` are samples of what the column holds; prompts of version 1 leave them out."""

    name: str
    type: str = "TEXT"
    primary_key: bool = False
    values: tuple[str | int | float, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"name": self.name, "type": self.type}
        if self.primary_key:
            entry["primary_key"] = True
        if self.values:
            entry["values"] = list(self.values)
        return entry

    @classmethod
    def from_dict(cls, data: Any) -> Column:
        values = tuple(data.get("values", ()))
        if not all(isinstance(value, (str, int, float)) for value in values):
            raise TypeError(f"values of {data['name']!r}")
        return cls(
            str(data["name"]), str(data.get("type", "TEXT")), bool(data.get("primary_key", False)), values
        )


@dataclass(frozen=True)
class ForeignKey:
    """`column` of the table that holds the key points at `to_column` of `to_table`."""

    column: str
    to_table: str
    to_column: str


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[Column, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def primary_key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.primary_key)


@dataclass(frozen=True)
class Schema:
    tables: tuple[Table, ...]

    def table(self, name: str) -> Table | None:
        """The table called `name`, letter case ignored as SQLite does."""
        folded = name.lower()
        return next((table for table in self.tables if table.name.lower() == folded), None)

    @classmethod
    def from_table_lines(cls, lines: Iterable[str]) -> Schema:
        """Read what ``--table`` takes, one table a line."""
        tables = tuple(_table_line(line) for line in lines)
        if not tables:
            raise InputError("no table given", expected=TABLE_SYNTAX)
        _refuse_twins("table", [table.name for table in tables], "the tables")
        return cls(tables)

    @classmethod
    def from_ddl(cls, text: str, *, dialect: str = "sqlite", where: object = None) -> Schema:
        """Read the CREATE TABLE statements of a script; other statements are passed over."""
        from t2sql.schema.ddl import read_tables

        return cls(read_tables(text, dialect=dialect, where=where))

    @classmethod
    def from_sqlite(cls, path: Path) -> Schema:
        """Read the tables of an SQLite file (views and SQLite's own tables left out)."""
        if not path.is_file():
            raise InputError("no such database", where=path)
        try:
            with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
                names = connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
                    "ESCAPE '\\' ORDER BY rowid"
                ).fetchall()
                tables = tuple(_sqlite_table(connection, name) for (name,) in names)
        except sqlite3.Error as error:
            raise InputError("the database cannot be read", where=path, found=str(error)) from error
        if not tables:
            raise InputError("no table in the database", where=path)
        return cls(tables)

    @classmethod
    def from_dict(cls, data: Any) -> Schema:
        """The inverse of `to_dict`; ValueError when `data` is not of that form."""
        try:
            return cls(
                tuple(
                    Table(
                        str(table["name"]),
                        tuple(Column.from_dict(column) for column in table["columns"]),
                        tuple(
                            ForeignKey(str(k["column"]), str(k["to_table"]), str(k["to_column"]))
                            for k in table.get("foreign_keys", ())
                        ),
                    )
                    for table in data["tables"]
                )
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a schema: {error!r}") from error

    def to_dict(self) -> dict[str, Any]:
        tables = []
        for table in self.tables:
            entry: dict[str, Any] = {
                "name": table.name,
                "columns": [column.to_dict() for column in table.columns],
            }
            if table.foreign_keys:
                entry["foreign_keys"] = [
                    {"column": k.column, "to_table": k.to_table, "to_column": k.to_column}
                    for k in table.foreign_keys
                ]
            tables.append(entry)
        return {"tables": tables}


def _table_line(line: str) -> Table:
    name, colon, rest = line.partition(":")
    names = [part.strip() for part in rest.split(",")]
    if not colon or not name.strip() or not all(names):
        raise InputError("the table cannot be read", expected=TABLE_SYNTAX, found=repr(line))
    _refuse_twins("column", names, f"table {name.strip()}")
    return Table(name.strip(), tuple(Column(column) for column in names))


def _refuse_twins(kind: str, names: list[str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise InputError(f"two {kind}s have one name", where=where, found=repr(name))
        seen.add(name.lower())


def _sqlite_table(connection: sqlite3.Connection, name: str) -> Table:
    columns = tuple(
        Column(row[1], re.sub(r"\s+", " ", row[2]).strip() or "TEXT", primary_key=row[5] > 0)
        for row in _pragma(connection, "table_info", name)
    )
    keys = tuple(
        ForeignKey(row[3], row[2], row[4] or _key_of(connection, row[2], row[1]) or row[3])
        for row in _pragma(connection, "foreign_key_list", name)
    )
    return Table(name, columns, keys)


def _key_of(connection: sqlite3.Connection, table: str, at: int) -> str | None:
    """A key that names no column means the primary key of its table, column by column."""
    key = sorted((row[5], row[1]) for row in _pragma(connection, "table_info", table) if row[5] > 0)
    return str(key[at][1]) if at < len(key) else None


def _pragma(connection: sqlite3.Connection, pragma: str, name: str) -> list[Any]:
    quoted = '"' + name.replace('"', '""') + '"'
    return connection.execute(f"PRAGMA {pragma}({quoted})").fetchall()
