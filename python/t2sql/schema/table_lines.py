"""The tables that `--table` describes, one a line: "students: Name, Age"."""

from __future__ import annotations

from collections.abc import Iterable

from t2sql.errors import InputError
from t2sql.schema.tables import Column, Schema, Table

TABLE_SYNTAX = '"NAME: COLUMN, COLUMN", such as "students: Name, Age"'
"""What error messages say is expected of a line."""


def read_table_lines(lines: Iterable[str]) -> Schema:
    """Read tables that are written as `NAME: COLUMN, COLUMN`; every column gets the type TEXT.

    Args:
        lines: One table each.

    Raises:
        InputError: There is no line, one of them has no name or an empty column, or two tables or two columns
            of a table have the same name but for letter case.
    """
    tables = tuple(_read_line(line) for line in lines)
    if not tables:
        raise InputError("no table given", expected=TABLE_SYNTAX)
    _refuse_duplicates("table", [table.name for table in tables], "the tables")
    return Schema(tables)


def _read_line(line: str) -> Table:
    name, colon, rest = line.partition(":")
    columns = [part.strip() for part in rest.split(",")]
    if not colon or not name.strip() or not all(columns):
        raise InputError("the table cannot be read", expected=TABLE_SYNTAX, found=repr(line))
    _refuse_duplicates("column", columns, f"table {name.strip()}")
    return Table(name.strip(), tuple(Column(column) for column in columns))


def _refuse_duplicates(kind: str, names: list[str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise InputError(f"two {kind}s have the same name", where=where, found=repr(name))
        seen.add(name.lower())
