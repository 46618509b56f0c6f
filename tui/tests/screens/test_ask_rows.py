"""Rows belong to a statement; what was typed is not lost; a question of the history runs again."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from app_support.pilots import until, until_shown
from textual.widgets import Input

from t2sql_tui import state
from t2sql_tui.app import T2sqlApp
from t2sql_tui.screens.ask import AskScreen
from t2sql_tui.screens.cell import CellScreen


@pytest.fixture
def cats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with closing(sqlite3.connect("cats.db")) as db, db:
        db.execute("CREATE TABLE cats (name TEXT, age INTEGER, notes TEXT)")
        rows = [("Tom", 3, '{"fur": "grey"}'), ("Ada", 9, None), ("Zoe", 5, "x" * 90)]
        db.executemany("INSERT INTO cats VALUES (?, ?, ?)", rows)
    state.save(state.Choices(model="m.gguf", source="cats.db"))
    return tmp_path / "cats.db"


async def test_rows_are_sorted_searched_opened_copied_and_exported_as_they_are_seen(
    root: Path, cats: Path
) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = AskScreen()
        await app.push_screen(screen)
        await until_shown(pilot, "notes TEXT")
        screen.query_one("#question", Input).value = "Which cats are there?"
        screen.pane(0).show("SELECT * FROM cats")
        await pilot.press("ctrl+r")
        await until_shown(pilot, "SQL: SELECT * FROM cats", "3 rows")
        grid = screen.frame(0).grid
        await until(pilot, lambda: grid.has_focus)
        await pilot.press("2")
        assert [row[1] for row in grid.rows] == [9, 5, 3]
        await pilot.press("vertical_line")
        assert app.clipboard == "9\n5\n3"
        await pilot.press("slash", *"grey", "enter", "escape", "enter")
        await until(pilot, lambda: isinstance(app.screen, CellScreen))
        await until_shown(pilot, '"fur": "grey"', "15 characters")
        await pilot.press("escape", "ctrl+s")
        await until_shown(pilot, "3 rows of SQL: SELECT * FROM cats", "which-cats-are-there.csv")
        await pilot.press("enter")
        await until(pilot, Path("which-cats-are-there.csv").exists)
        await until(pilot, lambda: app.screen is screen)
        with open("which-cats-are-there.csv", newline="") as file:
            assert [row[0] for row in csv.reader(file)] == ["name", "Ada", "Zoe", "Tom"]
        # Another question, and then another statement, than the rows are of.
        screen.query_one("#question", Input).value = "Which dogs?"
        await until_shown(pilot, "▲ of another question")
        screen.query_one("#question", Input).value = "Which cats are there?"
        screen.pane(0).show("SELECT nam FROM cats")
        await until_shown(pilot, "▲ of another statement", "no such column: nam")
        assert screen.frame(0).has_class("-stale")
        assert screen.pane(0).area.get_line(0).spans[-1].start == len("SELECT ")


async def test_what_was_typed_survives_escape_and_another_start(root: Path, cats: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = AskScreen()
        await app.push_screen(screen)
        await until(pilot, lambda: isinstance(screen.focused, Input))
        await pilot.press(*"Who")
        screen.pane(0).show("SELECT name")
        screen.pane(0).area.focus()
        await until(pilot, lambda: not screen.busy)
        await pilot.press("escape")
        # From a part to the question, and only then to the runs.
        assert app.screen is screen
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not screen)
    assert state.draft() == state.Draft("Who", "SELECT name")
    async with T2sqlApp(root).run_test(size=(120, 40)) as pilot:
        again = AskScreen()
        await pilot.app.push_screen(again)
        await until(pilot, lambda: again.query_one("#question").has_focus)
        await pilot.press("?")
        assert again.query_one("#question", Input).value == "Who?"
        assert again.pane(0).sql == "SELECT name"


async def test_a_question_of_the_history_runs_again_on_its_database(root: Path, cats: Path) -> None:
    state.remember(state.Asked(1e9, "Oldest?", "SELECT max(age) FROM cats", "m.gguf", "cats.db", 1, "sure"))
    state.save(state.Choices(model="m.gguf", source="dogs: name"))
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = AskScreen()
        await app.push_screen(screen)
        await until_shown(pilot, "dogs")
        await pilot.press("ctrl+o")
        await until_shown(pilot, "1 row · sure · m.gguf · cats.db")
        await pilot.press("enter")
        await until_shown(pilot, "m.gguf: SELECT max(age) FROM cats", "1 row ")
        assert screen.question == "Oldest?"
