"""Characters that two readers of a statement may see differently, such as a blank that is no blank."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from sqlglot.dialects.dialect import Dialect
from sqlglot.tokens import TokenType

from t2sql.sql import SqlError

_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs", "Cs"})
"""Unicode's categories of control, format, separator and space characters, and of halves of characters."""
_BLANKS = frozenset(" \t\n\r")
_GLUED = re.compile(r"\d[A-Za-z_]")
_QUOTED = frozenset({TokenType.STRING, TokenType.IDENTIFIER})


def check_characters(sql: str, dialect: type[Dialect]) -> None:
    """Refuse characters that one reader takes for a blank or for part of a number, and another for a letter.

    DuckDB reads U+200B as a blank where sqlglot reads a letter, so that a statement would run that is not the
    one that was checked. In texts and in quoted names, which are written anew in quotes, every character but
    NUL stands for itself.

    Args:
        sql: A model's statement.
        dialect: The dialect that it is read in.

    Raises:
        SqlError: It has a control, format, separator or space character outside of quotes (blanks, tabs and
            ends of lines are allowed), or NUL anywhere, or a number right before a name.
        sqlglot.errors.SqlglotError: It cannot be split into tokens.
    """
    if "\0" in sql:
        raise SqlError("syntax", "a null character", sql)
    if _GLUED.search(sql):
        _check_numbers(sql, dialect)
    if sql.isascii() and sql.isprintable():
        return
    position = 0
    for token in dialect().tokenize(sql):
        if token.token_type in _QUOTED:
            _check(sql[position : token.start], sql)
            position = token.end + 1
    _check(sql[position:], sql)


def _check_numbers(sql: str, dialect: type[Dialect]) -> None:
    """Refuse `0b11`, which is 3 for one reader and 0 with the name b11 for another."""
    for token, following in pairwise(dialect().tokenize(sql)):
        if (
            token.token_type is TokenType.NUMBER
            and following.token_type is TokenType.VAR
            and following.start == token.end + 1
        ):
            both = sql[token.start : following.end + 1]
            raise SqlError("syntax", f"{both} is neither a number nor a name", sql)


def _check(part: str, sql: str) -> None:
    for character in part:
        if character not in _BLANKS and unicodedata.category(character) in _CATEGORIES:
            name = unicodedata.name(character, "a control character")
            raise SqlError("syntax", f"U+{ord(character):04X} ({name}) outside of quotes", sql)
