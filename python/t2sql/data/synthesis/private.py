"""Columns that look private, and the stand-ins that take the place of their values."""

from __future__ import annotations

import re

from t2sql.data.synthesis.recipe import Recipe
from t2sql.data.synthesis.sampling import Row, Value
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

Columns = set[tuple[str, str]]


def private_columns(tables: list[DatabaseTable], rows: dict[str, list[Row]], recipe: Recipe) -> Columns:
    """(table, column) of those that the recipe calls private, or that their name or values give away.

    A key into a private column, or one that a private column points at, is private as well.
    """
    found: Columns = set()
    for table in tables:
        for at, column in enumerate(table.columns):
            said = recipe.says_private(table.name, column.name)
            looks = _name_looks(column.name) or _values_look([row[at] for row in rows[table.name]])
            if said or (said is None and looks and not _is_key(table, column.name, rows[table.name], at)):
                found.add((table.name, column.name))
    before = -1
    while len(found) != before:
        before = len(found)
        for edge in (edge for table in tables for edge in table.foreign_keys):
            for ours, theirs in zip(edge.columns, edge.to_columns, strict=True):
                pair = {(edge.table, ours), (edge.to_table, theirs)}
                if pair & found:
                    found |= pair
    return found


def hold_back(
    tables: list[DatabaseTable], rows: dict[str, list[Row]], private: Columns
) -> dict[str, list[Row]]:
    """The rows with stand-ins for private values: the same for the same value, so that joins still hold."""
    numbers: dict[Value, int] = {}

    def stand_in(value: Value) -> Value:
        if value is None:
            return None
        number = numbers.setdefault(value, len(numbers) + 1)
        return f"private-{number}" if isinstance(value, str) else number

    out = {}
    for table in tables:
        held = [(table.name, column.name) in private for column in table.columns]
        out[table.name] = [
            tuple(stand_in(value) if hold else value for value, hold in zip(row, held, strict=True))
            for row in rows[table.name]
        ]
    return out


def _name_looks(name: str) -> bool:
    return _PARTS.match(" ".join(split_name(name))) is not None


def _values_look(values: list[Value]) -> bool:
    texts = [value for value in values[:200] if isinstance(value, str) and value.strip()]
    looks = sum(
        1 for text in texts if _EMAIL.match(text) or (_SECRET.match(text) and not _DASHES.match(text))
    )
    return bool(texts) and looks * 2 > len(texts)


def _is_key(table: DatabaseTable, column: str, rows: list[Row], at: int) -> bool:
    """A number that only counts rows gives nobody away, whatever it is called ("address_id")."""
    keyed = column in table.primary_key or any(column in edge.columns for edge in table.foreign_keys)
    return keyed and all(isinstance(row[at], int) for row in rows if row[at] is not None)
