"""`t2sql score --benchmark`: from a published folder and from a dataset, test suites and levels."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from t2sql.cli import run

GOLDS = [
    ("SELECT name FROM singer WHERE age > 30", "simple"),
    ("SELECT name , age FROM singer ORDER BY age", "moderate"),
    ("SELECT count(DISTINCT country) FROM singer", "simple"),
]


def database(path: Path, rows: list[tuple[object, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE singer (id INT PRIMARY KEY, name TEXT, age INT, country TEXT)")
        connection.executemany("INSERT INTO singer VALUES (?, ?, ?, ?)", rows)


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "published"
    rows: list[tuple[object, ...]] = [(1, "Ada", 31, "France"), (2, "Bo", 20, "Peru"), (3, "Cy", 40, "Peru")]
    database(path / "database" / "concert" / "concert.sqlite", rows)
    questions = [
        {"question_id": 70 + at, "db_id": "concert", "question": f"Q{at}?", "query": sql, "difficulty": level}
        for at, (sql, level) in enumerate(GOLDS)
    ]
    columns = [[-1, "*"], *([0, name] for name in ("id", "name", "age", "country"))]
    tables = {
        "db_id": "concert",
        "table_names_original": ["singer"],
        "column_names_original": columns,
        "column_types": ["text", "number", "text", "number", "text"],
        "primary_keys": [1],
        "foreign_keys": [],
    }
    (path / "dev.json").write_text(json.dumps(questions))
    (path / "tables.json").write_text(json.dumps([tables]))
    return path


def answers(tmp_path: Path, *statements: str) -> Path:
    path = tmp_path / "answers.sql"
    path.write_text("".join(f"{statement}\n" for statement in statements))
    return path


def document(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    assert run(["score", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def values(row: Any, level: str = "all") -> dict[str, float]:
    return {figure["name"]: figure["value"] for figure in row["figures"] if figure["level"] == level}


def test_spider_s_scores(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = answers(
        tmp_path,
        "SELECT name FROM singer WHERE age > 25",
        "SELECT age , name FROM singer ORDER BY age",
        "SELECT count(country) FROM singer",
    )
    options = (file, "--data", folder, "--benchmark", "spider")
    found = document(capsys, *options)
    assert values(found["rows"][0]) == {"execution": 1.0, "exact": 1.0}
    assert [answer["level"] for answer in found["rows"][0]["answers"]] == ["easy", "medium", "easy"]
    kept = document(capsys, *options, "--keep-distinct")
    assert values(kept["rows"][0])["execution"] == pytest.approx(2 / 3)

    # A further database beside the first makes a test suite: on it, the first answer has a row too many.
    database(folder / "database" / "concert" / "concert_2.sqlite", [(1, "Di", 28, "Oman")])
    suite = document(capsys, *options)
    assert values(suite["rows"][0], "easy") == {"execution": 0.5, "exact": 1.0}
    assert suite["rows"][0]["databases"] == 2
    plugged = document(capsys, *options, "--plug-values")
    assert values(plugged["rows"][0])["execution"] == 1.0

    assert run(["score", *map(str, options)]) == 0
    text = capsys.readouterr().out
    assert "exact set match" in text and "66.7%" in text


def test_bird_s_scores_of_a_file_by_place_and_by_question_id(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    statements = ["SELECT name FROM singer WHERE age > 30", "SELECT name FROM singer", "SELECT 7"]
    places = tmp_path / "predict.json"
    bird = {str(at): f"{sql}\t----- bird -----\tconcert" for at, sql in enumerate(statements)}
    places.write_text(json.dumps(bird))
    ids = tmp_path / "ids.jsonl"
    ids.write_text(
        "".join(json.dumps({"id": 70 + at, "sql": sql}) + "\n" for at, sql in enumerate(statements))
    )
    found = document(capsys, places, ids, "--data", folder, "--benchmark", "bird", "--ves-rounds", 3)
    first, second = found["rows"]
    assert values(first)["execution"] == pytest.approx(1 / 3)
    assert values(first, "moderate")["execution"] == 0
    assert [answer["level"] for answer in first["answers"]] == ["simple", "moderate", "simple"]
    scores = ("execution", "soft_f1")
    assert [[a[name] for name in scores] for a in first["answers"]] == [
        [a[name] for name in scores] for a in second["answers"]
    ]
    assert [answer["r_ves"] > 0 for answer in first["answers"]] == [True, False, False]
    assert found["pairs"][0]["broken"] == []


def test_a_dataset_that_was_made_of_the_folder_scores_the_same(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["data", str(folder), "--out", str(tmp_path / "made")]) == 0
    capsys.readouterr()
    file = tmp_path / "answers.jsonl"
    file.write_text(
        "".join(json.dumps({"id": f"test-{at:05d}", "sql": GOLDS[at - 1][0]}) + "\n" for at in (2, 3))
    )
    rows = [
        document(capsys, file, "--data", data, "--benchmark", "spider")["rows"][0]
        for data in (folder, tmp_path / "made")
    ]
    assert rows[0] == rows[1] and rows[0]["n"] == 2


def test_what_a_benchmark_s_script_cannot_score_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = answers(tmp_path, *(sql for sql, _ in GOLDS))
    questions = json.loads((folder / "dev.json").read_text())
    questions[1]["query"] = "SELECT name FROM singer WHERE age IS NULL"
    (folder / "dev.json").write_text(json.dumps(questions))
    assert run(["score", str(file), "--data", str(folder), "--benchmark", "spider"]) == 2
    assert "test-00002" in capsys.readouterr().err
    assert run(["score", str(file), "--data", str(folder), "--benchmark", "bird", "--plug-values"]) == 2
    assert "--benchmark spider" in capsys.readouterr().err
    (folder / "database" / "concert" / "concert.sqlite").unlink()
    assert run(["score", str(file), "--data", str(folder), "--benchmark", "bird"]) == 2
    assert "the question's database is missing" in capsys.readouterr().err
