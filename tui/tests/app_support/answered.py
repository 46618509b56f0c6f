"""A run whose files have answered test questions over a database of cats."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from app_support.made_runs import make_run
from t2sql.data import Example
from t2sql.data.info import DatasetInfo
from t2sql.data.writing import write_dataset
from t2sql.prompt import DEFAULT_FORMAT
from t2sql.runs import RunLayout
from t2sql.runs.records import Prediction, write_predictions
from t2sql.schema import read_table_lines
from t2sql_tui.runs.differing import Predictions

GOLD = {n: f"SELECT name FROM cats WHERE age = {n}" for n in range(6)}
SCHEMA = read_table_lines(["cats: name, age"])


def write_answers(path: Path, wrong: dict[int, str]) -> None:
    """Write answers to the six questions; the last line is damaged, as by a full disk.

    Args:
        path: The file.
        wrong: The wrong answers, by the question's number.
    """
    answers = [
        Prediction(
            id=f"q{n}",
            question=f"Which cat is {n} [bold]years[/]?",
            gold=gold,
            sql=wrong.get(n, gold),
            correct=n not in wrong,
            outcome="wrong value" if n in wrong else "correct",
        )
        for n, gold in GOLD.items()
    ]
    path.parent.mkdir(exist_ok=True)
    write_predictions(path, answers)
    with path.open("a") as file:
        file.write("{half a li")


def make_answered_run(root: Path) -> Path:
    """A run in which Q8_0 is wrong on 1, 3 and 5, Q4_0 on 3 and 4."""
    path = make_run(root, "one", steps=200).path
    write_answers(answers_of(path, "q8_0").path, {1: "SELECT 1", 3: "SELECT 3", 5: ""})
    write_answers(answers_of(path, "q4_0").path, {3: "SELECT nothing", 4: "SELECT name, age FROM cats"})
    folder = RunLayout(path).data
    folder.mkdir(exist_ok=True)
    with closing(sqlite3.connect(folder / "cats.sqlite")) as connection, connection:
        connection.execute("CREATE TABLE cats (name TEXT, age INTEGER)")
        connection.executemany("INSERT INTO cats VALUES (?, ?)", [(f"Cat {n}", n) for n in range(6)])
    examples = [
        Example(
            id=f"q{n}",
            question=f"Which cat is {n}?",
            schema=SCHEMA,
            sql=gold,
            db="cats.sqlite",
            source="test",
            prompt=f"table: cats\ncolumns: name, age\nQ: Which cat is {n}?\nA: ",
            completion=gold,
        )
        for n, gold in GOLD.items()
    ]
    splits = {split: examples for split in ("train", "valid", "test")}
    counts = {name: len(examples) for name, examples in splits.items()}
    write_dataset(folder, splits, DatasetInfo("test", None, 0, counts, DEFAULT_FORMAT))
    return path


def answers_of(run: Path, kind: str) -> Predictions:
    """The answers of one of the run's files on llama.cpp."""
    path = RunLayout(run).predictions_file(f"demo.{kind}", "llama", "test")
    return Predictions(run, f"demo.{kind} llama", path)
