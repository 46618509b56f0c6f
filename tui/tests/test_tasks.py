"""Twenty tasks of a day with the app, and the keys that each takes: at commit cddfa33, and now.

A text that is typed counts as one key and is written in brackets, such as `<question>`. Where nothing else is
named, a question was asked in the screen for questions, its rows are shown, and nothing was pressed since.
Keys at cddfa33 are None where no keys led there.
"""

from __future__ import annotations

import sqlite3
import statistics
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from app_support.answered import make_answered_run
from app_support.pilots import until, until_shown
from textual.pilot import Pilot
from textual.widgets import Input

from t2sql_tui import screens, state
from t2sql_tui.app import T2sqlApp


@dataclass(frozen=True)
class Task:
    """What a person wants.

    Attributes:
        name: The task, with the screen that it begins on where that is another.
        before: The keys at cddfa33, with blanks between them; None where there was no way.
        now: The keys now.
    """

    name: str
    before: str | None
    now: str


TASKS = (
    Task(
        "runs: ask the model of the run under the cursor, see its rows",
        "a <question> enter ctrl+r",
        "a <question> enter",
    ),
    Task(
        "ask a second question, see its rows",
        "shift+tab shift+tab shift+tab <question> enter ctrl+r",
        "escape <question> enter",
    ),
    Task(
        "add a word to the question, ask again",
        "shift+tab shift+tab shift+tab end <word> enter ctrl+r",
        "escape end <word> enter",
    ),
    Task("run edited SQL", "shift+tab <sql> ctrl+r", "shift+tab <sql> ctrl+r"),
    Task(
        "sort by the second column, copy its top cell",
        "shift+tab ctrl+end <order> ctrl+r right y",
        "2 y",
    ),
    Task("copy a row", "Y", "Y"),
    Task("see the whole of a long cell", None, "enter"),
    Task("run a question of the history again", "ctrl+o <words> enter ctrl+r", "ctrl+o <words> enter"),
    Task(
        "compare the rows of two models",
        "ctrl+n <model> enter enter ctrl+r shift+tab ctrl+r",
        "ctrl+n <model> enter",
    ),
    Task(
        "ask the same of the database before this one",
        "shift+tab shift+tab shift+tab shift+tab <database> enter enter ctrl+r",
        "f4 enter enter",
    ),
    Task("run: stop it, resume it, watch on", "escape x y r enter", "x y r"),
    Task("run: open its report", None, "p"),
    Task(
        "runs: choose the best file and ask it",
        "c escape a shift+tab shift+tab shift+tab <file> enter <question> enter ctrl+r",
        "c a <question> enter",
    ),
    Task("correct an answer, so that it is remembered", None, "shift+tab <sql> f3"),
    Task("runs: filter them and open the first", "/ <words> enter enter", "/ <words> enter"),
    Task("runs: start a run of the demo", "n <name> enter", "n enter"),
    Task("export the rows", "ctrl+s <file> enter", "ctrl+s enter"),
    Task("runs: questions on which the best two files differ", "c f space down space d", "c d"),
    Task("runs: see the memory of a training", "enter m m m", "enter 4"),
    Task(
        "leave a half-written question, look at the run, finish it and see its rows",
        "escape enter escape a <question> enter ctrl+r",
        "escape enter a <rest> enter",
    ),
)


def test_half_of_the_tasks_take_two_fifths_fewer_keys_and_none_takes_more() -> None:
    assert len({task.name for task in TASKS}) == 20
    counts = [(len(task.before.split()), len(task.now.split())) for task in TASKS if task.before is not None]
    assert all(now <= before for before, now in counts)
    assert statistics.median(1 - now / before for before, now in counts) >= 0.4


async def press(pilot: Pilot[None], name: str, **texts: str) -> None:
    """Press the keys of a task, each once the one before has taken effect."""
    task = next(task for task in TASKS if task.name == name)
    for key in task.now.split():
        await pilot.press(*(texts[key[1:-1]] if key.startswith("<") else [key]))
        await pilot.pause(0.1)


async def test_tasks_with_runs(root: Path) -> None:
    run = make_answered_run(root)
    (run / "gguf").mkdir(exist_ok=True)
    for name in ("demo.q8_0.gguf", "demo.q4_0.gguf"):
        (run / "gguf" / name).touch()
    (run / "report.md").write_text("# What came of it\n")
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await until_shown(pilot, "✓ done")
        await press(pilot, "runs: filter them and open the first", words="one")
        await until(pilot, lambda: isinstance(app.screen, screens.RunScreen))
        await until_shown(pilot, "200/200")
        await press(pilot, "run: open its report")
        await until_shown(pilot, "What came of it")
        await pilot.press("escape", "escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, screens.RunsScreen))
        await press(pilot, "runs: see the memory of a training")
        await until_shown(pilot, "Memory", "GiB")
        await pilot.press("escape", "c")
        await until_shown(pilot, "★ Take demo.q4_0 on llama")
        await pilot.press("escape")
        await press(pilot, "runs: questions on which the best two files differ")
        await until_shown(pilot, "only a 1", "only b 2")
        await pilot.press("escape", "a")
        await until(pilot, lambda: isinstance(app.screen, screens.AskScreen))
        # The file that is advised, not the run's first one.
        assert app.screen.query_one("#model", Input).value.endswith("demo.q4_0.gguf")


async def test_tasks_with_rows(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("cats", "dogs"):
        with closing(sqlite3.connect(f"{name}.db")) as db, db:
            db.execute(f"CREATE TABLE {name} (name TEXT, age INTEGER)")
            db.executemany(f"INSERT INTO {name} VALUES (?, ?)", [("Tom", 3), ("Ada", 9)])
        state.remember(state.Asked(1e9, f"Which {name}?", f"SELECT * FROM {name}", "m.gguf", f"{name}.db", 2))
    state.save(state.Choices(model="m.gguf", source="dogs.db"))
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = screens.AskScreen()
        await app.push_screen(screen)
        await until_shown(pilot, "dogs")
        await press(pilot, "run a question of the history again", words="cats")
        await until_shown(pilot, "m.gguf: SELECT * FROM cats", "2 rows")
        await until(pilot, lambda: screen.frame(0).grid.has_focus)
        await press(pilot, "sort by the second column, copy its top cell")
        assert app.clipboard == "9"
        await press(pilot, "copy a row")
        assert app.clipboard == "Ada\t9"
        await press(pilot, "see the whole of a long cell")
        await until(pilot, lambda: isinstance(app.screen, screens.CellScreen))
        await pilot.press("escape")
        await press(pilot, "export the rows")
        await until(pilot, lambda: Path("which-cats.csv").exists() and app.screen is screen)
        await pilot.press("f4", "enter")
        await until(pilot, lambda: screen.source is not None and screen.source.text == "dogs.db")
        assert screen.query_one("#question").has_focus
