"""Live databases: a question to one, the statement checked and turned into its dialect, its rows."""

from __future__ import annotations

from t2sql.live.answer import LiveAnswer, ask_database, context_of
from t2sql.live.database import LiveDatabase, open_database
from t2sql.live.rows import write_file
from t2sql.live.statement import Statement, prepare

__all__ = [
    "LiveAnswer",
    "LiveDatabase",
    "Statement",
    "ask_database",
    "context_of",
    "open_database",
    "prepare",
    "write_file",
]
