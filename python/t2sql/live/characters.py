"""Characters that two readers of a statement may see differently, such as a blank that is no blank."""

from __future__ import annotations

import unicodedata

from sqlglot.dialects.dialect import Dialect
from sqlglot.tokens import TokenType

from t2sql.sql import SqlError

_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs", "Cs"})
"""Unicode's categories of control, format, separator and space characters, and of halves of characters."""
_BLANKS = frozenset(" \t\n\r")
_QUOTED = frozenset({TokenType.STRING, TokenType.IDENTIFIER})


def check_characters(sql: str, dialect: type[Dialect]) -> None:
    """Refuse characters that one reader takes for a blank and another for a letter.

    DuckDB reads U+200B as a blank where sqlglot reads a letter, so that a statement would run that is not the
    one that was checked. In texts and in quoted names, which are written anew in quotes, every character but
    NUL stands for itself.

    Args:
        sql: A model's statement.
        dialect: The dialect that it is read in.

    Raises:
        SqlError: It has a control, format, separator or space character outside of quotes (blanks, tabs and
            ends of lines are allowed), or NUL anywhere.
        sqlglot.errors.SqlglotError: It cannot be split into tokens.
    """
    if "\0" in sql:
        raise SqlError("syntax", "a null character", sql)
    if sql.isascii() and sql.isprintable():
        return
    position = 0
    for token in dialect().tokenize(sql):
        if token.token_type in _QUOTED:
            _check(sql[position : token.start], sql)
            position = token.end + 1
    _check(sql[position:], sql)


def _check(part: str, sql: str) -> None:
    for character in part:
        if character not in _BLANKS and unicodedata.category(character) in _CATEGORIES:
            name = unicodedata.name(character, "a control character")
            raise SqlError("syntax", f"U+{ord(character):04X} ({name}) outside of quotes", sql)
