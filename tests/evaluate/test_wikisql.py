"""WikiSQL's official scores: what the script does, oddities included, on a small official database."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from t2sql.errors import InputError
from t2sql.evaluate import wikisql
from t2sql.evaluate.wikisql import Question, grade, official_scores
from t2sql.evaluate.wikisql_form import Prediction, query_of
from t2sql.evaluate.wikisql_query import Query, QueryError, same_logical_form
from t2sql.evaluate.wikisql_table import WikiSqlTable
from t2sql.sql import SqlError, open_reader

HEADER = ("Player", "No.", "Team", "Points", "Born")
ROWS = [
    ("ann lee", 7.0, "reds", 1234.5, "1998"),
    ("bob o'hara", 12.0, "blues", 20.0, "1998"),
    ("cid", 7.0, "reds", -3.0, "2001"),
    ("dan", 30.0, "blues", None, ""),
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As WikiSQL's .db files are: columns col0, col1 …, text lower-cased, dashes in ids underscored."""
    path = tmp_path_factory.mktemp("wikisql") / "test.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE TABLE table_1_10015132_11 (col0 text, col1 real, col2 text, col3 real, col4 text)"
        )
        connection.executemany("INSERT INTO table_1_10015132_11 VALUES (?, ?, ?, ?, ?)", ROWS)
        connection.commit()
    return path


def query(sel: Any, agg: Any, *conds: Any) -> dict[str, Any]:
    return {"sel": sel, "agg": agg, "conds": list(conds)}


def rows(database: Path, asked: dict[str, Any]) -> list[Any]:
    with open_reader(database) as reader:
        return WikiSqlTable.read(reader, "1-10015132-11").run(reader, Query.from_json(asked))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (query(0, 0, [2, 0, "REDS"]), ["ann lee", "cid"]),
        (query(1, 3, [2, 0, "Blues"]), [2]),
        (query(3, 5, [2, 0, "reds"]), [615.75]),
        (query(0, 0, [3, 1, "1,000"]), ["ann lee"]),
        (query(0, 0, [3, 0, "1,234.5"]), ["ann lee"]),
        (query(0, 0, [1, 0, "No. 12 (captain)"]), ["bob o'hara"]),
        (query(0, 0, [1, 1, "1_2"]), ["dan"]),
        (query(0, 0, [3, 1, "nan"]), []),
        (query(0, 0, [4, 0, 1998]), ["ann lee", "bob o'hara"]),
        (query(0, 0, [4, 0, 1998.0]), []),
        (query(0, 0, [0, 0, "Bob O'Hara"]), ["bob o'hara"]),
        (query(0, -2, [1, 0, 7]), [0.0]),
        (query(0, 0), ["ann lee", "bob o'hara", "cid", "dan"]),
        (query(0, 0, [0, 0, "nobody"]), []),
        (query(3, 1, [0, 0, "nobody"]), [None]),
    ],
)
def test_a_query_runs_as_the_script_runs_it(
    database: Path, asked: dict[str, Any], expected: list[Any]
) -> None:
    assert rows(database, asked) == expected


def test_two_conditions_on_one_column_both_get_the_last_value(database: Path) -> None:
    assert rows(database, query(0, 0, [1, 1, 10], [1, 2, 20])) == []
    assert rows(database, query(0, 0, [1, 1, 20], [1, 2, 10])) == []
    assert rows(database, query(0, 0, [1, 0, 99], [1, 0, 7])) == ["ann lee", "cid"]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (query(0, 0, [3, 0, "many"]), QueryError),
        (query(0, 0, [3, 0, "snan"]), QueryError),
        (query(0, 0, [3, 0, None]), QueryError),
        (query(9, 0), SqlError),
        (query(0, 0, [9, 0, "x"]), QueryError),
        (query(0, 6), QueryError),
        (query(0, 0.0), QueryError),
        (query([0], 0), QueryError),
        (query(0, 0, [0, 3, "x"]), SqlError),
        (query(0, 0, [0, 0, ["x"]]), SqlError),
        ({"sel": 0, "agg": 0}, QueryError),
        ({"sel": 0, "agg": 0, "conds": None}, QueryError),
        ("SELECT 1", QueryError),
    ],
)
def test_a_query_that_the_script_cannot_run_raises(
    database: Path, asked: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        rows(database, asked)


GOLD = query(0, 0, [2, 0, "Reds"], [1, 0, "7"])


@pytest.mark.parametrize(
    ("asked", "same", "same_ordered"),
    [
        (query(0, 0, [2, 0, "reds"], [1, 0, 7]), True, True),
        (query(0, 0, [1, 0, "7"], [2, 0, "Reds"]), True, False),
        (query(0, 0, [1, 0, "7"], [2, 0, "Reds"], [1, 0, "7"]), True, False),
        (query(0, 0, [2, 0, "Reds"], [1, 0, 7.0]), False, False),
        (query(0, 0, [2, 0, "Reds "], [1, 0, "7"]), False, False),
        (query(0, 0, [2, 0, "Reds"]), False, False),
        (query(0, 3, *GOLD["conds"]), False, False),
        (query(1, 0, *GOLD["conds"]), False, False),
        (query(0.0, False, *GOLD["conds"]), True, True),
    ],
)
def test_logical_form_compares_as_the_script_does(
    asked: dict[str, Any], same: bool, same_ordered: bool
) -> None:
    gold, predicted = Query.from_json(GOLD), Query.from_json(asked)
    assert same_logical_form(gold, predicted) is same
    assert same_logical_form(gold, predicted, ordered=True) is same_ordered


def write(path: Path, *lines: Any) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_the_scores_are_the_scripts(database: Path, tmp_path: Path) -> None:
    lines: list[tuple[Any, bool, bool]] = [
        ({"query": query(0, 0, [1, 0, "7"], [2, 0, "reds"])}, True, True),
        ({"query": query(0, 0, [1, 0, "7.0"], [2, 0, "reds"])}, True, False),
        ({"query": query(0, 0, [1, 2, 10])}, True, False),
        ({"query": query(1, 0, [2, 0, "reds"])}, False, False),
        ({"query": query(0, 0, [3, 0, "x"])}, False, False),
        ({"error": "no parse"}, False, False),
        ({"error": "", "query": GOLD}, True, True),
        ({"query": {"sel": 0, "agg": 0}}, False, False),
        ({"query": query(0, 0, [1, 0])}, False, False),
        ({}, False, False),
    ]
    example = {"phase": 1, "question": "who?", "table_id": "1-10015132-11", "sql": GOLD}
    source = write(tmp_path / "test.jsonl", *[example] * len(lines))
    found = official_scores(source, write(tmp_path / "pred.jsonl", *(line for line, _, _ in lines)), database)
    assert found.execution == [right for _, right, _ in lines]
    assert found.logical == [same for _, _, same in lines]
    scores = found.to_json()
    assert (scores["ex_accuracy"], scores["lf_accuracy"], scores["n"]) == (0.4, 0.2, 10)


def test_files_that_do_not_fit_are_named(database: Path, tmp_path: Path) -> None:
    example = {"table_id": "1-10015132-11", "sql": GOLD}
    source = write(tmp_path / "test.jsonl", example, example)
    predictions = write(tmp_path / "one.jsonl", {"query": GOLD})
    with pytest.raises(InputError, match="differ in number"):
        official_scores(source, predictions, database)
    for line, message in (
        (example | {"sql": query(9, 0)}, r"gold query fails \(.*gold.jsonl:1"),
        (example | {"sql": 1}, r"gold query cannot be read \(.*gold.jsonl:1"),
        ({"sql": GOLD}, r"not a WikiSQL question \(.*gold.jsonl:1"),
        (example | {"table_id": "2-2"}, r"lacks the question's table \(.*gold.jsonl:1\): expected table_2_2"),
    ):
        with pytest.raises(InputError, match=message):
            official_scores(write(tmp_path / "gold.jsonl", line), predictions, database)
    (tmp_path / "bad.jsonl").write_text("{\n")
    with pytest.raises(InputError, match=r"not JSON.*bad.jsonl:1"):
        official_scores(source, tmp_path / "bad.jsonl", database)


def test_a_database_that_is_locked_or_missing_is_an_error_and_not_a_wrong_answer(
    database: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(database.read_bytes())
    question, prediction = Question("1-10015132-11", Query.from_json(GOLD), "test.jsonl:1"), Prediction(GOLD)
    with open_reader(copy, timeout=0.1) as reader, closing(sqlite3.connect(copy)) as other:
        assert grade(reader, question, prediction) == (True, True)
        table = WikiSqlTable.read(reader, question.table_id)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(InputError, match=r"the database cannot be read.*locked") as caught:
            table.run(reader, question.gold)
        assert not isinstance(caught.value, SqlError)
        with pytest.raises(InputError, match=r"the database cannot be read.*locked"):
            grade(reader, question, prediction)
    line = {"table_id": question.table_id, "sql": GOLD}
    source, answers = write(tmp_path / "test.jsonl", line), write(tmp_path / "p.jsonl", {"query": GOLD})
    with pytest.raises(InputError, match="no such database"):
        official_scores(source, answers, tmp_path / "absent.db")


@pytest.mark.parametrize("place", ["run", "same_logical_form"])
def test_a_bug_of_ours_is_not_a_wrong_answer(
    place: str, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, prediction = WikiSqlTable.run, Prediction(query(0, 0, [1, 0, 99]))

    def planted(*arguments: Any, **options: Any) -> Any:
        if place == "run" and arguments[2].conditions[0].value != 99:
            return run(*arguments)
        raise TypeError("planted")

    monkeypatch.setattr(WikiSqlTable if place == "run" else wikisql, place, planted)
    question = Question("1-10015132-11", Query.from_json(GOLD), "test.jsonl:1")
    with open_reader(database) as reader, pytest.raises(TypeError, match="planted"):
        grade(reader, question, prediction)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('SELECT COUNT("No.") FROM t WHERE Team = \'Reds\' AND Points > -3.0',
         query(1, 3, [2, 0, "Reds"], [3, 1, "-3.0"])),
        ("SELECT COUNT No. FROM t WHERE Team = 'Reds' AND Points > -3.0",
         query(1, 3, [2, 0, "Reds"], [3, 1, "-3.0"])),
        ("SELECT player FROM t", query(0, 0)),
        ("SELECT Player FROM t WHERE Born = 'It''s'", query(0, 0, [4, 0, "It's"])),
        ("SELECT Coach FROM t", None),
        ("SELECT Player, Team FROM t", None),
        ("SELECT Player FROM t WHERE Team = 'a' OR Team = 'b'", None),
        ("SELECT Player FROM t ORDER BY Born", None),
        ("no idea", None),
    ],
)  # fmt: skip
def test_a_statement_becomes_wikisqls_query(sql: str, expected: dict[str, Any] | None) -> None:
    found = query_of(sql, "t", HEADER, tutorial="COUNT No." in sql)
    assert found == (None if expected is None else Query.from_json(expected))
