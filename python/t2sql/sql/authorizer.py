"""The limits that an SQLite connection gets before a statement that nobody has read runs on it."""

from __future__ import annotations

import sqlite3
from contextlib import suppress

from t2sql.sql.lexer import quote
from t2sql.sql.stopping import StopCondition

MAX_VALUE_BYTES = 16 * 1024 * 1024
"""The longest text or blob. SQLite's own limit is 1 GB, which a single `zeroblob` would fill."""

MAX_STATEMENT_BYTES = 100_000
"""The longest statement. A model writes at most a few thousand tokens; SQLite's own limit is 1 MB."""

HEAP_BYTES = 256 * 1024 * 1024
"""The most memory that SQLite may allocate in this process: room for sorting, not for a runaway join."""

_ALLOWED_ACTIONS = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE)
_FORBIDDEN_FUNCTIONS = ("load_extension", "fts3_tokenizer")
"""Functions that run native code from outside: https://www.sqlite.org/security.html."""

_OPCODES_PER_POLL = 1000
"""SQLite polls the stop condition after this many of its virtual machine's opcodes: well under a millisecond.
"""


def guard(connection: sqlite3.Connection) -> StopCondition:
    """Restrict a connection to bounded reading. The restrictions cannot be lifted by a statement.

    Args:
        connection: The connection; it must be in autocommit mode.

    Returns:
        The condition that the connection polls. The caller starts it before each statement.
    """
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    # Sorts and intermediate tables spill into files instead of filling memory.
    connection.execute("PRAGMA temp_store = FILE")
    # SQLite has no memory limit for one connection. This one holds for the process, and can only be lowered.
    connection.execute(f"PRAGMA hard_heap_limit = {HEAP_BYTES}")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, MAX_STATEMENT_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.text_factory = _decode
    _load_virtual_tables(connection)
    connection.set_authorizer(_authorize)
    condition = StopCondition()
    connection.set_progress_handler(condition.is_reached, _OPCODES_PER_POLL)
    return condition


def _load_virtual_tables(connection: sqlite3.Connection) -> None:
    """Let the modules of virtual tables declare their columns, which the authorizer would deny.

    A table whose module is missing or refuses stays an error for the statements that read it.
    """
    with suppress(sqlite3.Error):
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL%'"
        for (name,) in connection.execute(query).fetchall():
            with suppress(sqlite3.Error):
                connection.execute(f"PRAGMA table_info({quote(name)})").fetchall()


def _authorize(action: int, first: str | None, second: str | None, *_: object) -> int:
    if action in _ALLOWED_ACTIONS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and (first or "").lower() == "data_version" and second is None:
        # FTS5 reads this counter before it reads a table.
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() not in _FORBIDDEN_FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
