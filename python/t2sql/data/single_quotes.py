"""Text literals in double quotes, rewritten as standard SQL has them."""

from __future__ import annotations

from itertools import pairwise

from t2sql.schema import Schema
from t2sql.sql import literal, tokens


def with_single_quotes(sql: str, schema: Schema) -> str:
    """Rewrite text literals that are in double quotes, which SQLite alone accepts, in single quotes.

    A name of the schema, and an alias that the statement defines (AS "…"), stays in double quotes.

    Args:
        sql: A statement as Spider, BIRD or sql-create-context has it.
        schema: The tables that it is about.
    """
    if '"' not in sql:
        return sql
    names = {table.name.lower() for table in schema.tables}
    names |= {column.name.lower() for table in schema.tables for column in table.columns}
    all_tokens = list(tokens(sql))
    words = [text for kind, text in all_tokens if kind not in ("space", "comment")]
    aliases = {
        _unquote(word).lower()
        for previous, word in pairwise(words)
        if previous.upper() == "AS" and word.startswith('"')
    }
    return "".join(
        literal(_unquote(text))
        if kind == "double" and _unquote(text).lower() not in names | aliases
        else text
        for kind, text in all_tokens
    )


def _unquote(text: str) -> str:
    return text[1:-1].replace('""', '"')
