"""Texts in double quotes, as SQLite reads them, in single quotes, as standard SQL has them.

SQLite takes a name in double quotes that is no column for a text: https://www.sqlite.org/quirks.html#dblquote.
Which ones, SQLite itself says: its names are resolved where they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from t2sql.errors import InputError
from t2sql.schema import Schema
from t2sql.sql.lexer import literal, tokens
from t2sql.sql.sqlite import SqliteSession, empty_database

_NO_COLUMN = "no such column: "
_COMPARISONS = ("=", "==", "<>", "!=", "<", ">", "<=", ">=", "LIKE", "GLOB", "BETWEEN")


def with_single_quotes(sql: str, schema: Schema, *, operands_only: bool = False) -> str:
    """Rewrite texts that are in double quotes in single quotes. Names stay as they are.

    A statement that SQLite does not accept for another reason is read by the schema's names and the
    statement's aliases alone.

    Args:
        sql: A statement as Spider, BIRD, sql-create-context or a model has it.
        schema: The tables that it is about.
        operands_only: Whether only the right side of a comparison can be a text: elsewhere, a name that does
            not exist is rather a column that somebody got wrong.
    """
    if '"' not in sql:
        return sql
    parts = list(tokens(sql))
    quoted = [at for at, (kind, _) in enumerate(parts) if kind == "double" and not _is_qualified(parts, at)]
    texts = _texts_by_sqlite(parts, quoted, schema)
    if texts is None:
        texts = _texts_by_names(parts, quoted, schema)
    if operands_only:
        texts &= _operands(parts)
    return _rewritten(parts, texts)


def _texts_by_sqlite(
    parts: Sequence[tuple[str, str]], quoted: Sequence[int], schema: Schema
) -> set[int] | None:
    """The places of texts; None if SQLite refuses the statement whatever they are."""
    try:
        session = _session(schema)
    except InputError:
        return None
    texts: set[int] = set()
    while True:
        refusal = session.check(_rewritten(parts, texts))
        if refusal is None:
            return texts
        name = str(refusal.found).partition(_NO_COLUMN)[2]
        same = [at for at in quoted if at not in texts and _unquote(parts[at][1]) == name]
        if len(same) > 1:
            # The others as texts, SQLite says of each whether it is a column where it stands.
            same = [
                at
                for at in same
                if (error := session.check(_rewritten(parts, texts | set(same) - {at}))) is not None
                and str(error.found).partition(_NO_COLUMN)[2] == name
            ]
        if not same:
            return None
        texts |= set(same)


def _texts_by_names(parts: Sequence[tuple[str, str]], quoted: Sequence[int], schema: Schema) -> set[int]:
    names = {table.name.lower() for table in schema.tables}
    names |= {column.name.lower() for table in schema.tables for column in table.columns}
    names |= {_unquote(parts[at][1]).lower() for at in quoted if _word_before(parts, at).upper() == "AS"}
    return {at for at in quoted if _unquote(parts[at][1]).lower() not in names}


def _operands(parts: Sequence[tuple[str, str]]) -> set[int]:
    """The places on the right side of a comparison, or in the list of an IN."""
    places: set[int] = set()
    lists: list[bool] = []
    previous, between = "", False
    for at, (kind, text) in enumerate(parts):
        if kind in ("space", "comment"):
            continue
        word = text.upper()
        if previous in _COMPARISONS or (previous == "AND" and between) or (lists and lists[-1]):
            places.add(at)
        if word == "(":
            lists.append(previous == "IN")
        elif word == ")" and lists:
            lists.pop()
        between = word == "BETWEEN" or (between and previous != "AND")
        previous = word
    return places


def _is_qualified(parts: Sequence[tuple[str, str]], at: int) -> bool:
    """Tell whether a name has its table before it, or stands for a table: then it is no text."""
    after = next((text for kind, text in parts[at + 1 :] if kind not in ("space", "comment")), "")
    return _word_before(parts, at) == "." or after == "."


def _word_before(parts: Sequence[tuple[str, str]], at: int) -> str:
    return next((text for kind, text in reversed(parts[:at]) if kind not in ("space", "comment")), "")


def _rewritten(parts: Sequence[tuple[str, str]], texts: set[int]) -> str:
    return "".join(literal(_unquote(text)) if at in texts else text for at, (_, text) in enumerate(parts))


def _unquote(text: str) -> str:
    return text[1:-1].replace('""', '"')


@lru_cache(maxsize=16)  # Questions come grouped by database.
def _session(schema: Schema) -> SqliteSession:
    return empty_database(schema).open()
