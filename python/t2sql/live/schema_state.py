"""A hash of a live database's tables and columns, which changes when they do."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import Engine

# One quick statement each, whose rows change whenever a table or a column does.
_CATALOG_QUERIES = {
    "sqlite": "SELECT type, name, tbl_name, sql FROM sqlite_master",
    "duckdb": """
        SELECT schema_name, sql FROM duckdb_tables()
        UNION ALL SELECT schema_name, sql FROM duckdb_views() WHERE NOT internal
    """,
    "postgresql": """
        SELECT c.relkind::text, n.nspname || '.' || c.relname, a.attname, a.atttypid::int, a.atttypmod,
               c.relispopulated, c.relacl::text, a.attacl::text
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        UNION ALL
        SELECT 'key', conname, conkey::text, confrelid::int, conrelid::int, true, '', ''
        FROM pg_catalog.pg_constraint
        JOIN pg_catalog.pg_namespace n ON n.oid = connamespace WHERE n.nspname = ANY (current_schemas(false))
    """,
    "mysql": """
        SELECT t.table_type, c.table_name, c.ordinal_position, c.column_name, c.column_type
        FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE table_schema = DATABASE()
        UNION ALL
        SELECT 'key', constraint_name, ordinal_position, CONCAT_WS('.', table_name, column_name),
               CONCAT_WS('.', referenced_table_schema, referenced_table_name, referenced_column_name)
        FROM information_schema.key_column_usage WHERE table_schema = DATABASE()
    """,
}


def schema_state(engine: Engine) -> str:
    """The hash of the database's schema as it is now; no table is read.

    Args:
        engine: A SQLite, DuckDB, PostgreSQL or MariaDB database.

    Raises:
        SQLAlchemyError: The database cannot be read.
    """
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(_CATALOG_QUERIES[engine.dialect.name]).fetchall()
    return hashlib.sha256(json.dumps(sorted(map(repr, rows))).encode()).hexdigest()
