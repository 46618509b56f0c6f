"""Where the remembered answers of a database are."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from t2sql.databases import database_name, dialect_name, parse_url

_PORTS = {"postgres": 5432, "mysql": 3306}


def remembered_dir() -> Path:
    """`$T2SQL_REMEMBERED`, or a folder of the user's data directory."""
    chosen = os.environ.get("T2SQL_REMEMBERED")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_data_path  # noqa: PLC0415 (slow to import, and few commands need it)

    return user_data_path("t2sql", appauthor=False) / "remembered"


def remembered_file(url: str) -> Path:
    """The file of a database's remembered answers; it need not exist.

    The same database has the same file whatever its role, password, driver and settings in the URL are.

    Args:
        url: The database, as `parse_url` takes it.

    Raises:
        InputError: It is not a database URL.
    """
    address = parse_url(url)
    dialect = dialect_name(address) or address.get_backend_name()
    if dialect in ("sqlite", "duckdb"):
        place = [str(Path(address.database or "").resolve())]
    else:
        host = (address.host or "").rpartition("@")[2].lower()
        socket = [str(address.query.get(name, "")) for name in ("host", "unix_socket")]
        port = address.port or _PORTS.get(dialect)
        place = [host, *socket, str(port), address.database or ""]
    key = hashlib.sha256("\0".join([dialect, *place]).encode()).hexdigest()[:8]
    name = re.sub(r"[^\w.-]+", "-", database_name(url)).strip(".-")[:60] or "database"
    return remembered_dir() / f"{name}-{key}.jsonl"
