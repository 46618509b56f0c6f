"""Names in a recipe that the database does not have, and where private values could stand besides."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support import databases

from t2sql import data
from t2sql.errors import InputError

SCRIPT = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, customer_id INT REFERENCES customers, signed_by TEXT, note TEXT, total INT
);
CREATE TABLE log_2024 (line TEXT, n INT);
CREATE VIEW people AS SELECT name AS who, city FROM customers;
"""
NAMES = [f"Ann{n} O'Hara{n}" for n in range(40)]


@pytest.fixture()
def shop(tmp_path: Path) -> Path:
    cities = ("Oslo", "Lima", "Rome", "Bonn")
    return databases.build(
        tmp_path / "shop.db",
        SCRIPT,
        {
            "customers": [(n, NAMES[n], cities[n % 4]) for n in range(40)],
            "orders": [
                (n, n % 40, NAMES[n % 7], f"call {NAMES[n % 40]}, from {cities[n % 4]}.", n * 7 % 90)
                for n in range(80)
            ],
            "log_2024": [(f"line {n % 5}", n) for n in range(20)],
        },
    )


def prepare(shop: Path, recipe: str, warnings: list[str] | None = None) -> Path:
    path = shop.with_name("recipe.toml")
    path.write_text(recipe, encoding="utf-8-sig")
    source = data.DataSource(databases.url(shop), recipe=path, examples=120)
    warn = warnings.append if warnings is not None else None
    return data.prepare(source, shop.with_name("out"), warn=warn).path


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (
            'private = ["customers.nmae"]',
            "recipe: private.*expected 'customers.name', found 'customers.nmae'",
        ),
        ('private = ["name"]', "expected 'customers.name'"),
        ('public = ["custmers.city"]', "expected 'customers.city'"),
        ('skip = ["ordres"]', "recipe: skip.*expected 'orders'"),
        ('tables = ["customers", "ordres"]', "recipe: tables.*expected 'orders'"),
        ('[names]\n"Customers" = "clients"', "recipe: names.*expected 'customers'"),
        ('[names]\n"orders.totl" = "sum"', "expected 'orders.total'"),
        ("prvate = []", "unknown key.*expected 'private'"),
        ("[shares]\njoins = 3", "expected 'join'"),
    ],
)
def test_a_misspelt_name_is_an_error_with_the_nearest_one(shop: Path, recipe: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        prepare(shop, recipe)
    assert not shop.with_name("out").exists()


def test_a_pattern_that_matches_nothing_is_a_warning(shop: Path) -> None:
    warnings: list[str] = []
    prepare(shop, 'private = ["*.ssn"]\nskip = ["log_*", "tmp_*"]\npublic = ["log_2024.line"]', warnings)
    assert [warning for warning in warnings if "matches nothing" in warning] == [
        "the recipe's skip matches nothing: 'tmp_*'",
        "the recipe's private matches nothing: '*.ssn'",
    ]


def test_private_values_stand_nowhere_in_the_dataset(shop: Path) -> None:
    warnings: list[str] = []
    out = prepare(shop, 'views = true\nprivate = ["customers.name"]', warnings)
    content = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert not [name for name in NAMES if name.encode() in content]
    assert b"Oslo" in content
    # The column of a view, and one without a key that repeats them.
    assert "customers.name, orders.signed_by, people.who" in " ".join(warnings)


def test_no_group_is_asked_to_have_less_than_one_row(shop: Path) -> None:
    kinds = "select filter filters nested distinct count aggregate order join join2"
    recipe = "[shares]\n" + "".join(f"{kind} = 0\n" for kind in kinds.split())
    lines = (prepare(shop, recipe) / "train.jsonl").read_text()
    assert "HAVING COUNT(*)" in lines
    assert not re.search(r"HAVING COUNT\(\*\) (<|>=) 1\b", lines)
