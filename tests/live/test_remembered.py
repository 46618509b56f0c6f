"""What a user confirmed is the answer from then on, after the same checks, and no model is asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support import databases, live_databases
from support.backends import ScriptedBackend

from t2sql.errors import InputError
from t2sql.generate import Asker, AskOptions
from t2sql.live import LiveAnswer, LiveDatabase, ask_database, open_database, remember
from t2sql.remembered import RememberedStore
from t2sql.sql import SqlError

pytestmark = pytest.mark.usefixtures("schema_cache")
QUESTION = "How many products are lamps?"
RIGHT = "SELECT COUNT(*) FROM products WHERE category = 'light'"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2SQL_REMEMBERED", str(tmp_path / "remembered"))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[LiveDatabase]:
    with open_database(databases.url(databases.shop(tmp_path / "shop.db"))) as database:
        yield database


def asked(database: LiveDatabase, question: str, model: ScriptedBackend) -> LiveAnswer:
    asker = Asker(model, AskOptions(free=True))
    return ask_database(asker, database, question, execute=True, remembered=RememberedStore(database.url))


def test_the_same_question_gets_the_remembered_statement_and_its_rows(shop: LiveDatabase) -> None:
    remember(shop, RememberedStore(shop.url), QUESTION, RIGHT, "right")
    model = ScriptedBackend()
    answer = asked(shop, "how many products are lamps", model)
    assert model.requests == [] and answer.sql == RIGHT and answer.status == "remembered"
    assert answer.result is not None and answer.result.rows[0][0] > 0 and answer.doubts == ()
    document = answer.to_json()
    assert document["status"] == "remembered" and document["model_sql"] == ""
    remembered = document["remembered"]
    assert isinstance(remembered, dict) and remembered["origin"] == "right"
    other = asked(shop, "How many products are there?", ScriptedBackend("SELECT COUNT(*) FROM products"))
    assert other.status != "remembered" and other.to_json()["remembered"] is None


def test_a_model_can_be_asked_all_the_same_and_shown_similar_questions(shop: LiveDatabase) -> None:
    store = RememberedStore(shop.url)
    remember(shop, store, QUESTION, RIGHT, "right")
    remember(shop, store, "Who lives in Oslo?", "SELECT name FROM customers WHERE city = 'Oslo'", "given")
    for options, shown in (
        (AskOptions(free=True, fresh=True), False),
        (AskOptions(free=True, similar=2), True),
    ):
        model = ScriptedBackend("SELECT COUNT(*) FROM products")
        question = QUESTION if options.fresh else "How many products are rugs?"
        answer = ask_database(Asker(model, options), shop, question, remembered=store)
        prompt = model.requests[0].prompt
        assert answer.remembered is None and prompt.endswith(f"Q: {question}\nA: ")
        assert (f"\nQ: {QUESTION}\nA: {RIGHT}\nQ: {question}\nA: " in prompt) == shown
        assert "Oslo" not in prompt
    with pytest.raises(InputError, match="--similar is out of range"):
        AskOptions(similar=17)


def test_nothing_is_remembered_that_may_not_run(shop: LiveDatabase) -> None:
    store = RememberedStore(shop.url)
    for sql in ("DELETE FROM products", "SELECT nothing FROM products", "SELECT 1; SELECT 2", "SELECT (", ""):
        with pytest.raises(SqlError):
            remember(shop, store, QUESTION, sql, "given")
    assert store.answers() == []


def test_no_row_of_the_database_is_in_the_file(shop: LiveDatabase) -> None:
    store = RememberedStore(shop.url)
    remember(shop, store, "Who are the customers?", "SELECT name, email FROM customers", "given")
    text = store.path.read_text()
    assert "example.org" not in text and "Ada" not in text


def test_what_was_put_into_the_file_by_hand_is_checked_as_a_models_statement_is(shop: LiveDatabase) -> None:
    store = RememberedStore(shop.url)
    remember(shop, store, QUESTION, RIGHT, "right")
    for sql in ("DROP TABLE products", "SELECT load_extension('x')", "SELECT * FROM sqlite_master"):
        forged = store.answers()[0]
        store.add(QUESTION, sql, shop.schema(), forged.origin)
        answer = asked(shop, QUESTION, ScriptedBackend("SELECT COUNT(*) FROM products"))
        assert answer.sql == "SELECT COUNT(*) FROM products" and answer.remembered is None
        assert any("the remembered statement cannot run any more" in text for text in answer.warnings)


def test_the_model_is_asked_again_once_the_tables_have_changed(tmp_path: Path) -> None:
    path = databases.shop(tmp_path / "shop.db")
    url = databases.url(path)
    with open_database(url) as database:
        remember(database, RememberedStore(url), QUESTION, RIGHT, "right")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE products ADD COLUMN kind TEXT")
    with open_database(url) as database:
        model = ScriptedBackend("SELECT COUNT(*) FROM products")
        assert asked(database, QUESTION, model).status != "remembered" and len(model.requests) == 1


@pytest.mark.parametrize("kind", ["duckdb", "postgres", "mariadb"])
def test_other_databases_remember_as_well(kind: str, tmp_path: Path, request: Any) -> None:
    url = live_databases.make(kind, tmp_path, request)
    with open_database(url) as database:
        remember(database, RememberedStore(url), "Who?", "SELECT Name FROM customers", "corrected")
        answer = asked(database, "who", ScriptedBackend())
        assert answer.status == "remembered" and answer.result is not None and answer.result.rows
