"""`t2sql remember`, and what `ask --interactive` remembers."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from support import databases
from support.backends import ScriptedBackend

from t2sql import generate
from t2sql.cli import run
from t2sql.cli.ask_arguments import AskArguments, RowArguments, TableArguments
from t2sql.cli.conversation import Conversation
from t2sql.cli.output import Output
from t2sql.live import open_database
from t2sql.remembered import RememberedStore

pytestmark = pytest.mark.usefixtures("schema_cache")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("T2SQL_REMEMBERED", str(tmp_path / "remembered"))
    return databases.url(databases.shop(tmp_path / "shop.db"))


def test_an_answer_is_kept_listed_and_forgotten(shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    path, question = RememberedStore(shop).path, "How many customers?"
    given = ["remember", "--db", shop, "--question", question, "--sql", "SELECT COUNT(*) FROM customers;"]
    assert run(given) == 0 and capsys.readouterr().out == f"remembered, in {path}\n"
    assert run(["remember", "--db", shop, "--list"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1].endswith("given   How many customers?  SELECT COUNT(*) FROM customers")
    assert err == f"1 in {path}\n"
    assert run(["remember", "--db", shop, "--list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["path"] == str(path) and document["answers"][0]["question"] == question
    assert run(["remember", "--db", shop, "--forget", "how many customers"]) == 0
    assert not path.exists()
    assert run(["remember", "--db", shop, "--forget", question]) == 2
    assert "nothing is remembered for this question" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "what is to be done?"),
        (["--question", "a"], "what is to be done?"),
        (["--list", "--forget", "a"], "what is to be done?"),
        (["--question", "a", "--sql", "DELETE FROM orders"], "cannot be run"),
    ],
)
def test_what_cannot_be_done_is_said(
    shop: str, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["remember", "--db", shop, *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_conversation_remembers_what_its_user_says(
    shop: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (
        "\\right",
        "How many customers?",
        "\\right",
        "How many orders?",
        "\\correct SELECT COUNT(id) FROM orders",
        "how many orders",
        "\\right",
        "\\forget",
        "\\unheard",
    )
    written = iter(("SELECT COUNT(*) FROM customers", "SELECT COUNT(*) FROM products"))
    model = ScriptedBackend(reply=lambda request: next(written))
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    with open_database(shop) as database:
        Conversation(Output(), generate.Asker(model), database, arguments(shop)).hold()
    out, err = capsys.readouterr()
    path = RememberedStore(shop).path
    assert "error: there is no answer yet" in err and "error: no such command" in err
    assert err.count(f"remembered, in {path}") == 2 and f"remembered already, in {path}" in err
    assert "remembered: you corrected the model's answer on" in err and "forgotten" in err
    assert out.count("SELECT COUNT(id) FROM orders") == 1 and len(model.requests) == 2
    kept = RememberedStore(shop).answers()
    assert [(one.question, one.origin) for one in kept] == [("How many customers?", "right")]


def arguments(url: str) -> AskArguments:
    return AskArguments(
        model="scripted",
        question=None,
        tables=TableArguments((), None, None),
        database=url,
        rows=RowArguments(True, "table", None, False, 5.0, 10),
        interactive=True,
        evidence="",
        backend="llama",
        opening=generate.BackendOptions(),
        options=generate.AskOptions(),
    )
