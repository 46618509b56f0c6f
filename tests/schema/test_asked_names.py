"""The tables and columns that questions mention."""

from __future__ import annotations

import pytest

from t2sql.schema import AskedNames, Schema, asked_names, read_ddl

SHOP = read_ddl(
    """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, home_town TEXT, Age INTEGER);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), day TEXT);
    CREATE TABLE order_items (order_id INT REFERENCES orders (id), product_id INT REFERENCES products (id));
    CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, unitPrice REAL, qty INTEGER);
    """
)


def tables(question: str, schema: Schema = SHOP) -> tuple[str, ...]:
    return asked_names(schema, question).tables


def test_a_table_and_its_columns_in_the_order_of_the_question() -> None:
    names = asked_names(SHOP, "Which home towns and names do customers have?")
    assert names == AskedNames(("customers",), (("customers", "home_town"), ("customers", "name")))


def test_tables_between_come_with_those_that_are_mentioned() -> None:
    assert tables("How many customers bought products?") == ("customers", "orders", "order_items", "products")


@pytest.mark.parametrize(
    ("question", "column"),
    [
        ("What is the name of the customer who placed most orders?", ("customers", "name")),
        ("Product names of customers", ("products", "name")),
        ("How much do the most expensive products cost?", ("products", "unitPrice")),
        ("Who is the oldest customer?", ("customers", "Age")),
        ("Products by quantity", ("products", "qty")),
        ("ids of the products", ("products", "id")),
    ],
)
def test_a_column_is_of_the_table_that_is_named_nearest(question: str, column: tuple[str, str]) -> None:
    assert column in asked_names(SHOP, question).columns


def test_identifiers_are_mentioned_only_by_their_own_word() -> None:
    assert asked_names(SHOP, "How many products are there?").columns == ()


@pytest.mark.parametrize("question", ["", "What is it?", "Total number?"])
def test_a_question_without_names_mentions_nothing(question: str) -> None:
    assert asked_names(SHOP, question) == AskedNames((), ())


def test_names_are_found_where_words_have_no_blanks_between_them() -> None:
    schema = read_ddl("CREATE TABLE 顧客 (氏名 TEXT, 住所 TEXT); CREATE TABLE 商品 (価格 INTEGER);")
    assert asked_names(schema, "顧客の住所を教えて") == AskedNames(("顧客",), (("顧客", "住所"),))


def test_of_tables_with_the_same_word_the_one_with_the_columns_is_meant() -> None:
    schema = read_ddl("CREATE TABLE car_makers (maker TEXT); CREATE TABLE cars_data (horsepower INTEGER);")
    assert tables("How many cars have a horsepower above 150?", schema) == ("cars_data",)


def test_many_names_are_cut() -> None:
    columns = ", ".join(f"word{letter} TEXT" for letter in "abcdefghijkl")
    schema = read_ddl(f"CREATE TABLE t ({columns})")
    assert len(asked_names(schema, " ".join(f"word{letter}" for letter in "abcdefghijkl")).columns) == 8
