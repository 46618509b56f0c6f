"""Of a beam search's candidates the first is taken that the database has nothing against."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.backends import ScriptedBackend

from t2sql.generate import Asker, AskOptions
from t2sql.live import LiveAnswer, ask_database, open_database

pytestmark = pytest.mark.usefixtures("schema_cache")

FAILS, EMPTY, STRANGE = (
    "SELECT nosuch FROM t",
    "SELECT id FROM t WHERE id > 9",
    "SELECT id FROM t WHERE name = 'Zoe'",
)
FORGETS = "SELECT name FROM t"
GOOD, NULL = "SELECT id FROM t WHERE name = 'Ann'", "SELECT MAX(town) FROM t"


def asked(folder: Path, *candidates: str, execute: bool = True) -> LiveAnswer:
    file = folder / "shop.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, town TEXT);"
            "INSERT INTO t VALUES (1, 'Ann', NULL), (2, 'Bob', NULL);"
        )
    asker = Asker(ScriptedBackend(*candidates), AskOptions(beam=len(candidates)))
    with closing(open_database(f"sqlite:///{file}")) as database:
        return ask_database(asker, database, "Which id has Ann?", execute=execute)


@pytest.mark.parametrize(
    ("candidates", "execute", "chosen"),
    [
        ((GOOD, NULL), True, GOOD),
        ((FAILS, EMPTY, STRANGE, NULL, GOOD), True, GOOD),
        ((FAILS, EMPTY, NULL), True, EMPTY),
        ((FAILS, EMPTY, GOOD), False, EMPTY),
        ((STRANGE, GOOD), False, GOOD),
        ((FORGETS, GOOD), True, GOOD),
        ((FORGETS, NULL), True, FORGETS),
    ],
)
def test_the_first_plausible_candidate_is_taken(
    candidates: tuple[str, ...], execute: bool, chosen: str, tmp_path: Path
) -> None:
    answer = asked(tmp_path, *candidates, execute=execute)
    assert answer.answer.sql == chosen
    document = answer.to_json()
    assert [one["sql"] for one in document["candidates"]] == list(candidates)
    assert (answer.result is not None) == execute
