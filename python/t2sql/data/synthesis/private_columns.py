"""Columns that look private, and the placeholders that replace their values."""

from __future__ import annotations

import re
from typing import TypeAlias

from t2sql.data.synthesis.recipe import Recipe
from t2sql.data.synthesis.row_sampler import Row, Value
from t2sql.databases import DatabaseTable
from t2sql.schema import split_name

_NAMES = re.compile(
    r"password|passwd|passphrase|pwd|pass|secret|token|api key|access key|private key|credentials?|salt|hash"
    r"|digest|signature|session|cookie|otp|mfa|totp|pin|ssn|social security( number)?|national id|passport"
    r"|tax id|e mail|email|mail|phone|telephone|mobile|fax|iban|bic|account number|routing number|card"
    r"|credit card|card number|cvv|cvc|birthday|birthdate|date of birth|ip|ip address|street|address"
)
_PARTS = re.compile(
    rf"(^|.* )({_NAMES.pattern})( (number|no|nr|hash|value|text|address|key|id|enc|encrypted|1|2))?$"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_SECRET = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])[A-Za-z0-9+/=_.$-]{24,}\Z")
_DASHES = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\Z")

PrivateColumns: TypeAlias = set[tuple[str, str]]
"""(table, column) of each private column."""

_LOOKED_AT = 200
"""How many values of a column are looked at; more than half of them have to look private."""


def private_columns(
    tables: list[DatabaseTable], rows: dict[str, list[Row]], recipe: Recipe
) -> PrivateColumns:
    """Find the columns that the recipe calls private, or whose names or values look private.

    A foreign key into a private column is private as well, and so is the column that a private key refers to.

    Args:
        tables: The tables.
        rows: The rows of each, by the table's name.
        recipe: What it says of a column has precedence.
    """
    private: PrivateColumns = set()
    for table in tables:
        for index, column in enumerate(table.columns):
            stated = recipe.says_private(table.name, column.name)
            looks = _name_looks(column.name) or _values_look([row[index] for row in rows[table.name]])
            if stated or (
                stated is None and looks and not _is_key(table, column.name, rows[table.name], index)
            ):
                private.add((table.name, column.name))
    before = -1
    while len(private) != before:
        before = len(private)
        for edge in (edge for table in tables for edge in table.foreign_keys):
            for ours, theirs in zip(edge.columns, edge.to_columns, strict=True):
                pair = {(edge.table, ours), (edge.to_table, theirs)}
                if pair & private:
                    private |= pair
    return private


def replace_values(
    tables: list[DatabaseTable], rows: dict[str, list[Row]], private: PrivateColumns
) -> dict[str, list[Row]]:
    """Return the rows with placeholders for private values. Equal values get equal ones, so joins still hold.

    Args:
        tables: The tables.
        rows: The rows of each, by the table's name.
        private: The private columns.
    """
    numbers: dict[Value, int] = {}

    def placeholder(value: Value) -> Value:
        if value is None:
            return None
        number = numbers.setdefault(value, len(numbers) + 1)
        return f"private-{number}" if isinstance(value, str) else number

    out = {}
    for table in tables:
        hidden = [(table.name, column.name) in private for column in table.columns]
        out[table.name] = [
            tuple(placeholder(value) if hide else value for value, hide in zip(row, hidden, strict=True))
            for row in rows[table.name]
        ]
    return out


def _name_looks(name: str) -> bool:
    return _PARTS.match(" ".join(split_name(name))) is not None


def _values_look(values: list[Value]) -> bool:
    texts = [value for value in values[:_LOOKED_AT] if isinstance(value, str) and value.strip()]
    looks = sum(
        1 for text in texts if _EMAIL.match(text) or (_SECRET.match(text) and not _DASHES.match(text))
    )
    return bool(texts) and looks * 2 > len(texts)


def _is_key(table: DatabaseTable, column: str, rows: list[Row], index: int) -> bool:
    """Tell whether a column is a key of numbers: these identify nobody, as in "address_id"."""
    keyed = column in table.primary_key or any(column in edge.columns for edge in table.foreign_keys)
    return keyed and all(isinstance(row[index], int) for row in rows if row[index] is not None)
