"""Random schemas of typed columns, with keys and rows, for every database."""

from __future__ import annotations

import random
from dataclasses import dataclass

from t2sql.schema import Column, ForeignKey, Schema, Table

_NAMES = (
    "name",
    "city",
    "price",
    "Unit Price",
    "day",
    "order",
    "is_open",
    "état",
    "group",
    "total",
    "code",
    "at",
)
_TYPES = {
    "INTEGER": ("7", "-3", "0", "12345", "NULL"),
    "BIGINT": ("4006381333931", "1", "NULL"),
    "NUMERIC(10, 2)": ("19.90", "0.05", "NULL"),
    "DOUBLE PRECISION": ("52.5200066", "-1.5", "NULL"),
    "VARCHAR(20)": ("'red'", "'5 apples'", "'it''s'", "''", "NULL"),
    "TEXT": ("'Ann'", "'7'", "'2024-01-05'", "NULL"),
    "BOOLEAN": ("TRUE", "FALSE", "NULL"),
    "DATE": ("'2024-01-05'", "'1999-12-31'", "NULL"),
    "TIMESTAMP": ("'2024-01-05 10:30:00'", "NULL"),
    "TIME": ("'10:30:00'", "NULL"),
}
_STRICT = {"UUID": "'00000000-0000-0000-0000-00000000000", "JSON": "'{\"a\": 1}'"}
"""Types that PostgreSQL and DuckDB have besides."""


@dataclass(frozen=True)
class TypedSchema:
    """A schema, and the script that makes its tables and rows.

    Attributes:
        schema: The tables.
        script: CREATE TABLE and INSERT statements.
    """

    schema: Schema
    script: tuple[str, ...]


def typed_schema(seed: int, dialect: str) -> TypedSchema:
    """One to four tables; about one in five keys has two columns."""
    draw = random.Random(seed)
    tables: list[Table] = []
    script: list[str] = []
    for index in range(draw.randint(1, 4)):
        wide = draw.random() < 0.2
        kinds = list(_TYPES) + (list(_STRICT) if dialect in ("postgres", "duckdb") else [])
        columns = [Column("id", "INTEGER", primary_key=True)]
        columns += [Column("part", "INTEGER", primary_key=True)] if wide else []
        names = draw.sample(_NAMES, draw.randint(2, 6))
        columns += [Column(name, draw.choice(kinds)) for name in names]
        keys: list[ForeignKey] = []
        for parent in draw.sample(tables, min(len(tables), draw.randint(0, 2))):
            for to_column in parent.primary_key:
                name = f"{parent.name}_{to_column}"
                columns.append(Column(name, "INTEGER"))
                keys.append(ForeignKey(name, parent.name, to_column))
        table = Table(f"t{index}" if index else "Main Things", tuple(columns), tuple(keys))
        tables.append(table)
        mark = "`" if dialect == "mysql" else '"'
        quoted = [mark + column.name + mark for column in columns]
        body = ", ".join(f"{name} {column.type}" for name, column in zip(quoted, columns, strict=True))
        key = ", ".join(table.primary_key)
        script.append(f"CREATE TABLE {mark}{table.name}{mark} ({body}, PRIMARY KEY ({key}))")
        for row in range(4):
            values = ", ".join(_value(draw, column, row) for column in columns)
            script.append(f"INSERT INTO {mark}{table.name}{mark} VALUES ({values})")
    return TypedSchema(Schema(tuple(tables)), tuple(script))


def _value(draw: random.Random, column: Column, row: int) -> str:
    if column.primary_key:
        return str(row + 1)
    if column.type == "UUID":
        return _STRICT["UUID"] + f"{row}'"
    return _STRICT["JSON"] if column.type == "JSON" else draw.choice(_TYPES[column.type])
