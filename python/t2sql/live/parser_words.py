"""Names that sqlglot would read as keywords though the databases do not, such as a column `grant`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from sqlglot.errors import TokenError
from sqlglot.tokens import Token

from t2sql.live.readers import readers

_PARSER = """
    ANY CUBE DESCRIBE FETCH GRANT ILIKE LATERAL LOCK QUALIFY REVOKE RLIKE ROLLUP TABLESAMPLE UNCACHE XOR
"""
_PARSER_WORDS = frozenset(_PARSER.split())
"""Plain words in SQLite that are keywords of other databases, and of sqlglot in every dialect."""

_AFTER = """
    , ) . ; = == <> != < > <= >= + - * / % || IS IN LIKE BETWEEN NOT AS FROM WHERE AND OR GROUP HAVING ORDER
    LIMIT ASC DESC JOIN ON UNION
"""
_AFTER_NAME = frozenset(_AFTER.split())
"""What stands after a name, and after none of these words where they are keywords."""


def quote_parser_words(sql: str, names: Iterable[str], dialect: str) -> str:
    """Quote the names that sqlglot would read as keywords though they are none.

    Args:
        sql: A statement. What its dialect reads as a text, a quoted name or a comment stays as it is.
        names: The names of tables and columns that may be meant, in any letter case.
        dialect: sqlglot's name of its dialect.
    """
    words = _PARSER_WORDS & {name.upper() for name in names}
    if not words:
        return sql
    parts, end = [], 0
    read = _tokens(sql, dialect)
    for token, following in itertools.zip_longest(read, read[1:]):
        text = _text(sql, token)
        # sqlglot reads GROUP BY as one token.
        after = ";" if following is None else _text(sql, following).upper().split()[0]
        if text.upper() in words and after in _AFTER_NAME:
            parts += [sql[end : token.start], f'"{text}"']
            end = token.end + 1
    return "".join([*parts, sql[end:]])


def _tokens(sql: str, dialect: str) -> list[Token]:
    """The tokens; none of what cannot be split, which the parser will refuse with its place."""
    for reader in readers(sql, dialect):
        try:
            return list(reader().tokenize(sql))
        except TokenError:
            continue
    return []


def _text(sql: str, token: Token) -> str:
    """A token as it is written: with its quotes."""
    return sql[token.start : token.end + 1]
