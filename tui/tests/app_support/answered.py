"""A run whose files have answered test questions over a database of cats."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from app_support.made_runs import make_run
from t2sql_tui.runs.differing import Source

GOLD = {n: f"SELECT name FROM cats WHERE age = {n}" for n in range(6)}


def answers(file: Path, wrong: dict[int, str]) -> None:
    lines = []
    for n, gold in GOLD.items():
        sql = wrong.get(n, gold)
        klass = "correct" if n not in wrong else "wrong value"
        line: dict[str, Any] = {"id": f"q{n}", "question": f"Which cat is {n} [bold]years[/]?", "gold": gold}
        lines.append(json.dumps(line | {"sql": sql, "correct": n not in wrong, "class": klass}))
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(lines) + "\n{half a li")


def make_answered_run(root: Path) -> Path:
    """Q8_0 is wrong on 1, 3 and 5, Q4_0 on 3 and 4."""
    path = make_run(root, "one", steps=200).path
    answers(path / "predictions" / "demo.q8_0.llama.test.jsonl", {1: "SELECT 1", 3: "SELECT 3", 5: ""})
    answers(
        path / "predictions" / "demo.q4_0.llama.test.jsonl",
        {3: "SELECT nothing", 4: "SELECT name, age FROM cats"},
    )
    data = path / "data"
    data.mkdir(exist_ok=True)
    with closing(sqlite3.connect(data / "cats.sqlite")) as db, db:
        db.execute("CREATE TABLE cats (name TEXT, age INTEGER)")
        db.executemany("INSERT INTO cats VALUES (?, ?)", [(f"Cat {n}", n) for n in range(6)])
    schema = {"tables": [{"name": "cats", "columns": [{"name": "name"}, {"name": "age"}]}]}
    lines = [
        {
            "prompt": f"table: cats\ncolumns: name, age\nQ: Which cat is {n}?\nA: ",
            "completion": gold,
            "id": f"q{n}",
            "question": f"Which cat is {n}?",
            "schema": schema,
            "sql": gold,
            "db": "cats.sqlite",
            "source": "test",
        }
        for n, gold in GOLD.items()
    ]
    for split in ("train", "valid", "test"):
        (data / f"{split}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def source(run: Path, type: str) -> Source:
    return Source(run, f"demo.{type} llama", run / "predictions" / f"demo.{type}.llama.test.jsonl")
