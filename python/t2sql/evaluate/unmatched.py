"""Texts that a statement looks for and that its database does not have: a reason to doubt it."""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp

from t2sql.schema import Schema
from t2sql.sql import Reader, SqlError, literal, quote

_MAX_LOOKUPS = 8
"""As many as `t2sql ask` looks up."""


def has_unmatched_text(reader: Reader, schema: Schema, sql: str) -> bool:
    """Whether a statement compares a column with a text that no row of it has, letter case ignored.

    Args:
        reader: The database.
        schema: Its tables.
        sql: A statement that runs on it.
    """
    try:
        tree = sqlglot.parse_one(sql, read="sqlite")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return False
    named = {table.name.lower() for table in tree.find_all(exp.Table)}
    tables = [table for table in schema.tables if table.name.lower() in named]
    for count, (column, text) in enumerate(_compared(tree)):
        if count >= _MAX_LOOKUPS:
            break
        owners = [table.name for table in tables if column.lower() in map(str.lower, table.column_names)]
        if owners and not any(_has(reader, table, column, text) for table in owners):
            return True
    return False


def _compared(tree: exp.Expr) -> Iterator[tuple[str, str]]:
    """Each (column, text) that `=`, `<>` or `IN (…)` compares."""
    for node in tree.find_all(exp.EQ, exp.NEQ, exp.In):
        others = node.expressions if isinstance(node, exp.In) else [node.expression]
        pairs = [(node.this, other) for other in others]
        if not isinstance(node, exp.In):
            pairs.append((node.expression, node.this))
        for column, text in pairs:
            if isinstance(column, exp.Column) and isinstance(text, exp.Literal) and text.is_string:
                yield column.name, text.name


def _has(reader: Reader, table: str, column: str, text: str) -> bool:
    """Whether a row has the text; True where the database cannot say."""
    where = f"LOWER({quote(column)}) = LOWER({literal(text)})"
    try:
        return bool(reader.execute(f"SELECT 1 FROM {quote(table)} WHERE {where} LIMIT 1", timeout=1.0).rows)
    except SqlError:
        return True
