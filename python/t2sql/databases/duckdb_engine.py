"""DuckDB files: opened for reading, without other files, network or code from outside.

The exception are data files in the database's own folder, and below, that a view of it names: DuckDB is often
used as a set of views over Parquet and CSV files.
"""

from __future__ import annotations

import os
import re
import threading
from glob import glob
from pathlib import Path
from typing import Any

import sqlalchemy as sa

# https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview
_CONFIG = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "1GB",
    "threads": str(min(4, os.cpu_count() or 1)),
}
_LOCKED = {"enable_external_access": "false", "lock_configuration": "true"}
"""No files and no network, and no statement may change a setting."""

_VIEWS = "SELECT sql FROM duckdb_views() WHERE NOT internal"
_DATA_FILE = re.compile(r"\.(parquet|pq|csv|tsv|json|jsonl|ndjson)(\.gz|\.zst)?$", re.IGNORECASE)
_QUOTED = re.compile(r"'((?:[^']|'')+)'|\"((?:[^\"]|\"\")+)\"")
_PATTERN = re.compile(r"[*?\[{]")


def duckdb_engine(url: sa.URL, path: Path) -> sa.Engine:
    """Create an engine for a DuckDB file. It connects once, to see which files its views name.

    Args:
        url: The URL of the file.
        path: The file.
    """
    arguments: dict[str, Any] = {"read_only": True, "config": {**_CONFIG, **_LOCKED}}
    engine = sa.create_engine(url, connect_args=arguments)
    with engine.connect() as connection:
        views = [str(sql) for sql in connection.exec_driver_sql(_VIEWS).scalars()]
    files, folders = _beside(path, views)
    # These settings cannot be made before the file is open, when there is nothing in it that could run yet.
    engine.dispose()
    # DuckDB's temporary files would be in a folder beside the user's, and stay there after a kill.
    config = {**_CONFIG, "temp_directory": ""}
    engine = sa.create_engine(url, connect_args={"read_only": True, "config": config})
    settings = {"allowed_paths": _list(files), "allowed_directories": _list(folders), **_LOCKED}
    lock = threading.Lock()

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        # The settings are the database's, not the connection's; another one may have made them.
        with lock:
            cursor = connection.cursor()
            cursor.execute("SELECT current_setting('lock_configuration')")
            if not cursor.fetchone()[0]:
                for name, value in settings.items():
                    cursor.execute(f"SET {name} = {value}")
            cursor.close()

    return engine


def _beside(database: Path, views: list[str]) -> tuple[set[str], set[str]]:
    """The data files, and the folders of patterns such as `*.csv`, that texts in the views name.

    Only those are taken that are in the database's own folder or below, when links are followed. Each comes
    as it is written, with the working directory before it where it is relative: DuckDB compares paths so.
    """
    own = database.resolve().parent
    files: set[str] = set()
    folders: set[str] = set()
    for view in views:
        for match in _QUOTED.finditer(view):
            text = (match[1] or "").replace("''", "'") or (match[2] or "").replace('""', '"')
            if not _DATA_FILE.search(text) or "://" in text:
                continue
            pattern = _PATTERN.search(text)
            matches = glob(text, recursive=True) if pattern else [text]
            if not all(Path(file).is_file() and Path(file).resolve().is_relative_to(own) for file in matches):
                continue
            if pattern and matches:
                folders.add(str(Path(text[: text.rfind("/", 0, pattern.start()) + 1]).absolute()))
            files.update(str(Path(file).absolute()) for file in matches)
    return files, folders


def _list(paths: set[str]) -> str:
    return "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in sorted(paths)) + "]"
