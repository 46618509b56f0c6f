"""Statements as some data sets spell them, made such that a database runs them."""

from __future__ import annotations

from itertools import pairwise

from t2sql.schema import Schema
from t2sql.sql import literal, tokens


def with_single_quotes(sql: str, schema: Schema) -> str:
    """Texts in double quotes, which SQLite alone puts up with, in single ones.

    What is a name of the schema, or is called so in the statement (AS "…"), stays a name.
    """
    if '"' not in sql:
        return sql
    names = {table.name.lower() for table in schema.tables}
    names |= {column.name.lower() for table in schema.tables for column in table.columns}
    found = list(tokens(sql))
    words = [text for kind, text in found if kind not in ("space", "comment")]
    called = {
        _bare(after).lower()
        for before, after in pairwise(words)
        if before.upper() == "AS" and after.startswith('"')
    }
    return "".join(
        literal(_bare(text)) if kind == "double" and _bare(text).lower() not in names | called else text
        for kind, text in found
    )


def _bare(text: str) -> str:
    return text[1:-1].replace('""', '"')
