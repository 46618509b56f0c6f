"""What the views of an SQLite file may use: more than SQLite itself trusts, nothing beyond the file."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache

from t2sql.sql.lexer import quote

_HARMLESS_MODULES = frozenset(
    {"fts3", "fts4", "fts5", "fts5vocab", "fts4aux", "rtree", "rtree_i32", "geopoly"}
)
"""Modules that read nothing but tables of the file. SQLite itself does not call them innocuous."""
_HARMLESS_FUNCTIONS = frozenset(
    {"->", "->>", "match", "bm25", "highlight", "snippet", "matchinfo", "offsets"}
)
"""What a view may call besides the functions that SQLite calls innocuous, and those of JSON, which some
versions of SQLite do not call so."""
_INNOCUOUS = 0x200000
"""SQLITE_INNOCUOUS among the flags of a function: https://www.sqlite.org/c3ref/c_deterministic.html."""
_MODULE = re.compile(r"\bUSING\s+[\"'`\[]?(\w+)", re.IGNORECASE)


@dataclass(frozen=True)
class ViewReach:
    """What the views of a file may use, where SQLite does not judge that itself.

    Attributes:
        tables: The tables of the file in small letters, but for virtual tables of modules that are not known.
        functions: The functions in small letters.
    """

    tables: frozenset[str]
    functions: frozenset[str]


def load_virtual_tables(connection: sqlite3.Connection) -> ViewReach | None:
    """Let the modules of virtual tables declare their columns, which the authorizer of `guard` would deny.

    A table whose module is missing or refuses stays an error for the statements that read it.

    Returns:
        What views may use, for `guard`; None to leave that to SQLite.
    """
    with suppress(sqlite3.Error):
        connection.execute("SELECT 1 FROM json_each('[]'), json_tree('[]')").fetchall()
    with suppress(sqlite3.Error):
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL%'"
        names = [name for (name,) in connection.execute(query).fetchall()]
        for name in names:
            with suppress(sqlite3.Error):
                connection.execute(f"PRAGMA table_info({quote(name)})").fetchall()
        return _view_reach(connection)
    return None


def _view_reach(connection: sqlite3.Connection) -> ViewReach:
    tables = {"json_each", "json_tree", "sqlite_master", "sqlite_schema", "sqlite_sequence"}
    for name, sql in connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')"
    ):
        module = _MODULE.search(sql or "") if (sql or "").upper().startswith("CREATE VIRTUAL") else None
        if module is None or module[1].lower() in _HARMLESS_MODULES:
            tables.add(name.lower())
    return ViewReach(frozenset(tables), _view_functions())


@cache  # They are SQLite's own, whatever the file.
def _view_functions() -> frozenset[str]:
    query = "SELECT name FROM pragma_function_list WHERE flags & ? OR name LIKE 'json%'"
    with closing(sqlite3.connect(":memory:")) as connection:
        functions = {name.lower() for (name,) in connection.execute(query, (_INNOCUOUS,))}
    return frozenset(functions | _HARMLESS_FUNCTIONS)
