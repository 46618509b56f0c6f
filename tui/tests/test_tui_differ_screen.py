"""Two files' answers held against each other, and their rows."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from made_runs import make_run
from pilots import until, until_shown

from t2sql.errors import InputError
from t2sql_tui.app import T2sqlApp
from t2sql_tui.runs.differing import Source, differing
from t2sql_tui.screens.differ import DifferScreen

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


@pytest.fixture
def run(root: Path) -> Path:
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


def test_only_questions_with_one_right_answer_are_kept(run: Path) -> None:
    found = differing(source(run, "q8_0"), source(run, "q4_0"))
    assert (found.common, found.both, found.won(0), found.won(1)) == (6, 2, 1, 2)
    assert [(one.id, one.right, one.why) for one in found.differences] == [
        ("q1", 1, "wrong value"),
        ("q4", 0, "wrong value"),
        ("q5", 1, "wrong value"),
    ]
    assert found.p == pytest.approx(1.0)


def test_answers_that_are_not_there_are_said(run: Path) -> None:
    with pytest.raises(InputError, match="has not kept"):
        differing(source(run, "q8_0"), source(run, "q4_1"))
    other = Source(run, "other", run / "predictions" / "other.jsonl")
    other.predictions.write_text(
        '{"id": "x", "question": "?", "gold": "", "sql": "", "correct": 1, "class": ""}'
    )
    with pytest.raises(InputError, match="no question in common"):
        differing(source(run, "q8_0"), other)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_two_marked_files_are_held_against_each_other(
    root: Path, run: Path, size: tuple[int, int]
) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until_shown(pilot, "one")
        await pilot.press("c")
        await until_shown(pilot, "One run's files", "200 ★")
        await pilot.press("d")
        await until_shown(pilot, "Mark two files")
        await pilot.press("f")
        app.screen.query_one("#files").focus()
        # The files are Q8_0 and Q4_0, each on llama.cpp and on MLX.
        await pilot.press("space", "down", "down", "space", "d")
        await until(pilot, lambda: isinstance(app.screen, DifferScreen))
        await until_shown(pilot, "only a 1", "only b 2", "Which cat is 1 [bold]years[/]?", "SELECT 1")
        await pilot.press("down", "enter")
        await until_shown(pilot, "gold  1 row", "a  1 row", "b  6 rows", "Cat 4")
        await pilot.press("down")
        await until_shown(pilot, "(no answer)")
        await pilot.press("enter")
        await until_shown(pilot, "Cat 5", "! ")
        await pilot.press("escape", "escape")
        await until_shown(pilot, "Runs in")


async def test_a_file_whose_answers_are_gone_is_said(root: Path, run: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.push_screen(DifferScreen(source(run, "q8_0"), source(run, "f32")))
        await until_shown(pilot, "has not kept this file's answers", "t2sql run --out")
