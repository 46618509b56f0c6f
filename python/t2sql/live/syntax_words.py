"""Why a statement cannot be read, in words and with its place, instead of with sqlglot's classes."""

from __future__ import annotations

import re
from typing import Any

from sqlglot.errors import ParseError

_BRACKET = re.compile(r"Expecting (\S)$")
_NAMES = re.compile(r"<[^>]*>|\bexp\.\w+|\bTokenType\.\w+")
_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;]*m")
_BEGINNINGS = ("SELECT", "WITH", "VALUES", "FROM")
_MOST = 200
"""Characters of another parser's sentence that are shown."""


def syntax_words(error: BaseException, sql: str) -> str:
    """Why a statement cannot be read, such as `"FROM" is not expected here (line 1, column 15)`.

    Args:
        error: What sqlglot raised.
        sql: The statement.
    """
    first = sql.split(maxsplit=1)[0].lstrip("(").upper() if sql.strip() else ""
    if first.isalpha() and first not in _BEGINNINGS:
        return f"expected SELECT, found {first[:20]}"
    if isinstance(error, ParseError) and error.errors:
        return _parse_words(error.errors[0], sql)
    open_quote = _open_quote(sql)
    if open_quote is not None:
        quote, place = open_quote
        return f"the text that begins with {quote} has no end ({_line_and_column(sql, place)})"
    lines = _NAMES.sub("", _TERMINAL_CODES.sub("", str(error))).strip().splitlines()
    return lines[0][:_MOST] if lines else "it cannot be read"


def _parse_words(error: dict[str, Any], sql: str) -> str:
    description = str(error.get("description") or "").strip().rstrip(".")
    line, last = error.get("line"), error.get("col")
    word = str(error.get("highlight") or "").strip()
    place = ""
    if isinstance(line, int) and isinstance(last, int):
        # sqlglot's column is that of the word's last character.
        place = f" (line {line}, column {max(1, last - max(0, len(word) - 1))})"
    if "missing for <class" in description:
        return f"something is missing after {word[:40] or 'its end'}{place}"
    if bracket := _BRACKET.search(description):
        return f"a {bracket[1]} is missing{place}"
    if description.startswith("Expected table name"):
        return f"the name of a table is missing{place}"
    if word:
        return f'"{word[:40]}" is not expected here{place}'
    return (_NAMES.sub("", description)[:_MOST] or "it cannot be read") + place


def _open_quote(sql: str) -> tuple[str, int] | None:
    """The quote that is not closed, and where it is."""
    quote, place = "", 0
    for index, character in enumerate(sql):
        if quote and character == quote:
            quote = ""
        elif not quote and character in "'\"`":
            quote, place = character, index
    return (quote, place) if quote else None


def _line_and_column(sql: str, place: int) -> str:
    before = sql[:place]
    return f"line {before.count(chr(10)) + 1}, column {place - before.rfind(chr(10))}"
