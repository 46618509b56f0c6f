"""Kinds of databases: what a URL or a file says of itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, TypeAlias

import sqlalchemy as sa

from t2sql.errors import InputError

FileKind: TypeAlias = Literal["sqlite", "duckdb"]
"""The databases that are one file each."""

Dialect: TypeAlias = Literal["sqlite", "duckdb", "postgres", "mysql"]
"""sqlglot's names of the dialects of the databases that questions can be asked about."""

_SERVER_DIALECTS: dict[str, Dialect] = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "postgres+psycopg": "postgres",
    "postgresql+psycopg": "postgres",
    "mariadb": "mysql",
    "mysql": "mysql",
    "mariadb+pymysql": "mysql",
    "mysql+pymysql": "mysql",
}
"""What stands before "://" of a server, with the one driver of each kind whose connections t2sql knows."""

_FILE_SIGNATURES: dict[FileKind, tuple[int, bytes]] = {
    "sqlite": (0, b"SQLite format 3\0"),
    "duckdb": (8, b"DUCK"),
}
"""Where a database file says what it is, and how."""

_SUFFIXES: dict[str, FileKind] = {
    ".db": "sqlite",
    ".db3": "sqlite",
    ".s3db": "sqlite",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".duckdb": "duckdb",
    ".ddb": "duckdb",
}


_DATA_SUFFIXES = frozenset({".parquet", ".pq", ".csv", ".tsv", ".json", ".jsonl", ".ndjson"})


def database_file_kind(path: Path) -> FileKind | None:
    """Tell what kind of database a file is: by what it says of itself, or by its name if it says nothing.

    Args:
        path: A file, which need not exist.

    Returns:
        The kind; None if neither the file nor its name is that of a database.
    """
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except (OSError, ValueError):
        head = b""
    for kind, (offset, signature) in _FILE_SIGNATURES.items():
        if head[offset : offset + len(signature)] == signature:
            return kind
    return _SUFFIXES.get(path.suffix.lower())


def refuse_data_file(path: Path) -> None:
    """Refuse a file of data that is no database by itself, and say how it becomes one.

    Raises:
        InputError: The file's name says that it is Parquet, CSV or JSON.
    """
    if path.suffix.lower() in _DATA_SUFFIXES:
        view = path.stem if re.fullmatch(r"[A-Za-z_]\w*", path.stem) else "data"
        command = f"duckdb {path.with_suffix('.duckdb')} \"CREATE VIEW {view} AS FROM '{path}'\""
        raise InputError(
            "a file of data is no database",
            where=path,
            expected="a SQLite or DuckDB file, or a server's URL",
            hint=f"Make a DuckDB file beside it, with a view: {command}",
        )


def dialect_name(url: sa.URL) -> Dialect | None:
    """Return the dialect of the database that a URL names, as sqlglot calls it.

    Returns:
        The dialect; None for a kind of database, or a driver, that questions cannot be asked through.
    """
    if url.get_backend_name() == "sqlite":
        return "sqlite"
    if url.get_backend_name() == "duckdb":
        return "duckdb"
    return _SERVER_DIALECTS.get(url.drivername)
