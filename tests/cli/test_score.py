"""`t2sql score`: answers from files, by id or by line, one file against another, and WikiSQL's own scores."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from t2sql.cli import run

CATS = {
    "tables": [
        {"name": "cats", "columns": [{"name": "Name", "type": "TEXT"}, {"name": "Age", "type": "INTEGER"}]}
    ]
}
GOLDS = ["SELECT Name FROM cats WHERE Age = 1", "SELECT COUNT(*) FROM cats", "SELECT Age FROM cats"]


@pytest.fixture()
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "cats"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "cats.sqlite")) as connection:
        connection.executescript(
            "CREATE TABLE cats (Name TEXT, Age INTEGER); INSERT INTO cats VALUES ('Tom', 1), ('Ann', 2);"
        )
    lines = [
        {
            "prompt": f"table: cats\ncolumns: Name, Age\nQ: Question {i}?\nA: ",
            "completion": sql,
            "id": f"q{i}",
            "schema": CATS,
            "db": "cats.sqlite",
        }
        for i, sql in enumerate(GOLDS)
    ]
    (folder / "test.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def write(path: Path, *lines: Any) -> Path:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def document(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    assert run(["score", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_two_files_are_scored_and_paired(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = write(tmp_path / "before.jsonl", *({"id": f"q{i}", "sql": sql} for i, sql in enumerate(GOLDS)))
    after = write(tmp_path / "after.sql", "SELECT Name FROM cats WHERE Age < 2", "", "SELECT Age FROM cat")
    found = document(capsys, before, after, "--data", data)
    assert [(row["correct"], row["n"], row["measure"]) for row in found["rows"]] == [
        (3, 3, "execution"),
        (1, 3, "execution"),
    ]
    assert found["rows"][1]["classes"] == {"correct": 1, "empty": 1, "wrong table": 1}
    assert found["pairs"][0]["broken"] == ["q1", "q2"] and found["pairs"][0]["fixed"] == []
    assert found["pairs"][0]["questions"] == {"q1": "Question 1?", "q2": "Question 2?"}
    assert run(["score", str(before), str(after), "--data", str(data)]) == 0
    text = capsys.readouterr().out
    assert "after file against before file: 2 broken, 0 fixed of 3, p = 0.5" in text
    assert "broken: Question 1?" in text and "1 wrong table" in text


def test_answers_with_ids_may_be_of_some_questions(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some = write(tmp_path / "some.jsonl", {"id": "q2", "sql": GOLDS[2]})
    assert document(capsys, some, "--data", data)["rows"][0]["n"] == 1


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([{"id": "q9", "sql": "x"}], "the answer is to no question of the split"),
        ([{"id": "q1", "sql": "x"}] * 2, "two answers to one question"),
        (["SELECT 1"], "answers and questions differ in number"),
        ([{"id": "q1"}], "the line is not an answer"),
        ([{"id": [1], "sql": "x"}], "the line is not an answer"),
        (["{"], "not JSON"),
    ],
)
def test_a_file_that_does_not_fit_is_said(
    lines: list[Any], error: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "answers.jsonl", *lines)
    assert run(["score", str(path), "--data", str(data)]) == 2
    assert error in capsys.readouterr().err


def test_without_data_or_with_both_kinds_it_is_said(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "answers.jsonl", "SELECT 1")
    for more in ([], ["--wikisql", str(path)], ["--data", str(data), "--wikisql-db", str(path)]):
        assert run(["score", str(path), *more]) == 2
        assert "which data?" in capsys.readouterr().err


def test_wikisqls_official_scores_of_both_kinds_of_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection:
        connection.executescript(
            "CREATE TABLE table_1_2 (col0 text, col1 real);"
            "INSERT INTO table_1_2 VALUES ('tom', 1), ('ann', 2);"
        )
    gold = {"sel": 0, "agg": 0, "conds": [[1, 0, "1"]]}
    source = write(tmp_path / "test.jsonl", *[{"table_id": "1-2", "sql": gold}] * 4)
    predictions = write(
        tmp_path / "p.jsonl",
        {"query": gold},
        {"error": "none"},
        {"sql": "SELECT Name FROM cats WHERE Age < 2", "schema": CATS},
        {"sql": "SELECT Name FROM cats WHERE Age = '1'", "schema": CATS},
    )
    row = document(capsys, predictions, "--wikisql", source, "--wikisql-db", tmp_path / "test.db")["rows"][0]
    assert (row["ex_accuracy"], row["lf_accuracy"], row["n"]) == (0.75, 0.5, 4)
