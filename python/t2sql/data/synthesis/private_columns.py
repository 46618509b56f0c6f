"""Columns that look private, and the placeholders that replace their values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from t2sql.data.synthesis.recipe import Recipe
from t2sql.data.synthesis.values import Row, Value
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
_EMAIL_INSIDE = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]")
_LONG_NUMBER = re.compile(r"(?<!\d)\+?(?:\d[ ()./-]{0,2}){9,}|\b[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){3,}")
"""Of a telephone, a card or an account. Dates have eight digits."""
_SECRET = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])[A-Za-z0-9+/=_.$-]{24,}\Z")
_DASHES = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\Z")

PrivateColumns: TypeAlias = set[tuple[str, str]]
"""(table, column) of each private column."""

PLACEHOLDER = "private-"
"""How the texts begin that stand for private ones in the copy of a database."""

_TELLING = 5
"""Characters of a private text that is looked for in other columns; shorter ones are words of any text."""

_MOST_WORDS = 6
"""Words of a private text that is looked for inside other texts."""

_WORD = re.compile(r"[\w+@#](?:[^\s,;:!?()<>\[\]{}\"=]*\w)?")

_LOOKED_AT = 200
"""How many values of a column are looked at; more than half of them have to look private."""


def private_columns(
    tables: list[DatabaseTable], rows: dict[str, list[Row]], recipe: Recipe
) -> PrivateColumns:
    """Find the columns that the recipe calls private, or whose names or values look private.

    A foreign key into a private column is private as well, and so are the column that a private key refers to
    and a column most of whose texts stand in a private one, such as that of a view.

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
        private |= _repeating(tables, rows, private, recipe)
    return private


def _repeating(
    tables: list[DatabaseTable], rows: dict[str, list[Row]], private: PrivateColumns, recipe: Recipe
) -> PrivateColumns:
    """The columns most of whose texts are those of private columns."""
    texts = private_texts_of(tables, rows, private)
    found: PrivateColumns = set()
    for table in tables:
        for index, column in enumerate(table.columns):
            if (table.name, column.name) in private or recipe.says_private(table.name, column.name) is False:
                continue
            values = {value for row in rows[table.name] if isinstance(value := row[index], str)}
            if values and 2 * len(values & texts) > len(values):
                found.add((table.name, column.name))
    return found


def private_texts_of(
    tables: list[DatabaseTable], rows: dict[str, list[Row]], private: PrivateColumns
) -> set[str]:
    """The texts of private columns that are long enough to tell who is meant."""
    return {
        value
        for table in tables
        for index, column in enumerate(table.columns)
        if (table.name, column.name) in private
        for row in rows[table.name]
        if isinstance(value := row[index], str) and len(value) >= _TELLING
    }


def holds_private_text(text: str, private_texts: set[str]) -> bool:
    """Whether a text has a private one in it: an address of mail, a secret, a long number, or one given.

    Args:
        text: A text of a column that is not private.
        private_texts: Texts of private columns.
    """
    if "@" in text and _EMAIL_INSIDE.search(text):
        return True
    if _LONG_NUMBER.search(text) and not _DASHES.match(text):
        return True
    if _SECRET.match(text) and not _DASHES.match(text):
        return True
    return bool(private_texts) and any(
        text[begin:end] in private_texts for begin, end in _runs_of_words(text, _MOST_WORDS)
    )


def replace_values(
    tables: list[DatabaseTable], rows: dict[str, list[Row]], private: PrivateColumns
) -> dict[str, list[Row]]:
    """Return the rows with placeholders for private values. Equal values get equal ones, so joins still hold.

    In the texts of other columns, such as notes, words that are private values are replaced too.

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
        return f"{PLACEHOLDER}{number}" if isinstance(value, str) else number

    texts = {
        text
        for text in private_texts_of(tables, rows, private)
        if not text.isdigit() or len(text) > 2 * _TELLING
    }
    most_words = max((len(text.split()) for text in texts), default=0)

    def scrub(value: Value) -> Value:
        if not texts or not isinstance(value, str) or len(value) < _TELLING:
            return value
        for begin, end in _runs_of_words(value, min(most_words, _MOST_WORDS)):
            if value[begin:end] in texts:
                return scrub(f"{value[:begin]}{placeholder(value[begin:end])}{value[end:]}")
        return value

    out = {}
    for table in tables:
        hidden = [(table.name, column.name) in private for column in table.columns]
        out[table.name] = [
            tuple(
                placeholder(value) if hide else scrub(value) for value, hide in zip(row, hidden, strict=True)
            )
            for row in rows[table.name]
        ]
    return out


def _runs_of_words(text: str, most: int) -> Iterator[tuple[int, int]]:
    """The places of up to `most` words in a row, without punctuation around them."""
    words = [(match.start(), match.end()) for match in _WORD.finditer(text)]
    for index, (begin, _) in enumerate(words):
        for _, end in words[index : index + most]:
            yield begin, end


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
