"""Answers that a user confirmed are trained on, and give nothing of the test away."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support import databases

from t2sql import data
from t2sql.cli import run
from t2sql.data import Dataset
from t2sql.data.synthesis import without_values
from t2sql.pipeline import resolve_settings
from t2sql.remembered import RememberedStore
from t2sql.schema import read_table_lines

TABLES = read_table_lines(["customers: id, name, email, city", "orders: id, customer_id, qty"])


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("T2SQL_REMEMBERED", str(tmp_path / "remembered"))
    return databases.url(databases.shop(tmp_path / "shop.db"))


def made(url: str, out: Path, remembered: bool | None = None) -> tuple[Dataset, list[str]]:
    warnings: list[str] = []
    source = data.DataSource(url, examples=100, remembered=remembered)
    return data.prepare(source, out, warn=warnings.append), warnings


def test_they_are_examples_of_the_training_split(shop: str, tmp_path: Path) -> None:
    before, _ = made(shop, tmp_path / "before")
    asked = before.test[0]
    assert asked.sql is not None
    store = RememberedStore(shop)
    store.add("Who buys for three?", "SELECT name FROM customers\nWHERE birth_year > 1999", TABLES, "given")
    store.add(asked.question, asked.sql, TABLES, "right")
    after, warnings = made(shop, tmp_path / "after")
    kept = [one for one in after.train if "kind:remembered" in one.tags]
    assert [one.question for one in kept] == ["Who buys for three?", asked.question]
    assert kept[0].completion == "SELECT name FROM customers WHERE birth_year > 1999"
    assert kept[0].prompt.startswith("table: customers\n") and after.remembered == 2
    assert after.db_path(kept[0]) is not None
    shape = without_values(asked.sql)
    for split in (after.valid, after.test):
        assert all(one.question != asked.question and without_values(one.sql or "") != shape for one in split)
    assert not [text for text in warnings if "remembered" in text]
    without, _ = made(shop, tmp_path / "without", remembered=False)
    assert without.fingerprint == before.fingerprint and without.remembered == 0


def test_a_limit_leaves_them_in(shop: str, tmp_path: Path) -> None:
    RememberedStore(shop).add("How many?", "SELECT COUNT(*) FROM orders", TABLES, "given")
    few = data.prepare(data.DataSource(shop, examples=100), tmp_path / "out", limit=5)
    assert few.counts == {"train": 5, "valid": 5, "test": 5} and few.remembered == 1


def test_what_cannot_be_trained_on_is_named(shop: str, tmp_path: Path) -> None:
    store = RememberedStore(shop)
    store.add("Whose is it?", "SELECT name FROM customers WHERE email = 'user1@example.org'", TABLES, "given")
    store.add("Gone?", "SELECT no_more FROM customers", TABLES, "given")
    store.add("Which addresses?", "SELECT email FROM customers", TABLES, "given")
    made_of_it, warnings = made(shop, tmp_path / "out")
    assert made_of_it.remembered == 1
    warning = next(text for text in warnings if text.startswith("remembered answers"))
    assert "not trained on: 2" in warning and "Whose is it? (it has a value of email" in warning
    assert "user1@example.org" not in (tmp_path / "out" / "train.jsonl").read_text()


def test_statements_of_another_dialect_are_written_in_sqlites(tmp_path: Path, shop: str) -> None:
    store = RememberedStore(shop)
    store.add("Any lamp?", "SELECT title FROM products WHERE title ILIKE '%lamp%'", TABLES, "given")
    file = store.path
    file.write_text(file.read_text().replace('"dialect": "sqlite"', '"dialect": "postgres"'))
    found, warnings = made(shop, tmp_path / "out")
    assert found.remembered == 1, warnings
    path = found.db_path(found.train[-1])
    assert path is not None
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(found.train[-1].completion).fetchall()


def test_the_commands_say_how_many(shop: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    RememberedStore(shop).add("How many?", "SELECT COUNT(*) FROM orders", TABLES, "given")
    command = ["data", shop, "--examples", "60", "--out", str(tmp_path / "out")]
    assert run(command) == 0
    assert "1 of train are remembered answers" in capsys.readouterr().out
    assert run([*command, "--force", "--without-remembered", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["remembered"] == 0
    assert run(["data", "demo", "--with-remembered", "--out", str(tmp_path / "demo")]) == 2
    assert "--with-remembered does not go with this source" in capsys.readouterr().err
    assert resolve_settings({"data": shop, "with_remembered": False}).with_remembered is False
