"""A hash of a live database's tables and columns, which changes when they do."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import Engine

# One quick statement each, whose rows change whenever a table or a column does.
_CATALOG_QUERIES = {
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


def schema_state(engine: Engine) -> str:
    """The hash of the database's schema as it is now; no table is read.

    Args:
        engine: A SQLite, DuckDB or PostgreSQL database.

    Raises:
        SQLAlchemyError: The database cannot be read.
    """
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(_CATALOG_QUERIES[engine.dialect.name]).fetchall()
    return hashlib.sha256(json.dumps(sorted(map(repr, rows))).encode()).hexdigest()
