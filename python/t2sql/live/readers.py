"""Which dialects a statement is read in, one after the other."""

from __future__ import annotations

import re

from sqlglot.dialects.dialect import Dialect

from t2sql.live.dialects import OWN, OwnMariaDB, PlainMariaDB

_ESCAPES = re.compile(r"\\(.)", re.DOTALL)
_CHARACTERS = frozenset(r"\ntr")
"""What stands for another character behind MariaDB's backslash."""
_HARMLESS = _CHARACTERS | frozenset("%_'\"")
"""What a backslash may stand before in a statement that is written for MariaDB."""


def readers(sql: str, dialect: str) -> tuple[type[Dialect], ...]:
    """The dialects that a statement is read in: the next one where it does not parse in the one before.

    In MariaDB's own dialect a backslash begins an escape. In SQLite's, which models write, it stands for
    itself, and so it does here unless the statement has escapes and nothing else, such as two backslashes.

    Args:
        sql: The statement.
        dialect: sqlglot's name of the database's dialect.
    """
    if dialect != "mysql":
        return (OWN[dialect],)
    escaped = frozenset(_ESCAPES.findall(sql))
    escapes = bool(escaped & _CHARACTERS) and escaped <= _HARMLESS
    return (OwnMariaDB, PlainMariaDB) if escapes else (PlainMariaDB, OwnMariaDB)
