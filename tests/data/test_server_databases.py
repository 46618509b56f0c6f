"""Datasets from servers' databases with values and tables of every kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from t2sql import data
from t2sql.data import DataSource, load

POSTGRES = """
    CREATE TABLE customers (id int PRIMARY KEY, name text, city text, big numeric(40), nan numeric, doc jsonb,
        tags text[], until timestamptz, due interval, code uuid);
    INSERT INTO customers SELECT i, 'Name ' || i, (ARRAY['Oslo', 'Rome', 'Lima'])[1 + i % 3],
        1234567890123456789012345678901234567890 + i, 'NaN', jsonb_build_object('k', i % 4), ARRAY['a', 'b'],
        'infinity', i % 5 * interval '1 day', md5(i::text)::uuid FROM generate_series(1, 60) i;
    CREATE TABLE orders (id int PRIMARY KEY, customer_id int, total numeric(8, 2), day date);
    INSERT INTO orders SELECT i, 1 + i % 60, i * 1.5, date '2023-01-01' + i FROM generate_series(1, 150) i;
    CREATE FUNCTION broken() RETURNS int LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''out of order''; END';
    CREATE VIEW failing AS SELECT broken() AS a;
"""
MARIADB = """
    CREATE TABLE customers (id INT PRIMARY KEY, name TEXT, city VARCHAR(9), kind ENUM('a', 'b'), t TIME,
        big DECIMAL(40), `per%cent` INT);
    INSERT INTO customers SELECT seq, CONCAT('Name ', seq), ELT(1 + seq % 3, 'Oslo', 'Rome', 'Lima'),
        ELT(1 + seq % 2, 'a', 'b'), '24:00:00', 12345678901234567890123456789 + seq, seq FROM seq_1_to_60;
    CREATE TABLE orders (id INT PRIMARY KEY, customer_id INT, total DECIMAL(8, 2), day DATE);
    INSERT INTO orders SELECT seq, 1 + seq % 60, seq * 1.5, '2023-01-01' + INTERVAL seq DAY FROM seq_1_to_150;
"""


@pytest.mark.parametrize(("kind", "script"), [("postgres", POSTGRES), ("mariadb", MARIADB)])
def test_odd_values_and_tables_take_nothing_else_away(
    kind: str, script: str, tmp_path: Path, request: Any
) -> None:
    url = request.getfixturevalue(kind).new_database("dataset", script)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("examples = 60\nviews = true\n")
    out = tmp_path / "out"
    warnings: list[str] = []
    data.prepare(DataSource(url, recipe=recipe), out, warn=warnings.append)
    made = load(out)
    examples = [example for split in made.counts for example in made.split(split)]
    assert len(examples) == 60
    assert any("JOIN" in example.sql for example in examples)
    for column in ("doc", "tags", "due"):
        assert not any(f"{column} = " in example.sql for example in examples)
    if kind == "postgres":
        assert any("no row of failing is taken: out of order" in warning for warning in warnings)
