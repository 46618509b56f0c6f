"""Every screen in three sizes and two themes, against pictures that were looked at.

`T2SQL_PICTURES=write python -m pytest tui/tests/test_pictures.py` makes them anew: look at the diff.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import re
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
import textual
from app_support.answered import answers_of, write_answers
from app_support.made_runs import make_run
from app_support.pilots import until, until_shown
from app_support.text_picture import picture
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from t2sql.sql import Result
from t2sql_tui import clock, state
from t2sql_tui.app import T2sqlApp
from t2sql_tui.asking.source import Source
from t2sql_tui.runs import starting
from t2sql_tui.screens.ask import AskScreen
from t2sql_tui.screens.differ import DifferScreen
from t2sql_tui.screens.export import ExportScreen
from t2sql_tui.screens.run import RunScreen
from t2sql_tui.screens.start import StartScreen
from t2sql_tui.themes import DARK, LIGHT
from t2sql_tui.widgets.sql_pane import SqlPane

PICTURES = Path(__file__).parent / "pictures"
MADE_WITH = (PICTURES / "textual").read_text().strip() if (PICTURES / "textual").exists() else "none yet"
WRITE = os.environ.get("T2SQL_PICTURES") == "write"
SIZES = ((80, 24), (120, 40), (200, 60))
FUTURE = 4102444800.0
"""The year 2100, in which everything happens: whatever is shown with its age happened now."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not WRITE and textual.__version__ != MADE_WITH,
        reason=f"the pictures were made with Textual {MADE_WITH}, this is {textual.__version__}",
    ),
]


@pytest.fixture
def runs_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs in `runs`, seen from the folder that they are in; nothing shown depends on the machine's clock."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(clock, "now", lambda: FUTURE)
    run = Source.run

    def run_at_once(source: Source, sql: str, cancelled: Callable[[], bool]) -> Result:
        return dataclasses.replace(run(source, sql, cancelled), seconds=0.0)

    monkeypatch.setattr(Source, "run", run_at_once)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    root = Path("runs")
    root.mkdir()
    make_run(root, "first", steps=400)
    make_run(root, "second", steps=200, seed=1.0, score=0.77, model="mistral-7b", data="shop")
    make_run(root, "broken", steps=100, stop_in="fuse", seed=2.0)
    write_answers(answers_of(root / "first", "q8_0").path, {1: "SELECT 1", 5: ""})
    write_answers(answers_of(root / "first", "q4_0").path, {4: "SELECT name FROM cats"})
    for at, path in enumerate(sorted(root.iterdir())):
        _date(path, FUTURE + at)
    return root


def _date(path: Path, moment: float) -> None:
    """Everything in the run happened at this moment, and each stage took a second and a half."""
    events = path / "events.jsonl"
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    for number, line in enumerate(lines):
        line["time"] = moment + number
        if line["kind"] == "end":
            line["seconds"] = 1.5
    events.write_text("".join(json.dumps(line) + "\n" for line in lines))
    stages = json.loads((path / "stages.json").read_text())
    for stage in stages["stages"].values():
        stage["started"] = moment
        if stage.get("seconds") is not None:
            stage["seconds"] = 1.5
    (path / "stages.json").write_text(json.dumps(stages))
    for file in path.rglob("*"):
        os.utime(file, (moment, moment))


Scene = Callable[[Pilot[None]], Awaitable[object]]


async def runs(pilot: Pilot[None]) -> None:
    await until_shown(pilot, "first", "second", "broken")


async def run(pilot: Pilot[None]) -> None:
    await pilot.app.push_screen(RunScreen(Path("runs/first")))
    await until_shown(pilot, "✓ report", "400/400")


async def failed_run(pilot: Pilot[None]) -> None:
    await pilot.app.push_screen(RunScreen(Path("runs/broken")))
    await until_shown(pilot, "fuse cannot go on; go on with")


async def compare(pilot: Pilot[None]) -> None:
    await runs(pilot)
    await pilot.press("space", "space", "c")
    await until_shown(pilot, "Compare 2 runs", "★")


async def differ(pilot: Pilot[None]) -> None:
    first, second = (answers_of(Path("runs/first"), kind) for kind in ("q8_0", "q4_0"))
    await pilot.app.push_screen(DifferScreen(first, second))
    await until_shown(pilot, "only a 1", "Which cat is 1", "SELECT 1")


async def ask(pilot: Pilot[None]) -> None:
    with closing(sqlite3.connect("shop.db")) as db, db:
        db.execute("CREATE TABLE goods (id INTEGER PRIMARY KEY, name TEXT, price REAL)")
        db.executemany("INSERT INTO goods VALUES (?, ?, ?)", [(n, f"thing {n}", n / 4) for n in range(30)])
    state.save(state.Choices(model="demo.q8_0.gguf", source="shop.db"))
    screen = AskScreen()
    await pilot.app.push_screen(screen)
    await until_shown(pilot, "goods")
    screen.query_one("#question", Input).value = "Which goods cost more than 2?"
    screen.query_one("#sql-0", SqlPane).show("SELECT name, price FROM goods WHERE price > 2 -- by hand")
    await until_shown(pilot, "valid")
    await pilot.press("ctrl+r")
    await until_shown(pilot, "21 rows", "thing 9")


async def export(pilot: Pilot[None]) -> None:
    await ask(pilot)
    await pilot.press("ctrl+s")
    await until(pilot, lambda: isinstance(pilot.app.screen, ExportScreen))


async def questions(pilot: Pilot[None]) -> None:
    for n in range(4):
        state.remember(f"Which goods cost {n}?", f"SELECT {n}", "demo.q8_0.gguf", "shop.db")
    await ask(pilot)
    await pilot.press("ctrl+o")
    await until_shown(pilot, "Which goods cost 3?")


async def start(pilot: Pilot[None]) -> None:
    await runs(pilot)
    await pilot.press("n")
    await until(pilot, lambda: isinstance(pilot.app.screen, StartScreen))
    await until_shown(pilot, "no OpenBLAS")


async def confirm(pilot: Pilot[None]) -> None:
    await runs(pilot)
    await pilot.press("d")
    await until_shown(pilot, "Delete the run")


async def keys(pilot: Pilot[None]) -> None:
    await runs(pilot)
    await pilot.press("question_mark")
    await until_shown(pilot, "Reverse the order")


async def palette(pilot: Pilot[None]) -> None:
    await runs(pilot)
    await pilot.press("ctrl+p")
    await until_shown(pilot, "Search")


SCENES: tuple[Scene, ...] = (
    *(runs, run, failed_run, compare, differ),
    *(ask, export, questions, start, confirm, keys, palette),
)


class DoctorOfAnyMachine:
    """Stands for `t2sql doctor`, whose findings depend on the machine."""

    def findings(self) -> list[starting.Finding]:
        return [
            starting.Finding("mlx", "ok", "0.32 on cpu"),
            starting.Finding("blas", "slow", "no OpenBLAS", "pip install scipy-openblas32"),
            starting.Finding("memory", "ok", "16 GB of memory, 8 CPUs"),
        ]

    def stop(self) -> None: ...


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
async def test_a_screen_looks_as_it_did(
    scene: Scene, size: tuple[int, int], runs_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "Doctor", DoctorOfAnyMachine)
    monkeypatch.delenv("NO_COLOR", raising=False)
    app = T2sqlApp(runs_root)
    app.animation_level = "none"
    async with app.run_test(size=size) as pilot:
        await scene(pilot)
        for theme in (DARK, LIGHT):
            app.theme = theme.name
            shown = await settled(pilot, size)
            file = PICTURES / f"{scene.__name__}-{size[0]}x{size[1]}-{theme.name.removeprefix('t2sql-')}.txt"
            if WRITE:
                file.parent.mkdir(exist_ok=True)
                file.write_text(shown, encoding="utf-8")
                (PICTURES / "textual").write_text(textual.__version__ + "\n")
            assert shown == file.read_text(encoding="utf-8"), f"{file.name} is another picture"


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
async def test_without_colours_everything_is_grey(
    scene: Scene, runs_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "Doctor", DoctorOfAnyMachine)
    monkeypatch.setenv("NO_COLOR", "1")
    app = T2sqlApp(runs_root)
    async with app.run_test(size=(80, 24)) as pilot:
        await scene(pilot)
        key = picture(app.export_screenshot(), 80, 24).split("\n\n")[-1]
        colours = re.findall(r"#(\w\w)(\w\w)(\w\w)", key)
        assert colours and all(red == green == blue for red, green, blue in colours), key


async def settled(pilot: Pilot[None], size: tuple[int, int]) -> str:
    """The picture when it has stopped changing; no cursor blinks in it."""
    for field in (*pilot.app.screen.query(Input), *pilot.app.screen.query(TextArea)):
        field.cursor_blink = False
    before, deadline = "", time.monotonic() + 20
    while True:
        await pilot.pause()
        await asyncio.sleep(0.1)
        now = picture(pilot.app.export_screenshot(), *size)
        if now == before:
            return now
        assert time.monotonic() < deadline, "the screen does not come to rest"
        before = now
