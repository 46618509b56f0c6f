"""Connections that only read: how each kind of database is told so, and within which bounds."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

EXAMPLE_URL = "sqlite:///shop.db"
_BUSY_SECONDS = 5.0
_CONNECT_SECONDS = 10

# The transaction is read-only from its beginning; a backslash in a literal is a backslash.
_POSTGRES = (
    "-c default_transaction_read_only=on -c standard_conforming_strings=on "
    "-c idle_in_transaction_session_timeout=60s -c lock_timeout=5s"
)
_DUCKDB = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "1GB",
    "lock_configuration": "true",
}


def parsed(url: str) -> URL:
    import sqlalchemy as sa

    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise InputError("not a database URL", expected=f"one such as {EXAMPLE_URL}") from None


def read_only_engine(url: URL) -> Engine:
    """An engine whose connections cannot write; the first has been made when it returns."""
    import sqlalchemy as sa

    name = url.get_backend_name()
    if name == "sqlite":
        return _sqlite(url)
    options: dict[str, Any] = {}
    if url.drivername in ("postgresql", "postgres"):
        # SQLAlchemy 2.0's own choice is psycopg2.
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername == "postgresql+psycopg":
        theirs = url.query.get("options")
        given = " ".join([theirs] if isinstance(theirs, str) else theirs or ())
        url = url.difference_update_query(["options"])
        settings = {"options": f"{given} {_POSTGRES}".strip(), "connect_timeout": _CONNECT_SECONDS}
        options = {"connect_args": settings, "pool_pre_ping": True}
    elif name == "duckdb":
        _file(url, "duckdb:///shop.duckdb")
        options = {"connect_args": {"read_only": True, "config": dict(_DUCKDB)}}
    engine = sa.create_engine(url, **options)
    with engine.connect():
        return engine


def _sqlite(url: URL) -> Engine:
    import sqlalchemy as sa

    address = f"{_file(url, EXAMPLE_URL).resolve().as_uri()}?mode=ro"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, check_same_thread=False)
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        return connection

    return sa.create_engine("sqlite://", creator=connect)


def _file(url: URL, example: str) -> Path:
    if url.host or not url.database or url.database == ":memory:":
        kind = "SQLite" if url.get_backend_name() == "sqlite" else "DuckDB"
        raise InputError(f"the URL names no {kind} file", where=url, expected=f"{example}, three slashes")
    path = Path(url.database)
    if not path.is_file():
        raise InputError("no such database", where=path)
    return path
