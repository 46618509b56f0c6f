"""Synthetic rows for CREATE TABLE statements without a database, by the columns' types and names."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from t2sql.data.demo import distinct_texts, text_value
from t2sql.data.rng import Rng
from t2sql.data.synthesis.values import Value
from t2sql.errors import InputError
from t2sql.schema import Column, Schema, Table, read_ddl_file, split_name
from t2sql.sql import quote

_ROWS = 60
"""Rows of each table: enough for conditions that some of them meet."""
_TEXT_KINDS = {
    "name": "person",
    "author": "person",
    "manager": "person",
    "city": "city",
    "town": "city",
    "country": "country",
    "company": "company",
    "title": "title",
    "address": "address",
    "street": "street",
}
_WORDS = "of red;blue;green;white;black;open;closed;new;old;north;south;east;west;small;medium;large"
_WHOLE = ("INT", "SERIAL", "NUMBER(")
_LABEL = re.compile(r"'((?:[^']|'')*)'")
_DECIMAL = ("REAL", "FLOA", "DOUB", "DEC", "NUMERIC", "MONEY")


def write_synthetic_rows(ddl: Path, out: Path, *, seed: int) -> None:
    """Write an SQLite file with the tables of a script, and rows whose foreign keys hold.

    Args:
        ddl: The script.
        out: The SQLite file.
        seed: The seed of the random choices.

    Raises:
        InputError: The script cannot be read, or SQLite cannot create its tables.
    """
    schema = read_ddl_file(ddl)
    out.parent.mkdir(parents=True, exist_ok=True)
    rows: dict[str, dict[str, list[Value]]] = {}
    with closing(sqlite3.connect(out)) as connection:
        for table in _parents_first(schema):
            rng = Rng(f"made-up/{seed}/{table.name}")
            columns = {column.name: _values(rng, table, column, rows) for column in table.columns}
            rows[table.name.lower()] = columns
            try:
                connection.execute(_create(schema, table))
                marks = ", ".join("?" for _ in columns)
                lines = zip(*columns.values(), strict=True)
                connection.executemany(f"INSERT OR IGNORE INTO {quote(table.name)} VALUES ({marks})", lines)
            except sqlite3.Error as error:
                raise InputError("the schema cannot be created", where=table.name, found=error) from error
        connection.commit()


def _parents_first(schema: Schema) -> list[Table]:
    """Sort tables after those that their keys refer to; of tables in a circle, the first comes first."""
    left, done = list(schema.tables), []
    while left:
        names = {table.name.lower() for table in left}
        free = [
            table
            for table in left
            if not any(k.to_table.lower() in names - {table.name.lower()} for k in table.foreign_keys)
        ]
        chosen = (free or left)[0]
        left.remove(chosen)
        done.append(chosen)
    return done


def _create(schema: Schema, table: Table) -> str:
    parts = [f"{quote(column.name)} {quote(column.type)}" for column in table.columns]
    if table.primary_key:
        parts.append(f"PRIMARY KEY ({', '.join(map(quote, table.primary_key))})")
    parts += [
        f"FOREIGN KEY ({quote(key.column)}) REFERENCES {quote(key.to_table)} ({quote(key.to_column)})"
        for key in table.foreign_keys
        if schema.table(key.to_table) is not None
    ]
    return f"CREATE TABLE {quote(table.name)} ({', '.join(parts)})"


def _values(rng: Rng, table: Table, column: Column, rows: dict[str, dict[str, list[Value]]]) -> list[Value]:
    """Draw the column's values, one for each row; those of a primary key are all different."""
    for key in table.foreign_keys:
        targets = rows.get(key.to_table.lower(), {}).get(key.to_column)
        if key.column == column.name and targets:
            if table.primary_key == (column.name,):
                return rng.sample(targets, _ROWS)
            return [rng.choice(targets) for _ in range(_ROWS)]
    labels: list[Value] = [text.replace("''", "'") for text in _LABEL.findall(_enum_labels(column.type))]
    if labels:
        return [rng.choice(labels) for _ in range(_ROWS)]
    sql_type, words = column.type.upper(), split_name(column.name)
    if words[-1] in ("on", "at", "date") and not any(
        part in sql_type for part in (*_WHOLE, *_DECIMAL, "TIME")
    ):
        return [_day(rng) for _ in range(_ROWS)]
    if "BOOL" in sql_type or sql_type in ("BIT", "TINYINT(1)") or words[0] in ("is", "has", "was"):
        return [rng.below(2) for _ in range(_ROWS)]
    if any(part in sql_type for part in _WHOLE) and not sql_type.startswith(("INTERVAL", "POINT")):
        return _whole(rng, column, words)
    if any(part in sql_type for part in _DECIMAL):
        top = rng.choice((10, 100, 1000))
        return [round(rng.random() * top, 2) for _ in range(_ROWS)]
    if "DATE" in sql_type or "TIME" in sql_type:
        days = [_day(rng) for _ in range(_ROWS)]
        clock = "TIME" in sql_type
        return [f"{day} {rng.below(24):02}:{rng.below(60):02}:00" if clock else day for day in days]
    kind = _TEXT_KINDS.get(words[-1].lower(), _WORDS)
    if column.primary_key and len(table.primary_key) == 1:
        return [f"{words[-1].upper()[:3]}-{number:03}" for number in range(1, _ROWS + 1)]
    if words[-1].lower() in ("name", "title"):
        texts: list[Value] = list(distinct_texts(rng, kind, _ROWS, set()))
        return texts + [text_value(rng, kind) for _ in range(_ROWS - len(texts))]
    choices = [text_value(rng, kind) for _ in range(rng.between(4, 12))]
    return [rng.choice(choices) for _ in range(_ROWS)]


def _enum_labels(sql_type: str) -> str:
    """What stands in the parentheses of a type such as enum('open', 'paid')."""
    return sql_type[5:-1] if sql_type[:5].lower() == "enum(" else ""


def _day(rng: Rng) -> str:
    return f"20{rng.between(10, 24)}-{rng.between(1, 12):02}-{rng.between(1, 28):02}"


def _whole(rng: Rng, column: Column, words: list[str]) -> list[Value]:
    if column.primary_key:
        return list(range(1, _ROWS + 1))
    if "year" in words:
        return [rng.between(1960, 2024) for _ in range(_ROWS)]
    top = rng.choice((10, 100, 1000, 5000))
    return [rng.between(0, top) for _ in range(_ROWS)]
