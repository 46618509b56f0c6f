"""Dumps as the databases' own tools write them; `dumps/` has one of each, named after the tool's version."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from t2sql.errors import InputError
from t2sql.schema import ForeignKey, Schema, read_ddl_file

DUMPS = Path(__file__).parent / "dumps"

SHARED_KEYS = {
    "customers": (),
    "orders": (ForeignKey("customer_id", "customers", "id"),),
    "order_lines": (ForeignKey("order_id", "orders", "id"),),
    "shipments": (
        ForeignKey("order_id", "order_lines", "order_id"),
        ForeignKey("line_no", "order_lines", "line_no"),
    ),
}

SSMS = """USE [shop]
GO
/****** Object:  Table [dbo].[Customers]    Script Date: 1/2/2024 3:04:05 PM ******/
SET ANSI_NULLS ON
GO
SET QUOTED_IDENTIFIER ON
GO
CREATE TABLE [dbo].[Customers](
	[Id] [int] IDENTITY(1,1) NOT NULL,
	[Full Name] [nvarchar](50) COLLATE Latin1_General_CI_AS NOT NULL,
	[Balance]  AS ([Credit]-[Debit]) PERSISTED,
 CONSTRAINT [PK_Customers] PRIMARY KEY CLUSTERED
(
	[Id] ASC
)WITH (PAD_INDEX = OFF, STATISTICS_NORECOMPUTE = OFF) ON [PRIMARY]
) ON [PRIMARY]
GO
CREATE TABLE [dbo].[Orders](
	[Id] [int] NOT NULL,
	[CustomerId] [int] NULL,
	[Total] [decimal](8, 2) NULL,
PRIMARY KEY CLUSTERED ([Id] ASC)
) ON [PRIMARY] TEXTIMAGE_ON [PRIMARY]
GO
INSERT [dbo].[Customers] ([Id], [Full Name]) VALUES (1, N'Ann; O''Hara
GO away')
GO
CREATE PROCEDURE [dbo].[Fill] AS
BEGIN
CREATE TABLE #gone ([a] [int]);
CREATE TABLE [gone_too] ([a] [int]);
END
GO
ALTER TABLE [dbo].[Orders] ADD  CONSTRAINT [DF_Total]  DEFAULT ((0)) FOR [Total]
GO
ALTER TABLE [dbo].[Orders]  WITH CHECK ADD  CONSTRAINT [FK_Orders_Customers] FOREIGN KEY([CustomerId])
REFERENCES [dbo].[Customers] ([Id])
ON DELETE CASCADE
GO
ALTER TABLE [dbo].[Orders] CHECK CONSTRAINT [FK_Orders_Customers]
GO
EXEC sys.sp_addextendedproperty @name=N'MS_Description', @value=N'in euros; it''s gross' , \
@level0type=N'SCHEMA',@level0name=N'dbo', @level1type=N'TABLE',@level1name=N'Orders', \
@level2type=N'COLUMN',@level2name=N'Total'
GO
"""
"""As SQL Server Management Studio scripts a database."""


def dump(tool: str) -> Path:
    return next(DUMPS.glob(f"shop.{tool}-*.sql"))


def types(schema: Schema, table: str) -> dict[str, str]:
    return {column.name: column.type for column in (schema.table(table) or schema.tables[0]).columns}


@pytest.mark.parametrize(
    ("tool", "more"), [("pg_dump", {"visits"}), ("mariadb-dump", {"log"}), ("sqlite3", set())]
)
def test_a_dump_has_its_tables_with_their_keys_and_nothing_else(tool: str, more: set[str]) -> None:
    schema = read_ddl_file(dump(tool))
    assert {table.name for table in schema.tables} == SHARED_KEYS.keys() | more
    for name, keys in SHARED_KEYS.items():
        table = schema.table(name)
        assert table is not None and table.foreign_keys == keys
        assert table.primary_key == (("order_id", "line_no") if name == "order_lines" else ("id",))


def test_a_dump_of_postgresql_has_types_enums_domains_and_comments() -> None:
    schema = read_ddl_file(dump("pg_dump"))
    assert types(schema, "customers") == {
        "id": "integer",
        "Full Name": "character varying(40)",
        "mail": "character varying(80)",
        "tags": "text[]",
        "created": "timestamp without time zone",
    }
    assert types(schema, "orders")["state"] == "enum('open', 'paid', 'it''s late')"
    orders = schema.table("orders")
    assert orders is not None and orders.comment == "what customers bought"
    assert {column.name: column.comment for column in orders.columns}["total"] == "in euros; it's gross"


def test_a_dump_of_mariadb_has_no_column_for_an_index() -> None:
    schema = read_ddl_file(dump("mariadb-dump"))
    assert list(types(schema, "orders")) == ["id", "customer_id", "total", "vat", "paid", "placed", "extra"]
    assert types(schema, "customers")["country"] == "enum('de','fr','it''s')"
    customers = schema.table("customers")
    assert customers is not None and customers.comment == "who buys"
    assert customers.columns[1].comment == "as on the bill; it's long"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_script_of_sql_server_is_read_in_its_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "shop.sql"
    path.write_bytes(SSMS.replace("\n", "\r\n").encode(encoding))
    schema = read_ddl_file(path)
    assert [(table.name, table.column_names, table.primary_key) for table in schema.tables] == [
        ("Customers", ("Id", "Full Name", "Balance"), ("Id",)),
        ("Orders", ("Id", "CustomerId", "Total"), ("Id",)),
    ]
    assert schema.tables[1].foreign_keys == (ForeignKey("CustomerId", "Customers", "Id"),)
    assert types(schema, "Customers")["Full Name"] == "nvarchar(50)"
    assert schema.tables[1].columns[2].type == "decimal(8, 2)"
    assert schema.tables[1].columns[2].comment == "in euros; it's gross"


def test_a_compressed_dump_is_read(tmp_path: Path) -> None:
    path = tmp_path / "shop.sql.gz"
    path.write_bytes(gzip.compress(dump("pg_dump").read_bytes()))
    assert read_ddl_file(path) == read_ddl_file(dump("pg_dump"))
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(InputError, match="gzip file is damaged"):
        read_ddl_file(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "row", "after"),
    [
        ("-- MySQL dump 10.13\n", "INSERT INTO `a` VALUES (1,'it\\'s;\\nCREATE TABLE no (a INT);');\n", ""),
        ("", "INSERT INTO a VALUES(1,'it''s;\nCREATE TABLE no (a INT);');\n", ""),
        ("COPY public.a (id, t) FROM stdin;\n", "1\tit's ;\n", "\\.\n"),
        ("", "INSERT [a] ([id]) VALUES (1, N'it''s; [')\nGO\n", ""),
    ],
)
def test_rows_are_passed_over_across_the_pieces_in_which_a_file_is_read(
    tmp_path: Path, before: str, row: str, after: str
) -> None:
    path = tmp_path / "big.sql"
    ends = "CREATE TABLE a (id INT);\n", "CREATE TABLE b (id INT PRIMARY KEY)\n"
    # More than a megabyte, which is read at once, and one text that is longer.
    path.write_text(ends[0] + before + row * (3_000_000 // len(row)) + after + ends[1])
    assert [table.name for table in read_ddl_file(path).tables] == ["a", "b"]


def test_a_text_longer_than_what_is_read_at_once_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "blob.sql"
    path.write_text(
        f"CREATE TABLE a (id INT);INSERT INTO a VALUES ('{'x;' * 2_000_000}');CREATE TABLE b (id INT);"
    )
    assert [table.name for table in read_ddl_file(path).tables] == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04rest", "zip archive.*Unpack it"),
        (b"SQLite format 3\x00rest", "SQLite database.*sqlite:///"),
        (b"PGDMP\x01", "pg_dump's own format.*--format=plain"),
        (
            "CREATE TABLE t (a INT);".encode("utf-16-le"),
            "UTF-16 without a byte order mark.*iconv -f UTF-16LE",
        ),
        (b"\x1f\x8b\x08\x00broken", "gzip file is damaged"),
        (b"<!DOCTYPE html><html>", "web page.*Download the file itself"),
        ("CREATE TABLE t (größe INT);".encode("latin-1"), "not text in UTF-8"),
        (b"", "no table in the schema"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "shop.sql"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_ddl_file(path)
    with pytest.raises(InputError, match="a folder, where a file is expected"):
        read_ddl_file(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        read_ddl_file(tmp_path / "nosuch.sql")
