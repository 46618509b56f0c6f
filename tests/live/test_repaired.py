"""An answer is called repaired only when the second statement is another one and runs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.backends import ScriptedBackend

from t2sql.generate import Asker, AskOptions
from t2sql.live import LiveAnswer, ask_database, open_database


def asked(folder: Path, *texts: str) -> LiveAnswer:
    file = folder / "shop.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("INSERT INTO t VALUES (1, 'Ann')")
        connection.commit()
    asker = Asker(ScriptedBackend(*texts), AskOptions(free=True))
    with closing(open_database(f"sqlite:///{file}")) as database:
        return ask_database(asker, database, "What are the names?", execute=True)


WRONG = "SELECT nosuch FROM t"


@pytest.mark.parametrize("second", [WRONG, "SELECT  nosuch FROM t ;"])
def test_the_same_statement_again_is_no_repair(second: str, tmp_path: Path) -> None:
    answer = asked(tmp_path, WRONG, second)
    assert (answer.status, answer.first) == ("uncertain", None)
    assert answer.sql == WRONG and answer.error is not None


def test_another_statement_that_fails_is_no_repair(tmp_path: Path) -> None:
    answer = asked(tmp_path, WRONG, "SELECT neither FROM t")
    assert answer.status == "uncertain"


def test_another_statement_that_runs_is_a_repair(tmp_path: Path) -> None:
    answer = asked(tmp_path, WRONG, "SELECT name FROM t")
    assert answer.status == "repaired"
    assert answer.result is not None and answer.result.rows == [("Ann",)]
