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
    name: str
    type: str = "TEXT"


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
        import sqlglot
        from sqlglot import exp

        try:
            statements = sqlglot.parse(text, read=dialect)
        except sqlglot.errors.SqlglotError as error:
            message = str(error).splitlines()[0]
            raise InputError("the schema cannot be read", where=where, found=message) from error
        tables = []
        for statement in statements:
            if not isinstance(statement, exp.Create) or statement.kind != "TABLE":
                continue
            if not isinstance(statement.this, exp.Schema):
                continue
            columns = tuple(
                Column(part.name, part.kind.sql(dialect=dialect) if part.kind else "TEXT")
                for part in statement.this.expressions
                if isinstance(part, exp.ColumnDef)
            )
            keys = tuple(_ddl_foreign_keys(statement.this))
            tables.append(Table(statement.this.this.name, columns, keys))
        if not tables:
            raise InputError("no table in the schema", where=where, expected="CREATE TABLE statements")
        return cls(tuple(tables))

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
                        tuple(Column(str(c["name"]), str(c.get("type", "TEXT"))) for c in table["columns"]),
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
                "columns": [{"name": column.name, "type": column.type} for column in table.columns],
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


def _ddl_foreign_keys(schema: Any) -> Iterable[ForeignKey]:
    from sqlglot import exp

    for part in schema.expressions:
        if isinstance(part, exp.ColumnDef):
            for reference in part.find_all(exp.Reference):
                yield from _reference(reference, [part.name])
        for key in part.find_all(exp.ForeignKey):
            target = key.args.get("reference")
            if target is not None:
                yield from _reference(target, [column.name for column in key.expressions])


def _reference(reference: Any, columns: list[str]) -> Iterable[ForeignKey]:
    target = reference.this
    to_columns = [column.name for column in target.expressions] or columns
    name = target.this.name if hasattr(target.this, "name") else str(target.this)
    for column, to_column in zip(columns, to_columns, strict=False):
        yield ForeignKey(column, name, to_column)


def _sqlite_table(connection: sqlite3.Connection, name: str) -> Table:
    quoted = '"' + name.replace('"', '""') + '"'
    columns = tuple(
        Column(row[1], re.sub(r"\s+", " ", row[2]).strip() or "TEXT")
        for row in connection.execute(f"PRAGMA table_info({quoted})")
    )
    keys = tuple(
        ForeignKey(row[3], row[2], row[4] or row[3])
        for row in connection.execute(f"PRAGMA foreign_key_list({quoted})")
    )
    return Table(name, columns, keys)
