"""Running SQL within bounds, comparing results, and SQLite's quoting."""

from __future__ import annotations

from t2sql.sql.canonical import same_statement
from t2sql.sql.compare import same_result
from t2sql.sql.execute import Reader, Result, SqlError, check, execute, open_reader
from t2sql.sql.lexer import is_ordered, literal, quote, tokens

__all__ = [
    "Reader",
    "Result",
    "SqlError",
    "check",
    "execute",
    "is_ordered",
    "literal",
    "open_reader",
    "quote",
    "same_result",
    "same_statement",
    "tokens",
]
