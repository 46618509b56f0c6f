"""Comments of tables and columns, from every kind of database and from scripts."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support import live_databases

from t2sql.live import open_database
from t2sql.schema import Schema, read_ddl

ON = """
CREATE TABLE orders (id INTEGER PRIMARY KEY, amt INTEGER, note VARCHAR(9));
COMMENT ON TABLE orders IS 'what customers bought';
COMMENT ON COLUMN orders.amt IS 'in cents; it''s gross';
"""
SCRIPTS = {
    "postgres": ON,
    "duckdb": ON,
    "mariadb": """
        CREATE TABLE orders
          (id INTEGER PRIMARY KEY, amt INTEGER COMMENT 'in cents; it''s gross', note VARCHAR(9))
        COMMENT 'what customers bought';
        """,
    "sqlite": """
        CREATE TABLE orders ( -- what customers bought
          id INTEGER PRIMARY KEY,
          amt INTEGER, -- in cents; it's gross
          note VARCHAR(9) -- ------
        );
        """,
}


def comments(schema: Schema) -> tuple[str, dict[str, str]]:
    table = schema.tables[0]
    return table.comment, {column.name: column.comment for column in table.columns}


@pytest.mark.parametrize("kind", live_databases.KINDS)
def test_a_database_says_what_its_tables_and_columns_hold(
    kind: str, request: Any, tmp_path: Path, schema_cache: Path
) -> None:
    url = live_databases.make(kind, tmp_path, request, SCRIPTS[kind])
    with closing(open_database(url)) as database:
        found = comments(database.schema())
    assert found == ("what customers bought", {"id": "", "amt": "in cents; it's gross", "note": ""})


def test_a_comment_at_the_end_of_a_line_is_about_its_column() -> None:
    script = """
    -- the orders of a year
    CREATE TABLE orders (  -- one row an order
        id INT NOT NULL, -- the number on the bill
        -- the next column is in euros
        price DECIMAL(8, 2)   -- without tax, rounded (2 places)
            CHECK (price > 0),
        kind TEXT DEFAULT '-- none', /* an
        enum */
        PRIMARY KEY (id) -- one each
    ); -- the end
    """
    table = "one row an order"
    columns = {"id": "the number on the bill", "price": "without tax, rounded (2 places)", "kind": ""}
    assert comments(read_ddl(script)) == (table, columns)


def test_lines_without_breaks_have_no_comments_of_columns() -> None:
    assert comments(read_ddl("CREATE TABLE t (a INT, b INT) -- the table\n")) == ("", {"a": "", "b": ""})
