"""A hash of a live database's rows, as far as it says cheaply that they have changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Engine

# What the servers count of changes; the role, since another one may read other rows.
_COUNTERS = {
    "postgresql": """
        SELECT current_user::text, schemaname || '.' || relname, n_tup_ins, n_tup_upd, n_tup_del
        FROM pg_catalog.pg_stat_user_tables
    """,
    "mysql": """
        SELECT CURRENT_USER(), table_name, create_time, update_time
        FROM information_schema.tables WHERE table_schema = DATABASE()
    """,
}


def rows_state(engine: Engine, file: Path | None) -> str:
    """The hash of what a database says of changes to its rows; no row is read.

    A server counts late, and not at all what foreign tables and files beside it hold.

    Args:
        engine: A SQLite, DuckDB, PostgreSQL or MariaDB database.
        file: Its file, where it is one.

    Raises:
        SQLAlchemyError: The database cannot be read.
    """
    marks: Iterable[object]
    query = _COUNTERS.get(engine.dialect.name)
    if query is not None:
        with engine.connect() as connection:
            marks = connection.exec_driver_sql(query).fetchall()
    else:
        marks = (
            [] if file is None else [_stamp(file), _stamp(Path(f"{file}-wal")), _stamp(Path(f"{file}.wal"))]
        )
    return hashlib.sha256("\n".join(sorted(map(repr, marks))).encode()).hexdigest()


def _stamp(file: Path) -> tuple[str, int, int]:
    try:
        stat = file.stat()
    except OSError:
        return file.suffix, 0, 0
    return file.suffix, stat.st_size, stat.st_mtime_ns
