"""What a statement may use of an SQLite file, as SQLite itself sees it: a second check after our own."""

from __future__ import annotations

from t2sql.live.sqlite_functions import FUNCTIONS, TABLE_FUNCTIONS
from t2sql.schema import Schema
from t2sql.sql import Reach

_OPERATORS = frozenset(
    {"->", "->>", "like", "glob", "match", "current_date", "current_time", "current_timestamp"}
)
"""Operators and words that SQLite calls functions for."""


def sqlite_reach(schema: Schema) -> Reach:
    """The schema's tables, and the functions that statements may call."""
    tables = {table.name.lower() for table in schema.tables}
    return Reach(frozenset(tables | TABLE_FUNCTIONS.keys()), FUNCTIONS | _OPERATORS)
