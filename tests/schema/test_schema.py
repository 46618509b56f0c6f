"""Schemas from table lines, from CREATE TABLE statements and from JSON."""

from __future__ import annotations

import pytest

from t2sql.errors import InputError
from t2sql.schema import Column, ForeignKey, Schema, Table, read_ddl, read_table_lines


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["students"], "table cannot be read.*NAME: COLUMN"),
        ([": a, b"], "table cannot be read"),
        (["t:"], "table cannot be read"),
        (["t: a,, b"], "table cannot be read"),
        (["t: a, A"], "two columns have the same name"),
        (["t: a", "T: b"], "two tables have the same name"),
        ([], "no table given"),
    ],
)
def test_a_table_line_that_cannot_be_parsed_is_refused(lines: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_table_lines(lines)


def test_ddl_gives_tables_types_and_foreign_keys() -> None:
    ddl = """
    -- a shop
    CREATE TABLE makers (id INTEGER PRIMARY KEY, "Full Name" VARCHAR(40) NOT NULL);
    CREATE INDEX i ON makers (id);
    CREATE TABLE IF NOT EXISTS goods (
      sku TEXT, price DECIMAL(8, 2), maker INT REFERENCES makers (id), other INT,
      FOREIGN KEY (other) REFERENCES makers (id)
    );
    INSERT INTO goods VALUES ('x', 1, 2, 3);
    """
    schema = read_ddl(ddl)
    assert [table.name for table in schema.tables] == ["makers", "goods"]
    assert schema.tables[0].columns[1] == Column("Full Name", "VARCHAR(40)") or (
        schema.tables[0].columns[1].name == "Full Name"
    )
    assert schema.tables[1].column_names == ("sku", "price", "maker", "other")
    assert schema.tables[1].foreign_keys == (
        ForeignKey("maker", "makers", "id"),
        ForeignKey("other", "makers", "id"),
    )


@pytest.mark.parametrize("ddl", ["", "SELECT 1", "CREATE TABLE t (", "CREATE TABLE ((("])
def test_ddl_without_a_readable_table_is_refused(ddl: str) -> None:
    with pytest.raises(InputError, match="schema"):
        read_ddl(ddl)


def test_a_schema_of_another_form_is_a_value_error() -> None:
    for wrong in ({}, {"tables": [{"name": "t"}]}, {"tables": [3]}, None, {"tables": [{"columns": []}]}):
        with pytest.raises(ValueError, match="not a schema"):
            Schema.from_dict(wrong)
    keyed = Schema((Table("t", (Column("a"),), (ForeignKey("a", "u", "b"),)),))
    assert Schema.from_dict(keyed.to_dict()) == keyed
    assert keyed.table("T") is keyed.tables[0]
