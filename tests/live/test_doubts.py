"""What speaks against an answer over a database, and what nobody can say of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.backends import ScriptedBackend

from t2sql.generate import Asker, AskOptions
from t2sql.live import LiveAnswer, ask_database, open_database

pytestmark = pytest.mark.usefixtures("schema_cache")


def asked(
    folder: Path,
    sql: str,
    *,
    question: str = "Which?",
    execute: bool = True,
    min_logprob: float | None = -1.0,
) -> LiveAnswer:
    file = folder / "shop.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(
            "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, name TEXT, city TEXT);"
            "INSERT OR IGNORE INTO t VALUES (1, 'Ann', NULL), (2, 'bob', NULL), (3, 'Bob', NULL);"
        )
    model = ScriptedBackend(sql, logprob=-0.1, min_logprob=min_logprob)
    with closing(open_database(f"sqlite:///{file}")) as database:
        return ask_database(Asker(model, AskOptions(free=True)), database, question, execute=execute)


@pytest.mark.parametrize(
    ("sql", "doubt"),
    [
        ("SELECT name FROM t WHERE id > 9", "it returns no rows"),
        ("SELECT MAX(city) FROM t", "it returns nothing but NULL"),
        ("SELECT city, city FROM t", "it returns nothing but NULL"),
        ("SELECT COUNT(*) FROM t WHERE name = 'Utah'", "t.name has nothing like 'Utah'"),
        ("SELECT COUNT(*) FROM t WHERE name = 'BOB'", "t.name has several spellings of 'BOB'"),
        ("SELECT COUNT(*) FROM t WHERE id = 'Ann'", "t.id has nothing like 'Ann'"),
    ],
)
def test_a_result_that_says_nothing_and_a_value_that_is_not_there_are_doubts(
    sql: str, doubt: str, tmp_path: Path
) -> None:
    answer = asked(tmp_path, sql)
    assert answer.status == "uncertain" and doubt in answer.doubts
    assert answer.to_json()["doubts"] == list(answer.doubts) and doubt not in answer.warnings


def test_a_text_of_the_database_that_only_the_question_has_is_a_doubt(tmp_path: Path) -> None:
    question = "How old is Ann?"
    [doubt] = asked(tmp_path, "SELECT id FROM t", question=question).doubts
    assert doubt == "the question says Ann, a text of t.name, and the statement does not"
    for sql in ("SELECT id FROM t WHERE name = 'ann'", "SELECT id FROM t WHERE name LIKE '%Ann%'"):
        assert not asked(tmp_path, sql, question=question).doubts


@pytest.mark.parametrize("question", ["Which name?", "How is Annette?", "Any bo?"])
def test_what_is_no_whole_text_of_the_database_is_none(question: str, tmp_path: Path) -> None:
    assert not asked(tmp_path, "SELECT name FROM t", question=question).doubts


@pytest.mark.parametrize(
    "sql",
    ["SELECT COUNT(*) FROM t WHERE id > 9", "SELECT id FROM t WHERE id = '1'", "SELECT id, city FROM t"],
)
def test_zero_and_rows_with_some_nulls_are_answers(sql: str, tmp_path: Path) -> None:
    assert asked(tmp_path, sql).status == "answered"


def test_a_value_that_is_not_there_is_a_doubt_of_a_statement_that_is_not_run(tmp_path: Path) -> None:
    assert asked(tmp_path, "SELECT id FROM t WHERE name = 'Utah'", execute=False).status == "uncertain"


def test_without_a_threshold_nobody_knows(tmp_path: Path) -> None:
    assert asked(tmp_path, "SELECT name FROM t", min_logprob=None).status == "unrated"
    assert asked(tmp_path, "SELECT name FROM t WHERE id > 9", min_logprob=None).status == "uncertain"
