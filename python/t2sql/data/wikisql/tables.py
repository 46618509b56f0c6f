"""WikiSQL's tables: their records, and the SQLite databases that hold them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from t2sql.data.record import Record
from t2sql.data.wikisql.statements import parse_number
from t2sql.errors import InputError
from t2sql.schema import Column, Table
from t2sql.sql import quote


@dataclass(frozen=True)
class TableRecord:
    """A line of a `.tables.jsonl` file.

    Attributes:
        name: The table's id, such as `1-1000181-1`.
        header: The names of the columns, as Wikipedia has them.
        types: "text" or "real" for each column.
        rows: The cells. Rows that do not have a cell for each column are left out.
    """

    name: str
    header: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]

    @classmethod
    def from_record(cls, record: Record) -> TableRecord:
        """Read a line.

        Raises:
            InputError: It lacks `header`, `types` or `rows`, or not every column has a type.
        """
        header, types, rows = (_list(record, key) for key in ("header", "types", "rows"))
        if not header or len(header) != len(types):
            raise _malformed(record)
        return cls(
            str(record.fields["id"]),
            tuple(map(str, header)),
            tuple(map(str, types)),
            tuple(tuple(row) for row in rows if isinstance(row, list) and len(row) == len(types)),
        )

    def to_table(self) -> Table:
        """Return the table for SQL: equal names (but for case) are numbered, empty ones are replaced."""
        columns: list[Column] = []
        taken: set[str] = set()
        for number, (header, type_name) in enumerate(zip(self.header, self.types, strict=True), 1):
            name = " ".join(header.split()) or f"column {number}"
            while name.lower() in taken:
                name = f"{name} {number}"
            taken.add(name.lower())
            columns.append(Column(name, "REAL" if type_name == "real" else "TEXT"))
        return Table(self.name, tuple(columns))


def _list(record: Record, key: str) -> list[object]:
    value = record.fields.get(key)
    if not isinstance(value, list):
        raise _malformed(record)
    return value


def _malformed(record: Record) -> InputError:
    return InputError("the table cannot be read", where=record.where, expected="header, types, rows")


def write_tables(path: Path, records: Iterable[TableRecord]) -> None:
    """Write tables with their rows into a new SQLite file.

    Args:
        path: The file.
        records: The tables.
    """
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for record in records:
            _write_table(connection, record)
        connection.commit()


def _write_table(connection: sqlite3.Connection, record: TableRecord) -> None:
    table = record.to_table()
    # Questions seldom write a value with the table's capital letters; the official scorer ignores them too.
    columns = ", ".join(f"{quote(column.name)} {column.type} COLLATE NOCASE" for column in table.columns)
    connection.execute(f"CREATE TABLE {quote(table.name)} ({columns})")
    marks = ", ".join("?" for _ in table.columns)
    is_real = [column.type == "REAL" for column in table.columns]
    rows = [[_cell(value, real) for value, real in zip(row, is_real, strict=True)] for row in record.rows]
    connection.executemany(f"INSERT INTO {quote(table.name)} VALUES ({marks})", rows)


def _cell(value: object, is_real: bool) -> str | int | float | None:
    if value is None:
        return None
    if isinstance(value, int | float):
        return value if is_real else str(value)
    number = parse_number(str(value)) if is_real else None
    return str(value) if number is None else number
