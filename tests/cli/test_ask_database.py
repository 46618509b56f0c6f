"""`t2sql ask --db` on the real small model: what is printed, where, and how it ends."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support import databases, live_databases
from support.backends import ScriptedBackend

from t2sql.cli import run
from t2sql.cli.ask_arguments import RowArguments
from t2sql.cli.database_answers import print_answer
from t2sql.cli.output import Output
from t2sql.generate import Asker
from t2sql.live import LiveAnswer, open_database

pytestmark = pytest.mark.usefixtures("schema_cache")


@pytest.fixture()
def shop(tmp_path: Path) -> str:
    return databases.url(databases.shop(tmp_path / "shop.db"))


def rows(**changes: Any) -> RowArguments:
    plain: dict[str, Any] = {"execute": True, "row_format": "table", "file": None, "force": False}
    return RowArguments(**{**plain, "timeout": 5.0, "max_rows": 2, **changes})


def asked(url: str, sql: str, how: RowArguments, json: bool = False) -> LiveAnswer:
    """What is printed when a model has written this: the statement is what a test is about."""
    model = ScriptedBackend(reply=lambda request: sql)
    with open_database(url) as database:
        return print_answer(Output(json=json), Asker(model), database, "Which?", how)


def test_a_question_to_a_database(demo_gguf: Path, shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["ask", str(demo_gguf), "How many products are there?", "--db", shop, "--execute", "--json"])
    found = capsys.readouterr()
    document = json.loads(found.out)
    assert document["prompt"].startswith("table: customers\ncolumns: id, name, email")
    assert code == 0
    assert (document["error"] is not None) != ("rows" in document)
    # The model has no threshold; what cannot run or finds nothing is a doubt besides.
    doubtful = document["error"] is not None or not any(any(row) for row in document["rows"])
    assert document["status"] == "uncertain" if doubtful else document["status"] in ("uncertain", "unrated")
    assert "warning: " in found.err and "does not say what prompt it was trained on" in found.err


def test_rows_are_a_table_after_the_sql(shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked(shop, "SELECT product_id, category FROM products WHERE category = 'LIGHT' ORDER BY 1", rows())
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "SELECT product_id, category FROM products WHERE category = 'light' ORDER BY 1"
    assert lines[2].split() == ["product_id", "category"] and len(lines) == 5
    assert "products.category: 'LIGHT' is 'light' in the database" in err
    assert "there are more rows than the 2" in err


def test_other_formats_have_stdout_to_themselves(shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked(shop, "SELECT COUNT(*) AS n FROM products", rows(row_format="csv"))
    out, err = capsys.readouterr()
    assert out == "n\n40\n" and "SELECT COUNT(*)" in err
    asked(shop, "SELECT COUNT(*) AS n FROM products", rows(row_format="json"))
    assert json.loads(capsys.readouterr().out) == {"columns": ["n"], "rows": [[40]]}


def test_a_statement_is_said_in_the_databases_dialect(
    tmp_path: Path, request: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    url = live_databases.make("postgres", tmp_path, request)
    asked(url, "SELECT Name FROM customers WHERE Name LIKE 'ann%'", rows(execute=False))
    written = """SELECT "Name" FROM "public"."customers" WHERE "Name" ILIKE 'ann%'\n"""
    assert capsys.readouterr().out == written


def test_a_statement_that_cannot_run_is_an_error_of_the_answer(shop: str) -> None:
    for sql, kind in (
        ("SELECT missing FROM products", "unknown_column"),
        ("SELECT 1 FROM nowhere", "unknown_table"),
        ("DELETE FROM products", "not_read_only"),
        ("SELECT 1; SELECT 2", "multiple"),
        ("SELECT (((", "syntax"),
        ("", "syntax"),
    ):
        answer = asked(shop, sql, rows())
        assert answer.error is not None and answer.error.kind == kind, sql
        assert answer.to_json()["error"]["kind"] == kind and answer.sql == sql


def test_questions_one_after_the_other(
    demo_gguf: Path, shop: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "sys.stdin", io.StringIO("How many products?\n\n\\d\nHow many orders?\n" + "x" * 30_000)
    )
    assert run(["ask", str(demo_gguf), "--db", shop, "--interactive", "--max-tokens", "16"]) == 0
    out, err = capsys.readouterr()
    assert "products: product_id, title, category" in out
    assert "error: the question is too long" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--execute"], "which database?"),
        (["--db", "sqlite:///nowhere.db", "a question"], "no such database"),
        (["--db", "SHOP", ""], "the question is empty"),
        (["--db", "SHOP", "why " * 25_000], "the question is too long"),
        (["--db", "SHOP", "why " * 4_900], "does not fit the context"),
        (["--db", "SHOP", "a", "--table", "t: a"], "--db has the tables"),
        (["--db", "SHOP", "a", "--format", "csv"], "no rows without --execute"),
        (["--db", "SHOP", "a", "--execute", "--format", "xml"], "unknown --format"),
        (["--db", "SHOP", "a", "--execute", "--format", "parquet"], "not for a terminal"),
        (["--db", "SHOP", "a", "--interactive"], "a question or --interactive"),
        (["--db", "SHOP"], "a question or --interactive"),
        (["--db", "SHOP", "--interactive", "--json"], "one document"),
    ],
)
def test_wrong_arguments_are_named(
    demo_gguf: Path,
    shop: str,
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["ask", str(demo_gguf), *(shop if word == "SHOP" else word for word in arguments)]) == 2
    assert said in capsys.readouterr().err


def test_a_schema_that_is_too_long_is_cut_and_said(
    demo_gguf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wide.db"
    with closing(sqlite3.connect(path)) as connection:
        for i in range(150):
            columns = ", ".join(f"field_{i}_{k} TEXT" for k in range(8))
            connection.execute(f"CREATE TABLE log_{i} ({columns})")
        connection.execute("CREATE TABLE customers (name TEXT, city TEXT)")
    words = ["How many customers are from Oslo?", "--db", databases.url(path), "--max-tokens", "8"]
    assert run(["ask", str(demo_gguf), *words, "--json"]) in (0, 1)
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert "table: customers\ncolumns: name, city" in document["prompt"]
    assert len(document["left_out"]) > 75
    assert "the schema does not fit the context" in err
