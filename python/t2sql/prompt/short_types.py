"""Types of columns as a prompt has them: one short word, none for text."""

from __future__ import annotations

import re

_SCALED = re.compile(r"number\s*\(\s*\d+\s*,\s*[1-9]", re.IGNORECASE)
_NESTED = re.compile(r"\[|^(struct|map|list|union|array)\b", re.IGNORECASE)
_WORDS = (
    ("time", r"timestamp\w*|datetime\w*|time|timetz|interval|smalldatetime"),
    ("date", r"date"),
    ("bool", r"bool|boolean"),
    ("real", r"real|float\d*|double|numeric|decimal|dec|money"),
    ("int", r"u?(tiny|small|medium|big|huge)?int(eger|\d*)|(small|big)?serial\d?|number|year"),
    ("json", r"jsonb?"),
    ("bytes", r"\w*blob|bytea|\w*binary"),
)
_PATTERNS = [(word, re.compile(rf"\b({pattern})\b", re.IGNORECASE)) for word, pattern in _WORDS]

TYPES = {
    "int": "INTEGER",
    "real": "REAL",
    "date": "DATE",
    "time": "TIMESTAMP",
    "bool": "BOOLEAN",
    "json": "JSON",
    "bytes": "BLOB",
}
"""The words, and the type that a schema has that was read from a prompt."""


def short_type(declared: str) -> str:
    """The word for a declared type; "" for texts, and for what a database treats as one.

    Args:
        declared: The type as a database of any kind has it.
    """
    if _NESTED.search(declared):
        return ""
    if _SCALED.match(declared):
        return "real"
    # In parentheses are lengths, and the values of an enum.
    name = declared.partition("(")[0]
    # What stands first decides, as in "timestamp with time zone".
    matches = [(match.start(), word) for word, pattern in _PATTERNS if (match := pattern.search(name))]
    return min(matches, key=lambda match: match[0])[1] if matches else ""
