"""Engines whose connections can only read, with limits on what a connection may do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from t2sql.databases.duckdb_engine import duckdb_engine
from t2sql.databases.errors import ignore_unknown_types, translate_errors
from t2sql.databases.kinds import dialect_name, refuse_data_file
from t2sql.databases.mariadb_engine import mariadb_engine
from t2sql.databases.postgres_engine import postgres_engine
from t2sql.databases.urls import EXAMPLE_URL, masked_url, parse_url
from t2sql.errors import InputError
from t2sql.sql import reading_address

BUSY_SECONDS = 5.0
"""How long SQLite waits for a lock of another process: Python's own default for `sqlite3.connect`."""


@contextmanager
def open_engine(url: str) -> Iterator[sa.Engine]:
    """Open a read-only engine for the length of a block, with errors inside it translated.

    Raises:
        InputError: The URL, the file or the kind of database is wrong, or the database cannot be read.
        MissingPartError: The database's driver is not installed.
    """
    with translate_errors(url), ignore_unknown_types():
        engine = read_only_engine(parse_url(url))
        try:
            yield engine
        finally:
            engine.dispose()


def read_only_engine(url: sa.URL) -> sa.Engine:
    """Create an engine whose connections cannot write, and connect once.

    Databases other than SQLite, DuckDB, PostgreSQL (through psycopg), MariaDB and MySQL (through PyMySQL) are
    opened as their driver does: there the role in the URL decides what may be written.

    Raises:
        InputError: The URL names no SQLite or DuckDB file, or one that does not exist, or no database.
    """
    kind = dialect_name(url)
    if kind == "sqlite":
        return _sqlite_engine(url)
    if kind == "postgres":
        engine = postgres_engine(url)
    elif kind == "mysql":
        engine = mariadb_engine(url)
    elif kind == "duckdb":
        engine = duckdb_engine(url, _existing_file(url, "duckdb:///shop.duckdb"))
    else:
        engine = sa.create_engine(url)
    with engine.connect():
        return engine


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    address = reading_address(_existing_file(url, EXAMPLE_URL))

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, check_same_thread=False)
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        return connection

    return sa.create_engine("sqlite://", creator=connect)


def _existing_file(url: sa.URL, example: str) -> Path:
    if url.host or not url.database or url.database == ":memory:":
        kind = "SQLite" if url.get_backend_name() == "sqlite" else "DuckDB"
        raise InputError(
            f"the URL names no {kind} file", where=masked_url(url), expected=f"{example}, three slashes"
        )
    path = Path(url.database)
    if not path.is_file():
        raise InputError("no such database", where=path)
    refuse_data_file(path)
    return path
