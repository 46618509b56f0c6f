"""The limits that an SQLite connection gets before a statement that nobody has read runs on it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from t2sql.sql.virtual_tables import ViewReach

MAX_VALUE_BYTES = 16 * 1024 * 1024
"""The longest text or blob. SQLite's own limit is 1 GB, which a single `zeroblob` would fill."""

MAX_STATEMENT_BYTES = 100_000
"""The longest statement. A model writes at most a few thousand tokens; SQLite's own limit is 1 MB."""

HEAP_BYTES = 256 * 1024 * 1024
"""The most memory that SQLite may allocate in this process: room for sorting, not for a runaway join."""

_ALLOWED_ACTIONS = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE)
_FORBIDDEN_FUNCTIONS = ("load_extension", "fts3_tokenizer")
"""Functions that run native code from outside: https://www.sqlite.org/security.html."""

_NOT_IN_VIEWS = ("pragma_", "sqlite_")
"""How the names of tables begin that are no table of the file."""

_SHADOW = re.compile(
    r"(.+)_(data|idx|content|docsize|config|segments|segdir|stat|node|rowid|parent)", re.DOTALL
)
"""Tables in which FTS3 to FTS5 and rtree keep what their virtual table holds."""


@dataclass(frozen=True)
class Reach:
    """What statements may use.

    Attributes:
        tables: Names of tables and views in small letters. What a view reads is not asked for.
        functions: Names of functions in small letters.
    """

    tables: frozenset[str]
    functions: frozenset[str]

    def has_table(self, name: str) -> bool:
        """Whether a table may be read: one of the list, or one that keeps the content of one of the list."""
        if name in self.tables:
            return True
        shadow = _SHADOW.fullmatch(name)
        return shadow is not None and shadow[1] in self.tables


def guard(
    connection: sqlite3.Connection, reach: Reach | None = None, view_reach: ViewReach | None = None
) -> None:
    """Restrict a connection to bounded reading. The restrictions cannot be lifted by a statement.

    Args:
        connection: The connection; it must be in autocommit mode.
        reach: What statements may use; None for every table of the file and every function of SQLite.
        view_reach: What views may use; None to leave that to SQLite.
    """
    connection.execute("PRAGMA query_only = ON")
    connection.execute(f"PRAGMA trusted_schema = {'OFF' if view_reach is None else 'ON'}")
    # Sorts and intermediate tables spill into files instead of filling memory.
    connection.execute("PRAGMA temp_store = FILE")
    # SQLite has no memory limit for one connection. This one holds for the process, and can only be lowered.
    connection.execute(f"PRAGMA hard_heap_limit = {HEAP_BYTES}")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, MAX_STATEMENT_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.text_factory = _decode
    connection.set_authorizer(_authorizer(reach, view_reach))


def _authorizer(
    reach: Reach | None, view_reach: ViewReach | None
) -> Callable[[int, str | None, str | None, str | None, str | None], int]:
    def authorize(
        action: int, first: str | None, second: str | None, database: str | None, view: str | None
    ) -> int:
        allowed = action in _ALLOWED_ACTIONS
        if action == sqlite3.SQLITE_READ:
            name = (first or "").lower()
            # Where no column is read, SQLite may name a subquery or a common table expression here.
            counted = not second and not name.startswith("sqlite_")
            allowed = reach is None or view is not None or counted or reach.has_table(name)
            if view is not None and view_reach is not None and name not in view_reach.tables:
                # A view's subqueries and common table expressions have names that no table has.
                allowed = not second and not name.startswith(_NOT_IN_VIEWS)
        elif action == sqlite3.SQLITE_FUNCTION:
            name = (second or "").lower()
            allowed = name not in _FORBIDDEN_FUNCTIONS and (
                reach is None or view is not None or name in reach.functions
            )
            if view is not None and view_reach is not None and name not in view_reach.functions:
                allowed = False
        elif action == sqlite3.SQLITE_PRAGMA:
            # FTS5 reads this counter to see whether the file has changed.
            allowed = first == "data_version" and second is None
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

    return authorize


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
