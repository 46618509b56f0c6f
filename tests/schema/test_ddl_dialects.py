"""CREATE TABLE as people and tools write it, in the SQL of any database."""

from __future__ import annotations

import pytest

from t2sql.schema import ForeignKey, Schema, read_ddl


def columns(schema: Schema) -> dict[str, tuple[str, ...]]:
    return {table.name: table.column_names for table in schema.tables}


@pytest.mark.parametrize(
    ("ddl", "expected"),
    [
        (
            "CREATE TABLE table_name_11 (1st_leg VARCHAR, team VARCHAR)",
            {"table_name_11": ("1st_leg", "team")},
        ),
        ("CREATE TABLE x (order VARCHAR, group VARCHAR, from VARCHAR)", {"x": ("order", "group", "from")}),
        ("CREATE TABLE x (key VARCHAR(9), index INT, check TEXT)", {"x": ("key", "index", "check")}),
        ("CREATE TABLE p (parent ID INTEGER, no_ INTEGER)", {"p": ("parent", "no_")}),
        (
            "CREATE TABLE a (x)\n\nCREATE TABLE b (y INT) CREATE TABLE c (z)",
            {"a": ("x",), "b": ("y",), "c": ("z",)},
        ),
        (
            'CREATE TEMP TABLE IF NOT EXISTS main.t (\'a b\' TEXT, "c""d", [e f], `g`)',
            {"t": ("a b", 'c"d', "e f", "g")},
        ),
        ("CREATE TABLE t (a INT, KEY k (a), UNIQUE u (a), FULLTEXT KEY f (a), CHECK (a > 0))", {"t": ("a",)}),
        ("CREATE TABLE m (a int); CREATE TABLE m1 PARTITION OF m DEFAULT", {"m": ("a",)}),
        ("CREATE TABLE m (a int); CREATE TABLE n (b int) INHERITS (m)", {"m": ("a",), "n": ("b", "a")}),
        ("CREATE TABLE m (a int); CREATE TABLE n (LIKE m, b int)", {"m": ("a",), "n": ("a", "b")}),
        ("CREATE TABLE m (a int); CREATE TABLE n AS SELECT * FROM m", {"m": ("a",)}),
        ("CREATE TABLE m (a int); ALTER TABLE m ADD COLUMN b text, ADD c int", {"m": ("a", "b", "c")}),
        (
            "CREATE TABLE m (a int); ALTER TABLE m RENAME TO n; ALTER TABLE n DROP COLUMN a, ADD b int",
            {"n": ("b",)},
        ),
        ("create or replace table m (a struct(x int, y varchar), b map(int, int)[])", {"m": ("a", "b")}),
        ("# it's MySQL: ENGINE=x\nCREATE TABLE m (a int # don't\n, b int)", {"m": ("a", "b")}),
        (
            "DELIMITER $$\nCREATE PROCEDURE p() BEGIN\nCREATE TABLE no (a int); END $$\nDELIMITER ;\n"
            "CREATE TABLE m (a int)",
            {"m": ("a",)},
        ),
        (
            "PROMPT don't\nREM it's\nCREATE TABLE m (a NUMBER(4))\n/\nCREATE TABLE n (b DATE);",
            {"m": ("a",), "n": ("b",)},
        ),
        (".mode csv\n.print it's\nCREATE TABLE m (a);", {"m": ("a",)}),
        ("\\restrict x'y\nCREATE TABLE m (a int);\\unrestrict x'y\n", {"m": ("a",)}),
        (
            "CREATE VIRTUAL TABLE f USING fts5(x); CREATE TABLE 'f_data'(id); CREATE TABLE f_other(a)",
            {"f_other": ("a",)},
        ),
    ],
)
def test_the_columns_of_a_script(ddl: str, expected: dict[str, tuple[str, ...]]) -> None:
    assert columns(read_ddl(ddl)) == expected


@pytest.mark.parametrize(
    "keys",
    [
        "b INT REFERENCES a (x)",
        "b INT CONSTRAINT k REFERENCES a",
        "b INT FOREIGN KEY REFERENCES dbo.a(x)",
        "b INT, FOREIGN KEY (b) REFERENCES a (x) ON DELETE SET NULL",
        'b INT, CONSTRAINT "k" FOREIGN KEY (b) REFERENCES "main"."a" ("x") DEFERRABLE INITIALLY DEFERRED',
        "b INT); ALTER TABLE ONLY s.t ADD CONSTRAINT k FOREIGN KEY (b) REFERENCES s.a(x) NOT VALID; SELECT (",
        "b INT); ALTER TABLE t ADD KEY i (b), ADD CONSTRAINT k FOREIGN KEY (b) REFERENCES a (x); SELECT (",
    ],
)
def test_a_foreign_key_is_read_wherever_it_is_declared(keys: str) -> None:
    schema = read_ddl(f"CREATE TABLE a (x INT PRIMARY KEY); CREATE TABLE t ({keys})")
    assert schema.tables[1].foreign_keys == (ForeignKey("b", "a", "x"),)


@pytest.mark.parametrize(
    ("written", "type_name"),
    [
        ("DECIMAL(8, 2) NOT NULL", "DECIMAL(8, 2)"),
        ("timestamp with time zone DEFAULT now()", "timestamp with time zone"),
        ("int unsigned NOT NULL", "int unsigned"),
        ("[nvarchar](max) NULL", "nvarchar(max)"),
        ("VARCHAR(10) CHARACTER SET utf8 COLLATE utf8_bin", "VARCHAR(10)"),
        ("character varying(10)", "character varying(10)"),
        ("public.money[] DEFAULT '{}'", "money[]"),
        ("DEFAULT 3", "TEXT"),
        ("", "TEXT"),
    ],
)
def test_the_type_of_a_column_is_what_is_declared(written: str, type_name: str) -> None:
    assert read_ddl(f"CREATE TABLE t (a {written})").tables[0].columns[0].type == type_name
