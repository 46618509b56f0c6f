"""The schema of a live database: read once, kept in the cache, read again when the database's has changed."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from t2sql.cache import cache_dir
from t2sql.databases import masked_url
from t2sql.schema import Schema

if TYPE_CHECKING:
    from sqlalchemy import Engine

# What changes whenever a table or a column does, in one quick statement.
_STATE = {
    "sqlite": "SELECT type, name, tbl_name, sql FROM sqlite_master",
    "duckdb": "SELECT sql FROM duckdb_tables() UNION ALL SELECT sql FROM duckdb_views() WHERE NOT internal",
    "postgresql": """
        SELECT c.relkind::text, c.relname, a.attname, a.atttypid::int, a.atttypmod FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        UNION ALL
        SELECT 'key', conname, conkey::text, confrelid::int, conrelid::int FROM pg_catalog.pg_constraint
        WHERE connamespace = current_schema()::regnamespace
    """,
}


def state(engine: Engine) -> str:
    """A hash of the database's tables and columns as they are now."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(_STATE[engine.dialect.name]).fetchall()
    return hashlib.sha256(json.dumps(sorted(map(repr, rows))).encode()).hexdigest()


def kept(url: str, state: str) -> Schema | None:
    """The schema that was kept of this database in this state."""
    try:
        document = json.loads(_place(url).read_text(encoding="utf-8"))
        return Schema.from_dict(document["schema"]) if document["state"] == state else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(url: str, state: str, schema: Schema) -> None:
    """Keep the schema for the next time; a cache that cannot be written is done without."""
    place = _place(url)
    document = json.dumps({"state": state, "schema": schema.to_dict()}, ensure_ascii=True)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=place.parent, delete=False, encoding="utf-8") as file:
            file.write(document)
        os.replace(file.name, place)
    except OSError:
        return


def _place(url: str) -> Path:
    name = hashlib.sha256(masked_url(url).encode()).hexdigest()[:24]
    return cache_dir() / "schemas" / f"{name}.json"
