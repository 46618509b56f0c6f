"""Answers to a split that their database speaks against, and what they were asked under."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.backends import ScriptedBackend

from t2sql.data import Dataset, load
from t2sql.evaluate import PredictOptions, predict, score

ANSWERS = {
    "SELECT name FROM t": False,
    "SELECT name FROM t WHERE id > 9": True,
    "SELECT MAX(name) FROM t WHERE id > 9": True,
    "SELECT COUNT(*) FROM t WHERE name = 'Utah'": True,
    "SELECT COUNT(*) FROM t WHERE 'Utah' <> name": True,
    "SELECT COUNT(*) FROM t AS x WHERE x.name IN ('Ann', 'Utah')": True,
    "SELECT COUNT(*) FROM t WHERE name = 'ANN'": False,
    "SELECT COUNT(*) FROM t WHERE id > 9": False,
    "SELECT nosuch FROM t": True,
    "": True,
}


@pytest.fixture()
def dataset(tmp_path: Path) -> Dataset:
    (tmp_path / "db").mkdir()
    with closing(sqlite3.connect(tmp_path / "db" / "t.sqlite")) as connection:
        connection.executescript(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'Ann'), (2, 'Bob');"
        )
    lines = [
        {
            "prompt": f"table: t\ncolumns: id, name\nQ: Which {chr(97 + index)}?\nA: ",
            "completion": "SELECT name FROM t",
            "db": "db/t.sqlite",
            "id": f"q{index}",
        }
        for index in range(len(ANSWERS))
    ]
    for split in ("train", "valid", "test"):
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return load(tmp_path)


def test_what_the_database_says_of_an_answer_is_a_doubt(dataset: Dataset) -> None:
    scored = score(dataset, dataset.test, list(ANSWERS), doubts=True)
    assert {answer.sql: answer.doubtful for answer in scored} == ANSWERS
    assert not any(answer.doubtful for answer in score(dataset, dataset.test, list(ANSWERS)))


@pytest.mark.parametrize(("threshold", "sure"), [(-1.0, "answered"), (None, "unrated")])
def test_predictions_have_the_status_that_ask_would_give(
    dataset: Dataset, threshold: float | None, sure: str
) -> None:
    model = ScriptedBackend(*ANSWERS, logprob=-0.1, min_logprob=threshold)
    predictions = predict(model, dataset, dataset.test)
    assert [line.status for line in predictions.to_records()] == [
        "uncertain" if doubtful else sure for doubtful in ANSWERS.values()
    ]
    assert [answer.logprob is None for answer in predictions.graded] == list(ANSWERS.values())


def test_models_are_asked_under_the_grammar_unless_told_otherwise(dataset: Dataset) -> None:
    for options, grammar in ((PredictOptions(), True), (PredictOptions(grammar=False), False)):
        model = ScriptedBackend(*ANSWERS)
        predictions = predict(model, dataset, dataset.test, options)
        assert {request.grammar is not None for request in model.requests} == {grammar}
        assert {line.grammar for line in predictions.to_records()} == {grammar}


def test_the_tutorials_text_is_asked_freely_since_no_grammar_writes_it(tmp_path: Path) -> None:
    line = {
        "prompt": "table: 1-10015132-16\ncolumns: Player, No.\nQ: Who has 42?\nA: ",
        "completion": "SELECT Player FROM 1-10015132-16 WHERE No. = '42'",
    }
    for split in ("train", "valid", "test"):
        (tmp_path / f"{split}.jsonl").write_text(json.dumps(line) + "\n")
    data = load(tmp_path)
    model = ScriptedBackend(line["completion"])
    predictions = predict(model, data, data.test)
    assert model.requests[0].grammar is None and predictions.grammar is False
    assert predictions.summary.correct == 1
